#pragma once
/*
 * A pool of workers: Python's multiprocessing.Pool (processes) and multiprocessing.dummy.Pool
 * (threads), in C.
 *
 *	_cleanup_(mp_pool_freep) struct mp_pool *pool = mp_pool_new(NULL);
 *	mp_pool_map(pool, square, numbers, sizeof(*numbers), n, 0, squares, sizeof(*squares));
 *
 * A task is a C function that reads an item and writes a result, both of a fixed size for a call:
 * what varies in size says so in its first bytes. It returns 0, or a negative error, which comes
 * back from whoever asks for the result. Tasks run in the workers only: one that crashes takes
 * its worker with it, not the caller.
 *
 * Processes know a function because they were forked when it was loaded already. They see what
 * was there when the pool was made; items and results are copied to and from memory of the pool,
 * except where they lie in shared memory that was there then (mp_shared_new()) or is the pool's
 * own (mp_pool_alloc()): that is used in place. Pointers inside of items are the caller's
 * business. A pool of threads uses everything in place; what an asynchronous call uses in place
 * must stay until it is done.
 *
 * When a worker process is killed, whatever it was doing, it is replaced. The task that it had
 * begun is reported as lost, -EOWNERDEAD, or is run again (options.lost); no other task is
 * touched. When the process that owns the pool ends, its workers are killed, and nothing is left.
 *
 * Any thread of the owner may call anything but free, at once with others. A process that was
 * forked from the owner, a worker too, gets -EPERM. Callbacks run in a thread of the pool's own
 * (Python has the same), one at a time: they should be short, and may submit tasks.
 */
#include "mp/base.h"

struct mp_pool;

/* What becomes of a task or a map: Python's AsyncResult. Valid until mp_result_free(), at most
 * until mp_pool_free(). One thread frees it, when no other uses it. */
struct mp_result;

/* 0, or a negative error. Item and result never overlap. */
typedef int mp_task(const void *item, void *result);

/* With several arguments: arguments[k] points into column k. */
typedef int mp_star_task(const void *const *arguments, void *result);

/* error is 0, or what get() would return; result points to the bytes of the result, for a map to
 * all of them, and is valid during the call. */
typedef void mp_callback(void *context, int error, const void *result);

enum mp_pool_kind {
	MP_POOL_PROCESSES,
	MP_POOL_THREADS,
};

/* Of the task that a worker had begun when it was killed. It may have had effects. */
enum mp_pool_lost {
	MP_POOL_REPORT, /* as -EOWNERDEAD */
	MP_POOL_AGAIN,  /* up to tries_max times in all, then as above */
};

enum mp_pool_binding {
	/* Where there are as many workers as CPUs that this process may use, each gets one: left
	 * to itself, the scheduler keeps two on one CPU for milliseconds. Else none is bound. */
	MP_POOL_BIND_AUTO,
	MP_POOL_BIND_NEVER,
	MP_POOL_BIND_CPUS, /* as `cpus` says */
};

enum { MP_POOL_WORKERS_MAX = 64, MP_STAR_MAX = 8 };

/* All zero is the default. */
struct mp_pool_options {
	enum mp_pool_kind kind;
	unsigned workers; /* 0: as many as CPUs may be used, at most MP_POOL_WORKERS_MAX */
	/* Runs first in each worker. A negative return value makes mp_pool_new() fail with it. */
	int (*initializer)(void *argument);
	void *initializer_argument;
	unsigned tasks_per_child; /* then the worker is replaced; a chunk is a task. 0: no end */
	enum mp_pool_lost lost;
	unsigned tries_max; /* 0: 3 */
	enum mp_pool_binding binding;
	const int *cpus; /* of each worker, -1: not bound */
	/* For copies of items and results and for mp_pool_alloc(); 0: 16 GiB. Address space only:
	 * memory is used while they are there. */
	size_t memory_bytes;
	/* The caller does tasks itself while it waits, without an end, for apply(), map(), get() or
	 * wait(): nothing is faster, but a task that crashes takes the caller with it, and the
	 * initializer does not run there. Give such a pool one worker less than there are CPUs. */
	bool caller_works;
};

/* Starts the workers and waits until all have run their initializer. options: NULL for the
 * defaults. NULL and errno: EINVAL, EAGAIN (no more processes), ENOMEM, EMFILE, what the
 * initializer returned; mp_strerror() has the sentence. */
MP_API struct mp_pool *mp_pool_new(const struct mp_pool_options *options);

/* Terminates, joins, and gives everything back. Accepts NULL; keeps errno. In a forked child it
 * only forgets. */
MP_API void mp_pool_free(struct mp_pool *pool);

/* No more tasks: they get -ESHUTDOWN. Workers end when all is done. */
MP_API int mp_pool_close(struct mp_pool *pool);

/* Ends at once: processes are killed, whatever they do, stopped ones too; what is not done becomes
 * -ECANCELED. Threads end after the task that they are in, because nothing can kill a thread. */
MP_API int mp_pool_terminate(struct mp_pool *pool);

/* Waits for the end of all workers, after one of the above (else -EINVAL). -EAGAIN, -ETIMEDOUT. */
MP_API int mp_pool_join(struct mp_pool *pool, int64_t timeout_ns);

