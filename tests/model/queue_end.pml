/*
 * One end of a queue (src/mp/biased, src/mp/queue), for a model checker (spin): THREADS threads put
 * ROUNDS messages each, by the bias where they have it, else by the lock below, which tests/model/
 * lock.pml has proved and which is one step here. tests/model/meson.build lists what it is run with:
 *
 *	(nothing)	no deaths
 *	DEATHS=n	up to n threads are killed, each between any two instructions
 *	NO_MEMBARRIER	who takes the bias away does not fence; it must fail
 *	NO_PENDING	the kernel does not learn of a biased thread inside; it must fail
 *	NO_RECOVERY	what a dead one began is not carried out; it must fail
 *	ONE_SLOT	all threads say that they are busy in one place; it must fail
 *
 * Memory is that of x86: the biased thread's store to `busy` waits in its buffer while it looks at
 * the bias; what it stores afterwards leaves the buffer behind it, in order.
 *
 * What is checked: two are never inside at once; a message is published at a place where none is;
 * and in the end the tail has passed every message that was published, and no other.
 */
#ifndef THREADS
#define THREADS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#define NOBODY 255
#define DIED 99
#define PLACES (THREADS * ROUNDS + 2)

/* The lock below: 0, a thread's number from 1 on, or DIED. */
byte lock = 0;
byte bias = 0;
#ifdef ONE_SLOT
#define BUSY(i) busy[0]
#else
#define BUSY(i) busy[i]
#endif
byte busy[THREADS] = 0;
byte watched = 0; /* whose bias was the last */
bool is_dirty = false;

/* busy = id, which no other CPU sees yet. */
bool buffered[THREADS] = false;
/* The operation in progress that the kernel knows of. */
bool pending[THREADS] = false;

/* The end: the headers, the tail, and what is written down before. */
bool header[PLACES] = false;
byte tail = 0;
byte next_tail = 0;

/* What is checked. */
byte inside = 0;
bool is_inside[THREADS] = false;
byte published = 0;
byte ended = 0;
byte victim = NOBODY;

inline drain(i)
{
	if
	:: buffered[i] -> BUSY(i) = i + 1; buffered[i] = false
	:: else
	fi
}

inline come_in(i)
{
	atomic {
		assert(inside == 0);
		inside++;
		is_inside[i] = true
	}
}

inline go_out(i)
{
	atomic { inside--; is_inside[i] = false }
}

/* A put. One step a store; each empties the buffer before it. */
inline put(i)
{
	seen_tail = tail;
	atomic { drain(i); next_tail = seen_tail + 1 }
	atomic {
		assert(!header[seen_tail]);
		header[seen_tail] = true;
		published++
	}
	tail = next_tail
}

inline recover()
{
#ifndef NO_RECOVERY
	if
	:: header[tail] -> tail = next_tail
	:: else
	fi
#else
	skip
#endif
}

/* mp_biased_enter() */
inline enter(i)
{
	is_in = false;
	if
	:: bias == i + 1 ->
		pending[i] = true;
		buffered[i] = true;
		if
		:: bias == i + 1 -> is_in = true
		:: else ->
			atomic { drain(i); BUSY(i) = 0 }
			pending[i] = false
		fi
	:: else
	fi
}

/* mp_biased_acquire() */
inline acquire(i)
{
	atomic {
		lock == 0 || lock == DIED;
		drain(i);
		if
		:: lock == DIED -> is_dirty = true
		:: else
		fi;
		lock = i + 1
	}
	if
	:: bias != 0 ->
		was_own = (bias == i + 1);
		atomic { drain(i); bias = 0 }
#ifndef NO_MEMBARRIER
		if
		:: !was_own ->
			atomic {
				drain(0);
				drain(1);
#if THREADS > 2
				drain(2)
#endif
			}
		:: else
		fi
#endif
	:: else
	fi;
	/* wait_until_idle() */
	if
	:: BUSY(watched) == 0
	:: BUSY(watched) == DIED -> is_dirty = true; BUSY(watched) = 0
	fi;
	come_in(i);
	if
	:: is_dirty -> is_dirty = false; recover()
	:: else
	fi
}

/* mp_biased_release(): after a long row the bias stays behind. */
inline release(i)
{
	go_out(i);
	if
	:: watched = i; bias = i + 1
	:: skip
	fi;
	lock = 0
}

proctype thread(byte i)
{
	byte round = 0;
	byte seen_tail;
	bool is_in, was_own;

	{
		do
		:: round < ROUNDS ->
			enter(i);
			if
			:: is_in ->
				come_in(i);
				put(i);
				go_out(i);
				atomic { drain(i); BUSY(i) = 0 }
				pending[i] = false
			:: else ->
				acquire(i);
				put(i);
				release(i)
			fi;
			round++
		:: else -> break
		od;
		ended++
	} unless {
		atomic {
			victim == i;
			drain(i);
			if
			:: is_inside[i] -> inside--; is_inside[i] = false
			:: else
			fi;
#ifndef NO_PENDING
			if
			:: pending[i] && BUSY(i) == i + 1 -> BUSY(i) = DIED
			:: else
			fi;
#endif
			if
			:: lock == i + 1 -> lock = DIED
			:: else
			fi;
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

/* Whoever waits for a message looks at the locks after a slice: clear_away(). */
proctype last()
{
	atomic {
		ended == THREADS;
		if
		:: BUSY(watched) == DIED || lock == DIED || is_dirty -> recover()
		:: else
		fi;
		assert(tail == published);
		assert(!header[tail])
	}
}

#if DEATHS > 0
proctype killer()
{
	byte n = 0;

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
		run last();
#if DEATHS > 0
		run killer();
#endif
	}
}
