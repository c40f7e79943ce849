/*
 * The peers that one writes oneself, in shared memory. All copy messages in and out.
 *
 *	vyukov	Dmitry Vyukov's bounded queue of many producers and consumers: a slot has a
 *		sequence number that says whose turn it is, a position is claimed by a compare and
 *		exchange. It spins, and it hangs when one dies between claim and store.
 *	semaphores  two POSIX semaphores count room and messages; the position of each end is
 *		guarded by a third and a fourth where many share it, and by nothing ("bare") where
 *		one has it alone.
 *	mutex+cond  a pthread mutex and two conditions, shared by processes.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "bench/peers/queue/sides.h"
#include "os/waiter.h"

/* Of this process: where messages are made and looked at. */
static _Alignas(64) char buffer[LARGE_BYTES];

static inline size_t slots_of(size_t n)
{
	return n == SMALL_BYTES ? SLOTS_SMALL : SLOTS_LARGE;
}

struct vyukov {
	_Alignas(128) uint64_t head;
	_Alignas(128) uint64_t tail;
	_Alignas(128) char slots[];
};

/* A slot: a line with the sequence number, and the message in those that follow. */
static inline uint64_t *vyukov_slot(struct vyukov *queue, uint64_t at, size_t n)
{
	return (uint64_t *)(queue->slots + (at & (slots_of(n) - 1)) * (n + 64));
}

/* Claims the next position of an end, when its slot's number is position + ahead. */
static inline uint64_t vyukov_claim(
	struct vyukov *queue, uint64_t *end, size_t n, uint64_t ahead, uint64_t **ret_slot)
{
	uint64_t at = __atomic_load_n(end, __ATOMIC_RELAXED);

	for (;;) {
		uint64_t *slot = vyukov_slot(queue, at, n);
		int64_t turn = (int64_t)(__atomic_load_n(slot, __ATOMIC_ACQUIRE) - (at + ahead));
		if (turn == 0) {
			if (__atomic_compare_exchange_n(
				    end, &at, at + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
				*ret_slot = slot;
				return at;
			}
		} else {
			if (turn < 0)
				waiter_pause();
			at = __atomic_load_n(end, __ATOMIC_RELAXED);
		}
	}
}

static inline void vyukov_put(void *queue, uint64_t number, size_t n)
{
	uint64_t *slot;

	message_fill(buffer, number, n);
	uint64_t at = vyukov_claim(queue, &((struct vyukov *)queue)->tail, n, 0, &slot);
	memcpy(slot + 8, buffer, n);
	__atomic_store_n(slot, at + 1, __ATOMIC_RELEASE);
}

static inline uint64_t vyukov_take(void *queue, size_t n, struct message_check *check)
{
	uint64_t *slot;
	uint64_t at = vyukov_claim(queue, &((struct vyukov *)queue)->head, n, 1, &slot);

	memcpy(buffer, slot + 8, n);
	__atomic_store_n(slot, at + slots_of(n), __ATOMIC_RELEASE);
	return message_number_verified(buffer, n, check);
}

static const struct ops vyukov = {.put = vyukov_put, .take = vyukov_take};

static int vyukov_open(char *memory, size_t n, void **ret_queues)
{
	for (unsigned i = 0; i < 2; i++) {
		struct vyukov *queue =
			(void *)(memory + i * (sizeof(*queue) + slots_of(n) * (n + 64)));
		for (uint64_t at = 0; at < slots_of(n); at++)
			*vyukov_slot(queue, at, n) = at;
		ret_queues[i] = queue;
	}
	return 0;
}

struct semaphores {
	_Alignas(128) sem_t room;
	_Alignas(128) sem_t filled;
	_Alignas(128) sem_t tail_lock;
	uint64_t tail;
	_Alignas(128) sem_t head_lock;
	uint64_t head;
	_Alignas(128) char slots[];
};

static inline void down(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0)
		;
}

static inline __attribute__((always_inline)) void semaphores_insert(
	struct semaphores *queue, uint64_t number, size_t n, bool is_shared)
{
	message_fill(buffer, number, n);
	down(&queue->room);
	if (is_shared)
		down(&queue->tail_lock);
	memcpy(queue->slots + queue->tail++ % slots_of(n) * n, buffer, n);
	if (is_shared)
		sem_post(&queue->tail_lock);
	sem_post(&queue->filled);
}

static inline __attribute__((always_inline)) uint64_t semaphores_remove(
	struct semaphores *queue, size_t n, bool is_shared, struct message_check *check)
{
	down(&queue->filled);
	if (is_shared)
		down(&queue->head_lock);
	memcpy(buffer, queue->slots + queue->head++ % slots_of(n) * n, n);
	if (is_shared)
		sem_post(&queue->head_lock);
	sem_post(&queue->room);
	return message_number_verified(buffer, n, check);
}

static inline void semaphores_put(void *queue, uint64_t number, size_t n)
{
	semaphores_insert(queue, number, n, true);
}

static inline uint64_t semaphores_take(void *queue, size_t n, struct message_check *check)
{
	return semaphores_remove(queue, n, true, check);
}

