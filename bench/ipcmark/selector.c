#include "ipcmark/selector.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "topo/placement.h"

static bool is_open(const char *value)
{
	return !value[0] || strcmp(value, "*") == 0;
}

/* One component of length n; *path is the next positional axis. */
static int component_parse(
	const char *text, const char *at, size_t n, unsigned *path, struct selector *selector)
{
	const char *equals = memchr(at, '=', n);
	unsigned axis = PATTERN_SIZE + 1;

	if (equals) {
		size_t key = (size_t)(equals - at);
		while (axis < PATTERN_AXES &&
			(strlen(pattern_axis_name(axis)) != key ||
				memcmp(pattern_axis_name(axis), at, key) != 0))
			axis++;
		if (axis == PATTERN_AXES)
			return fail(-EINVAL, "'%s': there is no key '%.*s' (keys: %s)", text,
				(int)key, at, pattern_keys());
		n -= key + 1;
		at = equals + 1;
	} else if (*path > PATTERN_SIZE) {
		return fail(-EINVAL,
			"'%s': '%.*s' is one component too many (a cell is "
			"WORKLOAD/SUBJECT/EXEC/PLACEMENT/SIZE[/KEY=VALUE…])",
			text, (int)n, at);
	} else {
		axis = (*path)++;
	}
	if (n == 0 || n >= SELECTOR_VALUE_MAX)
		return fail(-EINVAL, "'%s': the %s is %s", text, pattern_axis_name(axis),
			n ? "too long" : "empty");
	memcpy(selector->value[axis], at, n);
	selector->value[axis][n] = '\0';
	return 0;
}

int selector_parse(const char *text, struct selector *ret_selector)
{
	struct selector selector = {0};
	unsigned path = 0;

	for (const char *at = text;;) {
		size_t n = strcspn(at, "/");
		int r = component_parse(text, at, n, &path, &selector);
		if (r < 0)
			return trace(r);
		if (!at[n])
			break;
		at += n + 1;
	}
	*ret_selector = selector;
	return 0;
}

void selector_fill(struct selector *selector, unsigned axis, const char *value)
{
	/* `wait=*` asks for all, where leaving it out asks for the default. */
	bool open =
		axis > PATTERN_SIZE ? !selector->value[axis][0] : is_open(selector->value[axis]);

	if (open)
		snprintf(selector->value[axis], SELECTOR_VALUE_MAX, "%s", value);
}

bool selector_matches(const struct selector *selector, const char *cell_name)
{
	struct selector cell;

	if (selector_parse(cell_name, &cell) < 0)
		return false;
	for (unsigned axis = 0; axis < PATTERN_AXES; axis++)
		if (selector->value[axis][0] &&
			fnmatch(selector->value[axis], cell.value[axis], 0) != 0)
			return false;
	return true;
}

void selector_resolve(struct selector *selector, const struct topo *topo)
{
	static const enum placement closest_first[] = {PLACEMENT_SAME_L2, PLACEMENT_SAME_L3,
		PLACEMENT_SAME_PACKAGE, PLACEMENT_CROSS_NUMA, PLACEMENT_CROSS_PACKAGE};
	enum placement chosen = PLACEMENT_SAME_L3;

	if (strcmp(selector->value[PATTERN_PLACEMENT], "two_cores") != 0)
		return;
	for (unsigned i = 0; i < sizeof(closest_first) / sizeof(closest_first[0]); i++) {
		if (placement_seats(topo, closest_first[i]) >= 2) {
			chosen = closest_first[i];
			break;
		}
	}
	snprintf(selector->value[PATTERN_PLACEMENT], SELECTOR_VALUE_MAX, "%s",
		placement_name(chosen));
}

char *selector_format(const struct selector *selector, char text[SELECTOR_TEXT_MAX])
{
	unsigned path = 0, axes = 0;
	size_t at = 0;

	for (unsigned axis = 0; axis < PATTERN_AXES; axis++)
		if (selector->value[axis][0])
			axes = axis + 1;
	/* Components in front of a key or of another component cannot be left out. */
	path = axes > PATTERN_SIZE ? PATTERN_SIZE + 1 : axes;
	for (unsigned axis = 0; axis < axes; axis++) {
		const char *value = selector->value[axis];
		if (axis < path)
			at += (size_t)snprintf(text + at, SELECTOR_TEXT_MAX - at, "%s%s",
				axis ? "/" : "", value[0] ? value : "*");
		else if (value[0])
			at += (size_t)snprintf(text + at, SELECTOR_TEXT_MAX - at, "/%s=%s",
				pattern_axis_name(axis), value);
	}
	return text;
}
