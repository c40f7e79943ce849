/*
 * inih calls the handler for each key but does not say on which line. It asks for its input line by
 * line, however, so the reader that feeds it counts them, and looks at section headers, which inih
 * passes over when they hold no key.
 */
#include "ipcmark/suite.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "ipcmark/paths.h"
#include "ipcmark/selector.h"

enum { MESSAGE_MAX = 512, ROUNDS_MAX = 1000, JOBS_MAX = 256 };

struct parser {
	struct suite *suite;
	struct suite_job *job; /* NULL in [global] and before */
	FILE *file;
	size_t line_size;  /* of inih's buffer */
	bool line_is_open; /* what was read last had no newline */
	unsigned line;
	unsigned section_line; /* of the last header; 0: none yet */
	bool section_is_used;
	unsigned error_line; /* of the first error; 0: none */
	char error[MESSAGE_MAX];
};

static void complain(struct parser *parser, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct parser *parser, unsigned line, const char *format, ...)
{
	va_list arguments;

	if (parser->error_line)
		return;
	parser->error_line = line;
	va_start(arguments, format);
	vsnprintf(parser->error, sizeof(parser->error), format, arguments);
	va_end(arguments);
}

void params_override(struct params *params, const struct params *over)
{
	if (over->rounds_min)
		params->rounds_min = over->rounds_min;
	if (params->rounds_max && params->rounds_max < params->rounds_min)
		params->rounds_max = params->rounds_min;
	if (over->rounds_max)
		params->rounds_max = over->rounds_max;
	if (params->rounds_max && params->rounds_min > params->rounds_max)
		params->rounds_min = params->rounds_max;
	if (over->repetitions)
		params->repetitions = over->repetitions;
	if (over->min_time_s > 0)
		params->min_time_s = over->min_time_s;
	if (over->deadline_s > 0)
		params->deadline_s = over->deadline_s;
	if (over->idle != IDLE_POLICY_UNSET)
		params->idle = over->idle;
}

static int words_add(struct words *words, const char *text, size_t length, unsigned line)
{
	struct word *grown = realloc(words->words, (words->count + 1) * sizeof(*words->words));

	if (!grown)
		return trace(-ENOMEM);
	words->words = grown;
	char *copy = strndup(text, length);
	if (!copy)
		return trace(-ENOMEM);
	words->words[words->count++] = (struct word){.text = copy, .line = line};
	return 0;
}

static int words_split(struct words *words, const char *text, unsigned line)
{
	static const char blanks[] = " \t,";
	int r = 0;

	while (r == 0 && *(text += strspn(text, blanks))) {
		size_t n = strcspn(text, blanks);
		r = words_add(words, text, n, line);
		text += n;
	}
	return trace(r);
}

static void words_deinit(struct words *words)
{
	for (unsigned i = 0; i < words->count; i++)
		free(words->words[i].text);
	free(words->words);
	*words = (struct words){0};
}

void suite_deinit(struct suite *suite)
{
	for (unsigned i = 0; i < suite->job_count; i++) {
		words_deinit(&suite->jobs[i].cells);
		for (unsigned axis = 0; axis < PATTERN_AXES; axis++)
			words_deinit(&suite->jobs[i].axes[axis]);
	}
	free(suite->jobs);
	suite->jobs = NULL;
	suite->job_count = 0;
}

/* Keys of both kinds of sections; 1: not one of them. */
static int params_set(struct params *params, const char *key, const char *value)
{
	if (strcmp(key, "rounds_min") == 0)
		return trace(value_unsigned(key, value, 1, ROUNDS_MAX, &params->rounds_min));
	if (strcmp(key, "rounds_max") == 0)
		return trace(value_unsigned(key, value, 1, ROUNDS_MAX, &params->rounds_max));
	if (strcmp(key, "repetitions") == 0)
		return trace(value_unsigned(key, value, 1, 1000, &params->repetitions));
	if (strcmp(key, "min_time") == 0)
		return trace(value_seconds(key, value, &params->min_time_s));
	if (strcmp(key, "deadline") == 0)
		return trace(value_seconds(key, value, &params->deadline_s));
	if (strcmp(key, "idle") == 0)
		return trace(value_idle(key, value, &params->idle));
	return 1;
}

