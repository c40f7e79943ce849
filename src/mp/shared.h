#pragma once
/*
 * Memory that a family of processes shares.
 *
 * What mp_shared_new() gives is seen by every process that is started afterwards, at the same
 * address: by fork because a mapping is inherited, by spawn (exec) because libmp maps it again in
 * the child before its function runs. So pointers into it, and pointers stored in it, mean the
 * same to all. All objects of libmp (locks, queues, pools …) live there; mp_x_new() puts them
 * there, mp_x_init() builds one inside of a structure of yours.
 *
 * It has no name in the system: it is gone when the last process is. Memory that a child makes is
 * seen by the child's own children only.
 *
 * Threads may call at once. A child has an allocator of its own: it never hands out a piece of
 * memory that its parent handed out too, and freeing what was made before the fork gives it back
 * only in the process that made it.
 */
#include "mp/base.h"

/* Zeroed memory, aligned to 64 bytes, prefaulted where it is small. NULL and errno: ENOMEM, EMFILE;
 * mp_strerror() names the limit. */
MP_API void *mp_shared_new(size_t size_bytes);

/* Accepts NULL; keeps errno. Only for what mp_shared_new() gave to this process; in a child that
 * has it from its parent it does nothing. */
MP_API void mp_shared_free(void *memory);

/* Whether [memory, memory + size) is shared memory of libmp, so that other processes of the family
 * see it at this address. */
MP_API bool mp_shared_contains(const void *memory, size_t size_bytes);
