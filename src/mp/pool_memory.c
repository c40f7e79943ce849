/*
 * The memory of a pool: one mapping that is there before the workers are, so that all see it at one
 * address: the pool's state and the records in its first 64 MiB, the queues, and an arena for
 * items and results. It is address space mostly: pages come with their first use, and stay.
 *
 * What the allocator knows is private to the owner, except for the links of free blocks.
 */
#include "mp/pool_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/fault.h"
#include "mp/arena.h"

enum {
	BLOCK_HEADER = 64,
	BLOCK_BITS_MIN = 7,
	/* Larger ones give their pages back. */
	BLOCK_BITS_KEEP = 24,
	PREFAULT_RECORDS = 4096,
};

#define MEMORY_DEFAULT ((size_t)16 << 30)
#define MEMORY_MIN ((size_t)1 << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static_assert(sizeof(struct mp_result) == 64, "a record is a cache line");
static_assert((POOL_ITEM_INLINE + 8) == POOL_PAYLOAD_WORDS * 8, "an item and a result's address");

/* Memory that an idle machine has is not asked for: NORESERVE. */
static void *map(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
}

/* The shared memory that the workers will inherit. */
static int note_ranges(struct mp_pool *pool)
{
	struct arena_view *views = NULL;

	arena_lock();
	unsigned count = arena_count();
	if (count) {
		views = fault_hit() ? NULL : malloc(count * sizeof(*views));
		pool->ranges = fault_hit() ? NULL : malloc(count * sizeof(*pool->ranges));
		if (views && pool->ranges)
			arena_list(views, count);
	}
	arena_unlock();
	if (count && (!views || !pool->ranges)) {
		free(views);
		return trace(-ENOMEM);
	}
	for (unsigned i = 0; i < count; i++) {
		pool->ranges[i].begin = views[i].address;
		pool->ranges[i].end = pool->ranges[i].begin + views[i].size_bytes;
	}
	pool->range_count = count;
	free(views);
	return 0;
}

int pool_memory_open(struct mp_pool *pool, const struct mp_pool_options *options)
{
	size_t queues = (size_t)pool->workers * POOL_QUEUE_ENTRIES * sizeof(*pool->entries);
	size_t memory = options->memory_bytes ? options->memory_bytes : MEMORY_DEFAULT;
	size_t fixed = 2 * (size_t)POOL_RECORDS_BYTES + queues;
	void *mapping;

	if (fault_hit())
		return fail(-errno, "cannot map memory for a pool: %s", strerror(errno));
	/* A limit on address space may allow for less. */
	for (;;) {
		mapping = map(fixed + memory);
		if (mapping != MAP_FAILED || options->memory_bytes || memory / 2 < MEMORY_MIN)
			break;
		memory /= 2;
	}
	if (mapping == MAP_FAILED)
		return fail(-ENOMEM,
			"cannot map %zu bytes for a pool: %s (see 'ulimit -v' and "
			"vm.overcommit_memory)",
			fixed + memory, strerror(errno));
	pool->mapping = mapping;
	pool->mapped_bytes = fixed + memory;
	uintptr_t base = ((uintptr_t)mapping + POOL_RECORDS_BYTES - 1) &
			 ~(uintptr_t)(POOL_RECORDS_BYTES - 1);
	pool->shared = (struct pool_shared *)base;
	pool->shared->keeper_fd = -1;
	pool->records = (struct mp_result *)base;
	pool->entries = (_Atomic uint32_t *)(base + POOL_RECORDS_BYTES);
	pool->arena.next = (char *)pool->entries + queues;
	pool->arena.end = (char *)mapping + pool->mapped_bytes;
	/* Only for speed; an old kernel has no such advice. */
	madvise((void *)base,
		sizeof(struct pool_shared) + PREFAULT_RECORDS * sizeof(struct mp_result),
		MADV_POPULATE_WRITE);
	return trace(note_ranges(pool));
}

void pool_memory_close(struct mp_pool *pool)
{
	if (pool->mapping)
		munmap(pool->mapping, pool->mapped_bytes);
	free(pool->ranges);
	free(pool->limbo);
	pool->mapping = NULL;
	pool->ranges = NULL;
	pool->limbo = NULL;
}

void *pool_block_new(struct mp_pool *pool, size_t size_bytes)
{
	struct pool_arena *arena = &pool->arena;
	unsigned bits = BLOCK_BITS_MIN;

	while (bits < sizeof(arena->free) / sizeof(*arena->free) &&
		((size_t)1 << bits) - BLOCK_HEADER < size_bytes)
		bits++;
	if (bits == sizeof(arena->free) / sizeof(*arena->free))
		return NULL;
	char *block = arena->free[bits];
	if (block) {
		memcpy(&arena->free[bits], block, sizeof(void *));
		return block;
	}
	if ((size_t)(arena->end - arena->next) < (size_t)1 << bits)
		return NULL;
	block = arena->next + BLOCK_HEADER;
	arena->next += (size_t)1 << bits;
	memcpy(block - BLOCK_HEADER, &bits, sizeof(bits));
	return block;
}

void pool_block_free(struct mp_pool *pool, void *block)
{
	unsigned bits;

	if (!block)
		return;
	memcpy(&bits, (char *)block - BLOCK_HEADER, sizeof(bits));
	assert(bits >= BLOCK_BITS_MIN && bits < sizeof(pool->arena.free) / sizeof(void *));
	if (bits > BLOCK_BITS_KEEP) {
		uintptr_t begin = ((uintptr_t)block + 4095) & ~(uintptr_t)4095;
		uintptr_t end =
			((uintptr_t)block - BLOCK_HEADER + ((size_t)1 << bits)) & ~(uintptr_t)4095;
		madvise((void *)begin, end - begin, MADV_REMOVE);
	}
	memcpy(block, &pool->arena.free[bits], sizeof(void *));
	pool->arena.free[bits] = block;
}

bool pool_sees(const struct mp_pool *pool, const void *memory, size_t size_bytes)
{
	const char *begin = memory, *end = begin + size_bytes;

	if (pool->shared->options.kind == MP_POOL_THREADS)
		return true;
	if (begin >= (const char *)pool->mapping &&
		end <= (const char *)pool->mapping + pool->mapped_bytes)
		return true;
	for (unsigned i = 0; i < pool->range_count; i++)
		if (begin >= pool->ranges[i].begin && end <= pool->ranges[i].end)
			return true;
	return false;
}

void *mp_pool_alloc(struct mp_pool *pool, size_t size_bytes)
{
	int r = pool_check(pool);

	if (r < 0) {
		errno = -r;
		return NULL;
	}
	bool is_fast = pool_gate_enter(&pool->gate);
	void *block = pool_block_new(pool, size_bytes);
	pool_gate_leave(&pool->gate, is_fast);
	if (!block) {
		errno = -fail(-ENOMEM, "no %zu bytes left of the pool's memory (memory_bytes)",
			size_bytes);
		return NULL;
	}
	return memset(block, 0, size_bytes);
}

void mp_pool_dealloc(struct mp_pool *pool, void *memory)
{
	int saved = errno;

	if (memory && pool_check(pool) == 0) {
		bool is_fast = pool_gate_enter(&pool->gate);
		pool_block_free(pool, memory);
		pool_gate_leave(&pool->gate, is_fast);
	}
	errno = saved;
}
