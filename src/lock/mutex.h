#pragma once
/*
 * The C library's mutexes, as members: they differ in their attributes only. Always process-shared,
 * between threads too, so that both execs measure the same code.
 */
#include <pthread.h>

#include "lock/area.h"

struct mutex_cell {
	pthread_mutex_t mutex;
	int64_t value;
};

struct mutex_kind {
	int type;     /* 0: PTHREAD_MUTEX_NORMAL */
	int protocol; /* 0: PTHREAD_PRIO_NONE */
	int robust;   /* 0: PTHREAD_MUTEX_STALLED */
};

/* In shared memory; `mutex` is zeroed. */
int mutex_init(pthread_mutex_t *mutex, const struct mutex_kind *kind);

/* The members of struct lock, for state that is a struct area. */
int mutex_open(void *state, const struct lock_options *options, const struct mutex_kind *kind);
int mutex_acquire(void *state);
int mutex_release(void *state);
int mutex_add(void *state, int64_t n);
int mutex_value(void *state, int64_t *ret_value);
