#pragma once
/*
 * Sections that give a lock back however they are left: Python's `with lock:`.
 *
 *	mp_with (lock, r) {
 *		if (r == -EOWNERDEAD)
 *			…				look whether the data is whole
 *		…					break and return are fine
 *	}
 *
 * r is 0 or -EOWNERDEAD, and known in the section only. The lock may be a struct mp_lock, an rlock
 * or a condition (its lock). A thread that holds a plain lock already would wait for itself: that
 * is a mistake, and ends the program. A section is not left by a jump out of it (longjmp).
 */
#include <errno.h>

#include "mp/condition.h"
#include "mp/lock.h"
#include "mp/rlock.h"

struct mp_section_ {
	struct mp_lock *lock;
	int r;
	bool is_rlock, is_inside;
};

static inline struct mp_section_ mp_section_enter_(struct mp_lock *lock)
{
	int r = mp_lock_acquire(lock);

	if (!mp_lock_is_mine_(lock) || r == -EDEADLK)
		__builtin_trap();
	return (struct mp_section_){.lock = lock, .r = r, .is_inside = true};
}

static inline struct mp_section_ mp_section_enter_rlock_(struct mp_rlock *rlock)
{
	int r = mp_rlock_acquire(rlock);

	return (struct mp_section_){
		.lock = &rlock->lock_, .r = r, .is_rlock = true, .is_inside = true};
}

static inline struct mp_section_ mp_section_enter_condition_(struct mp_condition *condition)
{
	return mp_section_enter_(mp_condition_lock(condition));
}

static inline void mp_section_leave_(struct mp_section_ *section)
{
	if (section->is_rlock)
		mp_rlock_release((struct mp_rlock *)section->lock);
	else
		mp_lock_release(section->lock);
}

/* Two loops of one turn: the outer one has the section, the inner one its r. */
#define mp_with(of, name) mp_with_(of, name, mp_section_name_(__COUNTER__))
#define mp_section_name_(number) mp_section_paste_(number)
#define mp_section_paste_(number) section_##number
#define mp_with_(of, name, section) mp_with_section_(of, name, section)
#define mp_with_section_(of, name, section)                                           \
	for (__attribute__((cleanup(mp_section_leave_))) struct mp_section_ section = \
			_Generic((of), struct mp_lock *                               \
				 : mp_section_enter_, struct mp_rlock *               \
				 : mp_section_enter_rlock_, struct mp_condition *     \
				 : mp_section_enter_condition_)(of);                  \
		section.is_inside; section.is_inside = false)                         \
		for (const int name = section.r; (void)name, section.is_inside;       \
			section.is_inside = false)
