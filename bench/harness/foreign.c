#include "harness/foreign.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "harness/cell.h"
#include "harness/manifest.h"
#include "harness/script.h"
#include "harness/session.h"
#include "transport/transport.h"

/* What the script has said of its sides. */
struct foreign_side {
	int pid, cpu; /* 0, -1: it has not said it */
	int64_t cpu_ns;
};

/* The caller and a worker on every seat; more than a result has room for. */
enum { FOREIGN_SIDES_MAX = SEATS_MAX + 1 };

/* An instance's state points to it. */
struct foreign_session {
	struct script *script;
	unsigned side_count;
	struct foreign_side sides[FOREIGN_SIDES_MAX];
};

bool foreign_subject(const struct family *family, unsigned i, struct subject *ret)
{
	const struct foreign *foreign;

	for (unsigned at = 0; (foreign = manifest_foreign(at)); at++) {
		if (strcmp(foreign->family, family->name) != 0 || i-- > 0)
			continue;
		*ret = (struct subject){
			.name = foreign->name,
			.summary = foreign->summary,
			.capabilities = foreign->capabilities,
			.family = family,
			.foreign = foreign,
		};
		return true;
	}
	return false;
}

bool foreign_can(const struct foreign *foreign, const char *workload)
{
	for (unsigned i = 0; i < foreign->workload_count; i++)
		if (strcmp(foreign->workloads[i], workload) == 0)
			return true;
	return false;
}

int foreign_probe(const struct subject *subject, struct subject_limits *limits)
{
	static char version_reason[SUBJECT_REASON_MAX];
	static int version = 1; /* 1: not looked at yet */

	limits->message_max_bytes = TRANSPORT_MESSAGE_MAX;
	if (version == 1)
		version = script_probe(version_reason);
	snprintf(limits->reason, sizeof(limits->reason), "%s", version_reason);
	if (version >= 0 && access(subject->foreign->script, R_OK) < 0) {
		snprintf(limits->reason, sizeof(limits->reason), "%.120s: %s",
			subject->foreign->script, strerror(errno));
		return -EOPNOTSUPP;
	}
	return version;
}

/* ---- talking ---- */

static struct foreign_session *session_of(const struct instance *instance)
{
	struct foreign_session *session;

	memcpy(&session, instance->state, sizeof(session));
	return session;
}

/* Sends the command, of which it takes the reference, and returns the answer if it is ok: a new
 * reference. It may take as long as a phase, and extra_ns. */
static int ask(
	const struct instance *instance, json_t *command, int64_t extra_ns, json_t **ret_answer)
{
	const char *name = json_string_value(json_object_get(command, "command"));
	const char *subject = instance->cell->subject.name;
	json_t *answer = NULL;
	char what[32];

	snprintf(what, sizeof(what), "%s", name);
	/* A bit before the watchdog, which would end us, too. */
	int r = script_ask(session_of(instance)->script, command,
		instance->deadline_ns - instance->deadline_ns / 8 + extra_ns, &answer);
	json_decref(command);
	if (r < 0)
		return fail(r, "%s, asked to %s: %s", subject, what, error_message(r));
	if (!json_is_true(json_object_get(answer, "ok"))) {
		const char *reason = json_string_value(json_object_get(answer, "reason"));
		r = fail(-EPROTO, "%s, asked to %s: %.400s", subject, what,
			reason ? reason : "neither ok nor a reason");
		json_decref(answer);
		return r;
	}
	*ret_answer = answer;
	return 0;
}

static int ask_plain(const struct instance *instance, const char *command)
{
	json_t *answer;
	int r = ask(instance, json_pack("{s:s}", "command", command), 0, &answer);

	if (r >= 0)
		json_decref(answer);
	return trace(r);
}

