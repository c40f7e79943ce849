#pragma once
/*
 * Shared memory with a name: multiprocessing.shared_memory.SharedMemory. Processes that are not of
 * one family find it by its name ("/prices": as in man 7 shm_overview), each at an address of its
 * own, so it must not contain pointers.
 *
 * All of it is there when it is opened: where there is no room (the tmpfs at /dev/shm is full),
 * opening fails with -ENOSPC, and touching it never does (SIGBUS).
 *
 * It stays until it is unlinked, and after that until nobody has it open. Nobody unlinks it when a
 * process is killed: Python's resource tracker does that, and takes it away from those who use it.
 */
#include "mp/base.h"

enum mp_named_flags {
	MP_NAMED_CREATE = 1 << 0,    /* make it if there is none: zeroed */
	MP_NAMED_EXCLUSIVE = 1 << 1, /* with CREATE: -EEXIST if there is one */
	MP_NAMED_READ_ONLY = 1 << 2, /* writing to it is SIGSEGV; not with CREATE */
};

struct mp_named {
	void *memory; /* page-aligned; NULL: empty */
	size_t size_bytes;
};

/*
 * size_bytes is the size to make; to open an existing one, 0 or at most its size (its own is in
 * ret_named). -ENOENT: there is none; -EEXIST; -ENOSPC: no room for it, and none was made; -EINVAL:
 * the name, or it is smaller than asked for; -EAGAIN: somebody is just making it and has not come
 * to its size yet.
 */
MP_API int mp_named_open(
	const char *name, size_t size_bytes, unsigned flags, struct mp_named *ret_named);

/* Accepts the empty one; keeps errno. The memory stays for others. */
MP_API void mp_named_close(struct mp_named *named);

/* Takes the name away. -ENOENT. */
MP_API int mp_named_unlink(const char *name);
