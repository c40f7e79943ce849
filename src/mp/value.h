#pragma once
/*
 * Typed shared memory: multiprocessing.Value and Array, RawValue and RawArray.
 *
 *	long *count = mp_value_new(long, 0);	a pointer to a long that all processes share
 *	mp_value_add(count, 1);			with its lock
 *	mp_with (mp_value_lock(count), r)	several steps as one
 *		*count = *count * 2 + 1;
 *	mp_value_free(count);
 *
 *	struct point *points = mp_array_new(struct point, 100);
 *	mp_array_set(points, 99, {1, 2});
 *
 * A value is an array with one element. Each is a plain pointer, good in all processes of the
 * family, with a lock and its length in front of it: so only what these functions gave may be
 * passed to them. The raw ones are the same without using the lock: for what needs none, or is
 * accessed by atomic operations.
 *
 * Any C type will do; it should hold no pointers but into shared memory.
 *
 * One who is killed within mp_value_add() and the like leaves the old or the new value, or a
 * half-written one if it is larger than a machine word. That its holder died is told by
 * mp_lock_acquire() or mp_with() of the value's lock, once; the short forms here have no place to
 * tell it, and leave it to be told.
 */
#include <errno.h>

#include "mp/base.h"
#include "mp/lock.h"
#include "mp/with.h"

/* In front of the first element. */
struct mp_block_ {
	struct mp_lock lock_;
	_Alignas(64) size_t count_;
	size_t element_bytes_;
};

/* Zeroed; aligned to 64 bytes. NULL and errno: ENOMEM; EINVAL for no elements or no bytes. */
MP_API void *mp_block_new_(size_t count, size_t element_bytes);

static inline struct mp_block_ *mp_block_of_(const void *elements)
{
	return (struct mp_block_ *)(uintptr_t)elements - 1;
}

/* NULL and errno. */
#define mp_value_new(type, ...)                                      \
	({                                                           \
		type *new_ = (type *)mp_block_new_(1, sizeof(type)); \
		if (new_)                                            \
			*new_ = (type)__VA_ARGS__;                   \
		new_;                                                \
	})
#define mp_array_new(type, count) ((type *)mp_block_new_((count), sizeof(type)))

/* When nobody uses it any more, in the process that made it. Accept NULL. */
MP_API void mp_value_free(const void *value);
#define mp_array_free(array) mp_value_free(array)

/* One with a name ("/hits"), for processes that are not of one family: made, all zero, by the first
 * who opens it, and there until mp_named_unlink(). Each has it at an address of its own, so it can
 * hold no pointers. NULL and errno: as mp_named_open(); EINVAL: what has this name is of another
 * size or length. */
MP_API void *mp_block_open_(const char *name, size_t count, size_t element_bytes);
#define mp_value_open(type, name) ((type *)mp_block_open_((name), 1, sizeof(type)))
#define mp_array_open(type, count, name) ((type *)mp_block_open_((name), (count), sizeof(type)))

/* Accept NULL. The value stays for others, and under its name. */
MP_API void mp_value_close(const void *value);
#define mp_array_close(array) mp_value_close(array)

static inline struct mp_lock *mp_value_lock(const void *value)
{
	return &mp_block_of_(value)->lock_;
}
#define mp_array_lock(array) mp_value_lock(array)

/* For a short form. One in a section of its lock (-EDEADLK) is part of that, and otherwise the lock
 * is given back as it was found, also if its last holder died. */
static inline int mp_value_enter_(struct mp_lock *lock)
{
	return __builtin_expect(mp_lock_take_(lock), true)
		       ? 0
		       : mp_lock_acquire_slow_(lock, MP_FOREVER);
}

MP_API void mp_value_leave_unmended_(struct mp_lock *lock);

static inline void mp_value_leave_(struct mp_lock *lock, int r)
{
	if (__builtin_expect(r == 0, true))
		mp_lock_release(lock);
	else if (r == -EOWNERDEAD)
		mp_value_leave_unmended_(lock);
}

