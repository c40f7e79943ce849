#include "spawn/mp_process.h"

#include <errno.h>

static int nothing(void *argument)
{
	(void)argument;
	return 0;
}

int spawn_mp_process(enum mp_start_method method)
{
	struct mp_process_options options = {.start_method = method};
	struct mp_process *process;
	int code = 0;

	int r = mp_process_start(nothing, NULL, &options, &process);
	if (r < 0)
		return fail(r, "mp_process_start: %s", mp_strerror(r));
	r = mp_process_join(process, MP_FOREVER, &code);
	mp_process_free(process);
	if (r < 0)
		return fail(r, "mp_process_join: %s", mp_strerror(r));
	return code == 0 ? 0 : fail(-ECHILD, "what was started ended with %d", code);
}
