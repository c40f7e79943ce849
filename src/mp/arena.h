#pragma once
/*
 * The inside of shared.h, for who starts processes: the mappings that shared memory is made of.
 *
 * An arena is a memfd, mapped at an address from a range that nothing else uses: not the program,
 * its libraries, heap or stacks, wherever the kernel puts these at random. So a child that exec'd
 * can map it at the same address. The table of arenas and all that the allocator knows is private
 * memory: a process that is killed, or gone mad, cannot break another one's allocator.
 *
 * An arena belongs to the process that made it, which alone hands out pieces of it. After a fork
 * the child sees its parent's arenas as foreign and starts its own, elsewhere in the range: its
 * pointers mean nothing to its parent, rather than something else.
 */
#include <stddef.h>

struct arena_view {
	void *address;
	size_t size_bytes;
	int fd; /* close-on-exec */
};

/* Nothing is made or freed between these, and a process started between them inherits a lock that
 * its arena_forked() mends. Not recursive. */
void arena_lock(void);
void arena_unlock(void);

/* Locked: how many there are; a copy of the first `count`. */
unsigned arena_count(void);
void arena_list(struct arena_view *ret_views, unsigned count);

/* Locked: as mp_shared_new(); 0 or a negative errno. */
int arena_piece_new(size_t size_bytes, void **ret_piece);

/* What libc's fork runs in the child by itself, for a child of a bare clone. */
void arena_forked(void);

/* In a process that exec'd: maps what its parent listed, at the same addresses, but for the one
 * that is there already; owns the descriptors afterwards. -EEXIST, with a message, when one of the
 * addresses is taken. */
int arena_adopt(const struct arena_view *views, unsigned count, const void *mapped);
