#include "bench/peers/ring/report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const struct subject *const families[] = {
	subjects_ours, subjects_flag, subjects_boost, subjects_ck, subjects_rigtorp};

static bool is_ours(const struct subject *subject)
{
	return strncmp(subject->name, "ring", 4) == 0;
}

void cell_init(struct cell *cell, const char *name)
{
	*cell = (struct cell){.name = name, .is_rtt = strstr(name, "rtt") != NULL};
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		for (const struct subject *s = families[f]; s->name; s++) {
			if (s->skipped)
				cell->skipped[cell->skipped_count++] = s;
			else if (strcmp(s->cell, name) == 0)
				cell->rows[cell->row_count++].subject = s;
		}
	}
}

/* The rounds of a state. */
static unsigned count(const struct cell *cell, enum probe_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < cell->rounds; i++)
		n += cell->states[i] == state;
	return n;
}

bool cell_is_done(const struct cell *cell, unsigned rounds)
{
	for (unsigned state = 0; state < PROBE_STATES; state++)
		if (count(cell, (enum probe_state)state) >= rounds)
			return true;
	return false;
}

/* How many times as long as `ours` a row takes; its time when ours is NULL. */
static struct interval times(const struct cell *cell, enum probe_state state, const struct row *row,
	const struct row *ours)
{
	double values[ROUNDS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < cell->rounds; i++)
		if (cell->states[i] == state)
			values[n++] = ours ? row->ns[i] / ours->ns[i] : row->ns[i];
	return interval_of(values, n);
}

/* The manner of ours that is fastest. */
static const struct row *our_best(const struct cell *cell, enum probe_state state)
{
	const struct row *best = &cell->rows[0];

	for (unsigned i = 1; i < cell->row_count && is_ours(cell->rows[i].subject); i++)
		if (times(cell, state, &cell->rows[i], NULL).median <
			times(cell, state, best, NULL).median)
			best = &cell->rows[i];
	return best;
}

static void state_print(const struct cell *cell, enum probe_state state)
{
	const struct row *best = our_best(cell, state);

	printf("\n%s, the CPUs are %s, %u rounds\n", cell->name, probe_state_name(state),
		count(cell, state));
	printf("  %-15s %12s   %s\n", "", cell->is_rtt ? "round trip" : "messages",
		"ours is so many times as fast");
	for (unsigned i = 0; i < cell->row_count; i++) {
		const struct row *row = &cell->rows[i];
		double ns = times(cell, state, row, NULL).median;
		printf("  %-15s ", row->subject->name);
		if (cell->is_rtt)
			printf("%9.1f ns", ns);
		else
			printf("%8.1f M/s", 1e3 / ns);
		struct interval r = times(cell, state, row, best);
		if (row == best)
			printf("   (ours)\n");
		else
			printf("   %.2f [%.2f, %.2f]\n", r.median, r.low, r.high);
	}
}

void cell_print(const struct cell *cell)
{
	for (unsigned state = 0; state < PROBE_STATES; state++)
		if (count(cell, (enum probe_state)state) > 0)
			state_print(cell, (enum probe_state)state);
	for (unsigned i = 0; i < cell->skipped_count; i++)
		printf("  %-15s skipped: %s\n", cell->skipped[i]->name, cell->skipped[i]->skipped);
	if (cell->dropped)
		printf("  %u rounds dropped: the CPUs moved or were busy\n", cell->dropped);
	fflush(stdout);
}

static json_t *numbers(const double *values, unsigned n)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(array, json_real(values[i]));
	return array;
}

static json_t *state_json(const struct cell *cell, enum probe_state state)
{
	const struct row *best = our_best(cell, state);
	json_t *rows = json_array();

	for (unsigned i = 0; i < cell->row_count; i++) {
		const struct row *row = &cell->rows[i];
		struct interval r = times(cell, state, row, best);
		json_array_append_new(rows,
			json_pack("{s:s, s:f, s:f, s:[f,f]}", "name", row->subject->name,
				"median_ns", times(cell, state, row, NULL).median,
				"times_slower_than_ours", r.median, "interval", r.low, r.high));
	}
	return json_pack("{s:s, s:i, s:s, s:o}", "state", probe_state_name(state), "rounds",
		(int)count(cell, state), "ours", best->subject->name, "rows", rows);
}

static json_t *cell_json(const struct cell *cell)
{
	json_t *states = json_array(), *rounds = json_array(), *rows = json_array();

	for (unsigned i = 0; i < cell->rounds; i++)
		json_array_append_new(rounds, json_string(probe_state_name(cell->states[i])));
	for (unsigned state = 0; state < PROBE_STATES; state++)
		if (count(cell, (enum probe_state)state) > 0)
			json_array_append_new(states, state_json(cell, (enum probe_state)state));
	for (unsigned i = 0; i < cell->row_count; i++)
		json_array_append_new(
			rows, json_pack("{s:s, s:o}", "name", cell->rows[i].subject->name, "ns",
				      numbers(cell->rows[i].ns, cell->rounds)));
	for (unsigned i = 0; i < cell->skipped_count; i++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "name", cell->skipped[i]->name,
						    "skipped", cell->skipped[i]->skipped));
	return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "cell", cell->name, "direction",
		cell->is_rtt ? "round trip" : "one way, per message", "dropped_rounds",
		(int)cell->dropped, "states", states, "round_states", rounds, "rows", rows);
}

int cells_write(const struct cell *cells, unsigned n, uint64_t seed, bool idle_is_held,
	bool is_realtime, const char *path)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(array, cell_json(&cells[i]));
	json_t *root = json_pack("{s:s, s:I, s:s, s:b, s:o}", "program", "ring-peers", "seed",
		(json_int_t)seed, "idle", idle_is_held ? "held" : "free", "realtime", is_realtime,
		"cells", array);
	int r = root ? json_dump_file(root, path, JSON_INDENT(1)) : -1;
	json_decref(root);
	return r < 0 ? fail(-EIO, "cannot write %s", path) : 0;
}
