#include "harness/workload.h"

#include <string.h>

const struct workload *workload_find(const char *name)
{
	for (unsigned i = 0; workloads[i]; i++)
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	return NULL;
}

const char *touch_name(enum touch touch)
{
	static const char *const names[] = {"none", "header", "full"};
	return names[touch];
}

const char *waiter_strategy_name(enum waiter_strategy strategy)
{
	static const char *const names[] = {"spin_then_park", "spin", "yield", "park"};
	return names[strategy];
}
