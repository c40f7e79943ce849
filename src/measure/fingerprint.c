#include "measure/fingerprint.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const struct {
	const char *name;
	enum fingerprint_policy policy;
} known[] = {
	{"arch", FINGERPRINT_REFUSE},
	{"cpu_model", FINGERPRINT_REFUSE},
	{"cpu_id", FINGERPRINT_REFUSE},
	{"product", FINGERPRINT_REFUSE},
	{"hypervisor", FINGERPRINT_REFUSE},
	{"cpus_online", FINGERPRINT_REFUSE},
	{"cpus_allowed", FINGERPRINT_REFUSE},
	{"cpu_quota", FINGERPRINT_REFUSE},
	{"smt", FINGERPRINT_REFUSE},
	{"numa_nodes", FINGERPRINT_REFUSE},
	{"governor", FINGERPRINT_REFUSE},
	{"boost", FINGERPRINT_REFUSE},
	{"idle_driver", FINGERPRINT_REFUSE},
	{"idle_governor", FINGERPRINT_REFUSE},
	{"clocksource", FINGERPRINT_REFUSE},
	{"idle_states", FINGERPRINT_WARN},
	{"cpus_isolated", FINGERPRINT_WARN},
	{"memory_gib", FINGERPRINT_WARN},
	{"microcode", FINGERPRINT_WARN},
	{"mitigations", FINGERPRINT_WARN},
	{"kernel_release", FINGERPRINT_WARN},
	{"kernel_preemption", FINGERPRINT_WARN},
	{"thp", FINGERPRINT_WARN},
	{"aslr", FINGERPRINT_WARN},
	{"numa_balancing", FINGERPRINT_WARN},
	{"libc", FINGERPRINT_WARN},
	{"distribution", FINGERPRINT_WARN},
	{"kernel_version", FINGERPRINT_IGNORE},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))
static_assert(KNOWN <= (size_t)FINGERPRINT_FIELDS_MAX, "a machine's own fields must fit");

static const char *const policy_names[] = {"ignore", "warn", "refuse"};

static enum fingerprint_policy policy_of(const char *name)
{
	for (unsigned i = 0; i < KNOWN; i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].policy;
	return FINGERPRINT_IGNORE;
}

const char *fingerprint_policy_name(enum fingerprint_policy policy)
{
	return policy_names[policy];
}

int fingerprint_add(struct fingerprint *fingerprint, const char *name, const char *value)
{
	if (fingerprint->count >= FINGERPRINT_FIELDS_MAX)
		return fail(-ENOSPC, "a fingerprint has no room for '%s': it holds %d fields", name,
			FINGERPRINT_FIELDS_MAX);
	struct fingerprint_field *field = &fingerprint->fields[fingerprint->count++];
	snprintf(field->name, sizeof(field->name), "%s", name);
	snprintf(field->value, sizeof(field->value), "%s", value);
	field->policy = policy_of(field->name);
	return 0;
}

static const struct fingerprint_field *find(const struct fingerprint *fingerprint, const char *name)
{
	for (unsigned i = 0; i < fingerprint->count; i++)
		if (strcmp(fingerprint->fields[i].name, name) == 0)
			return &fingerprint->fields[i];
	return NULL;
}

const char *fingerprint_value(const struct fingerprint *fingerprint, const char *name)
{
	const struct fingerprint_field *field = find(fingerprint, name);

	return field ? field->value : NULL;
}

/* With the closing zero, so that "ab" + "c" is not "a" + "bc". */
static uint64_t fnv1a(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

uint64_t fingerprint_hash(const struct fingerprint *fingerprint)
{
	uint64_t sum = 0;

	/* A sum does not depend on the order of the fields. */
	for (unsigned i = 0; i < fingerprint->count; i++) {
		const struct fingerprint_field *field = &fingerprint->fields[i];
		if (field->policy == FINGERPRINT_REFUSE)
			sum += fnv1a(
				fnv1a(UINT64_C(0xcbf29ce484222325), field->name), field->value);
	}
	return sum;
}

/* The cursor counts the fields of a, then those of b that a doesn't have. */
bool fingerprint_next_difference(const struct fingerprint *a, const struct fingerprint *b,
	unsigned *cursor, struct fingerprint_difference *ret)
{
	while (*cursor < a->count + b->count) {
		unsigned at = (*cursor)++;
		bool in_a = at < a->count;
		const struct fingerprint_field *field =
			in_a ? &a->fields[at] : &b->fields[at - a->count];
		const struct fingerprint_field *other = find(in_a ? b : a, field->name);
		if (other && (!in_a || strcmp(field->value, other->value) == 0))
			continue;
		*ret = (struct fingerprint_difference){
			.name = field->name,
			.value_a = in_a ? field->value : NULL,
			.value_b = !in_a   ? field->value
				   : other ? other->value
					   : NULL,
			.policy = field->policy,
		};
		if (!other && ret->policy > FINGERPRINT_WARN)
			ret->policy = FINGERPRINT_WARN;
		return true;
	}
	return false;
}

enum fingerprint_policy fingerprint_compare(
	const struct fingerprint *a, const struct fingerprint *b)
{
	enum fingerprint_policy worst = FINGERPRINT_IGNORE;
	struct fingerprint_difference difference;

	for (unsigned at = 0; fingerprint_next_difference(a, b, &at, &difference);)
		if (difference.policy > worst)
			worst = difference.policy;
	return worst;
}

/* The number of CPUs in "0-3,8"; 0 when it is no such list. */
static unsigned list_count(const char *list)
{
	unsigned count = 0, low, high;
	int used;

	while (sscanf(list, "%u%n", &low, &used) == 1) {
		list += used;
		high = low;
		if (sscanf(list, "-%u%n", &high, &used) == 1)
			list += used;
		count += high >= low ? high - low + 1 : 0;
		list += *list == ',';
	}
	return count;
}

char *fingerprint_summary(
	const struct fingerprint *fingerprint, char buffer[FINGERPRINT_SUMMARY_MAX])
{
	static const char *const names[] = {
		"cpu_model", "cpus_allowed", "hypervisor", "kernel_release", "distribution"};
	const char *values[5];

	for (unsigned i = 0; i < 5; i++) {
		const char *value = fingerprint_value(fingerprint, names[i]);
		values[i] = value && strcmp(value, "unknown") != 0 ? value : NULL;
	}
	unsigned cpus = values[1] ? list_count(values[1]) : 0;
	bool guest = values[2] && strcmp(values[2], "none") != 0;
	snprintf(buffer, FINGERPRINT_SUMMARY_MAX, "%s, %u CPU%s%s%s%s, Linux %s, %s",
		values[0] ? values[0] : "unknown CPU", cpus, cpus == 1 ? "" : "s",
		values[2] ? ", " : "", guest ? values[2] : "",
		guest       ? " guest"
		: values[2] ? "no hypervisor"
			    : "",
		values[3] ? values[3] : "of unknown release",
		values[4] ? values[4] : "unknown distribution");
	return buffer;
}
