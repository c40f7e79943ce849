/*
 * Several results for one report. Machines are one when no field of their fingerprints differs that
 * anybody would want to know of; else their cells stay apart.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/internal.h"
#include "result/own.h"

/* The directory's own name: what the user calls the machine. */
static char *label_of(const char *dir)
{
	_cleanup_(freep) char *path = realpath(dir, NULL);
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash && strcmp(slash, "/results.json") == 0) {
		*slash = '\0';
		slash = strrchr(path, '/');
	}
	return own_string(slash && slash[1] ? slash + 1 : dir);
}

/* The machine of this fingerprint, taken over if it is new. */
static unsigned machine_index(
	struct results *into, struct results_machine *machine, const char *dir)
{
	for (size_t i = 0; i < into->machine_count; i++)
		if (fingerprint_compare(&into->machines[i].fingerprint, &machine->fingerprint) ==
			FINGERPRINT_IGNORE)
			return (unsigned)i;
	into->machines =
		own(realloc(into->machines, (into->machine_count + 1) * sizeof(*into->machines)));
	into->machines[into->machine_count] = *machine;
	*machine = (struct results_machine){0};
	free(into->machines[into->machine_count].label);
	into->machines[into->machine_count].label = label_of(dir);
	return (unsigned)into->machine_count++;
}

static void merge_cell(struct results *into, struct result_cell *cell, unsigned machine)
{
	struct result_cell *target =
		result_cell_need(into, cell->name, &cell->axes, machine, cell->status);

	if (!target->unit[0]) {
		free(target->unit);
		free(target->direction);
		target->unit = TAKE_PTR(cell->unit);
		target->direction = TAKE_PTR(cell->direction);
		target->throughput = cell->throughput;
	}
	if (!target->reason)
		target->reason = TAKE_PTR(cell->reason);
	target->failures += cell->failures;
	if (target->status == RESULT_SKIPPED)
		target->status = cell->status;
	for (size_t i = 0; i < cell->run_count; i++)
		result_cell_append(target, &cell->runs[i]);
}

static void merge(struct results *into, struct results *from, const char *dir)
{
	unsigned machine = machine_index(into, &from->machines[0], dir);

	for (size_t i = 0; i < from->cell_count; i++)
		merge_cell(into, &from->cells[i], machine);
	if (!into->context)
		into->context = json_incref(from->context);
}

int results_load_many(const char *const *dirs, size_t count, struct results **ret_results)
{
	_cleanup_(results_freep) struct results *merged = NULL;

	for (size_t i = 0; i < count; i++) {
		_cleanup_(results_freep) struct results *one = NULL;
		int r = results_load(dirs[i], &one);
		if (r < 0)
			return trace(r);
		if (merged) {
			merge(merged, one, dirs[i]);
		} else {
			merged = TAKE_PTR(one);
			free(merged->machines[0].label);
			merged->machines[0].label = label_of(dirs[i]);
		}
	}
	if (!merged)
		return fail(-EINVAL, "no directory with results was given");
	if (merged->machine_count == 1)
		merged->machines[0].label[0] = '\0';
	*ret_results = TAKE_PTR(merged);
	return 0;
}
