#pragma once
/*
 * The mutant: a transport that does to its messages what no transport may. What the suite does
 * not find in it, it would not find in a real one either.
 */
#include "transport/transport.h"

struct mutant {
	struct transport transport;
	const char *finding; /* what the suite must say of it; NULL: nothing, it is a good one */
	const char *check;   /* the check that must find it */
};

/* Ended by one without a transport. The first does nothing to its messages. */
extern const struct mutant mutants[];
