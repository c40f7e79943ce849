/*
 * A real terminal: a pseudo terminal whose other side the caller reads, in raw mode, so that the
 * bytes come as they were written.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include "base/error.h"
#include "base/fault.h"
#include "os/fd.h"
#include "scenario/terminal.h"

static int pty_connect(struct terminal *terminal)
{
	struct termios settings;
	char path[64];

	int r = terminal->read_fd = sys(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
	if (r >= 0)
		r = sys(unlockpt(terminal->read_fd));
	if (r >= 0)
		r = -ptsname_r(terminal->read_fd, path, sizeof(path));
	if (r >= 0)
		r = terminal->write_fd =
			sys(open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
	if (r >= 0)
		r = sys(tcgetattr(terminal->write_fd, &settings));
	if (r >= 0) {
		cfmakeraw(&settings);
		r = sys(tcsetattr(terminal->write_fd, TCSANOW, &settings));
	}
	return r < 0 ? fail(r, "cannot open a pseudo terminal: %s (is /dev/pts mounted?)",
			       error_message(r))
		     : 0;
}

static int pty_open(void *state, const struct load *load)
{
	return terminal_open(state, load, pty_connect);
}

const struct scenario scenario_terminal_pty = {
	.name = "pty",
	.summary = "lines on a pseudo terminal",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TERMINAL,
	.state_bytes = sizeof(struct terminal),
	.open = pty_open,
	.run = terminal_run,
	.close = terminal_close,
};
