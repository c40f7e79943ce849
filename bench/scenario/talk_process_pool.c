/*
 * Processes that were forked before the first client came. All listen on the same socket, and each
 * serves those whom it took, however many: with a process for one client at a time, the fifth of
 * those who stay would never be served.
 */
#include "scenario/talk.h"

static int server_open(void *state, const struct load *load)
{
	return talk_open(state, load, talk_loop, TALK_POOL_WORKERS);
}

const struct scenario scenario_talk_process_pool = {
	.name = "process_pool",
	.summary = "4 processes, forked before, accept and serve their own connections",
	.capabilities = SCENARIO_PROCESS | SCENARIO_TALK,
	.state_bytes = sizeof(struct talk),
	.open = server_open,
	.run = talk_run,
	.close = talk_close,
};
