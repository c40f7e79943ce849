/*
 * A process for each connection, as inetd and many servers after it: the listener forks, the child
 * talks to its client until that goes, the listener forgets both. libmp reaps the children, and the
 * listener ends when the last of them has.
 */
#include <signal.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "mp/process.h"
#include "os/fd.h"
#include "scenario/talk.h"

static int talk_to_client(void *argument)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	talk_serve_one(*(const int *)argument);
	return 0;
}

static int serve(void *context, unsigned index)
{
	struct mp_process *process;
	int fd, r;

	(void)index;
	while ((r = talk_accept(context, &fd)) > 0) {
		r = mp_process_start(talk_to_client, &fd, NULL, &process);
		fd_close(&fd);
		if (r < 0)
			return fail(r, "a process for a client: %s", mp_strerror(r));
		mp_process_free(process);
	}
	return trace(r);
}

static int server_open(void *state, const struct load *load)
{
	return talk_open(state, load, serve, 1);
}

const struct scenario scenario_talk_process_per_connection = {
	.name = "process_per_connection",
	.summary = "a server that forks a process for each connection",
	.capabilities = SCENARIO_PROCESS | SCENARIO_TALK,
	.state_bytes = sizeof(struct talk),
	.open = server_open,
	.run = talk_run,
	.close = talk_close,
};