static json_t *open_command(const struct instance *instance)
{
	const struct cell *cell = instance->cell;
	json_t *params = json_object(), *cpus = json_array();
	char text[UNITS_TEXT_MAX];

	for (enum param_key key = 0; key < PARAM_COUNT; key++) {
		if (!workload_param(cell->workload, key))
			continue;
		bool number = axis_is_number(param_table[key].key);
		json_object_set_new(params, param_table[key].key,
			number ? json_integer(cell->params[key])
			       : json_string(param_value(key, cell->params[key], text)));
	}
	for (unsigned i = 0; i < instance->seats; i++)
		json_array_append_new(cpus, json_integer(instance->cpus[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:I}", "command", "open", "workload",
		cell->workload->name, "subject", cell->subject.name, "exec", exec_name(cell->exec),
		"size_bytes", (json_int_t)cell->size_bytes, "params", params, "cpus", cpus, "seed",
		/* JSON readers hold numbers in doubles. */
		(json_int_t)(instance->seed >> 16));
}

/* Reads a list with one number per side into the member at `offset`; one that is missing is left
 * alone. */
static int read_sides(struct foreign_session *session, const json_t *answer, const char *key)
{
	json_t *list = json_object_get(answer, key), *value;
	size_t index;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > FOREIGN_SIDES_MAX)
		return fail(
			-EPROTO, "'%s' is no list of at most %d numbers", key, FOREIGN_SIDES_MAX);
	json_array_foreach (list, index, value) {
		struct foreign_side *side = &session->sides[index];
		json_int_t number = json_integer_value(value);
		if (!json_is_integer(value) || number < -1)
			return fail(-EPROTO, "'%s' has something that is no number", key);
		if (strcmp(key, "pids") == 0)
			side->pid = (int)number;
		else if (strcmp(key, "cpus") == 0)
			side->cpu = (int)number;
		else
			side->cpu_ns = number;
	}
	if (json_array_size(list) > session->side_count)
		session->side_count = (unsigned)json_array_size(list);
	return 0;
}

/* ---- the life ---- */

static int life_open(struct instance *instance)
{
	(void)instance;
	return 0;
}

static int life_attach(struct instance *instance)
{
	const struct foreign *foreign = instance->cell->subject.foreign;
	struct foreign_session *session = calloc(1, sizeof(*session));
	json_t *answer = NULL;

	if (!session)
		return fail(-ENOMEM, "no memory for a script");
	memcpy(instance->state, &session, sizeof(session));
	for (unsigned i = 0; i < FOREIGN_SIDES_MAX; i++)
		session->sides[i].cpu = -1;
	int r = script_start(&session->script, foreign->script);
	if (r >= 0)
		r = ask(instance, open_command(instance), 0, &answer);
	if (r >= 0)
		r = read_sides(session, answer, "pids");
	for (unsigned i = 0; r >= 0 && i < session->side_count; i++)
		script_add_child(session->script, session->sides[i].pid);
	json_decref(answer);
	return trace(r);
}

static void life_close(struct instance *instance)
{
	struct foreign_session *session = session_of(instance);

	if (!session)
		return;
	if (session->script && !script_is_broken(session->script) &&
		ask_plain(instance, "close") < 0)
		log_error("%s: %s", instance->cell->name, error_message(-EPROTO));
	script_stop(session->script);
	free(session);
	memset(instance->state, 0, sizeof(session));
}

static int life_bind(struct instance *instance, struct load *load)
{
	load->state = instance;
	return 0;
}

static int life_verify(struct load *load)
{
	return trace(ask_plain(load->state, "verify"));
}

const struct family foreign_life = {
	.name = "foreign",
	.open = life_open,
	.attach = life_attach,
	.close = life_close,
	.bind = life_bind,
	.verify = life_verify,
};

/* ---- a run ---- */

/* 0 when it is missing and may be. */
static int read_number(const json_t *answer, const char *key, bool needed, int64_t *ret)
{
	const json_t *value = json_object_get(answer, key);

	*ret = json_integer_value(value);
	if (!value && !needed)
		return 0;
	return json_is_integer(value) && *ret >= 0
		       ? 0
		       : fail(-EPROTO, "'%s' is missing or no whole number", key);
}

