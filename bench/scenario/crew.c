#include "scenario/crew.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "mp/process.h"
#include "os/futex.h"
#include "pool/bind.h"

enum { GATE_SHUT, GATE_OPEN, GATE_GONE };

/* Deep enough for what workers do; a thousand of the default size would be 8 GiB of address space.
 */
#define STACK_BYTES (256 << 10)

/* How often somebody who waits looks whether those whom he waits for are still there. */
#define LOOK_NS (100 * NS_PER_MS)

void *crew_shared_new(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void crew_shared_free(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

int crew_open(struct crew *crew, const struct load *load)
{
	*crew = (struct crew){
		.threads = load->threads,
		.cpus = load->cpus,
		.cpu_count = load->cpu_count,
	};
	crew->workers = calloc(CREW_MAX, sizeof(*crew->workers));
	crew->board = crew_shared_new(sizeof(*crew->board));
	if (!crew->workers || !crew->board)
		return fail(-ENOMEM, "no memory for a crew");
	return 0;
}

/* ---- in the worker ---- */

static void complain(struct crew_board *board, int r)
{
	if (atomic_exchange(&board->failed, 1))
		return;
	snprintf(board->message, sizeof(board->message), "%s", error_message(r));
	/* Release: whoever sees r sees the message. */
	__atomic_store_n(&board->r, r, __ATOMIC_RELEASE);
	futex_wake(&board->ready, 1);
}

/* Waits at the gate, works, and says when it was done. */
static int take_part(struct crew_worker *worker)
{
	struct crew *crew = worker->crew;
	struct crew_board *board = crew->board;
	int64_t last = 0, now;

	int r = pool_bind(worker->cpu);
	atomic_fetch_add(&board->ready, 1);
	futex_wake(&board->ready, 1);
	while (r >= 0 && atomic_load(&board->gate) == GATE_SHUT)
		if (futex_wait(&board->gate, GATE_SHUT, crew->deadline_ns) == -ETIMEDOUT)
			r = fail(-ETIMEDOUT, "the gate did not open");
	if (r >= 0 && atomic_load(&board->gate) == GATE_OPEN)
		r = crew->work(crew->context, worker->index);
	now = clock_ns();
	last = atomic_load(&board->end_ns);
	while (last < now && !atomic_compare_exchange_weak(&board->end_ns, &last, now))
		;
	if (r < 0)
		complain(board, r);
	return r < 0 ? 1 : 0;
}

static int process_main(void *argument)
{
	struct crew_worker *worker = argument;

	/* The thread that starts workers is the caller's main thread, so its end is the caller's.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return take_part(worker);
}

static void *thread_main(void *argument)
{
	take_part(argument);
	return NULL;
}

/* ---- the caller ---- */

static int start_one(struct crew_worker *worker)
{
	const struct mp_process_options options = {.start_method = MP_FORK};
	pthread_attr_t attributes;
	int r;

	if (!worker->crew->threads) {
		r = mp_process_start(process_main, worker, &options, &worker->process);
		if (r < 0)
			return fail(r, "cannot start worker %u: %s", worker->index, mp_strerror(r));
	} else {
		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, STACK_BYTES);
		r = -pthread_create(&worker->thread, &attributes, thread_main, worker);
		pthread_attr_destroy(&attributes);
		if (r < 0)
			return fail(r, "cannot start thread %u: %s (see 'ulimit -u')",
				worker->index, strerror(-r));
	}
	worker->started = true;
	return 0;
}

int crew_error(const struct crew *crew)
{
	int r = __atomic_load_n(&crew->board->r, __ATOMIC_ACQUIRE);

	return r < 0 ? fail(r, "%s", crew->board->message) : 0;
}

static int check_alive(struct crew *crew)
{
	int code;

	for (unsigned i = 0; !crew->threads && i < crew->count; i++)
		if (mp_process_exit_code(crew->workers[i].process, &code) != -EAGAIN)
			return fail(-ECHILD, "worker %u ended with %d before it began", i, code);
	return 0;
}

int crew_start(struct crew *crew, unsigned count, crew_work *work, void *context)
{
	struct crew_board *board = crew->board;
	uint32_t seen;
	int r = 0;

	memset(board, 0, sizeof(*board));
	crew->work = work;
	crew->context = context;
	crew->deadline_ns = clock_ns() + CREW_DEADLINE_NS;
	for (crew->count = 0; r >= 0 && crew->count < count; crew->count += r >= 0) {
		unsigned i = crew->count;
		/* Seat 0 is the caller's. */
		int cpu = crew->cpu_count > 1 ? crew->cpus[1 + i % (crew->cpu_count - 1)] : -1;
		crew->workers[i] = (struct crew_worker){.crew = crew, .index = i, .cpu = cpu};
		r = start_one(&crew->workers[i]);
	}
	while (r >= 0 && (seen = atomic_load(&board->ready)) < count) {
		int64_t look_ns = clock_ns() + LOOK_NS;
		if (futex_wait(&board->ready, seen, look_ns) == -ETIMEDOUT) {
			r = crew_error(crew);
			if (r >= 0)
				r = check_alive(crew);
			if (r >= 0 && look_ns > crew->deadline_ns)
				r = fail(-ETIMEDOUT, "%u of %u workers began in %d s", seen, count,
					(int)(CREW_DEADLINE_NS / NS_PER_S));
		}
	}
	return trace(r);
}

int64_t crew_go(struct crew *crew)
{
	int64_t now = clock_ns();

	atomic_store(&crew->board->gate, GATE_OPEN);
	futex_wake(&crew->board->gate, INT_MAX);
	return now;
}

/* 0, -ETIMEDOUT, or an error that says how a process ended. */
static int join_one(struct crew_worker *worker, int64_t deadline_ns)
{
	int r, code = 0;

	if (worker->process) {
		r = mp_process_join(worker->process, deadline_left_ns(deadline_ns), &code);
		if (r == -ETIMEDOUT || r == -EAGAIN)
			return fail(-ETIMEDOUT, "worker %u does not end", worker->index);
		mp_process_free(TAKE_PTR(worker->process));
		worker->started = false;
		if (r < 0)
			return fail(r, "join: %s", mp_strerror(r));
		return code == 0 ? 0
				 : fail(-ECHILD, "worker %u ended with %d", worker->index, code);
	}
	struct timespec until = timespec_of(deadline_ns);
	r = -pthread_clockjoin_np(worker->thread, NULL, CLOCK_MONOTONIC, &until);
	if (r < 0)
		return fail(r, "thread %u does not end", worker->index);
	worker->started = false;
	return 0;
}

int crew_join(struct crew *crew, int64_t *ret_end_ns)
{
	int64_t deadline_ns = clock_ns() + CREW_DEADLINE_NS;
	char message[CREW_MESSAGE_MAX];
	int worst = 0;

	for (unsigned i = 0; i < crew->count; i++) {
		if (!crew->workers[i].started)
			continue;
		int r = join_one(&crew->workers[i], deadline_ns);
		if (r < 0 && worst >= 0) {
			worst = r;
			snprintf(message, sizeof(message), "%s", error_message(r));
		}
	}
	int r = crew_error(crew);
	if (r >= 0 && worst < 0)
		r = fail(worst, "%s", message);
	if (r >= 0) {
		crew->count = 0;
		if (ret_end_ns)
			*ret_end_ns = atomic_load(&crew->board->end_ns);
	}
	return trace(r);
}

int crew_terminate(struct crew *crew, unsigned i, int *ret_exit_code)
{
	struct crew_worker *worker = &crew->workers[i];

	int r = mp_process_terminate(worker->process);
	if (r >= 0)
		r = mp_process_join(worker->process, CREW_DEADLINE_NS, ret_exit_code);
	if (r < 0)
		return fail(r, "cannot end worker %u: %s", i, mp_strerror(r));
	mp_process_free(TAKE_PTR(worker->process));
	worker->started = false;
	return 0;
}

int crew_dismiss(struct crew *crew)
{
	int code;

	/* All at once: each takes its time. */
	for (unsigned i = 0; !crew->threads && i < crew->count; i++)
		mp_process_terminate(crew->workers[i].process);
	for (unsigned i = 0; !crew->threads && i < crew->count; i++) {
		int r = crew_terminate(crew, i, &code);
		/* One that looked at the right moment ended by itself. */
		if (r >= 0 && code != -SIGTERM && code != 0)
			r = fail(-ECHILD, "worker %u ended with %d", i, code);
		if (r < 0)
			return trace(r);
	}
	return trace(crew_join(crew, NULL));
}

void crew_close(struct crew *crew)
{
	bool all_ended = true;

	if (crew->board) {
		atomic_store(&crew->board->gate, GATE_GONE);
		futex_wake(&crew->board->gate, INT_MAX);
	}
	for (unsigned i = 0; i < crew->count; i++) {
		struct crew_worker *worker = &crew->workers[i];
		if (!worker->started)
			continue;
		if (worker->process)
			mp_process_kill(worker->process);
		all_ended &= join_one(worker, clock_ns() + CREW_DEADLINE_NS) != -ETIMEDOUT ||
			     !worker->started;
	}
	/* A thread that still runs uses them, and nothing can end it but the process. */
	if (all_ended) {
		free(crew->workers);
		crew_shared_free(crew->board, sizeof(*crew->board));
	}
	*crew = (struct crew){0};
}
