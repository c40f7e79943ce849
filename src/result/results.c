#include "result/results.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "result/internal.h"
#include "result/json.h"
#include "result/own.h"

const char *result_status_name(enum result_status status)
{
	static const char *const names[] = {"ok", "skipped", "failed"};
	return names[status];
}

struct results *results_new(void)
{
	struct results *results = own_array(1, sizeof(*results));

	results->machines = own_array(1, sizeof(*results->machines));
	results->machine_count = 1;
	results->machines[0].label = own_string("");
	return results;
}

void result_run_deinit(struct result_run *run)
{
	free(run->why);
	free(run->times_ns);
	free(run->medians_ns);
	free(run->messages_per_second);
	free(run->bytes_per_second);
	free(run->side);
	json_decref(run->json);
	*run = (struct result_run){0};
}

static void cell_deinit(struct result_cell *cell)
{
	for (size_t i = 0; i < cell->run_count; i++)
		result_run_deinit(&cell->runs[i]);
	free(cell->runs);
	free(cell->name);
	free(cell->unit);
	free(cell->direction);
	free(cell->reason);
	json_decref(cell->axes_json);
	*cell = (struct result_cell){0};
}

void result_machine_deinit(struct results_machine *machine)
{
	char *strings[] = {machine->label, machine->version, machine->command, machine->suite,
		machine->started, machine->finished, machine->build_type, machine->topology};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
	json_decref(machine->doctor);
	json_decref(machine->clock);
	*machine = (struct results_machine){0};
}

void results_free(struct results *results)
{
	int saved = errno;

	if (!results)
		return;
	for (size_t i = 0; i < results->cell_count; i++)
		cell_deinit(&results->cells[i]);
	for (size_t i = 0; i < results->machine_count; i++)
		result_machine_deinit(&results->machines[i]);
	free(results->cells);
	free(results->machines);
	json_decref(results->context);
	free(results);
	errno = saved;
}

void results_freep(struct results **results)
{
	results_free(*results);
}

static json_t *findings_json(const struct results_meta *meta)
{
	json_t *array = own(json_array());

	for (size_t i = 0; i < meta->finding_count; i++) {
		const struct results_finding *finding = &meta->findings[i];
		json_t *object = own(json_object());
		json_put_string(object, "severity", finding->severity);
		json_put_string(object, "check", finding->check);
		json_put_string(object, "finding", finding->finding);
		json_put_string(object, "advice", finding->advice);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *clock_json(const struct cycles_info *clock)
{
	if (!clock)
		return NULL;
	json_t *object = own(json_object());
	json_put_string(object, "source", clock->source);
	json_put_string(object, "reason", clock->reason);
	json_put_number(object, "frequency_hz", clock->frequency_hz);
	json_put_number(object, "frequency_error", clock->frequency_error);
	json_put_number(object, "read_ns", clock->read_ns);
	json_put_number(object, "read_ordered_ns", clock->read_ordered_ns);
	json_put_number(object, "resolution_ns", clock->resolution_ns);
	return object;
}

void results_set_meta(struct results *results, const struct results_meta *meta)
{
	struct results_machine *machine = &results->machines[0];
	struct results_machine set = {
		.label = own_string(machine->label),
		.version = own_string(meta->version),
		.command = own_string(meta->command),
		.suite = own_string(meta->suite),
		.started = own_string(meta->started),
		.finished = own_string(meta->finished),
		.build_type = own_string(meta->build_type),
		.topology = own_string(meta->topology),
		.seed = meta->seed,
		.interrupted = meta->interrupted,
		.doctor = findings_json(meta),
		.clock = clock_json(meta->clock),
	};

	if (meta->fingerprint)
		set.fingerprint = *meta->fingerprint;
	/* The new is made before the old goes: meta may point into it. */
	result_machine_deinit(machine);
	*machine = set;
}

struct result_cell *result_cell_find(
	const struct results *results, const char *name, unsigned machine)
{
	for (size_t i = 0; i < results->cell_count; i++)
		if (results->cells[i].machine == machine &&
			strcmp(results->cells[i].name, name) == 0)
			return &results->cells[i];
	return NULL;
}

struct result_cell *results_find(const struct results *results, const char *name)
{
	return result_cell_find(results, name, 0);
}

struct result_cell *result_cell_need(struct results *results, const char *name,
	const struct result_axes *axes, unsigned machine, enum result_status status)
{
	struct result_cell *cell = result_cell_find(results, name, machine);

	if (cell)
		return cell;
	OWN_GROW(&results->cells, results->cell_count, &results->cell_capacity);
	cell = &results->cells[results->cell_count++];
	*cell = (struct result_cell){.name = own_string(name),
		.axes = *axes,
		.axes_json = result_axes_json(axes),
		.unit = own_string(""),
		.direction = own_string(""),
		.machine = machine,
		.status = status};
	return cell;
}

void result_cell_append(struct result_cell *cell, struct result_run *run)
{
	OWN_GROW(&cell->runs, cell->run_count, &cell->run_capacity);
	cell->runs[cell->run_count++] = *run;
	*run = (struct result_run){0};
	cell->status = RESULT_OK;
}

void result_cell_fail(struct result_cell *cell, const char *reason)
{
	char *copy = own_string(reason ? reason : "no reason was given");

	free(cell->reason);
	cell->reason = copy;
	cell->failures++;
	if (cell->run_count == 0)
		cell->status = RESULT_FAILED;
}

void results_add_skipped(struct results *results, const char *name, const struct result_axes *axes,
	const char *reason)
{
	struct result_cell *cell = result_cell_need(results, name, axes, 0, RESULT_SKIPPED);

	if (cell->status != RESULT_SKIPPED)
		return;
	char *copy = own_string(reason);
	free(cell->reason);
	cell->reason = copy;
}

void results_add_failed(struct results *results, const char *name, const struct result_axes *axes,
	const char *reason)
{
	result_cell_fail(result_cell_need(results, name, axes, 0, RESULT_FAILED), reason);
}

size_t result_cell_rejected(const struct result_cell *cell)
{
	size_t count = 0;

	for (size_t i = 0; i < cell->run_count; i++)
		count += cell->runs[i].why != NULL;
	return count;
}

size_t result_cell_accepted(const struct result_cell *cell)
{
	return cell->run_count - result_cell_rejected(cell);
}
