#include "mp/shared.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/arena.h"
#include "mp/latch.h"
#include "os/fd.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* Where arenas lie. Below the lowest place of a position-independent program (two thirds of the
 * address space), above the highest of a fixed one and its heap. ThreadSanitizer leaves only the
 * lowest 512 GiB to programs, AddressSanitizer has its shadow from there to 16 TiB. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ARENA_LOW
#endif
#elif defined(__SANITIZE_THREAD__)
#define ARENA_LOW
#endif
#ifdef ARENA_LOW
#define RANGE_BEGIN UINT64_C(0x2000000000)
#define RANGE_END UINT64_C(0x7f00000000)
#else
#define RANGE_BEGIN UINT64_C(0x200000000000)
#define RANGE_END UINT64_C(0x4f0000000000)
#endif

enum {
	GRANULE = 64,          /* a cache line: no two pieces share one */
	STEP = 2 << 20,        /* between arenas: room for huge pages, and a gap behind each */
	ARENA_BYTES = 1 << 20, /* of the first; each further one is as large as all before */
	ARENA_BYTES_MAX = 1 << 25,
	PIECE_BYTES_MAX = 128 << 10, /* what is larger has an arena of its own */
	LINEAR_CLASSES = 16,         /* up to 1 KiB in steps of a granule, then four per doubling */
	CLASSES = LINEAR_CLASSES + 4 * 7,
	PLACES_TRIED = 64,
	NO_PIECE = -1,
};

/* What the owner knows of a granule where a piece begins. */
struct slot {
	int32_t next; /* the next free piece of its class in this arena */
	uint8_t class;
	bool is_used;
};

struct arena {
	char *address;
	size_t size_bytes;
	int fd;
	pid_t owner;
	struct slot *slots; /* NULL: one piece fills it */
	size_t begun_bytes; /* behind this, nothing was handed out yet */
	int32_t free[CLASSES];
};

static struct {
	struct latch lock;
	pid_t pid;             /* whose state this is; 0: nobody's yet */
	struct arena **arenas; /* by address */
	unsigned count, capacity;
	uint64_t next_address;
} shared;

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A place of its own for each process, which no other process of the family is likely to use. */
static uint64_t choose_place(void)
{
	uint64_t random = (uint64_t)shared.pid * UINT64_C(0x9e3779b97f4a7c15);

	/* Without the kernel's random numbers the pid will do: it is about confusion, not safety.
	 */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random ^= random >> 29;
	return RANGE_BEGIN + random % ((RANGE_END - RANGE_BEGIN) / STEP) * STEP;
}

void arena_forked(void)
{
	shared.pid = (pid_t)kernel_call(SYS_getpid, 0, 0, 0, 0);
	shared.next_address = 0;
	latch_reset(&shared.lock);
}

static void register_fork(void)
{
	shared.pid = getpid();
	/* Without memory for the handlers, arena_lock() still notices by the pid. */
	pthread_atfork(arena_lock, arena_unlock, arena_forked);
}

void arena_lock(void)
{
	pid_t pid = getpid();

	pthread_once(&once, register_fork);
	if (shared.pid != pid) {
		/* Made by a bare clone, when a thread may have held the lock that does not exist
		 * here. */
		latch_reset(&shared.lock);
		shared.pid = pid;
		shared.next_address = 0;
	}
	latch_lock(&shared.lock);
}

void arena_unlock(void)
{
	latch_unlock(&shared.lock);
}

unsigned arena_count(void)
{
	return shared.count;
}

void arena_list(struct arena_view *ret_views, unsigned count)
{
	assert(count <= shared.count);
	for (unsigned i = 0; i < count; i++) {
		const struct arena *arena = shared.arenas[i];
		ret_views[i] = (struct arena_view){arena->address, arena->size_bytes, arena->fd};
	}
}

