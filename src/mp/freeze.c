/*
 * The child's side of MP_SPAWN: mp_freeze_support() finds the handoff, maps the arenas where the
 * parent has them, runs the function and exits.
 *
 * What goes wrong is written into the handoff, for the parent's join. So is that the function runs:
 * a program that ends without having said so never called mp_freeze_support().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault.h"
#include "mp/family.h"
#include "mp/handoff.h"

enum { STATUS_FAILED = 255 };

/* Where the handoff lies; at first mapped wherever there is room. */
struct place {
	int fd;
	size_t address, size_bytes, offset;
	void *mapped;
};

static void place_unmap(struct place *place)
{
	if (place->mapped)
		munmap(place->mapped, place->size_bytes);
}

/* NULL when this process was not spawned: no such variable, or another process's. */
static struct spawn_handoff *find_handoff(struct place *place)
{
	const char *text = getenv(HANDOFF_VARIABLE);

	if (!text || sscanf(text, "%d:%zx:%zx:%zx", &place->fd, &place->address, &place->size_bytes,
			     &place->offset) != 4)
		return NULL;
	if (place->offset >= place->size_bytes ||
		place->size_bytes - place->offset < sizeof(struct spawn_handoff))
		return NULL;
	void *mapped =
		mmap(NULL, place->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, place->fd, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	place->mapped = mapped;
	struct spawn_handoff *handoff = (void *)((char *)mapped + place->offset);
	if (handoff->size_bytes != sizeof(*handoff) || handoff->pid != getpid())
		return NULL;
	return handoff;
}

bool handoff_is_pending(void)
{
	_cleanup_(place_unmap) struct place place = {.fd = -1};

	return getenv(HANDOFF_VARIABLE) && find_handoff(&place);
}

/* Maps all there is, finds the function; afterwards the handoff is at its own address. */
static int thaw(const struct spawn_handoff *handoff, struct process_start *start)
{
	uintptr_t base;

	int r = arena_adopt(handoff->arenas, handoff->arena_count);
	if (r < 0)
		return trace(r);
	for (unsigned i = 0; i < handoff->arena_count; i++)
		fcntl(handoff->arenas[i].fd, F_SETFD, FD_CLOEXEC);
	if (handoff->lifeline_fd >= 0)
		fcntl(handoff->lifeline_fd, F_SETFD, FD_CLOEXEC);
	/* Any address will do to learn where the program lies. */
	program_base(0, &base);
	uintptr_t function = base + handoff->function_offset;
	r = program_base(function, &base);
	if (r < 0)
		return fail(r,
			"the program has no function at %p: it is another one than its "
			"parent",
			(void *)function);
	*start = (struct process_start){
		.run = (int (*)(void *))function,
		.argument = handoff->argument,
		.lifeline_fd = -1, /* held since before the exec */
		.mask = handoff->mask,
	};
	return family_prepare();
}

void mp_freeze_support(void)
{
	struct process_start start;
	struct place place = {.fd = -1};
	struct spawn_handoff *handoff = find_handoff(&place);

	if (!handoff) {
		place_unmap(&place);
		return;
	}
	unsetenv(HANDOFF_VARIABLE);
	int r = thaw(handoff, &start);
	if (r < 0) {
		handoff->error = r;
		snprintf(handoff->message, sizeof(handoff->message), "%s", error_message(r));
		handoff->state = HANDOFF_FAILED;
		exit(STATUS_FAILED);
	}
	family_become(&handoff->record, handoff->parent_name);
	handoff->state = HANDOFF_RUNS;
	place_unmap(&place);
	exit(process_run(&start));
}
