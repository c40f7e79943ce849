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

/* Where the handoff lies: in an arena, at its own address if that is free. */
struct place {
	int fd;
	uintptr_t address;
	size_t size_bytes, offset;
	void *mapped;
};

static void place_unmap(struct place *place)
{
	if (place->mapped)
		munmap(place->mapped, place->size_bytes);
}

/* "fd:address:size:offset", the last three hexadecimal. Not by sscanf(), which touches ten times as
 * many pages. */
static bool parse_place(const char *text, struct place *place)
{
	char *end;

	*place = (struct place){.fd = (int)strtol(text, &end, 10)};
	if (*end != ':')
		return false;
	place->address = strtoul(end + 1, &end, 16);
	if (*end != ':')
		return false;
	place->size_bytes = strtoul(end + 1, &end, 16);
	if (*end != ':')
		return false;
	place->offset = strtoul(end + 1, &end, 16);
	return *end == '\0' && place->offset < place->size_bytes &&
	       place->size_bytes - place->offset >= sizeof(struct spawn_handoff);
}

/* NULL when this process was not spawned: no such variable, or another process's. */
static struct spawn_handoff *find_handoff(struct place *place)
{
	const char *text = getenv(HANDOFF_VARIABLE);
	const int protection = PROT_READ | PROT_WRITE;

	if (!text || !parse_place(text, place))
		return NULL;
	void *mapped = mmap((void *)place->address, place->size_bytes, protection,
		MAP_SHARED | MAP_FIXED_NOREPLACE, place->fd, 0);
	/* Taken: elsewhere it can say so, at least. */
	if (mapped == MAP_FAILED)
		mapped = mmap(NULL, place->size_bytes, protection, MAP_SHARED, place->fd, 0);
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

/* Maps the arenas that are not yet, finds the function. */
static int thaw(
	const struct spawn_handoff *handoff, const void *mapped, struct process_start *start)
{
	struct program_code code;

	int r = arena_adopt(handoff->arenas, handoff->arena_count, mapped);
	if (r < 0)
		return trace(r);
	for (unsigned i = 0; i < handoff->arena_count; i++)
		fcntl(handoff->arenas[i].fd, F_SETFD, FD_CLOEXEC);
	if (handoff->lifeline_fd >= 0)
		fcntl(handoff->lifeline_fd, F_SETFD, FD_CLOEXEC);
	program_find_code(&code);
	uintptr_t function = code.base + handoff->function_offset;
	if (function < code.begin || function >= code.end)
		return fail(-EINVAL,
			"the program has no function at %p: it is another one than its parent",
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
	int r = thaw(handoff, place.mapped, &start);
	if (r < 0) {
		handoff->error = r;
		snprintf(handoff->message, sizeof(handoff->message), "%s", error_message(r));
		handoff->state = HANDOFF_FAILED;
		exit(STATUS_FAILED);
	}
	family_become(&handoff->record, handoff->parent_name);
	handoff->state = HANDOFF_RUNS;
	exit(process_run(&start));
}
