#include "bench/peers/queue/cell.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

static const struct subject *const families[] = {subjects_ours, subjects_rigtorp, subjects_simple,
	subjects_boost, subjects_posix_mq, subjects_python};

const char *const cell_names[CELLS] = {"64B", "64KiB", "rtt", "rtt_one_cpu", "idle"};

static const char *const shape_names[SHAPES] = {
	[ONE_BY_ONE] = "1x1",
	[APART] = "2x2 PP|CC",
	[TOGETHER] = "2x2 PC|PC",
	[ACROSS] = "across",
	[ON_ONE] = "one CPU",
	[IDLE] = "idle",
};

/* What is asked of ours: a ratio of speeds, or where `at_most` says so of times. An absolute
 * figure has no peer. */
struct target {
	const char *cell, *ours;
	enum shape shape;
	const char *peer;
	enum shape peer_shape;
	double limit;
	bool at_most;
};

static const struct target targets[] = {
	{"64B", "mp_queue", ONE_BY_ONE, "rigtorp", ONE_BY_ONE, 1, false},
	{"64B", "mp_queue", ONE_BY_ONE, "boost mq", ONE_BY_ONE, 3, false},
	{"64B", "mp_queue", ONE_BY_ONE, "POSIX mq", ONE_BY_ONE, 15, false},
	{"64B", "mp_queue", ONE_BY_ONE, "Python Queue", ONE_BY_ONE, 100, false},
	{"64B", "mp_queue many", ONE_BY_ONE, "mp_queue", ONE_BY_ONE, 2, false},
	{"64B", "mp_queue many", ONE_BY_ONE, "rigtorp", ONE_BY_ONE, 2, false},
	{"64B", "mp_queue many", ONE_BY_ONE, "boost mq", ONE_BY_ONE, 6, false},
	{"64B", "mp_queue many", ONE_BY_ONE, "POSIX mq", ONE_BY_ONE, 30, false},
	{"64B", "mp_queue many", ONE_BY_ONE, "Python Queue", ONE_BY_ONE, 200, false},
	{"64B", "mp_queue", APART, "mp_queue", ONE_BY_ONE, 0.9, false},
	{"64B", "mp_queue", TOGETHER, "mp_queue", ONE_BY_ONE, 0.9, false},
	{"64KiB", "mp_queue in place", ONE_BY_ONE, "rigtorp", ONE_BY_ONE, 2, false},
	{"64KiB", "mp_queue in place", ONE_BY_ONE, "vyukov", ONE_BY_ONE, 2, false},
	{"64KiB", "mp_queue in place", ONE_BY_ONE, "boost mq", ONE_BY_ONE, 2, false},
	{"64KiB", "mp_queue in place", ONE_BY_ONE, "semaphores", ONE_BY_ONE, 2, false},
	{"64KiB", "mp_queue in place", ONE_BY_ONE, "mutex+cond", ONE_BY_ONE, 2, false},
	{"64KiB", "mp_queue in place", ONE_BY_ONE, "POSIX mq", ONE_BY_ONE, 2, false},
	{"rtt", "mp_queue", ACROSS, "vyukov", ACROSS, 1.5, true},
	{"rtt_one_cpu", "mp_queue", ON_ONE, "bare semaphores", ON_ONE, 1.15, true},
	/* A thousandth of a CPU for both: both may look around now and then. */
	{"idle", "mp_queue", IDLE, NULL, IDLE, (double)NS_PER_MS, true},
};

static void add(struct cell *cell, const struct subject *subject, enum shape shape)
{
	if (cell->row_count < ROWS_MAX)
		cell->rows[cell->row_count++] = (struct row){.subject = subject, .shape = shape};
}

static void add_subject(struct cell *cell, unsigned i, const struct subject *subject)
{
	bool is_alone = subject->is_lone || subject->python;

	if (subject->message_bytes != (i == 1 ? LARGE_BYTES : SMALL_BYTES))
		return;
	if (i == 0 || i == 1)
		add(cell, subject, ONE_BY_ONE);
	if (i == 0 && !is_alone) {
		add(cell, subject, APART);
		add(cell, subject, TOGETHER);
	}
	if (i == 2)
		add(cell, subject, ACROSS);
	/* A round trip of two who spin takes two time slices. */
	if (i == 3 && !subject->spins)
		add(cell, subject, ON_ONE);
	if (i == 4 && !subject->python)
		add(cell, subject, IDLE);
}

