#pragma once
/* Binding a worker to its CPU, by the worker itself. */
#include <sched.h>

#include "base/error.h"
#include "base/fault.h"

/* -1: the calling thread stays where its creator's mask lets it run. */
static inline int pool_bind(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	int r = sys(sched_setaffinity(0, sizeof(set), &set));
	return r < 0 ? fail(r, "cannot bind a worker to CPU %d: %s", cpu, error_message(r)) : 0;
}
