/*
 * fetch: each task asks a server that answers after 5 ms, over a connection of its own, and waits:
 * work that is waiting. A pool of w workers takes tasks / w times 5 ms, so many workers pay, on two
 * CPUs too; what a pool adds is what a map takes longer than that.
 *
 * A connection is closed by a reset: a common close would leave the port in TIME_WAIT for a minute,
 * and 28 000 of them are all that there are.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/fd.h"
#include "workload/fetch_server.h"
#include "workload/tasks.h"

#define FETCH_BUDGET_NS (100 * NS_PER_MS)
enum { FETCH_MAX = 50 };

/* A task: the server's port, and a number. The number comes back, or 0. */
static uint64_t fetch(uint64_t argument)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)argument),
	};
	uint64_t request = argument >> 16, result = 0;

	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		fd_write_full(fd, &request, sizeof(request)) < 0 ||
		fd_read_full(fd, &result, sizeof(result)) < 0)
		result = 0;
	close(fd);
	return result;
}

static uint64_t iterations(const struct cell *cell)
{
	int64_t each = cell->params[PARAM_TASKS] * FETCH_DELAY_MS * NS_PER_MS;
	int64_t n = FETCH_BUDGET_NS * cell->params[PARAM_WORKERS] / each;

	return (uint64_t)(n < 1 ? 1 : n > FETCH_MAX ? FETCH_MAX : n);
}

static int prepare(struct load *load)
{
	int r = tasks_make(load);

	if (r < 0)
		return trace(r);
	struct tasks *tasks = load->context;
	struct fetch_server *server = tasks->own = calloc(1, sizeof(*server));
	if (!server)
		return fail(-ENOMEM, "no memory for a server");
	r = fetch_server_start(server);
	for (size_t i = 0; i < tasks->n; i++) {
		tasks->expected[i] = i + 1;
		tasks->arguments[i] = tasks->expected[i] << 16 | server->port;
	}
	return trace(r);
}

static void finish(struct load *load)
{
	struct tasks *tasks = load->context;

	if (tasks && tasks->own)
		fetch_server_stop(tasks->own);
	if (tasks)
		free(tasks->own);
	tasks_free(load);
}

static int run(struct load *load)
{
	int r = tasks_map(load, fetch, 1);
	double seconds = (double)(load->end_ns - load->begin_ns) / 1e9;

	if (r >= 0)
		load_fact(load, "requests_per_s",
			(double)load->iterations * (double)load->params[PARAM_TASKS] / seconds);
	return trace(r);
}

const struct workload workload_fetch = {
	.name = "fetch",
	.summary = "a map of requests to a server that answers after 5 ms",
	.unit = "map",
	.direction = "per operation",
	.family = &family_pool,
	.needs = POOL_CHUNK,
	.params = {{PARAM_TASKS, "64"}, {PARAM_WORKERS, "2 8 64"}},
	.operations = tasks_count,
	.iterations = iterations,
	.prepare = prepare,
	.finish = finish,
	.run = run,
};