void cell_init(struct cell *cell, unsigned i)
{
	*cell = (struct cell){.name = cell_names[i]};
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		for (const struct subject *s = families[f]; s->name; s++) {
			if (s->skipped)
				cell->skipped[cell->skipped_count++] = s;
			else
				add_subject(cell, i, s);
		}
	}
}

static unsigned rounds_in(const struct cell *cell, enum probe_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < cell->rounds; i++)
		n += cell->states[i] == state;
	return n;
}

unsigned cell_rounds(const struct cell *cell)
{
	unsigned most = 0;

	for (unsigned state = 0; state < PROBE_STATES; state++) {
		unsigned n = rounds_in(cell, (enum probe_state)state);
		most = n > most ? n : most;
	}
	return most;
}

/* How many times as long as `other` a row takes; its own value when that is NULL. */
static struct interval times(const struct cell *cell, enum probe_state state, const struct row *row,
	const struct row *other)
{
	double values[ROUNDS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < cell->rounds; i++)
		if (cell->states[i] == state)
			values[n++] = other ? row->values[i] / other->values[i] : row->values[i];
	return interval_of(values, n);
}

static const struct row *row_find(const struct cell *cell, const char *name, enum shape shape)
{
	for (unsigned i = 0; i < cell->row_count; i++)
		if (strcmp(cell->rows[i].subject->name, name) == 0 &&
			cell->rows[i].shape == shape && !cell->rows[i].skipped[0])
			return &cell->rows[i];
	return NULL;
}

static void value_print(const struct row *row, double value)
{
	if (row->shape == IDLE)
		printf("%10.3f ms of CPU time per second", value / 1e6);
	else if (row->shape == ACROSS || row->shape == ON_ONE)
		printf("%10.3f us", value / 1e3);
	else
		printf("%9.3f M/s", 1e3 / value);
}

static void row_print(const struct cell *cell, enum probe_state state, const struct row *row)
{
	/* What all are compared with: ours in the same shape, else ours in the cell's first. */
	const struct row *ours = row_find(cell, "mp_queue", row->shape);

	printf("  %-18s %-10s", row->subject->name, shape_names[row->shape]);
	value_print(row, times(cell, state, row, NULL).median);
	if (ours && ours != row && row->shape != IDLE) {
		struct interval r = times(cell, state, row, ours);
		printf("   %.2f [%.2f, %.2f]", r.median, r.low, r.high);
	}
	printf("\n");
}

/* The ratio that a target is about, in its direction. */
static bool target_ratio(const struct cell *cell, enum probe_state state,
	const struct target *target, struct interval *ret_ratio)
{
	const struct row *ours = row_find(cell, target->ours, target->shape);
	const struct row *peer =
		target->peer ? row_find(cell, target->peer, target->peer_shape) : NULL;

	if (strcmp(target->cell, cell->name) != 0 || !ours || (target->peer && !peer))
		return false;
	*ret_ratio =
		target->at_most ? times(cell, state, ours, peer) : times(cell, state, peer, ours);
	return true;
}

/* By the whole interval: what lies on both sides of the limit is not decided. */
static const char *verdict(const struct target *target, const struct interval *ratio)
{
	double low = ratio->low, high = ratio->high;

	if (target->at_most ? high <= target->limit : low >= target->limit)
		return "holds";
	if (target->at_most ? low > target->limit : high < target->limit)
		return "missed";
	return "undecided";
}

static void targets_print(const struct cell *cell, enum probe_state state)
{
	struct interval ratio;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const struct target *target = &targets[i];
		if (!target_ratio(cell, state, target, &ratio))
			continue;
		printf("  %-9s  %s %s ", verdict(target, &ratio), target->ours,
			shape_names[target->shape]);
		if (!target->peer)
			printf("%s %g ms per second: %.3f [%.3f, %.3f]\n",
				target->at_most ? "<=" : ">=", target->limit / 1e6,
				ratio.median / 1e6, ratio.low / 1e6, ratio.high / 1e6);
		else
			printf("%s %g x %s %s: %.2f [%.2f, %.2f]\n",
				target->at_most ? "<=" : ">=", target->limit, target->peer,
				shape_names[target->peer_shape], ratio.median, ratio.low,
				ratio.high);
	}
}