/* The short forms, each with the lock. add: what it is afterwards. */
#define mp_value_get(value)                                    \
	({                                                     \
		__typeof__(value) at_ = (value);               \
		struct mp_lock *lock_of_ = mp_value_lock(at_); \
		int entered_ = mp_value_enter_(lock_of_);      \
		__typeof__(*(value)) got_ = *at_;              \
		mp_value_leave_(lock_of_, entered_);           \
		got_;                                          \
	})
#define mp_value_set(value, ...)                               \
	({                                                     \
		__typeof__(value) at_ = (value);               \
		__typeof__(*(value)) new_ = __VA_ARGS__;       \
		struct mp_lock *lock_of_ = mp_value_lock(at_); \
		int entered_ = mp_value_enter_(lock_of_);      \
		*at_ = new_;                                   \
		mp_value_leave_(lock_of_, entered_);           \
	})
#define mp_value_add(value, n)                                                        \
	({                                                                            \
		__typeof__(value) at_ = (value);                                      \
		__typeof__(*(value)) n_ = (__typeof__(*(value)))(n);                  \
		struct mp_lock *lock_of_ = mp_value_lock(at_);                        \
		int entered_ = mp_value_enter_(lock_of_);                             \
		__typeof__(*(value)) sum_ = *at_ = (__typeof__(*(value)))(*at_ + n_); \
		mp_value_leave_(lock_of_, entered_);                                  \
		sum_;                                                                 \
	})

/* How many elements. */
static inline size_t mp_array_len(const void *array)
{
	return mp_block_of_(array)->count_;
}

/* The index of an element, or -1: as in Python, -1 is the last one. */
static inline ptrdiff_t mp_array_index_(const void *array, ptrdiff_t i)
{
	ptrdiff_t n = (ptrdiff_t)mp_array_len(array);

	if (i < 0)
		i += n;
	return __builtin_expect(i >= 0 && i < n, true) ? i : -1;
}

/* A pointer to element i, NULL when there is none. Takes no lock. */
#define mp_array_at(array, i)                                    \
	({                                                       \
		__typeof__(array) array_ = (array);              \
		ptrdiff_t index_ = mp_array_index_(array_, (i)); \
		index_ < 0 ? NULL : array_ + index_;             \
	})

/*
 * Copies between an array and memory of the caller's, with the lock: `count` elements from `first`
 * on. As slices in Python, first may be negative, and what is beyond the end is left out: how many
 * were copied. -EINVAL: before the beginning. The raw forms take no lock.
 */
MP_API ptrdiff_t mp_array_read(
	const void *array, ptrdiff_t first, size_t count, void *ret_elements);
MP_API ptrdiff_t mp_array_write(void *array, ptrdiff_t first, size_t count, const void *elements);
MP_API ptrdiff_t mp_raw_array_read(
	const void *array, ptrdiff_t first, size_t count, void *ret_elements);
MP_API ptrdiff_t mp_raw_array_write(
	void *array, ptrdiff_t first, size_t count, const void *elements);

/* One element, with the lock. 0, or -ERANGE (Python: IndexError), and nothing is done. */
#define mp_array_get(array, i, ret_element)                                           \
	({                                                                            \
		__typeof__(array) from_ = (array);                                    \
		__typeof__((array) + 0) to_ = (ret_element);                          \
		ptrdiff_t place_ = mp_array_index_(from_, (i));                       \
		place_ < 0 ? -ERANGE : (int)mp_array_read(from_, place_, 1, to_) - 1; \
	})
#define mp_array_set(array, i, ...)                                                     \
	({                                                                              \
		__typeof__(array) to_ = (array);                                        \
		__typeof__(*(array)) from_ = __VA_ARGS__;                               \
		ptrdiff_t place_ = mp_array_index_(to_, (i));                           \
		place_ < 0 ? -ERANGE : (int)mp_array_write(to_, place_, 1, &from_) - 1; \
	})
