/*
 * spawn: something is started, does nothing, ends, and is reaped. The caller has touched `resident`
 * bytes of private memory, as a program that has been at work has: what copies page tables pays for
 * each page, what borrows them does not.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/units.h"
#include "spawn/spawn.h"
#include "workload/loop.h"

static int prepare(struct load *load)
{
	size_t bytes = (size_t)load->params[PARAM_RESIDENT];
	char text[UNITS_TEXT_MAX];

	if (bytes == 0)
		return 0;
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return fail(-ENOMEM, "no memory for %s (see the memory cgroup's memory.max)",
			size_format(text, bytes));
	/* Populated pages are there; written ones are the program's own. */
	memset(memory, 1, bytes);
	load->context = memory;
	return 0;
}

static void finish(struct load *load)
{
	if (load->context)
		munmap(load->context, (size_t)load->params[PARAM_RESIDENT]);
	load->context = NULL;
}

static int run(struct load *load)
{
	const struct spawn *spawn = load->spawn;

	load->begin_ns = clock_ns();
	LOOP_BATCHES(load, load->iterations, {
		int r = spawn->run(load->state);
		if (r < 0)
			return trace(r);
	});
	load->end_ns = clock_ns();
	return 0;
}

const struct workload workload_spawn = {
	.name = "spawn",
	.summary = "a process or thread is started, ends, and is reaped",
	.unit = "start and join",
	.direction = "per operation",
	.family = &family_spawn,
	.params = {{PARAM_RESIDENT, "1MiB 256MiB"}},
	.run = run,
	.prepare = prepare,
	.finish = finish,
};
