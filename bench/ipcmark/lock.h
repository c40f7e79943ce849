#pragma once
/*
 * One measurement at a time on a machine: two would measure each other. The lock is a file that is
 * held with flock(), so that it is gone with its holder, however that ends; what is written in the
 * file only tells the others who it is.
 */
#include <stdbool.h>

enum { LOCK_HOLDER_MAX = 256 };

/* /run/lock/ipcmark.lock, in /tmp where there is no such directory; $IPCMARK_LOCK comes first. */
const char *lock_path(void);

/* Takes the lock: a descriptor that holds it until it is closed. With `wait`, waits for it until
 * stop_fd becomes readable (-EINTR). -EBUSY with a message that says who holds it. */
int lock_take(bool wait, int stop_fd);

/* Whether someone holds it; who, as text. Never blocks, changes nothing. */
bool lock_is_held(char holder[LOCK_HOLDER_MAX]);
