#pragma once
/*
 * The inside of the pool, for its own files. The protocol is told at the head of pool.c.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "mp/park.h"
#include "mp/pool.h"
#include "os/waiter.h"

enum {
	/* The region's first part, aligned to its size: from a record's address to the pool. */
	POOL_RECORDS_BYTES = 64 << 20,
	POOL_RECORDS = POOL_RECORDS_BYTES / 64,
	POOL_QUEUE_ENTRIES = 1 << 17, /* of each worker */
	POOL_JOBS = 64,               /* maps at a time */
	POOL_SEATS = 32,              /* for callers who sleep; several may share one */
	POOL_PAYLOAD_WORDS = 5,
	POOL_ITEM_INLINE = 32,
	POOL_TRIES = 3,
	/* A queue that its worker has not looked at for so long is full, so that places compare. */
	POOL_QUEUE_LAG = 1 << 30,
	POOL_RUN = 16,      /* tasks that go to one worker before the next is looked for */
	POOL_PREFETCH = 12, /* records */
	/* What it takes to hand a CPU over to a worker and back. */
	POOL_SPIN_NS = 8000,
	/* After this, the progress of a map tells how long it will take. */
	POOL_SPIN_LOOK_NS = 2000,
};

/* A record's phase, the lowest byte of its state; the next one is 1 + the worker that has it. */
enum pool_phase {
	PHASE_FREE,
	PHASE_HELD, /* being filled in */
	PHASE_QUEUED,
	PHASE_BEGUN,
	PHASE_DONE,
};

enum pool_flag {
	FLAG_RESULT = 1 << 0,     /* somebody will ask: stays DONE until it is freed */
	FLAG_ITEM_OUT = 1 << 1,   /* payload[0] points to the item */
	FLAG_RESULT_OUT = 1 << 2, /* payload[4] points to the result */
	FLAG_JOB = 1 << 3,        /* stands for a map: payload[0] is its index */
	FLAG_CALLBACK = 1 << 4,
	FLAG_OWNED = 1 << 5, /* payload[3] is memory to give back */
};

/* A task, and what becomes of it; the first ones are the workers' mailboxes. */
struct mp_result {
	_Alignas(64) _Atomic uint32_t state;
	_Atomic uint8_t seat_plus_1; /* where somebody waits for it */
	uint8_t tries;
	uint8_t flags;
	uint8_t is_dropped; /* the owner's: nobody asks any more */
	mp_task *task;
	int32_t error;
	uint32_t result_bytes;
	/* The item from the front, the result at the back. */
	uint64_t payload[POOL_PAYLOAD_WORDS];
};

/* What a worker knows that others must know when it dies. */
struct pool_worker {
	struct waiter_seat seat;
	/* Written by the worker, with every task. */
	_Alignas(64) _Atomic uint64_t now; /* see pool_now() */
	_Atomic uint32_t head;             /* all before this is taken; a hint */
	/* Written by the worker when it finds nothing to do, and when it looks at a map. */
	_Alignas(64) _Atomic uint32_t is_idle;
	_Atomic uint32_t job_plus_1; /* this map must not be reused now */
	_Atomic uint32_t phase;      /* enum worker_phase */
	_Atomic int32_t error;       /* of the initializer */
	_Atomic uint32_t nudge;      /* by others: there is work elsewhere */
	/* Written by the owner. */
	_Alignas(64) _Atomic uint32_t tail;
	_Atomic uint32_t taken; /* as head, when others have emptied the queue of one who sleeps */
};

enum worker_phase {
	WORKER_NONE,
	WORKER_STARTING,
	WORKER_READY,
	WORKER_REFUSED, /* its initializer failed */
	WORKER_RETIRED, /* it has done its tasks_per_child */
	WORKER_ENDED,   /* there is nothing left to do */
};

