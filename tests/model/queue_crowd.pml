/*
 * Those who wait at one end of a queue (src/mp/queue_end.c), for a model checker (spin): MESSAGES
 * are put, each by one of two producers, and CONSUMERS wait for one each. Who notifies wakes nobody
 * when somebody awake is counted as waiting; that one, when it has taken its message, wakes the
 * next. tests/model/meson.build lists what it is run with:
 *
 *	(nothing)	consumers sleep until they are woken: without slices, nobody is forgotten
 *	NO_FENCE	the producer's store may pass its look at the count; it must fail
 *	NO_CHAIN	who took a message does not look for the next; it must fail
 *	TIMEOUTS	the first consumer may give up; it takes what it was counted for
 *	NO_LAST_LOOK	it does not look once more when it is not counted any more; it must fail
 *
 * The seat below (who sleeps is seen by who notifies, or sees what was put) is waiter.pml's; here
 * a consumer falls asleep in one step with its last look.
 */
#ifndef CONSUMERS
#define CONSUMERS 2
#endif
#ifndef MESSAGES
#define MESSAGES 2
#endif

byte there = 0;     /* messages that all see */
byte buffered = 0;  /* those that only their producer sees: its store is on its way */
byte waiting = 0, sleepers = 0;
byte wakes = 0;     /* given to the seat, not yet taken by a sleeper */
byte ended = 0, put = 0;

/* queue_wake(): the looks at the two counts are two steps. */
inline wake()
{
	seen = sleepers;
	if
	:: seen > 0 ->
#ifndef NO_FENCE
		atomic { there = there + buffered; buffered = 0 }
#endif
		if
		:: waiting <= seen ->
			atomic {
				if
				:: sleepers > 0 -> sleepers--; wakes++
				:: else
				fi
			}
		:: else
		fi
	:: else
	fi
}

/* One after the other: they have a lock. What is looked at after it has been stored. */
proctype producer()
{
	byte seen;

	do
	:: put < MESSAGES ->
		atomic { buffered++; put++ }
		wake();
		atomic { there = there + buffered; buffered = 0 }
	:: else -> break
	od
}

proctype consumer(bool may_give_up)
{
	byte seen;
	bool is_ready;

again:
	atomic { waiting++; is_ready = false }
	/* Looks, awake. */
	if
	:: there > 0 -> is_ready = true
	:: there == 0 ->
		/* membarrier() empties the buffers; then the last look, and asleep. */
		atomic {
			there = there + buffered;
			buffered = 0;
			if
			:: there > 0 -> is_ready = true
			:: else -> sleepers++
			fi
		}
		if
		:: !is_ready ->
end_asleep:
			if
			:: atomic { wakes > 0 -> wakes-- }; is_ready = true
#ifdef TIMEOUTS
			:: atomic { may_give_up && sleepers > 0 -> sleepers-- }
#endif
			fi
		:: else
		fi
	fi;
	/* waiting_drop(), which is a fence. */
	waiting--;
#ifndef NO_LAST_LOOK
	if
	:: !is_ready && there > 0 -> is_ready = true
	:: else
	fi;
#endif
	if
	:: is_ready ->
		/* With the lock of those who get. */
		if
		:: atomic { there > 0 -> there-- };
#ifndef NO_CHAIN
			if
			:: there > 0 -> wake()
			:: else
			fi;
#endif
			goto done
		:: there == 0 -> goto again
		fi
	:: else
	fi;
done:
	ended++
}

/* Nothing moves any more: then nobody sleeps while a message is there. */
proctype last()
{
end:	timeout ->
	/* One who waits for ever is right where nothing is. */
	assert(there == 0 || ended == CONSUMERS)
}

init {
	atomic {
		run producer();
		run consumer(true);
		run consumer(false);
#if CONSUMERS > 2
		run consumer(false);
#endif
		run last()
	}
}
