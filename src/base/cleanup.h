#pragma once
/*
 * Cleanup by attribute: a local that owns something is released when it leaves its scope, unless
 * it was taken. Every cleanup function accepts the empty value and keeps errno.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

#define TAKE(variable, empty)                             \
	({                                                \
		__typeof__(variable) taken_ = (variable); \
		(variable) = (empty);                     \
		taken_;                                   \
	})
#define TAKE_FD(fd) TAKE(fd, -1)
#define TAKE_PTR(pointer) TAKE(pointer, NULL)

static inline void freep(void *pointer_to_pointer)
{
	int saved = errno;
	free(*(void **)pointer_to_pointer);
	errno = saved;
}

static inline void fclosep(FILE **file)
{
	int saved = errno;
	if (*file)
		fclose(*file);
	errno = saved;
}
