#include "ipcmark/doctor_check.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "os/fd.h"

void doctor_say(struct doctor *doctor, enum doctor_severity severity, const char *check,
	const char *format, ...)
{
	va_list arguments;

	assert(doctor->count < DOCTOR_FINDINGS_MAX);
	struct doctor_finding *finding = &doctor->findings[doctor->count++];
	finding->severity = severity;
	finding->advice[0] = '\0';
	snprintf(finding->check, sizeof(finding->check), "%s", check);
	va_start(arguments, format);
	vsnprintf(finding->finding, sizeof(finding->finding), format, arguments);
	va_end(arguments);
}

void doctor_advise(struct doctor *doctor, const char *format, ...)
{
	struct doctor_finding *finding = &doctor->findings[doctor->count - 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->advice, sizeof(finding->advice), format, arguments);
	va_end(arguments);
}

bool doctor_is_live(const struct doctor *doctor)
{
	return !doctor->root[0];
}

bool doctor_read(const struct doctor *doctor, const char *path, char *text, size_t size)
{
	char full[PATH_MAX];
	size_t length = 0;
	ssize_t n;

	snprintf(full, sizeof(full), "%s%s", doctor->root, path);
	_cleanup_(fd_close) int fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (length < size - 1 && (n = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)n;
	while (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return true;
}

bool doctor_read_number(const struct doctor *doctor, const char *path, int64_t *ret)
{
	char text[64], *end;

	if (!doctor_read(doctor, path, text, sizeof(text)))
		return false;
	long long number = strtoll(text, &end, 10);
	if (end == text)
		return false;
	*ret = number;
	return true;
}

bool doctor_has(const struct doctor *doctor, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", doctor->root, path);
	return access(full, F_OK) == 0;
}

unsigned doctor_list_count(const char *list)
{
	unsigned count = 0;

	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last >= first)
			count += (unsigned)(last - first) + 1;
		list = *end == ',' ? end + 1 : end;
	}
	return count;
}

bool doctor_read_limit(const struct doctor *doctor, const char *name, int64_t *ret)
{
	char text[DOCTOR_FILE_MAX], *end;

	if (!doctor_read(doctor, "/proc/self/limits", text, sizeof(text)))
		return false;
	const char *line = strstr(text, name);
	if (!line)
		return false;
	const char *value = line + strlen(name);
	value += strspn(value, " ");
	if (strncmp(value, "unlimited", 9) == 0) {
		*ret = -1;
		return true;
	}
	*ret = strtoll(value, &end, 10);
	return end > value;
}