/* Waits until nothing is left to do, whoever submitted it. 0, or the first error of a task without
 * a result (see mp_pool_submit()) since the last call. */
MP_API int mp_pool_wait(struct mp_pool *pool, int64_t timeout_ns);

/* Memory that all workers see, where items and results are used in place; zeroed. NULL and errno:
 * ENOMEM. Freed with the pool at the latest. */
MP_API void *mp_pool_alloc(struct mp_pool *pool, size_t size_bytes);
MP_API void mp_pool_dealloc(struct mp_pool *pool, void *memory);

/* How many workers there are; the process id of one of them (0: it is being replaced, or a
 * thread), for tests and reports; how many were replaced because they were killed. */
MP_API unsigned mp_pool_workers(const struct mp_pool *pool);
MP_API int mp_pool_worker_pid(const struct mp_pool *pool, unsigned worker);
MP_API uint64_t mp_pool_deaths(const struct mp_pool *pool);

/* Does one task and waits for it. 0, the task's error, or -EOWNERDEAD, -ECANCELED, -ESHUTDOWN,
 * -EAGAIN (more than a hundred thousand tasks wait already), -ENOMEM. */
MP_API int mp_pool_apply(struct mp_pool *pool, mp_task *task, const void *item, size_t item_bytes,
	void *result, size_t result_bytes);

/*
 * Hands a task over and returns: the item is copied, up to 32 bytes without allocation. NULL and
 * errno as above. on_done gets the result, on_error the error; both may be NULL.
 */
MP_API struct mp_result *mp_pool_apply_async(struct mp_pool *pool, mp_task *task, const void *item,
	size_t item_bytes, size_t result_bytes, mp_callback *on_done, mp_callback *on_error,
	void *context);

/* The fastest way: no struct mp_result; the result is written in place, so for processes it must
 * lie in memory that they see (-EFAULT), or be NULL. mp_pool_wait() waits for such tasks. */
MP_API int mp_pool_submit(
	struct mp_pool *pool, mp_task *task, const void *item, size_t item_bytes, void *result);

/*
 * Does a task for each of n items, which lie side by side, as their results do, `chunk` of them at
 * a time; 0: a quarter of a worker's share. Returns 0 or the error of one that failed; the others
 * are done. item_bytes may be 0 (items NULL), and so may result_bytes.
 */
MP_API int mp_pool_map(struct mp_pool *pool, mp_task *task, const void *items, size_t item_bytes,
	size_t n, size_t chunk, void *results, size_t result_bytes);
MP_API struct mp_result *mp_pool_map_async(struct mp_pool *pool, mp_task *task, const void *items,
	size_t item_bytes, size_t n, size_t chunk, size_t result_bytes, mp_callback *on_done,
	mp_callback *on_error, void *context);

/* Items with several arguments, each from an array of its own. */
struct mp_column {
	const void *items;
	size_t item_bytes;
};
MP_API int mp_pool_starmap(struct mp_pool *pool, mp_star_task *task,
	const struct mp_column *columns, unsigned column_count, size_t n, size_t chunk,
	void *results, size_t result_bytes);

/*
 * Results one by one as they come: in the order of their items, or of their ends. next() waits for
 * one: its index (for imap the next one); -ENODATA after the last (StopIteration); -EAGAIN,
 * -ETIMEDOUT. ret_error: the task's own error, or -EOWNERDEAD.
 */
struct mp_imap;
MP_API struct mp_imap *mp_pool_imap(struct mp_pool *pool, mp_task *task, const void *items,
	size_t item_bytes, size_t n, size_t chunk, size_t result_bytes);
MP_API struct mp_imap *mp_pool_imap_unordered(struct mp_pool *pool, mp_task *task,
	const void *items, size_t item_bytes, size_t n, size_t chunk, size_t result_bytes);
MP_API int64_t mp_imap_next(struct mp_imap *imap, void *result, int *ret_error, int64_t timeout_ns);
/* Waits for what has begun; accepts NULL. */
MP_API void mp_imap_free(struct mp_imap *imap);

/* Waits: 0 done, -EAGAIN, -ETIMEDOUT. */
MP_API int mp_result_wait(struct mp_result *result, int64_t timeout_ns);

/* Waits, then copies the result (of a map: all of them); bytes may be NULL. 0; -EAGAIN or
 * -ETIMEDOUT: not yet; else the task's error. */
MP_API int mp_result_get(struct mp_result *result, void *bytes, int64_t timeout_ns);

MP_API bool mp_result_ready(const struct mp_result *result);

/* Of one that is ready (else -EINVAL): 1 it went well, 0 it failed. */
MP_API int mp_result_successful(const struct mp_result *result);

/* Also of one that is not ready: its task is done all the same. Accepts NULL. */
MP_API void mp_result_free(struct mp_result *result);

/* For __attribute__((cleanup)). */
static inline void mp_pool_freep(struct mp_pool **pool)
{
	mp_pool_free(*pool);
	*pool = NULL;
}

static inline void mp_result_freep(struct mp_result **result)
{
	mp_result_free(*result);
	*result = NULL;
}

static inline void mp_imap_freep(struct mp_imap **imap)
{
	mp_imap_free(*imap);
	*imap = NULL;
}
