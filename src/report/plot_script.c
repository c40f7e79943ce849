/*
 * The scripts and gnuplot. A script is the template of scripts/plots with its variables before it;
 * gnuplot draws into files of another name, which are moved into place when it has succeeded.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "report/plot_internal.h"
#include "report/svg.h"
#include "result/file.h"
#include "result/own.h"

#define PREFIX ".tmp-"
#define ERRORS PREFIX "gnuplot.err"

/* A picture takes a second or two; one that takes a minute is a gnuplot that hangs. */
enum { COLUMNS_DEFAULT = 100, ROWS_DEFAULT = 30, PARENTS_MAX = 5, LIMIT_MS = 60000 };

extern char **environ;

static bool has_scripts(const char *dir)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/common.gp", dir);
	return access(path, R_OK) == 0;
}

int plot_scripts_find(char ret_path[PATH_MAX])
{
	char exe[PATH_MAX];
	const char *set = getenv("IPCMARK_PLOTS");

	if (set) {
		snprintf(ret_path, PATH_MAX, "%s", set);
		if (has_scripts(ret_path))
			return 0;
		return fail(-ENOENT, "IPCMARK_PLOTS=%s: no common.gp is there", set);
	}
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(exe, '/');
	for (unsigned i = 0; slash && i < PARENTS_MAX; i++) {
		static const char *const places[] = {"scripts/plots", "share/ipcmark/plots"};
		*slash = '\0';
		for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++)
			if (snprintf(ret_path, PATH_MAX, "%s/%s", exe, places[p]) < PATH_MAX &&
				has_scripts(ret_path))
				return 0;
		slash = strrchr(exe, '/');
	}
	return fail(-ENOENT, "the plot scripts were not found near the program: set "
			     "IPCMARK_PLOTS to their directory");
}

int plot_script_write(const struct plotter *plotter, const struct plot *plot)
{
	_cleanup_(freep) char *script = NULL, *text = NULL;
	char path[PATH_MAX + PLOT_NAME_MAX], file[PLOT_NAME_MAX + 8];
	size_t script_size, size = 0;

	snprintf(path, sizeof(path), "%s/%s.gp", plotter->scripts, plot->script);
	int r = file_read(path, &script, &script_size);
	if (r < 0)
		return trace(r);
	FILE *out = own(open_memstream(&text, &size));
	fprintf(out, "# Draws %s.svg and .png from %s.dat: gnuplot %s.gp\n", plot->name, plot->name,
		plot->name);
	fprintf(out, "name = '%s'\n%s\n", plot->name, plot->variables_text);
	fwrite(script, 1, script_size, out);
	if (fclose(out) != 0)
		own(NULL);
	snprintf(file, sizeof(file), "%s.gp", plot->name);
	return trace(file_write(plotter->dir, file, text, size));
}

/* The first lines of what gnuplot said, for a message. */
static void read_errors(const struct plotter *plotter, char message[PLOT_TEXT_MAX])
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX + 32];
	size_t size;

	snprintf(path, sizeof(path), "%s/" ERRORS, plotter->dir);
	if (file_read(path, &text, &size) < 0)
		text = own_string("");
	snprintf(message, PLOT_TEXT_MAX, "%s", text);
	for (char *c = message; *c; c++)
		if (*c == '\n')
			*c = ' ';
}

/* gnuplot -d: without the user's settings, so that a plot is the same everywhere. */
static int spawn(const struct plotter *plotter, const char *setting, const char *file, int out,
	pid_t *ret_pid)
{
	const char *argv[] = {"gnuplot", "-d", "-e", setting, file, NULL};
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addchdir_np(&actions, plotter->dir);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	else
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, ERRORS, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int error = posix_spawnp(ret_pid, "gnuplot", &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

/* Waits for gnuplot, and kills it at the deadline: -ETIMEDOUT then. */
static int join(pid_t pid, int64_t deadline_ns, int *ret_status)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
	int n = 1;

	/* A kernel without pidfds waits without a limit. */
	while (pidfd >= 0 && (n = poll(&poll_fd, 1, deadline_left_ms(deadline_ns))) < 0)
		if (errno != EINTR)
			break;
	if (pidfd >= 0)
		close(pidfd);
	if (n == 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "gnuplot was lost: %s", strerror(errno));
	return n == 0 ? -ETIMEDOUT : 0;
}

static int run(const struct plotter *plotter, const struct plot *plot, const char *formats, int out)
{
	char setting[256], file[PLOT_NAME_MAX + 8], message[PLOT_TEXT_MAX];
	unsigned columns = plotter->options->columns, rows = plotter->options->rows;
	unsigned limit_ms = plotter->options->limit_ms ? plotter->options->limit_ms : LIMIT_MS;
	char path[PATH_MAX + 32];
	int status = 0;
	pid_t pid;

	snprintf(setting, sizeof(setting),
		"formats = '%s'; prefix = '" PREFIX "'; columns = %u; rows = %u", formats,
		columns ? columns : COLUMNS_DEFAULT, rows ? rows : ROWS_DEFAULT);
	snprintf(file, sizeof(file), "%s.gp", plot->name);
	snprintf(path, sizeof(path), "%s/" ERRORS, plotter->dir);
	int r = spawn(plotter, setting, file, out, &pid);
	if (r < 0) {
		unlink(path);
		return r == -ENOENT ? (int)REPORT_PLOTS_NO_GNUPLOT
				    : fail(r, "gnuplot cannot be started: %s", strerror(-r));
	}
	r = join(pid, deadline_after_ms(limit_ms), &status);
	if (r == -ETIMEDOUT)
		r = fail(r,
			"%s/%s: gnuplot was killed, as it had not drawn it after %.3g s; "
			"--no-plots leaves the plots out",
			plotter->dir, file, limit_ms / 1e3);
	else if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
		read_errors(plotter, message);
		r = fail(-EIO, "%s/%s: gnuplot failed: %s", plotter->dir, file, message);
	}
	unlink(path);
	return r;
}

static int draw_file(const struct plotter *plotter, const struct plot *plot, const char *format)
{
	char from[PATH_MAX + PLOT_NAME_MAX + 16], to[PATH_MAX + PLOT_NAME_MAX + 16];

	snprintf(from, sizeof(from), "%s/" PREFIX "%s.%s", plotter->dir, plot->name, format);
	snprintf(to, sizeof(to), "%s/%s.%s", plotter->dir, plot->name, format);
	int r = run(plotter, plot, format, -1);
	if (r == 0 && strcmp(format, "svg") == 0)
		r = svg_label(from, plot->name, plot->title, plot->caption1, plot->caption2);
	if (r != 0) {
		unlink(from);
		return trace(r);
	}
	return trace(file_rename(from, to));
}

int plot_script_run(const struct plotter *plotter, const struct plot *plot)
{
	const struct report_plots_options *options = plotter->options;
	FILE *out = options->out ? options->out : stdout;
	int r = 0;

	if (options->svg)
		r = draw_file(plotter, plot, "svg");
	if (r == 0 && options->png)
		r = draw_file(plotter, plot, "png");
	if (r == 0 && options->terminal) {
		fflush(out);
		r = run(plotter, plot, "dumb", fileno(out));
	}
	return trace(r);
}
