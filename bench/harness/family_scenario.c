/*
 * Scenarios: the caller is the only side; what works with it is the scenario's own, and so is the
 * proof, because each run checks its outcome. exec says what the workers are.
 */
#include <assert.h>

#include "base/error.h"
#include "harness/cell.h"
#include "harness/scenario.h"

static_assert((int)SCENARIO_PROCESS == (int)SUBJECT_PROCESS, "the first bit of every family");
static_assert((int)SCENARIO_THREAD == (int)SUBJECT_THREAD, "the second bit of every family");

static const char *const capability_names[] = {
	"processes", "threads", "ticket", "consumers", "terminal", "status", "talk", ""};

/* An instance's state. */
struct scenario_instance {
	const struct scenario *scenario; /* NULL: closed */
	_Alignas(64) unsigned char state[SCENARIO_STATE_MAX];
};
static_assert(sizeof(struct scenario_instance) <= INSTANCE_STATE_MAX, "it is an instance's state");

static struct scenario_instance *scenario_of(struct instance *instance)
{
	return (struct scenario_instance *)instance->state;
}

static bool scenario_subject(unsigned i, struct subject *ret)
{
	const struct scenario *scenario = scenarios[i];

	if (!scenario)
		return false;
	*ret = (struct subject){
		.name = scenario->name,
		.summary = scenario->summary,
		.capabilities = scenario->capabilities,
		.family = &family_scenario,
		.member = scenario,
	};
	return true;
}

static int probe(const struct subject *subject, struct subject_limits *limits)
{
	const struct scenario *scenario = subject->member;

	return scenario->probe ? scenario->probe(limits->reason) : 0;
}

static unsigned sides(const struct cell *cell)
{
	(void)cell;
	return 1;
}

/* A seat for the caller and for each of those who work at once, as far as there are seats. */
static unsigned seats(const struct cell *cell)
{
	static const enum param_key crowds[] = {
		PARAM_WORKERS, PARAM_BUYERS, PARAM_CONSUMERS, PARAM_CONNECTIONS};
	int64_t most = 1;

	for (unsigned i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++) {
		int64_t crowd = cell_param(cell, crowds[i], 1);
		most = crowd > most ? crowd : most;
	}
	return most < SEATS_MAX ? (unsigned)most + 1 : SEATS_MAX;
}

/* Only in bind(): open() has the load, and its caller is bound. */
static int scenario_later(struct instance *instance)
{
	(void)instance;
	return 0;
}

static int scenario_bind(struct instance *instance, struct load *load)
{
	struct scenario_instance *scenario = scenario_of(instance);

	scenario->scenario = instance->cell->subject.member;
	assert(scenario->scenario->state_bytes <= SCENARIO_STATE_MAX);
	load->scenario = scenario->scenario;
	load->state = scenario->state;
	return scenario->scenario->open ? trace(scenario->scenario->open(scenario->state, load))
					: 0;
}

static void scenario_close(struct instance *instance)
{
	struct scenario_instance *scenario = scenario_of(instance);

	if (scenario->scenario && scenario->scenario->close)
		scenario->scenario->close(scenario->state);
	scenario->scenario = NULL;
}

static int verify(struct load *load)
{
	(void)load;
	return 0;
}

const struct family family_scenario = {
	.name = "scenario",
	.title = "Scenarios",
	.program = "ipcmark-scenario",
	.capability_names = capability_names,
	.subject = scenario_subject,
	.probe = probe,
	.sides = sides,
	.seats = seats,
	.open = scenario_later,
	.attach = scenario_later,
	.close = scenario_close,
	.bind = scenario_bind,
	.verify = verify,
};
