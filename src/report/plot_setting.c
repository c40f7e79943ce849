/*
 * Which cells a plot shows of a workload that was measured with many values of its params: those
 * that are must, and of the others the ones that are liked, else the most common.
 */
#include <string.h>

#include "report/family.h"
#include "report/plot_internal.h"

static bool is_at(const struct plot_setting *setting, const struct result_axes *axes)
{
	unsigned all, held;

	if (strcmp(axes->workload, setting->workload) != 0 ||
		(setting->placement && strcmp(axes->placement, setting->placement) != 0) ||
		(setting->exec && strcmp(axes->exec, setting->exec) != 0))
		return false;
	held = family_count_held(setting->must ? setting->must : "", axes, &all);
	return held == all;
}

const struct result_axes *plot_setting_find(
	const struct plotter *plotter, const struct plot_setting *setting)
{
	const struct view_group *found = NULL;
	unsigned best = 0;

	for (size_t i = 0; i < plotter->view->group_count; i++) {
		const struct view_group *group = &plotter->view->groups[i];
		unsigned all, liked = 0;
		if (!is_at(setting, group->axes))
			continue;
		liked = family_count_held(setting->likes ? setting->likes : "", group->axes, &all);
		if (!found || liked > best || (liked == best && group->count > found->count)) {
			found = group;
			best = liked;
		}
	}
	return found ? found->axes : NULL;
}

bool plot_setting_holds(const struct result_axes *setting, const struct result_axes *axes)
{
	return strcmp(setting->workload, axes->workload) == 0 &&
	       strcmp(setting->placement, axes->placement) == 0 &&
	       setting->size_bytes == axes->size_bytes && setting->gap_ns == axes->gap_ns &&
	       setting->senders == axes->senders && family_compare_params(setting, axes, NULL) == 0;
}

bool plot_is_usable(const struct plotter *plotter, const struct view_row *row)
{
	const struct result_axes *axes = &row->summary->cell->axes;

	if (plot_is_variant(row) || strstr(row->label, " touch="))
		return false;
	if (strcmp(axes->idle, "free") != 0)
		return true;
	/* Where idle states may not be held off, all cells are with them. */
	for (size_t i = 0; i < plotter->view->count; i++)
		if (strcmp(plotter->view->rows[i].summary->cell->axes.idle, "held") == 0)
			return false;
	return true;
}
