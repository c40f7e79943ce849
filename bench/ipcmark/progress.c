#include "ipcmark/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	BAR_MAX = 24,
	COLUMNS_DEFAULT = 80,
	COLUMNS_WIDE = 110,
	LINE_MAX_BYTES = 512,
	LINE_EVERY_S = 5
};

void progress_init(struct progress *progress, bool quiet)
{
	struct winsize size;

	*progress = (struct progress){.quiet = quiet,
		.terminal = isatty(STDERR_FILENO) == 1,
		.columns = COLUMNS_DEFAULT,
		.next_line_ns = clock_ns() + LINE_EVERY_S * NS_PER_S};
	if (progress->terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		progress->columns = size.ws_col;
}

char *progress_time(char buffer[PROGRESS_TIME_MAX], int64_t ns)
{
	int64_t seconds = (ns + NS_PER_S - 1) / NS_PER_S;

	if (seconds < 60)
		snprintf(buffer, PROGRESS_TIME_MAX, "%d s", (int)seconds);
	else if (seconds < 3600)
		snprintf(buffer, PROGRESS_TIME_MAX, "%d min %02d s", (int)(seconds / 60),
			(int)(seconds % 60));
	else
		snprintf(buffer, PROGRESS_TIME_MAX, "%d h %02d min", (int)(seconds / 3600),
			(int)(seconds / 60 % 60));
	return buffer;
}

static void bar_draw(const struct progress *progress, const struct progress_state *state)
{
	char bar[BAR_MAX + 1], line[LINE_MAX_BYTES], left[PROGRESS_TIME_MAX];
	/* The name of the cell needs the room more. */
	unsigned width = progress->columns < COLUMNS_WIDE ? BAR_MAX / 3 : BAR_MAX;
	int64_t total_ns = state->elapsed_ns + state->left_ns;
	unsigned full = total_ns > 0 ? (unsigned)(state->elapsed_ns * width / total_ns) : 0;

	for (unsigned i = 0; i < width; i++)
		bar[i] = i < full ? '#' : '.';
	bar[width] = '\0';
	snprintf(line, sizeof(line), "[%s] %s left, round %u: %u/%u  %s", bar,
		progress_time(left, state->left_ns), state->round, state->cells_done, state->cells,
		state->cell);
	/* A line that wraps could not be redrawn. */
	fprintf(stderr, "\r%.*s\033[K", (int)progress->columns - 1, line);
	fflush(stderr);
}

void progress_show(struct progress *progress, const struct progress_state *state)
{
	char left[PROGRESS_TIME_MAX];

	if (progress->quiet)
		return;
	if (progress->terminal) {
		bar_draw(progress, state);
		progress->is_drawn = true;
	} else if (clock_ns() >= progress->next_line_ns) {
		fprintf(stderr, "ipcmark: round %u, %u of %u cells; %u runs done, %s left\n",
			state->round, state->cells_done, state->cells, state->runs_done,
			progress_time(left, state->left_ns));
		progress->next_line_ns = clock_ns() + LINE_EVERY_S * NS_PER_S;
	}
}

void progress_clear(struct progress *progress)
{
	if (progress->is_drawn)
		fprintf(stderr, "\r\033[K");
	progress->is_drawn = false;
}
