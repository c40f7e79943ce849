#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "result/file.h"
#include "result/own.h"

static void show_difference(const char *name, const char *wanted, const char *text)
{
	unsigned line = 1;

	for (; *wanted && *wanted == *text; wanted++, text++)
		line += *wanted == '\n';
	fprintf(stderr, "%s, line %u (GOLDEN_RENEW=1 accepts the new one):\n- %.*s\n+ %.*s\n", name,
		line, (int)strcspn(wanted, "\n"), wanted, (int)strcspn(text, "\n"), text);
}

bool golden_is(const char *name, const char *text)
{
	_cleanup_(freep) char *wanted = NULL;
	const char *dir = own(getenv("GOLDEN_DIR"));
	char path[4096];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (getenv("GOLDEN_RENEW"))
		return file_write(dir, name, text, strlen(text)) == 0;
	if (file_read(path, &wanted, &size) < 0)
		wanted = own_string("");
	if (strcmp(wanted, text) == 0)
		return true;
	show_difference(name, wanted, text);
	return false;
}

bool golden_is_file(const char *name, const char *path)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;

	return file_read(path, &text, &size) == 0 && golden_is(name, text);
}
