#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_at(enum log_level level, const char *format, ...)
{
	static const char *const prefixes[] = {"error: ", "warning: ", ""};
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	/* One write: lines of several processes do not mix. */
	fprintf(stderr, "ipcmark: %s%s\n", prefixes[level], line);
}