static int global_set(struct suite *suite, const char *key, const char *value)
{
	int r = params_set(&suite->params, key, value);

	if (r != 1)
		return trace(r);
	if (strcmp(key, "budget") == 0)
		return trace(value_seconds(key, value, &suite->budget_s));
	if (strcmp(key, "retries") == 0)
		return trace(value_unsigned(key, value, 0, 100, &suite->retries));
	if (strcmp(key, "seed") == 0) {
		suite->has_seed = true;
		return trace(value_seed(key, value, &suite->seed));
	}
	if (strcmp(key, "description") == 0) {
		snprintf(suite->description, sizeof(suite->description), "%s", value);
		return 0;
	}
	return fail(-EINVAL,
		"unknown key '%s' in [global] (known: description, budget, seed, retries, "
		"rounds_min, rounds_max, repetitions, min_time, deadline, idle)",
		key);
}

static int job_set(struct suite_job *job, const char *key, const char *value, unsigned line)
{
	int r = params_set(&job->params, key, value);

	if (r != 1)
		return trace(r);
	if (strcmp(key, "cells") == 0)
		return trace(words_split(&job->cells, value, line));
	if (strcmp(key, "optional") == 0)
		return trace(value_bool(key, value, &job->optional));
	for (unsigned axis = 0; axis < PATTERN_AXES; axis++)
		if (strcmp(key, pattern_axis_name(axis)) == 0)
			return trace(words_split(&job->axes[axis], value, line));
	return fail(-EINVAL,
		"unknown key '%s' (known: cells, optional, rounds_min, rounds_max, repetitions, "
		"min_time, deadline, idle, and the axes workload, subject, exec, placement, size, "
		"%s)",
		key, pattern_keys());
}

/* A header was passed that no key followed. */
static void section_check_used(struct parser *parser)
{
	if (parser->section_line && !parser->section_is_used)
		complain(parser, parser->section_line, "this section is empty");
}

/* The first key of a section. */
static int section_start(struct parser *parser, const char *name)
{
	struct suite *suite = parser->suite;

	parser->section_is_used = true;
	parser->job = NULL;
	if (strcmp(name, "global") == 0)
		return 0;
	if (!name[0] || strlen(name) >= SUITE_NAME_MAX)
		return fail(-EINVAL, "a section needs a name of at most %d characters",
			SUITE_NAME_MAX - 1);
	for (unsigned i = 0; i < suite->job_count; i++)
		if (strcmp(suite->jobs[i].name, name) == 0)
			return fail(-EINVAL, "the job '%s' is there already, on line %u", name,
				suite->jobs[i].line);
	if (suite->job_count == JOBS_MAX)
		return fail(-EINVAL, "more than %d jobs", JOBS_MAX);
	struct suite_job *jobs = realloc(suite->jobs, (suite->job_count + 1) * sizeof(*jobs));
	if (!jobs)
		return trace(-ENOMEM);
	suite->jobs = jobs;
	parser->job = &jobs[suite->job_count++];
	*parser->job = (struct suite_job){.line = parser->section_line};
	snprintf(parser->job->name, sizeof(parser->job->name), "%s", name);
	return 0;
}

static int rounds_check(const struct params *params)
{
	if (params->rounds_max && params->rounds_min > params->rounds_max)
		return fail(-EINVAL, "rounds_min = %u is above rounds_max = %u", params->rounds_min,
			params->rounds_max);
	return 0;
}

/* inih's: 1 good, 0 bad. */
static int handle(void *context, const char *section, const char *key, const char *value)
{
	struct parser *parser = context;
	int r = 0;

	if (parser->error_line)
		return 0;
	if (!parser->section_line)
		r = fail(-EINVAL, "'%s' stands before the first section (put it into [global])",
			key);
	else if (!parser->section_is_used)
		r = section_start(parser, section);
	if (r == 0 && parser->job)
		r = job_set(parser->job, key, value, parser->line);
	else if (r == 0)
		r = global_set(parser->suite, key, value);
	if (r == 0)
		r = rounds_check(parser->job ? &parser->job->params : &parser->suite->params);
	if (r < 0)
		complain(parser, parser->line, "%s", error_message(r));
	return r == 0;
}

