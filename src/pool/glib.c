/*
 * glib: GLib's GThreadPool, exclusive (its threads are started at once and are its own). A job is a
 * pointer in a GAsyncQueue, under its mutex; GLib has no way to wait for one, so a latch counts
 * them. The first pool of a process leaves a thread of GLib's own behind, which never ends.
 */
#include "pool/missing.h"

static const char summary[] = "GLib's GThreadPool";
static const unsigned capabilities = POOL_THREAD | POOL_RUN | POOL_BATCH | POOL_CHUNK;

#ifdef HAVE_GLIB
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "pool/job.h"
#include "pool/muster.h"

struct glib {
	GThreadPool *threads;
	struct pool_job *jobs; /* as many as a batch may have */
	unsigned workers;
	struct pool_latch latch;
};

static void work(gpointer job, gpointer state)
{
	struct glib *glib = state;

	pool_job_do(job);
	pool_latch_done(&glib->latch);
}

static int glib_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	struct glib *glib = state;
	struct pool_job all = {function, arguments, results, n}, *job = glib->jobs;

	chunk = pool_chunk(n, chunk, glib->workers);
	for (size_t i = 0; i < n; i += chunk) {
		*job = pool_job_at(&all, i, chunk);
		pool_latch_raise(&glib->latch, 1);
		/* It can only fail to start threads, and they have started. */
		g_thread_pool_push(glib->threads, job++, NULL);
	}
	pool_latch_wait(&glib->latch);
	return 0;
}

static int glib_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	return glib_map(state, function, arguments, n, 1, results);
}

static int glib_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return glib_map(state, function, &argument, 1, 1, ret_result);
}

static int glib_open(void *state, const struct pool_options *options)
{
	struct glib *glib = state;
	GError *error = NULL;
	size_t most = options->tasks_max > options->workers ? options->tasks_max : options->workers;

	glib->workers = options->workers;
	glib->jobs = calloc(most, sizeof(*glib->jobs));
	if (!glib->jobs)
		return fail(-ENOMEM, "glib: no memory for %zu jobs", most);
	pool_latch_init(&glib->latch);
	glib->threads = g_thread_pool_new(work, glib, (gint)options->workers, TRUE, &error);
	if (error) {
		int r = fail(-EAGAIN, "glib: %s", error->message);
		g_error_free(error);
		return r;
	}
	return trace(pool_muster(glib_batch, glib, options, false));
}

static void glib_close(void *state)
{
	struct glib *glib = state;

	if (glib->threads)
		g_thread_pool_free(glib->threads, FALSE, TRUE);
	if (glib->jobs)
		pool_latch_deinit(&glib->latch);
	free(glib->jobs);
	*glib = (struct glib){0};
}

const struct pool pool_glib = {
	.name = "glib",
	.summary = summary,
	.capabilities = capabilities,
	.state_bytes = sizeof(struct glib),
	.open = glib_open,
	.run = glib_run,
	.batch = glib_batch,
	.map = glib_map,
	.close = glib_close,
};
#else
POOL_MISSING(glib, summary, capabilities, "GLib", "libglib2.0-dev");
#endif
