#include "harness/family.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "harness/cell.h"

int instance_open(struct instance *instance)
{
	instance->opened = true;
	return trace(instance->cell->workload->family->open(instance));
}

void instance_close(struct instance *instance)
{
	if (instance->opened)
		instance->cell->workload->family->close(instance);
	instance->opened = false;
}

bool subject_at(const struct family *family, unsigned i, struct subject *ret)
{
	return family->subject(i, ret);
}

bool subject_find(
	const struct family *family, unsigned needs, const char *name, struct subject *ret)
{
	struct subject subject;
	bool found = false;

	for (unsigned i = 0; subject_at(family, i, &subject); i++) {
		if (strcmp(subject.name, name) != 0)
			continue;
		bool fits = (subject.capabilities & needs) == needs;
		if (!found || fits)
			*ret = subject;
		found = true;
		if (fits)
			break;
	}
	return found;
}

int subject_probe(const struct subject *subject, const struct subject_limits **ret_limits)
{
	enum { SUBJECTS_MAX = 256 };
	static struct {
		const struct family *family;
		const void *member;
		int r;
		struct subject_limits limits;
	} cache[SUBJECTS_MAX];
	unsigned i = 0;

	while (cache[i].family &&
		(cache[i].family != subject->family || cache[i].member != subject->member)) {
		i++;
		assert(i < SUBJECTS_MAX);
	}
	if (!cache[i].family) {
		cache[i].r = subject->family->probe(subject, &cache[i].limits);
		cache[i].family = subject->family;
		cache[i].member = subject->member;
	}
	*ret_limits = &cache[i].limits;
	return cache[i].r;
}