void cell_print(const struct cell *cell)
{
	for (unsigned s = 0; s < PROBE_STATES; s++) {
		enum probe_state state = (enum probe_state)s;
		if (rounds_in(cell, state) == 0)
			continue;
		printf("\n%s, the CPUs are %s, %u rounds; times as slow as mp_queue\n", cell->name,
			probe_state_name(state), rounds_in(cell, state));
		for (unsigned i = 0; i < cell->row_count; i++)
			if (!cell->rows[i].skipped[0])
				row_print(cell, state, &cell->rows[i]);
		targets_print(cell, state);
	}
	for (unsigned i = 0; i < cell->row_count; i++)
		if (cell->rows[i].skipped[0])
			printf("  %-18s skipped: %s\n", cell->rows[i].subject->name,
				cell->rows[i].skipped);
	for (unsigned i = 0; i < cell->skipped_count; i++)
		printf("  %-18s skipped: %s\n", cell->skipped[i]->name, cell->skipped[i]->skipped);
	if (cell->dropped)
		printf("  %u rounds dropped: the CPUs moved or were busy\n", cell->dropped);
	fflush(stdout);
}

static json_t *row_json(const struct cell *cell, const struct row *row)
{
	json_t *values = json_array();

	for (unsigned i = 0; !row->skipped[0] && i < cell->rounds; i++)
		json_array_append_new(values, json_real(row->values[i]));
	return json_pack("{s:s, s:s, s:s, s:o}", "name", row->subject->name, "shape",
		shape_names[row->shape], "skipped", row->skipped, "ns", values);
}

static json_t *targets_json(const struct cell *cell, enum probe_state state)
{
	json_t *array = json_array();
	struct interval r;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const struct target *target = &targets[i];
		if (!target_ratio(cell, state, target, &r))
			continue;
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:f, s:f, s:[f,f], s:s}",
				       "state", probe_state_name(state), "ours", target->ours,
				       "shape", shape_names[target->shape], "peer", target->peer,
				       "peer_shape", shape_names[target->peer_shape], "direction",
				       target->at_most ? "at most" : "at least", "limit",
				       target->limit, "ratio", r.median, "interval", r.low, r.high,
				       "verdict", verdict(target, &r)));
	}
	return array;
}

static json_t *cell_json(const struct cell *cell)
{
	json_t *rounds = json_array(), *rows = json_array(), *found = json_array();

	for (unsigned i = 0; i < cell->rounds; i++)
		json_array_append_new(rounds, json_string(probe_state_name(cell->states[i])));
	for (unsigned i = 0; i < cell->row_count; i++)
		json_array_append_new(rows, row_json(cell, &cell->rows[i]));
	for (unsigned i = 0; i < cell->skipped_count; i++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "name", cell->skipped[i]->name,
						    "skipped", cell->skipped[i]->skipped));
	for (unsigned s = 0; s < PROBE_STATES; s++) {
		if (rounds_in(cell, (enum probe_state)s) == 0)
			continue;
		json_t *part = targets_json(cell, (enum probe_state)s);
		json_array_extend(found, part);
		json_decref(part);
	}
	return json_pack("{s:s, s:i, s:o, s:o, s:o}", "cell", cell->name, "dropped_rounds",
		(int)cell->dropped, "round_states", rounds, "rows", rows, "targets", found);
}

int cells_write(const struct cell *cells, unsigned n, uint64_t seed, bool idle_is_held,
	bool is_realtime, const char *path)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(array, cell_json(&cells[i]));
	json_t *root = json_pack("{s:s, s:I, s:s, s:b, s:o}", "program", "queue-peers", "seed",
		(json_int_t)seed, "idle", idle_is_held ? "held" : "free", "realtime", is_realtime,
		"cells", array);
	int r = root ? json_dump_file(root, path, JSON_INDENT(1)) : -1;
	json_decref(root);
	return r < 0 ? fail(-EIO, "cannot write %s", path) : 0;
}
