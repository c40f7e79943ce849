#pragma once
/* What the tests of reports share: a directory of their own, the console's text, a verdict by its
 * question. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cmocka_prelude.h"
#include "report/console.h"
#include "report/verdict.h"
#include "result/own.h"

static inline void make_dir(char dir[64])
{
	snprintf(dir, 64, "/tmp/ipcmark-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

/* Removes the files of the directory whose names end so; returns how many there were. */
static inline unsigned remove_files(const char *dir, const char *end)
{
	DIR *stream = opendir(dir);
	unsigned count = 0;
	char path[512];

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));) {
		size_t length = strlen(entry->d_name);
		if (entry->d_type != DT_REG || length < strlen(end) ||
			strcmp(entry->d_name + length - strlen(end), end) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		assert_int_equal(unlink(path), 0);
		count++;
	}
	closedir(stream);
	return count;
}

static inline void remove_dir(const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/plots", dir);
	if (access(path, F_OK) == 0) {
		remove_files(path, "");
		assert_int_equal(rmdir(path), 0);
	}
	remove_files(dir, "");
	assert_int_equal(rmdir(dir), 0);
}

static inline char *console_text(const struct results *results, unsigned width, bool verdict)
{
	struct report_console_options options = {.width = width, .verdict = verdict};
	char *text = NULL;
	size_t size;
	FILE *out = own(open_memstream(&text, &size));

	assert_int_equal(report_console(out, results, &options), 0);
	fclose(out);
	return text;
}

static inline const struct verdict *find_verdict(
	const struct verdict *verdicts, size_t count, const char *question)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(verdicts[i].question, question, strlen(question)) == 0)
			return &verdicts[i];
	return NULL;
}
