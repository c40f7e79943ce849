/*
 * libuv: the queue of work behind the file operations of event loops. uv_queue_work() hands a job
 * to a thread; its end comes back through an eventfd to the caller, who runs the loop until nothing
 * is outstanding. So a round trip costs two wake-ups and an epoll.
 *
 * The threads are a global of the library, as many as the first job finds in UV_THREADPOOL_SIZE,
 * and end when the library is unloaded. That is why open() loads it: every pool has a library of
 * its own, with its own threads, and close() ends them.
 */
#include "pool/missing.h"

static const char summary[] = "libuv's queue of work, and its loop in the caller";
static const unsigned capabilities = POOL_THREAD | POOL_RUN | POOL_BATCH | POOL_CHUNK;

#ifdef HAVE_UV
#include <assert.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "base/error.h"
#include "pool/job.h"
#include "pool/muster.h"

static const char library_name[] = "libuv.so.1";

struct task {
	uv_work_t work;
	struct pool_job job;
};

struct libuv {
	void *library;
	int (*loop_init)(uv_loop_t *);
	int (*loop_close)(uv_loop_t *);
	int (*run)(uv_loop_t *, uv_run_mode);
	int (*queue_work)(uv_loop_t *, uv_work_t *, uv_work_cb, uv_after_work_cb);
	unsigned workers;
	bool has_loop;
	struct task *tasks; /* as many as a batch may have */
	uv_loop_t loop;
};

static void work(uv_work_t *request)
{
	pool_job_do(&((struct task *)request)->job);
}

static int libuv_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	struct libuv *libuv = state;
	struct pool_job all = {function, arguments, results, n};
	struct task *task = libuv->tasks;
	int r = 0;

	chunk = pool_chunk(n, chunk, libuv->workers);
	for (size_t i = 0; r >= 0 && i < n; i += chunk, task++) {
		task->job = pool_job_at(&all, i, chunk);
		r = libuv->queue_work(&libuv->loop, &task->work, work, NULL);
	}
	/* Until nothing is outstanding. */
	libuv->run(&libuv->loop, UV_RUN_DEFAULT);
	return r < 0 ? fail(r, "libuv: uv_queue_work: %s", error_message(r)) : 0;
}

static int libuv_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	return libuv_map(state, function, arguments, n, 1, results);
}

static int libuv_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return libuv_map(state, function, &argument, 1, 1, ret_result);
}

static int load(struct libuv *libuv)
{
	libuv->library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
	if (!libuv->library)
		return fail(-EOPNOTSUPP, "libuv: %s", dlerror());
	*(void **)&libuv->loop_init = dlsym(libuv->library, "uv_loop_init");
	*(void **)&libuv->loop_close = dlsym(libuv->library, "uv_loop_close");
	*(void **)&libuv->run = dlsym(libuv->library, "uv_run");
	*(void **)&libuv->queue_work = dlsym(libuv->library, "uv_queue_work");
	if (!libuv->loop_init || !libuv->loop_close || !libuv->run || !libuv->queue_work)
		return fail(-EOPNOTSUPP, "libuv: %s", dlerror());
	return 0;
}

static int libuv_probe(char reason[POOL_REASON_MAX])
{
	void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);

	if (library)
		return dlclose(library) < 0 ? -EOPNOTSUPP : 0;
	snprintf(reason, POOL_REASON_MAX, "%s: install libuv1", dlerror());
	return -EOPNOTSUPP;
}

static int libuv_open(void *state, const struct pool_options *options)
{
	struct libuv *libuv = state;
	size_t most = options->tasks_max > options->workers ? options->tasks_max : options->workers;
	char count[16];

	libuv->workers = options->workers;
	snprintf(count, sizeof(count), "%u", options->workers);
	if (setenv("UV_THREADPOOL_SIZE", count, 1) < 0)
		return fail(-errno, "libuv: setenv: %s", error_message(-errno));
	libuv->tasks = calloc(most, sizeof(*libuv->tasks));
	if (!libuv->tasks)
		return fail(-ENOMEM, "libuv: no memory for %zu tasks", most);
	int r = load(libuv);
	if (r < 0)
		return trace(r);
	r = libuv->loop_init(&libuv->loop);
	if (r < 0)
		return fail(r, "libuv: uv_loop_init: %s", error_message(r));
	libuv->has_loop = true;
	return trace(pool_muster(libuv_batch, libuv, options, false));
}

static void libuv_close(void *state)
{
	struct libuv *libuv = state;

	if (libuv->has_loop) {
		int r = libuv->loop_close(&libuv->loop);
		assert(r == 0);
	}
	/* Its destructor ends and joins the threads. */
	if (libuv->library)
		dlclose(libuv->library);
	free(libuv->tasks);
	*libuv = (struct libuv){0};
}

const struct pool pool_libuv = {
	.name = "libuv",
	.summary = summary,
	.capabilities = capabilities,
	.state_bytes = sizeof(struct libuv),
	.probe = libuv_probe,
	.open = libuv_open,
	.run = libuv_run,
	.batch = libuv_batch,
	.map = libuv_map,
	.close = libuv_close,
};
#else
POOL_MISSING(libuv, summary, capabilities, "libuv", "libuv1-dev");
#endif
