/*
 * The manifest of foreign subjects, read once per process. A file that is not there has no
 * subjects; one that is broken neither, and the reason is printed, because everything else still
 * works.
 */
#include "harness/manifest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/error.h"
#include "base/log.h"
#include "harness/beside.h"

/* Relative to the program: harness and front end in the build tree, the same installed. */
static const char installed[] = "../" IPCMARK_LIBEXECDIR "/ipcmark/python";
static const char *const dirs[] = {"peers/python", "../peers/python", "python", installed, NULL};

static struct {
	bool read;
	unsigned count;
	struct foreign foreign[FOREIGN_MAX];
} manifest;

static int copy_text(const json_t *json, const char *key, char *ret, size_t size)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (!text || !*text || strlen(text) >= size)
		return fail(-EINVAL, "'%s' is missing or longer than %zu", key, size - 1);
	snprintf(ret, size, "%s", text);
	return 0;
}

static int read_execs(const json_t *json, unsigned *ret_capabilities)
{
	json_t *exec, *execs = json_object_get(json, "exec");
	size_t index;

	*ret_capabilities = 0;
	json_array_foreach (execs, index, exec) {
		const char *name = json_string_value(exec);
		if (name && strcmp(name, "process") == 0)
			*ret_capabilities |= SUBJECT_PROCESS;
		else if (name && strcmp(name, "thread") == 0)
			*ret_capabilities |= SUBJECT_THREAD;
		else
			return fail(-EINVAL, "'exec' has something else than process and thread");
	}
	return *ret_capabilities ? 0 : fail(-EINVAL, "'exec' is missing");
}

static int read_workloads(const json_t *json, struct foreign *foreign)
{
	json_t *workload, *list = json_object_get(json, "workloads");
	size_t index;

	if (json_array_size(list) == 0 || json_array_size(list) > FOREIGN_WORKLOADS_MAX)
		return fail(-EINVAL, "'workloads' is no list of 1 … %d", FOREIGN_WORKLOADS_MAX);
	json_array_foreach (list, index, workload) {
		const char *name = json_string_value(workload);
		if (!name || strlen(name) >= sizeof(foreign->workloads[0]))
			return fail(-EINVAL, "'workloads' has something that is no name");
		snprintf(foreign->workloads[foreign->workload_count++],
			sizeof(foreign->workloads[0]), "%s", name);
	}
	return 0;
}

static int read_subject(const json_t *json, const char *dir, struct foreign *foreign)
{
	char script[64];

	int r = copy_text(json, "name", foreign->name, sizeof(foreign->name));
	if (r >= 0)
		r = copy_text(json, "family", foreign->family, sizeof(foreign->family));
	if (r >= 0)
		r = copy_text(json, "summary", foreign->summary, sizeof(foreign->summary));
	if (r >= 0)
		r = copy_text(json, "script", script, sizeof(script));
	if (r >= 0)
		r = read_execs(json, &foreign->capabilities);
	if (r >= 0)
		r = read_workloads(json, foreign);
	return r < 0 ? trace(r) : trace(beside_join(foreign->script, dir, "", script));
}

static int read_all(const json_t *json, const char *dir)
{
	json_t *subjects = json_object_get(json, "subjects"), *subject;
	size_t index;

	if (json_integer_value(json_object_get(json, "schema")) != 1)
		return fail(-EINVAL, "this version reads schema 1");
	if (json_array_size(subjects) > FOREIGN_MAX)
		return fail(-EINVAL, "there are more than %d subjects", FOREIGN_MAX);
	json_array_foreach (subjects, index, subject) {
		int r = read_subject(subject, dir, &manifest.foreign[index]);
		if (r < 0)
			return fail(r, "subject %zu: %s", index, error_message(r));
	}
	manifest.count = (unsigned)json_array_size(subjects);
	return 0;
}

static void manifest_read(void)
{
	char path[PATH_MAX];
	json_error_t error;

	manifest.read = true;
	int r = beside_find("IPCMARK_PYTHON_DIR", dirs, "subjects.json", R_OK, path);
	if (r < 0) {
		error_clear();
		return;
	}
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	r = json ? 0 : fail(-EINVAL, "line %d: %s", error.line, error.text);
	if (r >= 0) {
		char dir[PATH_MAX];
		snprintf(dir, sizeof(dir), "%s", path);
		*strrchr(dir, '/') = '\0';
		r = read_all(json, dir);
	}
	if (r < 0)
		log_error("%s: %s; its subjects are missing", path, error_message(r));
	json_decref(json);
	error_clear();
}

const struct foreign *manifest_foreign(unsigned i)
{
	if (!manifest.read)
		manifest_read();
	return i < manifest.count ? &manifest.foreign[i] : NULL;
}
