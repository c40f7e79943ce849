#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 24, MESSAGE_MAX = 1024 };

struct frame {
	const char *file, *function;
	int line;
};

static _Thread_local struct {
	int r;
	unsigned frame_count;
	struct frame frames[FRAMES_MAX];
	char message[MESSAGE_MAX];
} last;

static void push(const char *file, int line, const char *function)
{
	if (last.frame_count < FRAMES_MAX)
		last.frames[last.frame_count++] = (struct frame){file, function, line};
}

int error_trace(int r, const char *file, int line, const char *function)
{
	if (r >= 0)
		return r;
	/* A new value without a message of its own starts a new error. */
	if (r != last.r) {
		error_clear();
		last.r = r;
	}
	push(file, line, function);
	return r;
}

int error_fail(int r, const char *file, int line, const char *function, const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list arguments;

	assert(r < 0);
	/* The arguments may point into the message that is being replaced. */
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	memcpy(last.message, message, sizeof(message));
	last.r = r;
	last.frame_count = 0;
	push(file, line, function);
	return r;
}

const char *error_message(int r)
{
	if (r == last.r && last.message[0])
		return last.message;
	return strerror(-r);
}

void error_print(FILE *out, const char *program, int r)
{
	fprintf(out, "%s: %s\n", program, error_message(r));
	if (!getenv("IPCMARK_TRACE") || r != last.r)
		return;
	for (unsigned i = 0; i < last.frame_count; i++)
		fprintf(out, "    at %s (%s:%d)\n", last.frames[i].function, last.frames[i].file,
			last.frames[i].line);
}

void error_clear(void)
{
	last.r = 0;
	last.frame_count = 0;
	last.message[0] = '\0';
}

int error_errno(void)
{
	error_clear();
	return -errno;
}
