/*
 * Peers outside of our process: what a good one says arrives; one that misbehaves in one way fails
 * the cell with a sentence that names it, in time, and leaves no process. The scripts that are
 * shipped are those that the manifest names.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "../../cmocka_prelude.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "harness/foreign.h"
#include "harness/manifest.h"
#include "harness/script.h"
#include "harness/session.h"
#include "measure/cycles.h"
#include "os/proc.h"
#include "result/json.h"

static const char *const names[] = {"good", "refuses", "fails_to_verify", "does_less",
	"has_no_time", "has_odd_samples", "has_long_facts", "dies", "ends", "hangs", "babbles",
	"says_too_much"};

static struct topo *topo;
static char directory[] = "/tmp/foreign.XXXXXX";

static void emergency(void *context, const char *message)
{
	(void)context;
	fprintf(stderr, "%s\n", message);
}

/* The script has said in a file which process it has started: that has ended, too, or ends now. */
static void expect_no_child(const char *subject)
{
	int64_t deadline = deadline_after_ms(10000);
	char path[64];
	int pid;

	snprintf(path, sizeof(path), "%s/child", directory);
	_cleanup_(fclosep) FILE *file = fopen(path, "re");
	if (!file)
		flunk("%s: the script has not come to its open", subject);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	int pidfd = proc_pidfd(pid);
	while (pidfd >= 0 && !proc_has_ended(pidfd))
		assert_true(clock_ns() < deadline);
	if (pidfd >= 0)
		close(pidfd);
	unlink(path);
}

/* The first error, whose message is then in `message`. */
static int live(const char *subject, struct session_result *ret_result, char message[512])
{
	struct session_options options = {.deadline_ns = 12 * NS_PER_S, .emergency = emergency};
	struct session *session = NULL;
	struct cell cell;
	char name[128];

	snprintf(name, sizeof(name), "pingpong/%s/process/free/64B/idle=free", subject);
	assert_int_equal(cell_parse(&cell, name, topo), 0);
	assert_string_equal(cell.reason, "");
	*ret_result = (struct session_result){0};
	int r = session_open(&session, &cell, topo, &options);
	if (r >= 0)
		r = session_run(session, 10, ret_result);
	if (r >= 0)
		r = session_finish(session);
	snprintf(message, 512, "%s", r < 0 ? error_message(r) : "");
	session_free(session);
	expect_no_child(subject);
	/* All is reaped, also after a failure. */
	assert_true(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	return r;
}

static void test_a_good_one(void **state)
{
	struct session_result result;
	char message[512];
	(void)state;

	int r = live("good", &result, message);
	if (r < 0)
		flunk("%s", message);
	assert_int_equal(result.elapsed_ns, 10000);
	assert_int_equal(result.messages, 10);
	assert_int_equal(result.batch, 2);
	assert_int_equal(result.hist->total, 6);
	assert_int_equal(result.side_count, 2);
	assert_int_equal(result.sides[0].usage.cpu_ns, 4000);
	assert_int_equal(result.sides[1].usage.cpu_ns, 5000);
	assert_true(result.sides[0].pid > 1 && result.sides[0].pid != getpid());
	assert_int_equal(result.facts.count, 1);
	assert_string_equal(result.facts.facts[0].name, "parks");
	assert_true(result.facts.facts[0].value == 7);
	/* It was told to close, and has ended its child itself. */
	assert_int_equal(proc_birth(result.sides[1].pid), 0);
	free(result.hist);
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *subject;
		int r;
		const char *message;
	} cases[] = {
		{"refuses", -EPROTO, "refuses, asked to open: not on a Friday"},
		{"fails_to_verify", -EPROTO, "asked to verify: the bytes are wrong"},
		{"does_less", -EPROTO, "0 operations were done instead of 1"},
		{"has_no_time", -EPROTO, "'elapsed_ns' is missing"},
		{"has_odd_samples", -EPROTO, "'samples_ns' has something that is no time"},
		{"has_long_facts", -EPROTO, "has a long name"},
		{"dies", -EPIPE, "the script was killed by signal 9"},
		{"ends", -EPIPE, "the script has ended with status 3"},
		{"hangs", -ETIMEDOUT, "hangs, asked to run: no answer within 10.5 s"},
		{"babbles", -EPROTO, "'hello' is no JSON object"},
		{"says_too_much", -EPROTO, "more than one line"},
	};
	(void)state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session_result result;
		char message[512];
		int64_t begin = clock_ns();
		int r = live(cases[i].subject, &result, message);
		if (r != cases[i].r || !strstr(message, cases[i].message))
			flunk("%s: %d and '%s'", cases[i].subject, r, message);
		assert_true(clock_ns() - begin < 60 * NS_PER_S);
	}
}

