/*
 * The parent gives each worker two chunks, so that it never waits for the next one, and a new one
 * for each that comes back. What a worker has is known here; when its pipe ends, its first chunk is
 * what it died of (or finished in vain), and the second was never begun.
 *
 * Chunks are half of each worker's share of what is left: few messages at first, an even end.
 */
#include "mp/parmap.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/pipe.h"
#include "mp/process.h"

enum { WORKERS_MAX = 1024, HELD = 2 };

struct chunk {
	size_t begin, count;
};

struct worker {
	struct mp_process *process; /* NULL: there is none */
	struct mp_connection *connection;
	struct chunk held[HELD];
	unsigned held_count;
};

/* A list of chunks to be done before any others: those of dead workers. */
struct again {
	struct chunk *chunks;
	size_t count, capacity;
};

struct parmap {
	int (*run)(void *context, const void *item, void *result);
	void *context;
	const char *items;
	char *results;
	size_t item_bytes, result_bytes, count;
	struct mp_parmap_options options;

	size_t next, done; /* items handed out at first; items that have a status */
	int *status;
	unsigned char *tries; /* NULL: one */
	struct again again;
	struct worker *workers;
	struct pollfd *poll_fds;
	char *message;                           /* in a worker */
	struct mp_connection *connection, *ours; /* the ends of a new worker's pipe */
};

/* An answer: the chunk, a result for each item, a status for each. */
static size_t answer_bytes(const struct parmap *map, size_t count)
{
	return sizeof(struct chunk) + count * (sizeof(int) + map->result_bytes);
}

static int answer(struct parmap *map, struct chunk chunk)
{
	char *message = realloc(map->message, answer_bytes(map, chunk.count));

	if (!message)
		return -ENOMEM;
	map->message = message;
	memcpy(message, &chunk, sizeof(chunk));
	char *results = message + sizeof(chunk);
	char *statuses = results + chunk.count * map->result_bytes;
	/* run() writes into the message: the caller's results may be in shared memory, where those
	 * of a failed item are to stay as they are. It finds there what the caller had. */
	if (map->result_bytes > 0)
		memcpy(results, map->results + chunk.begin * map->result_bytes,
			chunk.count * map->result_bytes);
	for (size_t i = 0; i < chunk.count; i++) {
		int status = map->run(map->context,
			map->items ? map->items + (chunk.begin + i) * map->item_bytes : NULL,
			map->results ? results + i * map->result_bytes : NULL);
		memcpy(statuses + i * sizeof(int), &status, sizeof(int));
	}
	return mp_connection_send(map->connection, message, answer_bytes(map, chunk.count));
}

static int run_worker(void *argument)
{
	struct parmap *map = argument;
	struct chunk chunk;

	/* The parent's ends, its own and those of the workers before it: each worker is to see when
	 * its parent closes its pipe. */
	mp_connection_close(map->ours);
	for (unsigned i = 0; i < map->options.workers; i++)
		mp_connection_close(map->workers[i].connection);
	while (mp_connection_recv(map->connection, &chunk, sizeof(chunk)) == sizeof(chunk)) {
		int r = answer(map, chunk);
		if (r < 0)
			return 1;
	}
	return 0;
}

static int worker_start(struct parmap *map, struct worker *worker)
{
	const struct mp_process_options options = {.name = "parmap", .is_daemon = true};
	int r = mp_pipe(true, &map->ours, &map->connection);
	if (r < 0)
		return trace(r);
	r = mp_process_start(run_worker, map, &options, &worker->process);
	/* Or its end would not be seen. */
	mp_connection_close(map->connection);
	if (r < 0) {
		mp_connection_close(map->ours);
		return trace(r);
	}
	worker->connection = map->ours;
	worker->held_count = 0;
	return 0;
}

/* It has nothing to do any more: without its pipe it ends by itself, unless something is wrong. */
static void worker_stop(struct worker *worker)
{
	if (!worker->process)
		return;
	mp_connection_close(worker->connection);
	mp_process_kill(worker->process);
	mp_process_join(worker->process, MP_FOREVER, NULL);
	mp_process_free(worker->process);
	*worker = (struct worker){0};
}

