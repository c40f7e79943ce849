#pragma once
/* Descriptors: closing, and moving exactly n bytes through a byte stream. */
#include <stddef.h>
#include <sys/types.h>

/* Closes *fd unless it is negative, sets it to -1, keeps errno. A cleanup function. */
void fd_close(int *fd);

/* Moves exactly n bytes, through short reads, short writes and EINTR. -EPIPE when the other end
 * is gone (EOF and ECONNRESET are the same news). A descriptor that would block is an error: these
 * are for blocking ones. On the timed path of the byte streams. */
int fd_read_full(int fd, void *buffer, size_t n);
int fd_write_full(int fd, const void *buffer, size_t n);

/* How many descriptors this process has open (an audit: the count before and after). */
int fd_count(void);
