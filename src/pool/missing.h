#pragma once
/*
 * A pool whose library was missing when ipcmark was built stays on the list, and says so: a subject
 * that cannot run is a row with a reason, never missing in silence.
 */
#include <errno.h>
#include <stdio.h>

#include "pool/pool.h"

/* Its capabilities are those of the pool, so that its cells exist. */
#define POOL_MISSING(pool_name, pool_summary, pool_capabilities, library, package)                \
	static int missing_probe(char reason[POOL_REASON_MAX])                                    \
	{                                                                                         \
		snprintf(reason, POOL_REASON_MAX, "built without %s: install %s and build again", \
			library, package);                                                        \
		return -EOPNOTSUPP;                                                               \
	}                                                                                         \
	extern const struct pool pool_##pool_name;                                                \
	const struct pool pool_##pool_name = {                                                    \
		.name = #pool_name,                                                               \
		.summary = (pool_summary),                                                        \
		.capabilities = (pool_capabilities),                                              \
		.state_bytes = 0,                                                                 \
		.probe = missing_probe,                                                           \
		.open = NULL,                                                                     \
		.run = NULL,                                                                      \
		.batch = NULL,                                                                    \
		.map = NULL,                                                                      \
		.alloc = NULL,                                                                    \
		.facts = NULL,                                                                    \
		.close = NULL,                                                                    \
	}