static int again_push(struct parmap *map, struct chunk chunk)
{
	struct again *again = &map->again;

	if (again->count == again->capacity) {
		size_t capacity = again->capacity ? 2 * again->capacity : 16;
		struct chunk *chunks =
			fault_hit() ? NULL : realloc(again->chunks, capacity * sizeof(*chunks));
		if (!chunks)
			return fail(-ENOMEM, "no memory for the items of a lost worker");
		again->chunks = chunks;
		again->capacity = capacity;
	}
	again->chunks[again->count++] = chunk;
	return 0;
}

static bool next_chunk(struct parmap *map, struct chunk *ret_chunk)
{
	if (map->again.count > 0) {
		*ret_chunk = map->again.chunks[--map->again.count];
		return true;
	}
	size_t left = map->count - map->next;
	size_t count = map->options.chunk_items;
	if (count == 0)
		count = left / (2 * map->options.workers);
	if (count == 0)
		count = 1;
	*ret_chunk = (struct chunk){map->next, count < left ? count : left};
	map->next += ret_chunk->count;
	return ret_chunk->count > 0;
}

/* Its process has ended, or is about to. */
static int worker_lost(struct parmap *map, struct worker *worker)
{
	int r = 0;

	for (unsigned h = 0; r == 0 && h < worker->held_count; h++) {
		struct chunk chunk = worker->held[h];
		if (h > 0) {
			r = again_push(map, chunk);
			continue;
		}
		for (size_t i = chunk.begin; r == 0 && i < chunk.begin + chunk.count; i++) {
			if (map->tries && map->tries[i] < map->options.retries) {
				map->tries[i]++;
				r = again_push(map, (struct chunk){i, 1});
			} else {
				map->status[i] = -EOWNERDEAD;
				map->done++;
			}
		}
	}
	worker_stop(worker);
	return r;
}

/* Gives it all that it may hold. */
static int worker_feed(struct parmap *map, struct worker *worker)
{
	struct chunk chunk;

	while (worker->held_count < HELD && next_chunk(map, &chunk)) {
		worker->held[worker->held_count++] = chunk;
		int r = mp_connection_send(worker->connection, &chunk, sizeof(chunk));
		/* The end of its pipe tells that it is lost. */
		if (r < 0 && r != -EPIPE)
			return trace(r);
	}
	return 0;
}

/* Something came from it, or it has ended: then what it had sent before still counts. */
static int worker_answered(struct parmap *map, struct worker *worker, bool has_ended)
{
	_cleanup_(freep) char *message = NULL;
	struct chunk chunk;
	size_t n;

	int r = mp_connection_recv_new(worker->connection, 0, (void **)&message, &n);
	if (r == -EAGAIN && !has_ended)
		return 0;
	if (r == -EAGAIN || r == -EPIPE)
		return trace(worker_lost(map, worker));
	if (r < 0)
		return trace(r);
	memcpy(&chunk, message, sizeof(chunk));
	if (worker->held_count == 0 || chunk.begin != worker->held[0].begin ||
		n != answer_bytes(map, worker->held[0].count))
		return fail(-EBADMSG, "a worker answered what it wasn't asked");
	const char *results = message + sizeof(chunk);
	const char *statuses = results + chunk.count * map->result_bytes;
	memcpy(map->status + chunk.begin, statuses, chunk.count * sizeof(int));
	for (size_t i = 0; i < chunk.count && map->result_bytes > 0; i++) {
		if (map->status[chunk.begin + i] >= 0)
			memcpy(map->results + (chunk.begin + i) * map->result_bytes,
				results + i * map->result_bytes, map->result_bytes);
	}
	map->done += chunk.count;
	worker->held[0] = worker->held[1];
	worker->held_count--;
	return worker_feed(map, worker);
}

