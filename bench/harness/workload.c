#include "harness/workload.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "harness/session.h"

const struct workload *workload_find(const char *name)
{
	for (unsigned i = 0; workloads[i]; i++)
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	return NULL;
}

const char *workload_param(const struct workload *workload, enum param_key key)
{
	for (unsigned i = 0; workload->params[i].values; i++)
		if (workload->params[i].key == key)
			return workload->params[i].values;
	return NULL;
}

void load_fact(struct load *load, const char *name, double value)
{
	fact_list_put(load->facts, name, value);
}

void fact_list_put(void *facts, const char *name, double value)
{
	struct fact_list *list = facts;
	unsigned i = 0;

	if (!list)
		return;
	while (i < list->count && strcmp(list->facts[i].name, name) != 0)
		i++;
	assert(i < SESSION_FACTS_MAX && strlen(name) < SESSION_FACT_NAME_MAX);
	if (i == list->count)
		snprintf(list->facts[list->count++].name, SESSION_FACT_NAME_MAX, "%s", name);
	list->facts[i].value = value;
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