/* A worker's share of a map: hints, which thieves change. */
struct pool_share {
	_Alignas(64) _Atomic uint32_t at;
	_Atomic uint32_t done; /* its own: how many chunks it has done */
	_Alignas(64) _Atomic uint32_t end;
};

/* A chunk's state: 0, who has begun it, who has done it (bit 7), or these. */
enum { CHUNK_QUEUED = 0, CHUNK_DONE_BIT = 0x80, CHUNK_LOST = 0xff };

#define WANTED_ANY UINT32_MAX

static inline uint64_t pool_job_bit(unsigned index)
{
	return UINT64_C(1) << index;
}

struct pool_job {
	/* Written before it starts. */
	mp_task *task;
	mp_star_task *star_task;
	const char *items;
	char *results;
	int32_t *errors; /* of each item, for imap; else NULL */
	_Atomic uint8_t *states;
	struct pool_share *shares;
	struct mp_result *record;
	struct mp_column columns[MP_STAR_MAX];
	size_t item_bytes, result_bytes;
	size_t n, chunk;
	uint32_t chunks, column_count;
	/* Written by workers. */
	_Alignas(64) _Atomic uint32_t lost; /* by the keeper */
	_Atomic uint32_t finisher_plus_1;
	_Atomic int32_t error;
	_Atomic uint32_t wanted; /* 1 + a chunk, or any */
	_Atomic uint32_t wanted_seat;
};

enum pool_command { COMMAND_RUN, COMMAND_CLOSE, COMMAND_TERMINATE };

struct pool_shared {
	/* Does not change. */
	struct mp_pool *owner;
	struct mp_pool_options options;
	unsigned workers;
	int keeper_fd; /* an eventfd */
	/* Read by all, seldom written. */
	_Alignas(64) _Atomic uint64_t jobs; /* those which may have chunks that nobody has begun */
	_Atomic uint32_t command;
	_Atomic uint32_t has_idle; /* some worker may be idle */
	_Atomic uint32_t drains;   /* how many wait until nothing is left to do */
	_Alignas(64) _Atomic uint32_t keeper_is_called;
	_Atomic int32_t first_error;
	struct waiter_seat caller; /* tells where the caller runs */
	struct waiter_seat seats[POOL_SEATS];
	struct pool_worker worker[MP_POOL_WORKERS_MAX];
	struct pool_job job[POOL_JOBS];
};

/* One thread at a time, cheaply for the first one: see pool_gate.c. */
struct pool_gate {
	_Alignas(64) _Atomic uintptr_t thread; /* whose gate it is; 0: everybody's */
	_Atomic bool is_inside;
	bool was_given;
	pthread_mutex_t mutex;
};

struct pool_arena {
	char *next, *end;
	void *free[48]; /* by the power of two */
};

/* Of the owner's, for a record with a callback or a map. */
struct pool_callback {
	struct pool_callback *next;
	struct mp_result *record;
	mp_callback *on_done, *on_error;
	void *context;
	bool frees; /* mp_result_free() has been called meanwhile */
};

struct pool_loss {
	uint32_t job, chunk, tries;
};

enum pool_stage { STAGE_STARTING, STAGE_RUNNING, STAGE_ENDED };

