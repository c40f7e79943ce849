#pragma once
/* Descriptors: closing, and moving exactly n bytes through a byte stream. */
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
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

/*
 * The system call in place, without libc's wrapper. After a switch of process no return address
 * is predicted, and every level of calls costs some 10 ns: the mechanism's own function (an
 * indirect call of the loop) takes the level that a plain program spends in the wrapper. Through
 * libc a pipe's round trip on one CPU took 2.4 to 2.9 % longer than a bare loop's, so 1.1 to 1.5 %
 * (instrument/harness). Sanitizers know the wrappers only, other CPUs have none here.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FD_THROUGH_LIBC
#endif
#elif defined(__SANITIZE_THREAD__)
#define FD_THROUGH_LIBC
#endif
#if defined(__x86_64__) && !defined(FD_THROUGH_LIBC)
static inline ssize_t fd_call(long number, int fd, const void *buffer, size_t n)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"((long)fd), "S"(buffer), "d"(n)
			 : "rcx", "r11", "memory");
	if (__builtin_expect(r < 0, 0)) {
		errno = (int)-r;
		return -1;
	}
	return r;
}
#else
static inline ssize_t fd_call(long number, int fd, const void *buffer, size_t n)
{
	return number == SYS_read ? read(fd, (void *)buffer, n) : write(fd, buffer, n);
}
#endif

static inline int fd_read_full(int fd, void *buffer, size_t n)
{
	ssize_t got = fd_call(SYS_read, fd, buffer, n);
	return got == (ssize_t)n ? 0 : fd_read_rest(fd, buffer, n, got);
}

static inline int fd_write_full(int fd, const void *buffer, size_t n)
{
	ssize_t put = fd_call(SYS_write, fd, buffer, n);
	return put == (ssize_t)n ? 0 : fd_write_rest(fd, buffer, n, put);
}