static int read_samples(struct load *load, const json_t *answer)
{
	json_t *samples = json_object_get(answer, "samples_ns"), *sample;
	int64_t batch;
	size_t index;

	int r = read_number(answer, "batch", false, &batch);
	if (r < 0)
		return trace(r);
	load->batch = batch > 0 && batch <= UINT32_MAX ? (unsigned)batch : 1;
	json_array_foreach (samples, index, sample) {
		double ns = json_number_value(sample);
		if (!json_is_number(sample) || !(ns >= 0 && ns < 1e15))
			return fail(-EPROTO, "'samples_ns' has something that is no time");
		if (load->hist)
			hist_record(load->hist, (int64_t)(ns * 1e3), load->batch);
	}
	return 0;
}

static int read_facts(struct load *load, const json_t *answer)
{
	json_t *facts = json_object_get(answer, "facts"), *value;
	const char *name;

	if (json_object_size(facts) > SESSION_FACTS_MAX)
		return fail(-EPROTO, "there are more than %d facts", SESSION_FACTS_MAX);
	json_object_foreach (facts, name, value) {
		if (!json_is_number(value) || strlen(name) >= SESSION_FACT_NAME_MAX)
			return fail(
				-EPROTO, "the fact '%.40s' is no number or has a long name", name);
		load_fact(load, name, json_number_value(value));
	}
	return 0;
}

static int read_run(struct load *load, const struct instance *instance, const json_t *answer)
{
	struct foreign_session *session = session_of(instance);
	int64_t messages, wanted;

	int r = read_number(answer, "elapsed_ns", true, &load->busy_ns);
	if (r >= 0)
		r = read_number(answer, "begin_ns", false, &load->begin_ns);
	if (r >= 0)
		r = read_number(answer, "end_ns", false, &load->end_ns);
	if (r >= 0)
		r = read_number(answer, "messages", true, &messages);
	wanted = (int64_t)(load->iterations * cell_operations(instance->cell));
	if (r >= 0 && messages != wanted)
		r = fail(-EPROTO, "%" PRId64 " operations were done instead of %" PRId64, messages,
			wanted);
	if (r >= 0 && load->busy_ns == 0)
		r = fail(-EPROTO, "'elapsed_ns' is 0");
	if (r >= 0)
		r = read_samples(load, answer);
	if (r >= 0)
		r = read_facts(load, answer);
	if (r >= 0)
		r = read_sides(session, answer, "cpu_ns");
	return r < 0 ? trace(r) : trace(read_sides(session, answer, "cpus"));
}

int foreign_run(struct load *load)
{
	const struct instance *instance = load->state;
	json_t *answer;

	int r = ask(instance,
		json_pack(
			"{s:s, s:I}", "command", "run", "iterations", (json_int_t)load->iterations),
		(int64_t)load->iterations * cell_param(instance->cell, PARAM_GAP, 0), &answer);
	if (r < 0)
		return trace(r);
	r = read_run(load, instance, answer);
	json_decref(answer);
	return r < 0 ? fail(r, "%s, asked to run: %s", instance->cell->subject.name,
			       error_message(r))
		     : 0;
}

void foreign_report(const struct instance *instance, struct session_result *result)
{
	const struct foreign_session *session = session_of(instance);

	if (session->side_count == 0)
		return;
	/* Of many workers the first ones stand for all. */
	result->side_count = session->side_count < SIDES_MAX ? session->side_count : SIDES_MAX;
	for (unsigned i = 0; i < result->side_count; i++) {
		const struct foreign_side *side = &session->sides[i];
		result->sides[i] = (struct session_side){
			.pid = side->pid,
			.tid = side->pid,
			/* Where it was is checked only if it has said so. */
			.wanted_cpu =
				side->cpu >= 0 && i < instance->seats ? instance->cpus[i] : -1,
			.usage = {.cpu_ns = side->cpu_ns, .migrations = -1, .cpu = side->cpu},
		};
	}
}