struct mp_pool {
	struct pool_shared *shared;
	struct mp_result *records;
	_Atomic uint32_t *entries; /* of all queues; a record's index, 0: none */
	unsigned workers;
	unsigned forks; /* how often this process was forked when the pool was made */
	/* Under the gate. */
	struct pool_gate gate;
	uint32_t cursor, window; /* records are taken from [workers, window) */
	uint32_t tail[MP_POOL_WORKERS_MAX];
	uint32_t head[MP_POOL_WORKERS_MAX]; /* as last seen */
	uint32_t target, run; /* the queue that is being filled, and how many it got */
	uint32_t sleeper;     /* a worker that slept when we last looked */
	uint32_t mail;        /* the worker that did the last apply */
	bool may_be_busy;     /* workers may have something else than mail to do */
	int64_t applied_ns;
	uint32_t applied_often;          /* how many followed closely on the one before */
	int64_t woken, wake_gap, pushed; /* in ticks */
	_Atomic bool is_watched; /* the keeper looks after those who wait and those who sleep */
	_Atomic uint64_t submitted;
	_Atomic uint64_t helped; /* tasks that callers did */
	_Atomic uint64_t jobs_used;
	void *job_blocks[POOL_JOBS];
	struct pool_arena arena;
	/* Records whose memory is given back when they are done. */
	uint32_t *limbo;
	uint32_t limbo_count, limbo_capacity, limbo_next;
	/* What was shared before the workers were made: sorted, from mp_shared_new(). */
	struct pool_range {
		const char *begin, *end;
	} * ranges;
	unsigned range_count;
	void *mapping;
	size_t mapped_bytes;
	/* The keeper's. */
	pthread_t keeper;
	bool has_keeper;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	enum pool_stage stage;
	int start_error;
	char start_message[256];
	struct pool_callback *callbacks, **callbacks_end, *due;
	/* Written by the keeper only. */
	_Atomic int pids[MP_POOL_WORKERS_MAX];
	int pidfds[MP_POOL_WORKERS_MAX];
	pthread_t threads[MP_POOL_WORKERS_MAX];
	bool has_thread[MP_POOL_WORKERS_MAX];
	_Atomic uint64_t deaths;
	struct pool_loss *losses;
	unsigned loss_count, loss_capacity;
	int cpus[MP_POOL_WORKERS_MAX];
	unsigned failures_in_a_row;
	int64_t retry_ns;
	int broken;       /* no worker can be started: the error */
	sigset_t signals; /* of who made the pool */
	pid_t pid;
};

/*
 * A worker's word `now`: how many tasks it has ended, and the record it is at. BEGUN says that it
 * has claimed it. When a worker dies, this and the record's state tell whether the task was never
 * its (not BEGUN, another's state), was lost (its state) or is done and not counted (BEGUN, but
 * another state).
 */
enum { NOW_RECORD_BITS = 22, NOW_BEGUN_BIT = 21 };
#define NOW_BEGUN (UINT64_C(1) << NOW_BEGUN_BIT)
#define NOW_RECORD (NOW_BEGUN - 1)

static inline uint64_t pool_now(uint64_t done, uint32_t record_plus_1)
{
	return done << NOW_RECORD_BITS | record_plus_1;
}

static inline uint32_t state_of(enum pool_phase phase, unsigned worker)
{
	return (uint32_t)phase | (worker + 1) << 8;
}

static inline enum pool_phase phase_of(uint32_t state)
{
	return (enum pool_phase)(state & 0xff);
}

static inline bool is_queued(const struct mp_result *record)
{
	return phase_of(atomic_load_explicit(&record->state, memory_order_relaxed)) == PHASE_QUEUED;
}

static inline struct pool_shared *pool_of(const struct mp_result *record)
{
	return (struct pool_shared *)((uintptr_t)record & ~(uintptr_t)(POOL_RECORDS_BYTES - 1));
}

/* The first record; the mailboxes of all workers come first. */
#define POOL_FIRST ((uint32_t)((sizeof(struct pool_shared) + 63) / 64))

static inline struct mp_result *mail_of(const struct mp_pool *pool, unsigned worker)
{
	return pool->records + POOL_FIRST + worker;
}

/* An entry of a worker's queue. */
static inline _Atomic uint32_t *entry_of(const struct mp_pool *pool, unsigned worker, uint32_t at)
{
	return pool->entries + (size_t)worker * POOL_QUEUE_ENTRIES + at % POOL_QUEUE_ENTRIES;
}

static inline bool is_asleep(const struct pool_worker *worker)
{
	return (uint16_t)atomic_load_explicit(&worker->seat.sleepers, memory_order_relaxed) != 0;
}

