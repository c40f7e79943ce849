/*
 * talk: clients ask a server, which answers in capitals. The caller is all clients, each with one
 * request under way, in one thread with one epoll, which is part of what is measured and the same
 * for all servers. A sample is the time from a request to its whole answer, with as many others
 * under way as there are connections: over one connection it is a latency, over many it is mostly
 * waiting in line.
 */
#include <sys/resource.h>

#include "harness/cell.h"
#include "harness/scenario.h"

/* Besides the connections: the harness' own, pools, rings. */
enum { DESCRIPTORS_MORE = 100 };

/* An iteration is so many, or many connections would only be there to be idle in a short run. */
static uint64_t requests(const struct cell *cell)
{
	return (uint64_t)cell->params[PARAM_CONNECTIONS];
}

static const char *unfit(const struct cell *cell)
{
	rlim_t ends = cell->exec == EXEC_THREAD ? 2 : 1;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
		limit.rlim_max < (rlim_t)cell->params[PARAM_CONNECTIONS] * ends + DESCRIPTORS_MORE)
		return "more connections than descriptors are allowed (see 'ulimit -Hn')";
	return NULL;
}

const struct workload workload_talk = {
	.name = "talk",
	.summary = "clients ask a server, which answers in capitals",
	.unit = "request and answer",
	.direction = "round trip",
	.family = &family_scenario,
	.needs = SCENARIO_TALK,
	.throughput = true,
	.params = {{PARAM_CONNECTIONS, "1 10 100 1000"}},
	.operations = requests,
	.unfit = unfit,
	.run = scenario_run,
};