/* The index of the first arena that ends behind the address. */
static unsigned find_place(const void *address)
{
	unsigned low = 0, high = shared.count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		const struct arena *arena = shared.arenas[middle];
		if ((const char *)address < arena->address + arena->size_bytes)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static struct arena *find(const void *address)
{
	unsigned i = find_place(address);

	if (i == shared.count || (const char *)address < shared.arenas[i]->address)
		return NULL;
	return shared.arenas[i];
}

static int insert(struct arena *arena)
{
	if (shared.count == shared.capacity) {
		unsigned capacity = shared.capacity ? 2 * shared.capacity : 16;
		struct arena **arenas =
			fault_hit() ? NULL : realloc(shared.arenas, capacity * sizeof(*arenas));
		if (!arenas)
			return -ENOMEM;
		shared.arenas = arenas;
		shared.capacity = capacity;
	}
	unsigned i = find_place(arena->address);
	memmove(shared.arenas + i + 1, shared.arenas + i,
		(shared.count - i) * sizeof(*shared.arenas));
	shared.arenas[i] = arena;
	shared.count++;
	return 0;
}

static void arena_free(struct arena *arena)
{
	int saved = errno;

	if (!arena)
		return;
	if (arena->address)
		munmap(arena->address, arena->size_bytes);
	fd_close(&arena->fd);
	free(arena->slots);
	free(arena);
	errno = saved;
}

static void arena_freep(struct arena **arena)
{
	arena_free(*arena);
}

/* Exactly there, or -EEXIST. */
static int map_at(uint64_t address, size_t size_bytes, int fd)
{
	void *wanted = (void *)(uintptr_t)address;

	if (fault_hit())
		return -errno;
	void *got = mmap(wanted, size_bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (got == MAP_FAILED)
		return -errno;
	if (got == wanted)
		return 0;
	/* A kernel before 4.17 takes the address for a wish. */
	munmap(got, size_bytes);
	return -EEXIST;
}

static int map_somewhere(struct arena *arena)
{
	int r = -EEXIST;

	if (shared.next_address == 0)
		shared.next_address = choose_place();
	for (unsigned i = 0; r == -EEXIST && i < PLACES_TRIED; i++) {
		uint64_t address = shared.next_address;
		if (address + arena->size_bytes + STEP > RANGE_END)
			address = RANGE_BEGIN;
		r = map_at(address, arena->size_bytes, arena->fd);
		if (r == 0)
			arena->address = (char *)(uintptr_t)address;
		shared.next_address = address + (arena->size_bytes + STEP) / STEP * STEP;
	}
	return r;
}

static int memory_file(size_t size_bytes, int *ret_fd)
{
	_cleanup_(fd_close) int fd = sys(memfd_create("mp", MFD_CLOEXEC | MFD_NOEXEC_SEAL));

	/* Before 6.3 there is no such flag; since then a system may demand it. */
	if (fd == -EINVAL)
		fd = sys(memfd_create("mp", MFD_CLOEXEC));
	if (fd < 0)
		return fd;
	int r = sys(ftruncate(fd, (off_t)size_bytes));
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int arena_make(size_t size_bytes, bool is_divided, struct arena **ret_arena)
{
	_cleanup_(arena_freep) struct arena *arena = fault_hit() ? NULL : calloc(1, sizeof(*arena));

	if (!arena)
		return -ENOMEM;
	*arena = (struct arena){.size_bytes = size_bytes, .fd = -1, .owner = shared.pid};
	for (unsigned i = 0; i < CLASSES; i++)
		arena->free[i] = NO_PIECE;
	if (is_divided) {
		arena->slots =
			fault_hit() ? NULL : calloc(size_bytes / GRANULE, sizeof(*arena->slots));
		if (!arena->slots)
			return -ENOMEM;
	}
	int r = memory_file(size_bytes, &arena->fd);
	if (r < 0)
		return r;
	r = map_somewhere(arena);
	if (r < 0)
		return r;
	r = insert(arena);
	if (r < 0)
		return r;
	*ret_arena = TAKE_PTR(arena);
	return 0;
}

/* What is asked for, and what is in the way. */
static int refuse(int r, size_t size_bytes)
{
	const char *help = r == -EMFILE   ? "see 'ulimit -n'"
			   : r == -ENFILE ? "see /proc/sys/fs/file-max"
			   : r == -EEXIST ? "no free place between other mappings"
					  : "see the memory cgroup's memory.max and 'ulimit -v'";

	return fail(r, "cannot make %zu bytes of shared memory: %s (%s)", size_bytes, strerror(-r),
		help);
}

/* The smallest class that holds so much, and what it holds. */
static unsigned class_of(size_t size_bytes, size_t *ret_bytes)
{
	size_t granules = size_bytes == 0 ? 1 : (size_bytes + GRANULE - 1) / GRANULE;

	if (granules <= LINEAR_CLASSES) {
		*ret_bytes = granules * GRANULE;
		return (unsigned)granules - 1;
	}
	/* Between 2^k and 2^(k+1): in steps of a quarter of 2^k. */
	unsigned k = 63 - (unsigned)__builtin_clzll(granules - 1);
	size_t quarter = (size_t)1 << (k - 2);
	size_t steps = (granules - ((size_t)1 << k) + quarter - 1) / quarter;
	*ret_bytes = (((size_t)1 << k) + steps * quarter) * GRANULE;
	return LINEAR_CLASSES + (k - 4) * 4 + (unsigned)steps - 1;
}

/* From this arena, or NULL. */
static char *piece_take(struct arena *arena, unsigned class, size_t bytes)
{
	size_t slot;

	if (arena->free[class] != NO_PIECE) {
		slot = (size_t)arena->free[class];
		arena->free[class] = arena->slots[slot].next;
	} else if (arena->size_bytes - arena->begun_bytes >= bytes) {
		slot = arena->begun_bytes / GRANULE;
		arena->begun_bytes += bytes;
	} else {
		return NULL;
	}
	arena->slots[slot] =
		(struct slot){.next = NO_PIECE, .class = (uint8_t) class, .is_used = true};
	return arena->address + slot * GRANULE;
}

static int piece_new(size_t size_bytes, char **ret_piece)
{
	size_t bytes, total = 0;
	unsigned class = class_of(size_bytes, &bytes);
	char *piece = NULL;

	for (unsigned i = 0; i < shared.count && !piece; i++) {
		struct arena *arena = shared.arenas[i];
		if (arena->owner != shared.pid || !arena->slots)
			continue;
		total += arena->size_bytes;
		piece = piece_take(arena, class, bytes);
	}
	if (!piece) {
		/* Doubling keeps descriptors few. */
		struct arena *arena;
		size_t arena_bytes = total < ARENA_BYTES ? ARENA_BYTES : total;
		if (arena_bytes > ARENA_BYTES_MAX)
			arena_bytes = ARENA_BYTES_MAX;
		int r = arena_make(arena_bytes, true, &arena);
		if (r < 0)
			return r;
		piece = piece_take(arena, class, bytes);
	}
	/* Also puts pages behind it, which its first user does not wait for then. */
	memset(piece, 0, bytes);
	*ret_piece = piece;
	return 0;
}

int arena_piece_new(size_t size_bytes, void **ret_piece)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct arena *arena;
	char *piece;
	int r;

	if (size_bytes > RANGE_END - RANGE_BEGIN - 2 * STEP)
		return refuse(-ENOMEM, size_bytes);
	if (size_bytes <= PIECE_BYTES_MAX) {
		r = piece_new(size_bytes, &piece);
		if (r < 0)
			return refuse(r, size_bytes);
		*ret_piece = piece;
		return 0;
	}
	r = arena_make((size_bytes + page - 1) / page * page, false, &arena);
	if (r < 0)
		return refuse(r, size_bytes);
	*ret_piece = arena->address;
	return 0;
}

void *mp_shared_new(size_t size_bytes)
{
	void *piece;

	arena_lock();
	int r = arena_piece_new(size_bytes, &piece);
	arena_unlock();
	if (r < 0) {
		errno = -r;
		return NULL;
	}
	return piece;
}

static void piece_free(struct arena *arena, size_t offset)
{
	size_t slot = offset / GRANULE;

	/* A pointer into a piece, or freed twice. */
	assert(offset % GRANULE == 0 && arena->slots[slot].is_used);
	arena->slots[slot].is_used = false;
	arena->slots[slot].next = arena->free[arena->slots[slot].class];
	arena->free[arena->slots[slot].class] = (int32_t)slot;
}

void mp_shared_free(void *memory)
{
	int saved = errno;

	if (!memory)
		return;
	arena_lock();
	struct arena *arena = find(memory);
	assert(arena);
	if (arena->owner == shared.pid && arena->slots) {
		piece_free(arena, (size_t)((char *)memory - arena->address));
	} else if (arena->owner == shared.pid) {
		assert(memory == arena->address);
		unsigned i = find_place(memory);
		shared.count--;
		memmove(shared.arenas + i, shared.arenas + i + 1,
			(shared.count - i) * sizeof(*shared.arenas));
		/* The last place is the next again: its page tables are there. */
		uint64_t address = (uintptr_t)arena->address;
		if (shared.next_address == address + (arena->size_bytes + STEP) / STEP * STEP)
			shared.next_address = address;
		arena_free(arena);
	}
	arena_unlock();
	errno = saved;
}

bool mp_shared_contains(const void *memory, size_t size_bytes)
{
	arena_lock();
	const struct arena *arena = find(memory);
	bool contains = arena && size_bytes <= arena->size_bytes - (size_t)((const char *)memory -
									    arena->address);
	arena_unlock();
	return contains;
}

int arena_adopt(const struct arena_view *views, unsigned count, const void *mapped)
{
	for (unsigned i = 0; i < count; i++) {
		_cleanup_(arena_freep) struct arena *arena =
			fault_hit() ? NULL : calloc(1, sizeof(*arena));
		if (!arena)
			return refuse(-ENOMEM, views[i].size_bytes);
		arena->fd = -1;
		arena->size_bytes = views[i].size_bytes;
		int r = views[i].address == mapped ? 0
						   : map_at((uintptr_t)views[i].address,
							     views[i].size_bytes, views[i].fd);
		if (r == -EEXIST)
			return fail(r,
				"the shared memory of %zu bytes at %p cannot be mapped: this "
				"program has something else there (was it linked to a fixed "
				"address?)",
				views[i].size_bytes, views[i].address);
		if (r < 0)
			return refuse(r, views[i].size_bytes);
		arena->address = views[i].address;
		arena_lock();
		r = insert(arena);
		arena_unlock();
		if (r < 0)
			return refuse(r, views[i].size_bytes);
		arena->fd = views[i].fd;
		TAKE_PTR(arena);
	}
	return 0;
}