/* Of two places before the tail the one that is nearer to it. */
static inline uint32_t pool_nearer(uint32_t tail, uint32_t a, uint32_t b)
{
	return tail - a < tail - b ? a : b;
}

/* A worker's queue as others see it: all before *ret_front is taken. */
static inline uint32_t pool_queue_of(const struct pool_worker *worker, uint32_t *ret_front)
{
	/* In this order, so that neither is beyond the tail. */
	uint32_t head = atomic_load_explicit(&worker->head, memory_order_acquire);
	uint32_t taken = atomic_load_explicit(&worker->taken, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&worker->tail, memory_order_acquire);

	*ret_front = pool_nearer(tail, head, taken);
	return tail;
}

/* Asks for a line that somebody else has written, to write to it. */
static inline void pool_prefetch(const void *line)
{
#if defined(__x86_64__)
	/* The compiler's own would fetch it for reading, unless told of a newer CPU. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
	__builtin_prefetch(line, 1);
#endif
}

/* Some clock that is cheap: only for how often to do what need not be done. */
static inline int64_t pool_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return (int64_t)__builtin_ia32_rdtsc();
#else
	return clock_ns();
#endif
}

static inline void *item_of(struct mp_result *record)
{
	return record->flags & FLAG_ITEM_OUT ? (void *)(uintptr_t)record->payload[0]
					     : (void *)record->payload;
}

static inline void *result_of(struct mp_result *record)
{
	if (record->flags & FLAG_RESULT_OUT)
		return (void *)(uintptr_t)record->payload[4];
	return record->payload + POOL_PAYLOAD_WORDS - (record->result_bytes + 7) / 8;
}

