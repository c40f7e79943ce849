#include "collect.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct collected collected;

static int on_context(const struct gb_context *context, void *user)
{
	(void)user;
	assert_int_equal(context->size, sizeof *context);
	collected.contexts++;
	return 0;
}

static void on_runs(const struct gb_report *reports, size_t count, void *user)
{
	(void)user;
	for (size_t i = 0; i < count; i++) {
		const struct gb_report *r = &reports[i];
		struct kept *k = &collected.kept[collected.count];
		assert_int_equal(r->size, sizeof *r);
		assert_true(collected.count < sizeof collected.kept / sizeof *collected.kept);
		assert_true(r->counters_count <= 8);
		*k = (struct kept){
			.report = *r, .has_error = r->has_error, .is_skipped = r->is_skipped};
		snprintf(k->name, sizeof k->name, "%s", r->name);
		snprintf(k->function, sizeof k->function, "%s", r->name_function);
		snprintf(k->args, sizeof k->args, "%s", r->name_args);
		snprintf(k->message, sizeof k->message, "%s", r->message);
		snprintf(k->label, sizeof k->label, "%s", r->label);
		snprintf(k->aggregate, sizeof k->aggregate, "%s", r->aggregate_name);
		for (size_t c = 0; c < r->counters_count; c++) {
			struct kept_counter *kc = &k->counters[c];
			snprintf(kc->name, sizeof kc->name, "%s", r->counters[c].name);
			kc->value = r->counters[c].value;
			kc->flags = r->counters[c].flags;
			kc->one_k = r->counters[c].one_k;
		}
		collected.count++;
	}
}

static void on_finalize(void *user)
{
	(void)user;
	collected.finals++;
}

struct gb_reporter collector(void)
{
	return (struct gb_reporter){.size = sizeof(struct gb_reporter),
		.context = on_context,
		.runs = on_runs,
		.finalize = on_finalize};
}

int collect(void)
{
	const struct gb_reporter r = collector();
	memset(&collected, 0, sizeof collected);
	return gb_run(&r, NULL, "");
}

const struct kept *report_of(const char *prefix)
{
	for (size_t i = 0; i < collected.count; i++)
		if (strncmp(collected.kept[i].name, prefix, strlen(prefix)) == 0)
			return &collected.kept[i];
	fail_msg("no report of %s among %zu", prefix, collected.count);
	return NULL;
}

size_t errors(void)
{
	size_t n = 0;
	for (size_t i = 0; i < collected.count; i++)
		n += collected.kept[i].has_error;
	return n;
}

size_t successes(void)
{
	size_t n = 0;
	for (size_t i = 0; i < collected.count; i++)
		n += !collected.kept[i].has_error && !collected.kept[i].is_skipped &&
		     collected.kept[i].report.run_type == GB_RUN_ITERATION;
	return n;
}

size_t aggregates(void)
{
	size_t n = 0;
	for (size_t i = 0; i < collected.count; i++)
		n += collected.kept[i].report.run_type == GB_RUN_AGGREGATE;
	return n;
}

void assert_error(const char *text)
{
	for (size_t i = 0; i < collected.count; i++)
		if (collected.kept[i].has_error && strstr(collected.kept[i].message, text))
			return;
	fail_msg("no error with \"%s\" among %zu reports; the first says \"%s\"", text,
		collected.count, collected.kept[0].message);
}

void assert_said(const char *text)
{
	if (!strstr(gb_last_error(), text))
		fail_msg("gb_last_error() is \"%s\", without \"%s\"", gb_last_error(), text);
}

int in_child(void (*fn)(void), char *ret_output, size_t size_bytes)
{
	int fds[2], status = -1;
	size_t used = 0;
	ssize_t n;
	char byte;
	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		/* cmocka's handlers would turn the signal into a failed test. */
		const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
		for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
			sigaction(signals[i], &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
		alarm(20);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		fn();
		fflush(NULL);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], &byte, 1)) > 0)
		if (used + 1 < size_bytes)
			ret_output[used++] = byte;
	ret_output[used] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}