static void test_what_it_cannot_do_is_skipped(void **state)
{
	struct cell cell;
	(void)state;

	assert_int_equal(cell_parse(&cell, "stream/good/process/free/64B", topo), 0);
	assert_string_equal(cell.reason, "good cannot do stream");
	assert_int_equal(cell_parse(&cell, "pingpong/good/thread/free/64B", topo), 0);
	assert_string_equal(cell.reason, "good does not work between threads");
}

/* python3 that is too old, that is broken, that is not there. */
static void test_no_python(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {{"#!/bin/sh\necho False 3.8.10\n", "python3 is 3.8.10, 3.9 is needed"},
		{"#!/bin/sh\nexit 1\n", "there is no python3 in the PATH that works"},
		{NULL, "there is no python3 in the PATH that works"}};
	_cleanup_(freep) char *path = strdup(getenv("PATH"));
	char reason[SUBJECT_REASON_MAX], file[64];
	(void)state;

	snprintf(file, sizeof(file), "%s/python3", directory);
	setenv("PATH", directory, 1);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink(file);
		FILE *out = cases[i].text ? fopen(file, "we") : NULL;
		if (out) {
			fputs(cases[i].text, out);
			fchmod(fileno(out), 0755);
			fclose(out);
		}
		assert_int_equal(script_probe(reason), -EOPNOTSUPP);
		if (!strstr(reason, cases[i].reason))
			flunk("'%s' instead of '%s'", reason, cases[i].reason);
	}
	setenv("PATH", path, 1);
	assert_int_equal(script_probe(reason), 0);
}

static json_t *shipped_list(void)
{
	_cleanup_(json_freep) json_t *question = json_pack("{s:s}", "command", "list");
	struct script *script;
	json_t *list = NULL;

	assert_int_equal(script_start(&script, SHIPPED "/harness.py"), 0);
	int r = script_ask(script, question, 20 * NS_PER_S, &list);
	if (r < 0)
		flunk("%s", error_message(r));
	script_stop(script);
	return list;
}

/* The subject of the list that has the name of the manifest's. */
static const json_t *find(const json_t *list, const char *name)
{
	json_t *subject;
	size_t index;

	json_array_foreach (json_object_get(list, "subjects"), index, subject)
		if (strcmp(json_string_value(json_object_get(subject, "name")), name) == 0)
			return subject;
	return NULL;
}

/* What the scripts can do, and what the manifest says of them. */
static void test_the_shipped_manifest(void **state)
{
	_cleanup_(json_freep) json_t *list = shipped_list();
	_cleanup_(json_freep) json_t *manifest = json_load_file(SHIPPED "/subjects.json", 0, NULL);
	json_t *subjects = json_object_get(manifest, "subjects"), *subject;
	size_t index;
	(void)state;

	assert_true(json_array_size(subjects) > 0);
	assert_int_equal(
		json_array_size(subjects), json_array_size(json_object_get(list, "subjects")));
	json_array_foreach (subjects, index, subject) {
		const char *name = json_string_value(json_object_get(subject, "name"));
		const json_t *known = find(list, name);
		if (!known)
			flunk("no script has the subject '%s'", name);
		if (!json_equal(json_object_get(subject, "workloads"),
			    json_object_get(known, "workloads")) ||
			!json_equal(
				json_object_get(subject, "exec"), json_object_get(known, "exec")) ||
			!json_equal(json_object_get(subject, "summary"),
				json_object_get(known, "summary")))
			flunk("the manifest says something else of '%s' than its script", name);
	}
}