static inline void bare_put(void *queue, uint64_t number, size_t n)
{
	semaphores_insert(queue, number, n, false);
}

static inline uint64_t bare_take(void *queue, size_t n, struct message_check *check)
{
	return semaphores_remove(queue, n, false, check);
}

static const struct ops semaphores = {.put = semaphores_put, .take = semaphores_take};
static const struct ops bare = {.put = bare_put, .take = bare_take};

static int semaphores_open(char *memory, size_t n, void **ret_queues)
{
	for (unsigned i = 0; i < 2; i++) {
		struct semaphores *queue =
			(void *)(memory + i * (sizeof(*queue) + slots_of(n) * n));
		sem_init(&queue->room, 1, (unsigned)slots_of(n));
		sem_init(&queue->filled, 1, 0);
		sem_init(&queue->tail_lock, 1, 1);
		sem_init(&queue->head_lock, 1, 1);
		ret_queues[i] = queue;
	}
	return 0;
}

struct condition {
	_Alignas(128) pthread_mutex_t mutex;
	pthread_cond_t has_room, has_messages;
	uint64_t head, tail;
	_Alignas(128) char slots[];
};

static inline void condition_put(void *argument, uint64_t number, size_t n)
{
	struct condition *queue = argument;

	message_fill(buffer, number, n);
	pthread_mutex_lock(&queue->mutex);
	while (queue->tail - queue->head == slots_of(n))
		pthread_cond_wait(&queue->has_room, &queue->mutex);
	memcpy(queue->slots + queue->tail++ % slots_of(n) * n, buffer, n);
	pthread_cond_signal(&queue->has_messages);
	pthread_mutex_unlock(&queue->mutex);
}

static inline uint64_t condition_take(void *argument, size_t n, struct message_check *check)
{
	struct condition *queue = argument;

	pthread_mutex_lock(&queue->mutex);
	while (queue->tail == queue->head)
		pthread_cond_wait(&queue->has_messages, &queue->mutex);
	memcpy(buffer, queue->slots + queue->head++ % slots_of(n) * n, n);
	pthread_cond_signal(&queue->has_room);
	pthread_mutex_unlock(&queue->mutex);
	return message_number_verified(buffer, n, check);
}

static const struct ops condition = {.put = condition_put, .take = condition_take};

static int condition_open(char *memory, size_t n, void **ret_queues)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	for (unsigned i = 0; i < 2; i++) {
		struct condition *queue = (void *)(memory + i * (sizeof(*queue) + slots_of(n) * n));
		pthread_mutex_init(&queue->mutex, &mutex);
		pthread_cond_init(&queue->has_room, &cond);
		pthread_cond_init(&queue->has_messages, &cond);
		ret_queues[i] = queue;
	}
	return 0;
}

#define SIMPLE(tag, kind, ops, n)                              \
	SIDES(tag, ops, n)                                     \
	static int tag##_open(void *memory, void **ret_queues) \
	{                                                      \
		return kind##_open(memory, (n), ret_queues);   \
	}

SIMPLE(vyukov_small, vyukov, vyukov, SMALL_BYTES)
SIMPLE(vyukov_large, vyukov, vyukov, LARGE_BYTES)
SIMPLE(semaphores_small, semaphores, semaphores, SMALL_BYTES)
SIMPLE(semaphores_large, semaphores, semaphores, LARGE_BYTES)
SIMPLE(bare_small, semaphores, bare, SMALL_BYTES)
SIMPLE(condition_small, condition, condition, SMALL_BYTES)
SIMPLE(condition_large, condition, condition, LARGE_BYTES)

/* Two queues of any kind fit. */
#define MEMORY(n) (2 * (1024 + (n == SMALL_BYTES ? SLOTS_SMALL : SLOTS_LARGE) * ((n) + 64)))

#define SUBJECT(text, tag, n)                                                    \
	{                                                                        \
		.name = (text), .message_bytes = (n), .memory_bytes = MEMORY(n), \
		.open = tag##_open, .roles = SIDES_LIST(tag)                     \
	}

const struct subject subjects_simple[] = {
	{.name = "vyukov",
		.message_bytes = SMALL_BYTES,
		.memory_bytes = MEMORY(SMALL_BYTES),
		.spins = true,
		.open = vyukov_small_open,
		.roles = SIDES_LIST(vyukov_small)},
	{.name = "vyukov",
		.message_bytes = LARGE_BYTES,
		.memory_bytes = MEMORY(LARGE_BYTES),
		.spins = true,
		.open = vyukov_large_open,
		.roles = SIDES_LIST(vyukov_large)},
	SUBJECT("semaphores", semaphores_small, SMALL_BYTES),
	SUBJECT("semaphores", semaphores_large, LARGE_BYTES),
	{.name = "bare semaphores",
		.message_bytes = SMALL_BYTES,
		.memory_bytes = MEMORY(SMALL_BYTES),
		.is_lone = true,
		.open = bare_small_open,
		.roles = SIDES_LIST(bare_small)},
	SUBJECT("mutex+cond", condition_small, SMALL_BYTES),
	SUBJECT("mutex+cond", condition_large, LARGE_BYTES),
	{0},
};
