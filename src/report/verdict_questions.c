/* What is asked of results, and which of their groups can answer it. */
#include <stdio.h>
#include <string.h>

#include "report/verdict_internal.h"

enum { SIZE_SMALL = 64, SENDERS = 4 };

const struct verdict_question verdict_questions[] = {
	{"Lowest latency", "pingpong", METRIC_TIME, TWO_CORES, false, NULL, NULL},
	{"Lowest latency", "pingpong", METRIC_TIME, ONE_CPU, false, NULL, NULL},
	{"Most messages", "stream", METRIC_RATE, TWO_CORES, false, NULL, NULL},
	{"Highest bandwidth", "stream", METRIC_BANDWIDTH, TWO_CORES, true, NULL, NULL},
	{"Most messages", "fan_in", METRIC_RATE, ANYWHERE, false, NULL, NULL},
	{"Cheapest occasional message", "wakeup", METRIC_TIME, ANYWHERE, false, NULL, NULL},
	{"Least CPU time per message", "pingpong", METRIC_CPU, TWO_CORES, false, NULL, NULL},
	{"Which pool: shortest map of tasks that do nothing", "map_tiny", METRIC_TIME, TWO_CORES,
		false, "process", "chunk=1"},
	{"Which pool: shortest map of tasks that do nothing", "map_tiny", METRIC_TIME, TWO_CORES,
		false, "thread", "chunk=1"},
	{"Which pool: one task and its result, whoever does it", "submit", METRIC_TIME, TWO_CORES,
		false, "process", NULL},
	{"Which pool: one task and its result, whoever does it", "submit", METRIC_TIME, TWO_CORES,
		false, "thread", NULL},
	{"Which lock: nobody else wants it", "uncontended", METRIC_TIME, ANYWHERE, false, NULL,
		NULL},
	{"Which lock: two want it", "contended", METRIC_RATE, TWO_CORES, false, NULL,
		"contenders=2 section=100"},
	{"Which lock: more want it than there are CPUs", "contended", METRIC_RATE, TWO_CORES, false,
		NULL, "contenders=4 section=100"},
	{"Which lock: one has waited long", "handover", METRIC_TIME, TWO_CORES, false, NULL,
		"section=100000"},
	{"Cheapest start of a process", "spawn", METRIC_TIME, ANYWHERE, false, "process",
		"resident=268435456"},
};
const size_t verdict_question_count = sizeof(verdict_questions) / sizeof(verdict_questions[0]);

/* Where "between two cores" is looked for, the nearest first. */
static const char *const core_pairs[] = {
	"same_l3", "same_l2", "same_package", "cross_numa", "cross_package", NULL};
static const char *const one_cpu[] = {"same_pu", NULL};
static const char *const anywhere[] = {"same_l3", "same_l2", "same_package", "cross_numa",
	"cross_package", "free", "same_pu", NULL};

/* Which of two groups the question means: the largest size or 64 B, four senders (or the most there
 * are), the largest gap; of what has no size, the first. */
static bool is_better_group(const struct verdict_question *question, const struct result_axes *axes,
	const struct view_group *found)
{
	unsigned all;

	if (question->must && family_count_held(question->must, axes, &all) < all)
		return false;
	if (family_of_axes(axes) != VIEW_TRANSPORT)
		return !found;
	if (!question->large && axes->size_bytes != SIZE_SMALL)
		return false;
	if (!found)
		return true;
	const struct result_axes *other = found->axes;
	if (axes->size_bytes != other->size_bytes)
		return axes->size_bytes > other->size_bytes;
	if (axes->senders != other->senders)
		return other->senders != SENDERS &&
		       (axes->senders == SENDERS || axes->senders > other->senders);
	return axes->gap_ns > other->gap_ns;
}

const struct view_group *verdict_group(
	const struct view *view, const struct verdict_question *question)
{
	const char *const *placement = question->where == ONE_CPU     ? one_cpu
				       : question->where == TWO_CORES ? core_pairs
								      : anywhere;
	const char *exec = question->exec ? question->exec : "process";

	for (; *placement; placement++) {
		const struct view_group *found = NULL;
		for (size_t i = 0; i < view->group_count; i++) {
			const struct view_group *group = &view->groups[i];
			const struct result_axes *axes = group->axes;
			if (strcmp(axes->workload, question->workload) == 0 &&
				strcmp(axes->exec, exec) == 0 &&
				strcmp(axes->placement, *placement) == 0 &&
				is_better_group(question, axes, found))
				found = group;
		}
		if (found)
			return found;
	}
	return NULL;
}

void verdict_ask_text(const struct verdict_question *question, const struct result_axes *axes,
	const char *label, char text[VERDICT_QUESTION_MAX])
{
	char size[VIEW_TEXT_MAX], gap[VIEW_TEXT_MAX], more[VIEW_TEXT_MAX] = "";
	char params[VIEW_LABEL_MAX];

	if (family_of_axes(axes) != VIEW_TRANSPORT) {
		family_params(params, axes, NULL);
		snprintf(text, VERDICT_QUESTION_MAX, "%.60s%s%.100s, %.60s, %s%s%.20s",
			question->what, params[0] ? ", " : "", params,
			view_placement_prose(axes->placement), family_exec(axes),
			label[0] ? ", on " : "", label);
		return;
	}
	if (axes->senders)
		snprintf(more, sizeof(more), " from %u senders,", axes->senders);
	else if (axes->gap_ns)
		snprintf(more, sizeof(more), " after a gap of %.40s,",
			view_duration(gap, axes->gap_ns));
	snprintf(text, VERDICT_QUESTION_MAX, "%s, %s%s %s, processes%s%.40s", question->what,
		view_size(size, axes->size_bytes), more, view_placement_prose(axes->placement),
		label[0] ? ", on " : "", label);
}
