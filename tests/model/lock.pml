/*
 * The algorithm of src/mp/lock, for a model checker (spin): THREADS threads acquire and release one
 * lock, ROUNDS times each. tests/model/meson.build
 * lists what it is run with:
 *
 *	(nothing)	no deaths and no slices: a lost wake-up would be a sleeper for ever
 *	NO_MEMBARRIER	the same without the fence on the sleeper's side; it must fail
 *	DEATHS=n	up to n threads are killed, each between any two instructions
 *	SLICES		a sleeper may also wake by itself
 *	VAIN_MAX=n	so many wake-ups in vain and one more set the count of sleepers back
 *	LIVENESS	all end, if each thread that can go on does so at some time
 *
 * Memory is that of x86: the plain store that releases the lock waits in the thread's store buffer,
 * while its next load goes ahead; an atomic operation empties the buffer first, and membarrier()
 * those of all threads. A thread's list of held locks and its operation in progress are seen only by
 * the kernel, when the thread is dead and its buffer empty, so they need none.
 *
 * The kernel's rules are those of handle_futex_death(): a word that holds the dead thread's id
 * becomes OWNER_DIED, and a sleeper is woken if WAITERS is set; an operation in progress whose word
 * has no owner wakes one too. Which sleeper a wake-up meets is left open.
 */
#ifndef THREADS
#define THREADS 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#define NOBODY 255

/* The futex word. */
byte owner = 0; /* 1 …: a thread's id */
bool owner_died = false;
bool waiters = false;

byte sleepers = 0;
bool asleep[THREADS] = false;

/* A release that no other CPU sees yet. */
bool buffered[THREADS] = false;

/* The robust list: held, and in progress. */
bool listed[THREADS] = false;
bool pending[THREADS] = false;

#ifdef VAIN_MAX
byte vain = 0;
#endif

/* What is checked. */
bool inside[THREADS] = false;
bool untold = false; /* a holder died, and nobody was told yet */
byte ended = 0;      /* done, or dead */

byte victim = NOBODY;
#ifdef LAST_SLICES
byte slices = 0;
#endif

inline drain(i)
{
	if
	:: buffered[i] ->
		owner = 0;
		owner_died = false;
		waiters = false;
		buffered[i] = false
	:: else
	fi
}

inline wake_one(ret_woken)
{
	ret_woken = true;
	if
	:: asleep[0] -> asleep[0] = false
	:: asleep[1] -> asleep[1] = false
#if THREADS > 2
	:: asleep[2] -> asleep[2] = false
#endif
	:: else -> ret_woken = false
	fi
}

inline sleepers_drop()
{
	if
	:: sleepers > 0 -> sleepers--
	:: else
	fi
}

/* take() of lock.c: one look, and one atomic operation if it finds no owner. */
inline take(i)
{
	do
	:: atomic {
		is_taken = false;
		seen_owner = owner;
		seen_died = owner_died;
		seen_waiters = waiters;
	   }
	   if
	   :: seen_owner != 0 -> break
	   :: else
	   fi;
	   atomic {
		drain(i);
		if
		:: owner == seen_owner && owner_died == seen_died && waiters == seen_waiters ->
			owner = i + 1;
			owner_died = false;
			waiters = (sleepers > 0);
			is_taken = true;
			assert(seen_died == untold);
			untold = false
		:: else
		fi
	   }
	   if
	   :: is_taken -> listed[i] = true; break
	   :: else
	   fi
	od
}

