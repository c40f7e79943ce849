#pragma once
/* Descriptors: closing, and moving exactly n bytes through a byte stream. */
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

/* Closes *fd unless it is negative, sets it to -1, keeps errno. A cleanup function. */
void fd_close(int *fd);

/* Moves exactly n bytes, through short reads, short writes and EINTR. -EPIPE when the other end
 * is gone (EOF and ECONNRESET are the same news). A descriptor that would block is an error: these
 * are for blocking ones. On the timed path of the byte streams: what moves in one call, as nearly
 * everything does, costs that call alone. */
static inline int fd_read_full(int fd, void *buffer, size_t n);
static inline int fd_write_full(int fd, const void *buffer, size_t n);

/* The rest of them: after a first call that moved `moved` bytes, or failed with errno (-1). */
int fd_read_rest(int fd, void *buffer, size_t n, ssize_t moved) __attribute__((cold));
int fd_write_rest(int fd, const void *buffer, size_t n, ssize_t moved) __attribute__((cold));

/* How many descriptors this process has open (an audit: the count before and after). */
int fd_count(void);

static inline int fd_read_full(int fd, void *buffer, size_t n)
{
	ssize_t got = read(fd, buffer, n);
	return got == (ssize_t)n ? 0 : fd_read_rest(fd, buffer, n, got);
}

static inline int fd_write_full(int fd, const void *buffer, size_t n)
{
	ssize_t put = write(fd, buffer, n);
	return put == (ssize_t)n ? 0 : fd_write_rest(fd, buffer, n, put);
}
