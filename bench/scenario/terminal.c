#include "scenario/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "os/fd.h"

/* Eight pieces a line. Numbers that would make a line longer do not occur, but the compiler wants
 * room for them. */
enum { PIECE_BYTES = 8, BUFFER_BYTES = 16384, LINE_ROOM = 96 };

/* For the next piece to go, or to come. */
#define WAIT_MS ((int)(CREW_DEADLINE_NS / NS_PER_MS))

/* What the reader knows. */
struct reading {
	char buffer[BUFFER_BYTES];
	size_t held; /* bytes of a line that is not there yet */
	uint64_t lines, whole, doubled;
	uint64_t next[TERMINAL_WORKERS_MAX]; /* of each worker: the line that must come */
};

static int lock_acquire(struct terminal *terminal)
{
	return mp_lock_acquire_for(terminal->lock, CREW_DEADLINE_NS);
}

static int lock_release(struct terminal *terminal)
{
	return mp_lock_release(terminal->lock);
}

int terminal_open(struct terminal *terminal, const struct load *load,
	int (*connect)(struct terminal *terminal))
{
	*terminal = (struct terminal){
		.write_fd = -1,
		.read_fd = -1,
		.workers = (unsigned)load->params[PARAM_WORKERS],
		.has_lock = load->params[PARAM_LOCK] == PARAM_LOCK_ON,
		.acquire = lock_acquire,
		.release = lock_release,
	};
	terminal->lock = mp_lock_new();
	if (!terminal->lock)
		return fail(-errno, "a lock: %s", mp_strerror(-errno));
	int r = connect(terminal);
	if (r >= 0)
		r = crew_open(&terminal->crew, load);
	return trace(r);
}

void terminal_close(void *state)
{
	struct terminal *terminal = state;

	crew_close(&terminal->crew);
	fd_close(&terminal->write_fd);
	fd_close(&terminal->read_fd);
	mp_lock_free(terminal->lock);
	*terminal = (struct terminal){.write_fd = -1, .read_fd = -1};
}

/* ---- the workers ---- */

/* The line, with its end; no two are alike. */
static void line_make(char line[LINE_ROOM], unsigned worker, uint64_t number)
{
	snprintf(line, LINE_ROOM,
		"worker %2u writes line %10" PRIu64 " without a thought of others ..\n", worker,
		number);
}

static int piece_write(int fd, const char *piece, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, piece, n);
		struct pollfd room = {.fd = fd, .events = POLLOUT};
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return fail(-errno, "writing a line: %s", strerror(errno));
		if (put < 0 && poll(&room, 1, WAIT_MS) == 0)
			return fail(-ETIMEDOUT, "nobody reads");
		if (put > 0) {
			piece += put;
			n -= (size_t)put;
		}
	}
	return 0;
}

static int line_write(struct terminal *terminal, const char *line)
{
	int r = 0;

	for (size_t at = 0; r >= 0 && at < TERMINAL_LINE_BYTES; at += PIECE_BYTES) {
		r = piece_write(terminal->write_fd, line + at, PIECE_BYTES);
		/* In the middle the program takes a moment, in which others run, on one CPU too. */
		if (at == TERMINAL_LINE_BYTES / 2)
			sched_yield();
	}
	return r;
}

static int work(void *context, unsigned index)
{
	struct terminal *terminal = context;
	char line[LINE_ROOM];
	uint64_t count = terminal->lines / terminal->workers;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < count; i++) {
		line_make(line, index, i);
		if (terminal->has_lock)
			r = terminal->acquire(terminal);
		if (r >= 0) {
			r = line_write(terminal, line);
			int released = terminal->has_lock ? terminal->release(terminal) : 0;
			r = r < 0 ? r : released;
		}
	}
	return trace(r);
}

/* ---- the reader ---- */

/* Whether it is a line as one worker wrote it. */
static void line_read(
	struct reading *reading, const struct terminal *terminal, const char *line, size_t n)
{
	char expected[LINE_ROOM];
	unsigned worker;
	uint64_t number;

	reading->lines++;
	if (n != TERMINAL_LINE_BYTES ||
		sscanf(line, "worker %2u writes line %10" SCNu64, &worker, &number) != 2 ||
		worker >= terminal->workers)
		return;
	line_make(expected, worker, number);
	if (memcmp(line, expected, TERMINAL_LINE_BYTES) != 0)
		return;
	if (number < reading->next[worker]) {
		reading->doubled++;
		return;
	}
	reading->next[worker] = number + 1;
	reading->whole++;
}

/* Takes the lines out of what has come. A line without an end is taken as it is once it fills the
 * buffer. */
static void lines_take(struct reading *reading, const struct terminal *terminal)
{
	char *from = reading->buffer, *end;
	size_t left = reading->held;

	while ((end = memchr(from, '\n', left))) {
		size_t n = (size_t)(end + 1 - from);
		line_read(reading, terminal, from, n);
		from = end + 1;
		left -= n;
	}
	if (left == BUFFER_BYTES)
		left = 0;
	memmove(reading->buffer, from, left);
	reading->held = left;
}

/* Until every byte that was written is here. */
static int read_all(struct reading *reading, struct terminal *terminal, struct load *load)
{
	uint64_t left = terminal->lines * TERMINAL_LINE_BYTES;
	int64_t before_ns = load->begin_ns;

	while (left > 0) {
		struct pollfd come = {.fd = terminal->read_fd, .events = POLLIN};
		if (poll(&come, 1, WAIT_MS) == 0)
			return fail(-ETIMEDOUT, "%" PRIu64 " bytes of %" PRIu64 " lines are lost",
				left, terminal->lines);
		ssize_t n = read(terminal->read_fd, reading->buffer + reading->held,
			BUFFER_BYTES - reading->held);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return fail(n < 0 ? -errno : -EPIPE, "reading lines");
		uint64_t lines = reading->lines;
		left -= (uint64_t)n < left ? (uint64_t)n : left;
		reading->held += (size_t)n;
		lines_take(reading, terminal);
		lines = reading->lines - lines;
		if (load->hist && lines > 0) {
			int64_t now_ns = clock_ns();
			hist_record(
				load->hist, (now_ns - before_ns) * 1000 / (int64_t)lines, lines);
			before_ns = now_ns;
		}
	}
	return 0;
}

int terminal_run(struct load *load)
{
	struct terminal *terminal = load->state;
	struct reading reading = {0};

	terminal->lines = load->iterations * terminal->workers * SCENARIO_PAGE_LINES;
	int r = crew_start(&terminal->crew, terminal->workers, work, terminal);
	if (r < 0)
		return trace(r);
	load->begin_ns = crew_go(&terminal->crew);
	int read = read_all(&reading, terminal, load);
	load->end_ns = clock_ns();
	/* Why a worker stopped says more than that its lines are missing. */
	r = read < 0 && !atomic_load(&terminal->crew.board->failed)
		    ? read
		    : crew_join(&terminal->crew, NULL);
	if (r >= 0)
		r = read;
	if (r < 0)
		return trace(r);
	uint64_t torn = terminal->lines - reading.whole;
	if (terminal->has_lock && (torn > 0 || reading.doubled > 0))
		return fail(-EPROTO, "torn in spite of the lock: %" PRIu64 " of %" PRIu64 " lines",
			torn, terminal->lines);
	load_fact(load, "lines", (double)terminal->lines);
	load_fact(load, "torn", (double)torn);
	load_fact(load, "verdict_ok", torn == 0);
	return 0;
}