inline sleep_once(i)
{
	atomic { drain(i); sleepers++ }
#ifndef NO_MEMBARRIER
	atomic {
		drain(0);
		drain(1);
#if THREADS > 2
		drain(2)
#endif
	}
#endif
	is_woken = false;
	atomic {
		seen_owner = owner;
		seen_died = owner_died;
		seen_waiters = waiters
	}
	if
	:: seen_owner != 0 && !seen_waiters ->
		/* WAITERS, by compare and exchange. */
		atomic {
			if
			:: owner == seen_owner && owner_died == seen_died && !waiters ->
				waiters = true;
				seen_waiters = true
			:: else -> seen_owner = 0
			fi
		}
	:: else
	fi;
	if
	:: seen_owner != 0 ->
		/* The kernel compares and puts it to sleep in one step. */
		atomic {
			if
			:: owner == seen_owner && owner_died == seen_died && waiters ->
				asleep[i] = true
			:: else -> seen_owner = 0
			fi
		}
	:: else
	fi;
	if
	:: seen_owner != 0 ->
		if
		:: atomic { !asleep[i] -> is_woken = true }
#ifdef SLICES
		:: atomic { asleep[i] -> asleep[i] = false }
#endif
#ifdef LAST_SLICES
		:: atomic { timeout -> asleep[i] = false; slices++; assert(slices <= LAST_SLICES) }
#endif
		fi
	:: else
	fi;
	/* One who was woken has been counted off. */
	if
	:: !is_woken -> atomic { drain(i); sleepers_drop() }
	:: else
	fi
}

inline acquire(i)
{
	pending[i] = true;
	atomic {
		drain(i);
		is_taken = (owner == 0 && !owner_died && !waiters);
		if
		:: is_taken -> owner = i + 1; assert(!untold)
		:: else
		fi
	}
	if
	:: is_taken -> listed[i] = true
	:: else ->
		take(i);
		do
		:: is_taken -> break
		:: else -> sleep_once(i); take(i)
		od
	fi;
	pending[i] = false
}

inline release(i)
{
	pending[i] = true;
	listed[i] = false;
	buffered[i] = true;
	if
	:: sleepers > 0 ->
		/* mp_lock_wake_(). The kernel passes a full fence before it looks for sleepers. */
		atomic { drain(i); wake_one(is_woken) }
		if
		:: is_woken -> atomic { drain(i); sleepers_drop() }
		:: else
		fi
#ifdef VAIN_MAX
		atomic {
			if
			:: is_woken -> vain = 0
			:: !is_woken && vain < VAIN_MAX -> vain++
			:: else -> vain = 0; sleepers = 0
			fi
		}
#endif
	:: else
	fi;
	pending[i] = false
}

inline handle_death(i, is_pending)
{
	if
	:: is_pending && owner == 0 -> wake_one(is_woken)
	:: owner == i + 1 ->
		owner = 0;
		owner_died = true;
		assert(!untold);
		untold = true;
		if
		:: waiters -> wake_one(is_woken)
		:: else
		fi
	:: else
	fi
}

proctype thread(byte i)
{
	byte round = 0;
	byte seen_owner;
	bool seen_died, seen_waiters, is_taken, is_woken;

	{
		do
		:: round < ROUNDS ->
			acquire(i);
			inside[i] = true;
			assert(inside[0] + inside[1] <= 1);
#if THREADS > 2
			assert(inside[0] + inside[1] + inside[2] <= 1);
#endif
			inside[i] = false;
			release(i);
			round++
		:: else -> break
		od;
		ended++
	} unless {
		atomic {
			victim == i;
			inside[i] = false;
			asleep[i] = false;
			drain(i);
#ifndef NOT_ROBUST
			if
			:: listed[i] && !pending[i] -> handle_death(i, false)
			:: pending[i] -> handle_death(i, true)
			:: else
			fi;
#endif
			listed[i] = false;
			pending[i] = false;
			victim = NOBODY;
			ended++
		}
	}
}

/* A store leaves its buffer at some time. */
proctype memory()
{
end:	do
	:: atomic { buffered[0] -> drain(0) }
	:: atomic { buffered[1] -> drain(1) }
#if THREADS > 2
	:: atomic { buffered[2] -> drain(2) }
#endif
	od
}

#if DEATHS > 0
proctype killer()
{
	byte n = 0;

	/* One who has ended already is not killed, and then neither is another. */
end:	do
	:: n < DEATHS && victim == NOBODY ->
		n++;
		if
		:: victim = 0
		:: victim = 1
#if THREADS > 2
		:: victim = 2
#endif
		:: skip
		fi
	:: n == DEATHS -> break
	od
}
#endif

init {
	atomic {
		run memory();
		run thread(0);
		run thread(1);
#if THREADS > 2
		run thread(2);
#endif
#if DEATHS > 0
		run killer();
#endif
	}
}

#ifdef LIVENESS
ltl all_end { <> (ended == THREADS) }
#endif
