/* One process, or one thread, serves all: it waits for whoever says something first. */
#include "scenario/talk.h"

static int server_open(void *state, const struct load *load)
{
	return talk_open(state, load, talk_loop, 1);
}

const struct scenario scenario_talk_epoll = {
	.name = "epoll",
	.summary = "one server with one epoll for all connections",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TALK,
	.state_bytes = sizeof(struct talk),
	.open = server_open,
	.run = talk_run,
	.close = talk_close,
};