/* Names the thread. */
static inline uintptr_t pool_self(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

static inline void pool_fence(const struct waiter *waiter)
{
	/* See waiter_notify(). */
	if (__builtin_expect(waiter->is_registered, true))
		atomic_signal_fence(memory_order_seq_cst);
	else
		waiter_fence();
}

/* pool_gate.c */
void pool_gate_init(struct pool_gate *gate);
void pool_gate_deinit(struct pool_gate *gate);
bool pool_gate_enter_slow(struct pool_gate *gate, uintptr_t self);
void pool_gate_leave_slow(struct pool_gate *gate);

/* Whether this was the cheap way, for the leave. */
static inline bool pool_gate_enter(struct pool_gate *gate)
{
	uintptr_t self = pool_self();

	if (__builtin_expect(
		    atomic_load_explicit(&gate->thread, memory_order_relaxed) == self, true)) {
		atomic_store_explicit(&gate->is_inside, true, memory_order_relaxed);
		/* The other half is the membarrier() of who takes the gate away. */
		atomic_signal_fence(memory_order_seq_cst);
		if (__builtin_expect(
			    atomic_load_explicit(&gate->thread, memory_order_relaxed) == self,
			    true))
			return true;
		atomic_store_explicit(&gate->is_inside, false, memory_order_release);
	}
	return pool_gate_enter_slow(gate, self);
}

static inline void pool_gate_leave(struct pool_gate *gate, bool is_fast)
{
	if (__builtin_expect(is_fast, true))
		atomic_store_explicit(&gate->is_inside, false, memory_order_release);
	else
		pool_gate_leave_slow(gate);
}

/* pool_memory.c */
int pool_memory_open(struct mp_pool *pool, const struct mp_pool_options *options);
void pool_memory_close(struct mp_pool *pool);
/* Under the gate. NULL: no memory. */
void *pool_block_new(struct mp_pool *pool, size_t size_bytes);
void pool_block_free(struct mp_pool *pool, void *block);
/* Whether workers see it in place. */
bool pool_sees(const struct mp_pool *pool, const void *memory, size_t size_bytes);

static inline bool pool_sees_fast(const struct mp_pool *pool, const void *memory)
{
	return (uintptr_t)memory - (uintptr_t)pool->mapping < pool->mapped_bytes ||
	       pool_sees(pool, memory, 1);
}

extern unsigned pool_forks;

/* Who may do the chunks of a map: the workers, and the caller. */
static inline unsigned pool_hands(const struct mp_pool *pool)
{
	return pool->workers + pool->shared->options.caller_works;
}

static inline bool pool_is_open(const struct mp_pool *pool)
{
	return pool->forks == pool_forks &&
	       atomic_load_explicit(&pool->shared->command, memory_order_relaxed) == COMMAND_RUN;
}

/* pool_submit.c */
int pool_check(const struct mp_pool *pool);
int pool_check_fork(const struct mp_pool *pool);
unsigned pool_seat(void); /* this thread's */
struct mp_result *pool_record_new(struct mp_pool *pool);
/* Whose queue is filled next. -EAGAIN: all are full. */
int pool_choose(struct mp_pool *pool);
/* Somebody sleeps, perhaps. */
void pool_push_wake(struct mp_pool *pool, struct waiter *waiter);

static inline bool pool_is_full(const struct mp_pool *pool, unsigned worker)
{
	return pool->tail[worker] - pool->head[worker] >= POOL_QUEUE_ENTRIES;
}

static inline void pool_enqueue(struct mp_pool *pool, struct mp_result *record)
{
	uint32_t w = pool->target, tail = pool->tail[w];

	pool->run++;
	pool->may_be_busy = true;
	/* Release: who takes it (acquire) sees what it says. */
	atomic_store_explicit(&record->state, PHASE_QUEUED, memory_order_release);
	/* With how often the queue has gone around: a late thief clears its own entry only. */
	atomic_store_explicit(entry_of(pool, w, tail),
		(uint32_t)(record - pool->records) | tail / POOL_QUEUE_ENTRIES * POOL_RECORDS,
		memory_order_relaxed);
	pool->tail[w] = tail + 1;
	atomic_store_explicit(&pool->shared->worker[w].tail, tail + 1, memory_order_release);
}

static inline int pool_push(struct mp_pool *pool, struct mp_result *record, struct waiter *waiter)
{
	struct pool_shared *shared = pool->shared;

	if (__builtin_expect(
		    pool->run == 0 || pool->run >= POOL_RUN || pool_is_full(pool, pool->target),
		    false)) {
		int r = pool_choose(pool);
		if (r < 0)
			return r;
	}
	pool_enqueue(pool, record);
	/* Nobody falls asleep unseen: see waiter_notify(). */
	pool_fence(waiter);
	if (__builtin_expect(is_asleep(&shared->worker[pool->target]), false) ||
		(atomic_load_explicit(&shared->has_idle, memory_order_relaxed) &&
			!atomic_load_explicit(&pool->is_watched, memory_order_relaxed)))
		pool_push_wake(pool, waiter);
	return 0;
}

/* A record that is at hand; else NULL. */
static inline struct mp_result *pool_record_next(struct mp_pool *pool)
{
	struct mp_result *record = pool->records + pool->cursor;

	if (pool->cursor + 1 >= pool->window || record->flags & (FLAG_OWNED | FLAG_JOB) ||
		phase_of(atomic_load_explicit(&record->state, memory_order_acquire)) != PHASE_FREE)
		return NULL;
	pool->cursor++;
	pool_prefetch(record + POOL_PREFETCH);
	record->is_dropped = 0;
	record->tries = 0;
	atomic_store_explicit(&record->seat_plus_1, 0, memory_order_relaxed);
	return record;
}
/* Whether a task waits while a worker sleeps; wakes that one. */
bool pool_rouse(struct mp_pool *pool, struct waiter *waiter);
/* How many tasks wait in queues, about. */
uint32_t pool_backlog(const struct mp_pool *pool);
/* Wakes up to so many workers; the one on this CPU last. */
void pool_wake(struct mp_pool *pool, struct waiter *waiter, unsigned count);
/* Not the one on this CPU: the caller will wait, and see to it then. */
void pool_wake_elsewhere(struct mp_pool *pool, struct waiter *waiter, unsigned count);
/* Spins so long, if a worker elsewhere is awake: whether it became ready. */
bool pool_spin(
	const struct mp_pool *pool, waiter_ready *ready, const void *argument, int64_t budget_ns);
/* spin_ns comes before the worker on this CPU is woken: POOL_SPIN_NS, or less. */
int pool_wait(struct mp_pool *pool, unsigned seat, const struct waiter_seat *peer,
	waiter_ready *ready, const void *argument, int64_t spin_ns, int64_t timeout_ns);

/* pool_worker.c */
void pool_work(struct mp_pool *pool, unsigned worker);
void pool_record_end(struct pool_shared *shared, struct mp_result *record, struct waiter *waiter);
void pool_call_keeper(struct pool_shared *shared);

/* One seat; more than there are: all. */
void pool_notify_seats(struct pool_shared *shared, unsigned seat_plus_1, struct waiter *waiter);

/* Does tasks that nobody has begun: this one; NULL: all there are. */
void pool_help(struct mp_pool *pool, struct mp_result *record);

/* pool_map.c */
/* Chunks, as long as there are some. By the thread that has started the map. */
void pool_job_help(struct mp_pool *pool, unsigned index);

struct pool_call {
	mp_task *task;
	mp_star_task *star_task;
	const struct mp_column *columns;
	unsigned column_count;
	size_t n, chunk;
	void *results; /* NULL: in the pool's memory */
	size_t result_bytes;
	bool copies; /* the items may be gone before it is done */
	bool wants_errors;
	bool has_callback;
	bool waits; /* the caller will, at once */
};

/* Chunks until there are none, or until *budget of them: whether it did any. */
bool pool_job_work(struct mp_pool *pool, unsigned worker, unsigned index, struct waiter *waiter,
	uint64_t *budget);

/* pool_job.c; under the gate. */
int pool_job_start(struct mp_pool *pool, const struct pool_call *call, struct waiter *waiter,
	struct mp_result **ret_record);
void pool_job_free(struct mp_pool *pool, unsigned index);
bool pool_job_is_left(const struct mp_pool *pool);
/* Whether all is done, and then who came first ends it. */
void pool_job_check(
	struct mp_pool *pool, unsigned index, unsigned self_plus_1, struct waiter *waiter);
/* By the keeper: the worker has died; all have. */
void pool_job_bury(struct mp_pool *pool, unsigned worker, struct waiter *waiter);
void pool_job_cancel(struct mp_pool *pool, int error, struct waiter *waiter);

/* pool_keeper.c */
int pool_keeper_start(struct mp_pool *pool);
void pool_keeper_call(struct mp_pool *pool);
int pool_callback_add(struct mp_pool *pool, struct mp_result *record, mp_callback *on_done,
	mp_callback *on_error, void *context);
void pool_callback_drop(struct mp_pool *pool, const struct mp_result *record);
/* Whether the keeper will free the record, after its callback. */
bool pool_callback_frees(struct mp_pool *pool, struct mp_result *record);

/* pool_spawn.c */
int pool_worker_start(struct mp_pool *pool, unsigned worker);

/* pool_result.c; under the gate: memory that goes with a task. */
void pool_limbo_add(struct mp_pool *pool, const struct mp_result *record);
void pool_limbo_sweep(struct mp_pool *pool);
void pool_record_clean(struct mp_pool *pool, struct mp_result *record);
void pool_result_free(struct mp_pool *pool, struct mp_result *record);
const void *pool_result_bytes(struct mp_result *record, size_t *ret_bytes);
int pool_result_wait(struct mp_pool *pool, struct mp_result *record, const struct waiter_seat *peer,
	int64_t timeout_ns);
