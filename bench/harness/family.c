#include "harness/family.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "harness/cell.h"
#include "harness/foreign.h"

int instance_open(struct instance *instance)
{
	instance->opened = true;
	return trace(subject_life(&instance->cell->subject)->open(instance));
}

void instance_close(struct instance *instance)
{
	if (instance->opened)
		subject_life(&instance->cell->subject)->close(instance);
	instance->opened = false;
}

const struct family *subject_life(const struct subject *subject)
{
	return subject->foreign ? &foreign_life : subject->family;
}

bool subject_at(const struct family *family, unsigned i, struct subject *ret)
{
	unsigned members = 0;

	/* A table of members ends with the first that is not there. */
	while (members <= i && family->subject(members, ret))
		members++;
	return members > i || foreign_subject(family, i - members, ret);
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
		const void *what; /* member or foreign */
		int r;
		struct subject_limits limits;
	} cache[SUBJECTS_MAX];
	const void *what = subject->foreign ? (const void *)subject->foreign : subject->member;
	unsigned i = 0;

	while (cache[i].family && (cache[i].family != subject->family || cache[i].what != what)) {
		i++;
		assert(i < SUBJECTS_MAX);
	}
	if (!cache[i].family) {
		cache[i].r = subject->foreign ? foreign_probe(subject, &cache[i].limits)
					      : subject->family->probe(subject, &cache[i].limits);
		cache[i].family = subject->family;
		cache[i].what = what;
	}
	*ret_limits = &cache[i].limits;
	return cache[i].r;
}