static void write_manifest(const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/subjects.json", directory);
	FILE *out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* In a process of its own: a manifest is read once. */
static int has_subjects(void *unused)
{
	struct subject subject;
	(void)unused;
	return foreign_subject(&family_transport, 0, &subject) ? 1 : 0;
}

static void test_broken_manifests_have_no_subjects(void **state)
{
	static const char *const texts[] = {"{", "[]", "{\"schema\": 2, \"subjects\": []}",
		"{\"schema\": 1, \"subjects\": [{\"name\": \"a\", \"family\": \"transport\"}]}",
		"{\"schema\": 1, \"subjects\": [{\"name\": \"a\", \"family\": \"transport\", "
		"\"summary\": \"b\", \"script\": \"c\", \"exec\": [\"fibre\"], "
		"\"workloads\": [\"pingpong\"]}]}"};
	static const char good[] =
		"{\"schema\": 1, \"subjects\": [{\"name\": \"a\", \"family\": \"transport\", "
		"\"summary\": \"b\", \"script\": \"c\", \"exec\": [\"process\"], "
		"\"workloads\": [\"pingpong\"]}]}";
	struct proc proc;
	int status;
	(void)state;

	for (unsigned i = 0; i <= sizeof(texts) / sizeof(texts[0]); i++) {
		bool is_good = i == sizeof(texts) / sizeof(texts[0]);
		write_manifest(is_good ? good : texts[i]);
		assert_int_equal(proc_start(&proc, has_subjects, NULL), 0);
		assert_int_equal(proc_join(&proc, deadline_after_ms(10000), &status), 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == is_good);
	}
}

/* A manifest with one subject for each way to misbehave. */
static void write_subjects(void)
{
	json_t *subjects = json_array();

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_array_append_new(
			subjects, json_pack("{s:s, s:s, s:s, s:s, s:[s], s:[s]}", "name", names[i],
					  "family", "transport", "summary", "a peer", "script",
					  "peer.py", "exec", "process", "workloads", "pingpong"));
	_cleanup_(json_freep) json_t *manifest =
		json_pack("{s:i, s:o}", "schema", 1, "subjects", subjects);
	_cleanup_(freep) char *text = json_dumps(manifest, 0);
	assert_non_null(text);
	write_manifest(text);
}

static int load(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	char peer[64];
	(void)state;

	sigaction(SIGPIPE, &ignore, NULL);
	cycles_init();
	assert_non_null(mkdtemp(directory));
	setenv("IPCMARK_PYTHON_DIR", directory, 1);
	snprintf(peer, sizeof(peer), "%s/peer.py", directory);
	assert_int_equal(symlink(PEER, peer), 0);
	return topo_load(&topo);
}

static int load_subjects(void **state)
{
	(void)state;
	write_subjects();
	return 0;
}

static int unload(void **state)
{
	static const char *const files[] = {"peer.py", "subjects.json", "python3"};
	char path[64];
	(void)state;

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		unlink(path);
	}
	rmdir(directory);
	topo_free(topo);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_manifests_have_no_subjects),
		cmocka_unit_test_setup(test_a_good_one, load_subjects),
		cmocka_unit_test(test_what_is_wrong_is_named),
		cmocka_unit_test(test_what_it_cannot_do_is_skipped),
		cmocka_unit_test(test_no_python),
		cmocka_unit_test(test_the_shipped_manifest),
	};
	char reason[SUBJECT_REASON_MAX];

	if (script_probe(reason) < 0) {
		printf("1..0 # SKIP %s\n", reason);
		return 77;
	}
	return cmocka_run_group_tests_name("harness/foreign", tests, load, unload);
}
