/*
 * Ways to start something: the caller is the only side; exec says what is started. It runs where
 * the caller does, so there is one place: same_pu, or free.
 *
 * Verified: that a process or thread was made, by the last number that the kernel has given to one
 * (/proc/loadavg). Others on the machine count there, too, so this finds a member that starts
 * nothing on a quiet machine only; that all was reaped is looked at when the session ends.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "harness/beside.h"
#include "harness/cell.h"
#include "spawn/spawn.h"

static_assert((int)SPAWN_PROCESS == (int)SUBJECT_PROCESS, "the first bit of every family");
static_assert((int)SPAWN_THREAD == (int)SUBJECT_THREAD, "the second bit of every family");

static const char *const capability_names[] = {
	"processes", "threads", "loads a program", "loads itself", ""};

/* Relative to the program: in the build tree, and installed. */
static const char *const helper_dirs[] = {"../src/spawn", ".", NULL};

/* An instance's state. */
struct spawn_instance {
	const struct spawn *spawn; /* NULL: closed */
	_Alignas(64) unsigned char state[SPAWN_STATE_MAX];
};
static_assert(sizeof(struct spawn_instance) <= INSTANCE_STATE_MAX, "it is an instance's state");

static struct spawn_instance *spawn_of(struct instance *instance)
{
	return (struct spawn_instance *)instance->state;
}

static bool spawn_subject(unsigned i, struct subject *ret)
{
	const struct spawn *spawn = spawns[i];

	if (!spawn)
		return false;
	*ret = (struct subject){
		.name = spawn->name,
		.summary = spawn->summary,
		.capabilities = spawn->capabilities,
		.family = &family_spawn,
		.member = spawn,
	};
	return true;
}

static int probe(const struct subject *subject, struct subject_limits *limits)
{
	const struct spawn *spawn = subject->member;

	return spawn->probe ? spawn->probe(limits->reason) : 0;
}

static void unfit(const struct cell *cell, char reason[SUBJECT_REASON_MAX])
{
	if (cell->placement != PLACEMENT_SAME_PU && cell->placement != PLACEMENT_FREE)
		snprintf(reason, SUBJECT_REASON_MAX,
			"what is started runs where the caller does: same_pu or free");
}

static unsigned one(const struct cell *cell)
{
	(void)cell;
	return 1;
}

static int spawn_open(struct instance *instance)
{
	(void)instance;
	return 0;
}

/* In attach(), because only there the caller is bound, which what it starts inherits. */
static int spawn_attach(struct instance *instance)
{
	/* Must outlive the call; a process has one session at a time. */
	static char helper[PATH_MAX];
	const struct spawn *spawn = instance->cell->subject.member;
	struct spawn_options options = {.helper = helper};

	assert(spawn->state_bytes <= SPAWN_STATE_MAX);
	if (spawn->capabilities & SPAWN_EXEC) {
		int r = beside_find(
			"IPCMARK_HARNESS_DIR", helper_dirs, "ipcmark-nothing", X_OK, helper);
		if (r < 0)
			return fail(r, "the program that is to be started, ipcmark-nothing, is not "
				       "beside the harness");
	}
	spawn_of(instance)->spawn = spawn;
	return trace(spawn->open(spawn_of(instance)->state, &options));
}

static void spawn_close(struct instance *instance)
{
	struct spawn_instance *spawn = spawn_of(instance);

	if (spawn->spawn)
		spawn->spawn->close(spawn->state);
	spawn->spawn = NULL;
}

static int spawn_bind(struct instance *instance, struct load *load)
{
	load->spawn = spawn_of(instance)->spawn;
	load->state = spawn_of(instance)->state;
	return 0;
}

/* The number of the process or thread that was made last, in this namespace. */
static int last_number(long *ret_number)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/loadavg", "re");

	if (!file || fscanf(file, "%*s %*s %*s %*s %ld", ret_number) != 1)
		return fail(-ENODATA, "cannot read /proc/loadavg");
	return 0;
}

static int verify(struct load *load)
{
	long before, after;
	int r = last_number(&before);

	if (r >= 0)
		r = load->spawn->run(load->state);
	if (r >= 0)
		r = last_number(&after);
	if (r < 0)
		return trace(r);
	return before != after ? 0 : fail(-EXDEV, "it has started nothing");
}

const struct family family_spawn = {
	.name = "spawn",
	.title = "Ways to start something",
	.program = "ipcmark-process",
	.capability_names = capability_names,
	.subject = spawn_subject,
	.probe = probe,
	.unfit = unfit,
	.sides = one,
	.seats = one,
	.open = spawn_open,
	.attach = spawn_attach,
	.close = spawn_close,
	.bind = spawn_bind,
	.verify = verify,
};