/* Starts workers where there are none and something is left to do. */
static int fill_workers(struct parmap *map)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < map->options.workers; i++)
		alive += map->workers[i].process != NULL;
	for (unsigned i = 0; i < map->options.workers; i++) {
		struct worker *worker = &map->workers[i];
		if (worker->process || (map->next == map->count && map->again.count == 0))
			continue;
		int r = worker_start(map, worker);
		/* With fewer it goes on. */
		if (r < 0 && alive > 0)
			return 0;
		if (r == 0)
			r = worker_feed(map, worker);
		if (r < 0)
			return trace(r);
		alive++;
	}
	return 0;
}

static int wait_for_any(struct parmap *map)
{
	for (unsigned i = 0; i < map->options.workers; i++) {
		const struct worker *worker = &map->workers[i];
		int fd = worker->process ? mp_connection_fd(worker->connection) : -1;
		/* The process too: a child that another thread started just then may hold the other
		 * end of its pipe. */
		int end = worker->process ? mp_process_fd(worker->process) : -1;
		map->poll_fds[2 * i] = (struct pollfd){.fd = fd, .events = POLLIN};
		map->poll_fds[2 * i + 1] = (struct pollfd){.fd = end, .events = POLLIN};
	}
	while (poll(map->poll_fds, 2 * map->options.workers, -1) < 0)
		if (errno != EINTR)
			return trace(-errno);
	return 0;
}

static int run_map(struct parmap *map)
{
	while (map->done < map->count) {
		int r = fill_workers(map);
		if (r == 0)
			r = wait_for_any(map);
		for (unsigned i = 0; r == 0 && i < map->options.workers; i++) {
			const struct pollfd *polled = &map->poll_fds[2 * i];
			if (polled[0].revents || polled[1].revents)
				r = worker_answered(map, &map->workers[i], polled[1].revents != 0);
		}
		if (r < 0)
			return trace(r);
	}
	return 0;
}

static int first_failure(const struct parmap *map)
{
	for (size_t i = 0; i < map->count; i++) {
		int status = map->status[i];
		if (status == -EOWNERDEAD)
			return fail(status, "the worker that had item %zu died", i);
		if (status < 0)
			return fail(status, "item %zu: %s", i, strerror(-status));
	}
	return 0;
}

static int make(struct parmap *map, int *statuses)
{
	if (fault_hit())
		return -ENOMEM;
	map->workers = calloc(map->options.workers, sizeof(*map->workers));
	map->poll_fds = calloc(2 * map->options.workers, sizeof(*map->poll_fds));
	map->status = statuses ? statuses : calloc(map->count, sizeof(*map->status));
	if (map->options.retries > 0)
		map->tries = calloc(map->count, 1);
	if (!map->workers || !map->poll_fds || !map->status ||
		(map->options.retries > 0 && !map->tries))
		return -ENOMEM;
	return 0;
}

int mp_parmap(int (*run)(void *context, const void *item, void *result), void *context,
	const void *items, size_t item_bytes, void *results, size_t result_bytes, size_t count,
	const struct mp_parmap_options *options, int *ret_status)
{
	struct parmap map = {.run = run,
		.context = context,
		.items = items,
		.results = results,
		.item_bytes = item_bytes,
		.result_bytes = result_bytes,
		.count = count};

	if (count == 0)
		return 0;
	if (options)
		map.options = *options;
	if (map.options.workers == 0)
		map.options.workers = mp_cpu_count();
	if (map.options.workers > count)
		map.options.workers = (unsigned)count;
	if (map.options.workers > WORKERS_MAX || map.options.retries > UINT8_MAX ||
		(result_bytes > 0 && !results))
		return fail(-EINVAL, "%u workers (at most %d), %u retries (at most %d), results %p",
			map.options.workers, WORKERS_MAX, map.options.retries, UINT8_MAX, results);
	int r = make(&map, ret_status);
	if (r < 0)
		r = fail(r, "no memory for a map of %zu items", count);
	if (r == 0)
		r = run_map(&map);
	for (unsigned i = 0; map.workers && i < map.options.workers; i++)
		worker_stop(&map.workers[i]);
	if (r == 0)
		r = first_failure(&map);
	if (map.status != ret_status)
		free(map.status);
	free(map.workers);
	free(map.poll_fds);
	free(map.tries);
	free(map.again.chunks);
	return trace(r);
}
