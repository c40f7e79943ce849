#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum log_level shown = LOG_INFO;

void log_set_level(enum log_level level)
{
	shown = level;
}

void log_at(enum log_level level, const char *format, ...)
{
	static const char *const prefixes[] = {"error: ", "warning: ", "", "debug: "};
	char line[1024];
	va_list arguments;

	if (level > shown)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	/* One write: lines of several processes do not mix. */
	fprintf(stderr, "ipcmark: %s%s\n", prefixes[level], line);
}