/* A file that is something else is said to be so, and not printed to the terminal. */
static void line_check(struct parser *parser, const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];
		if ((c < ' ' && !strchr("\t\r\n", c)) || c == 0x7f)
			complain(parser, parser->line, "a character that is no text (code %u)", c);
	}
	if (parser->line_is_open && length + 1 < parser->line_size && !feof(parser->file))
		complain(parser, parser->line, "a character that is no text (code 0)");
}

/* inih's: as fgets(). */
static char *read_line(char *buffer, int size, void *context)
{
	struct parser *parser = context;
	char *line = fgets(buffer, size, parser->file);

	if (!line) {
		section_check_used(parser);
		return NULL;
	}
	if (parser->line_is_open) {
		complain(parser, parser->line,
			"the line is longer than %d characters (several "
			"lines may follow `cells =`, indented)",
			size - 1);
		return NULL;
	}
	parser->line++;
	size_t length = strlen(line);
	parser->line_is_open = length == 0 || line[length - 1] != '\n';
	parser->line_size = (size_t)size;
	line_check(parser, line, length);
	/* An indented one continues the value above it. */
	if (line[0] == '[') {
		section_check_used(parser);
		parser->section_line = parser->line;
		parser->section_is_used = false;
	}
	return line;
}

/* What can only be said when all has been read. */
static void check(struct parser *parser)
{
	struct suite *suite = parser->suite;

	for (unsigned i = 0; i < suite->job_count; i++) {
		struct suite_job *job = &suite->jobs[i];
		if (job->cells.count == 0)
			complain(parser, job->line, "the job '%s' has no cells", job->name);
	}
	if (suite->job_count == 0)
		complain(parser, parser->line ? parser->line : 1,
			"no job: a section with `cells = PATTERN…`");
}

static int suite_parse(struct suite *suite, FILE *file)
{
	struct parser parser = {.suite = suite, .file = file};
	int r = ini_parse_stream(read_line, &parser, handle, &parser);

	if (ferror(file))
		return fail(-EIO, "cannot read the suite %s: %s", suite->path, strerror(errno));
	if (r < 0)
		return trace(-ENOMEM);
	/* inih goes on after a line that it cannot read: what was found behind it came later. */
	if (r > 0 && (!parser.error_line || (unsigned)r < parser.error_line)) {
		parser.error_line = 0;
		complain(&parser, (unsigned)r, "neither a [section] nor KEY = VALUE");
	}
	if (!parser.error_line)
		check(&parser);
	if (parser.error_line)
		return fail(-EINVAL, "%s:%u: %s", suite->path, parser.error_line, parser.error);
	return 0;
}

int suite_load(const char *name, struct suite *ret_suite)
{
	_cleanup_(suite_deinit) struct suite suite = {.retries = UINT_MAX};
	size_t length = strlen(name);

	if (strchr(name, '/') || (length > 4 && strcmp(name + length - 4, ".ini") == 0)) {
		snprintf(suite.path, sizeof(suite.path), "%s", name);
	} else {
		int r = paths_find_suite(name, suite.path);
		if (r < 0)
			return trace(r);
	}
	const char *base = strrchr(suite.path, '/');
	snprintf(suite.name, sizeof(suite.name), "%.63s", base ? base + 1 : suite.path);
	char *extension = strrchr(suite.name, '.');
	if (extension)
		*extension = '\0';
	_cleanup_(fclosep) FILE *file = fopen(suite.path, "re");
	if (!file)
		return fail(-errno, "cannot open the suite %s: %s", suite.path, strerror(errno));
	int r = suite_parse(&suite, file);
	if (r < 0)
		return trace(r);
	*ret_suite = TAKE(suite, ((struct suite){0}));
	return 0;
}
