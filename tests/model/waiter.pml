/*
 * The parking of src/os/waiter, for a model checker (spin): SLEEPERS threads wait at one seat until
 * what NOTIFIERS threads store, each by plain stores to a word of its own, sums up to 1, 2 … up to
 * NOTIFIERS * STORES. tests/model/meson.build lists what it is run with:
 *
 *	(nothing)	no slices: a lost wake-up would be a sleeper for ever
 *	DEAD=n		so many were killed asleep: they are counted, and never wake
 *	VAIN_MAX=n	so many wake-ups in vain and one more set the count back
 *	LAST_SLICES=n	a sleeper wakes by itself when nothing else can happen any more, and n times in
 *			all are enough
 *	NO_MEMBARRIER	without the fence on the sleeper's side; it must fail
 *	NO_GENERATION	the count is set back without saying so; it must fail
 *
 * Memory is that of x86, as in lock.pml.
 */
#ifndef SLEEPERS
#define SLEEPERS 2
#endif
#ifndef NOTIFIERS
#define NOTIFIERS 1
#endif
#ifndef STORES
#define STORES 2
#endif
#ifndef DEAD
#define DEAD 0
#endif
#ifndef VAIN_MAX
#define VAIN_MAX 1
#endif

/* What is waited for, and a store that no other CPU sees yet. */
byte stored[2] = 0;
bool buffered[2] = false;

/* The seat. Epochs are compared only, so few of them do. */
byte epoch = 0;
byte sleepers = DEAD;
byte resets = 0;
byte vain = 0;
bool asleep[2] = false;
#ifdef LAST_SLICES
byte slices = 0;
#endif

#define sum (stored[0] + stored[1])

inline drain(n)
{
	if
	:: buffered[n] -> stored[n] = stored[n] + 1; buffered[n] = false
	:: else
	fi
}

inline drain_all()
{
	drain(0);
	drain(1)
}

/* Compare and exchange in a loop: in one step, for only its last turn changes anything. */
inline drop(counted, n)
{
	if
	:: resets != counted -> skip
	:: resets == counted && sleepers >= n -> sleepers = sleepers - n
	:: else -> sleepers = 0
	fi
}

inline wake_all(ret_woken)
{
	ret_woken = asleep[0] + asleep[1];
	asleep[0] = false;
	asleep[1] = false
}

/* waiter_wake() for all of them. */
inline wake(n)
{
	counted = resets;
	atomic { drain(n); epoch++ }
	atomic { wake_all(woken) }
	if
	:: woken > 0 ->
		atomic { drop(counted, woken) }
		vain = 0
	:: else ->
		atomic { vain++; is_vain = vain > VAIN_MAX }
		if
		:: is_vain ->
			/* forget_sleepers() */
			vain = 0;
			atomic {
				is_vain = (resets == counted);
				if
				:: is_vain ->
					sleepers = 0;
#ifndef NO_GENERATION
					resets++
#endif
				:: else
				fi
			}
			if
			:: is_vain ->
#ifndef NO_GENERATION
				epoch++;
				atomic { wake_all(woken) }
#endif
				skip
			:: else
			fi
		:: else
		fi
	fi
}

proctype notifier(byte n)
{
	byte i = 0, woken, counted;
	bool is_vain;

	do
	:: i < STORES ->
		/* The buffer of the model has room for one. */
		atomic { !buffered[n] -> buffered[n] = true }
		if
		:: sleepers > 0 -> wake(n)
		:: else
		fi;
		i++
	:: else -> break
	od
}

proctype sleeper(byte s)
{
	byte wanted = 1, counted, seen_epoch;
	bool is_reset, is_woken;

	do
	:: wanted > NOTIFIERS * STORES -> break
	:: wanted <= NOTIFIERS * STORES && sum >= wanted -> wanted++
	:: wanted <= NOTIFIERS * STORES && sum < wanted ->
		/* park_slice() */
		atomic { counted = resets; sleepers++ }
#ifndef NO_MEMBARRIER
		atomic { drain_all() }
#endif
		seen_epoch = epoch;
		is_reset = (resets != counted);
		is_woken = false;
		if
		:: sum < wanted && !is_reset ->
			atomic {
				if
				:: epoch == seen_epoch -> asleep[s] = true
				:: else -> seen_epoch = 255
				fi
			}
			if
			:: seen_epoch == 255
			:: atomic { seen_epoch != 255 && !asleep[s] -> is_woken = true }
#ifdef LAST_SLICES
			:: atomic {
				timeout -> asleep[s] = false;
				slices++;
				assert(slices <= LAST_SLICES)
			   }
#endif
			fi
		:: else
		fi;
		if
		:: !is_woken -> atomic { drop(counted, 1) }
		:: else
		fi
	od
}

proctype memory()
{
end:	do
	:: atomic { buffered[0] -> drain(0) }
	:: atomic { buffered[1] -> drain(1) }
	od
}

init {
	atomic {
		run memory();
		run notifier(0);
#if NOTIFIERS > 1
		run notifier(1);
#endif
		run sleeper(0);
#if SLEEPERS > 1
		run sleeper(1);
#endif
	}
}
