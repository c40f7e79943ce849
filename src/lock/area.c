#include "lock/area.h"

#include "base/error.h"

int area_open(struct area *area, const struct lock_options *options)
{
	return area_open_bytes(area, options, (3 + (size_t)options->sides) * AREA_CELL_BYTES);
}

int area_open_bytes(struct area *area, const struct lock_options *options, size_t bytes)
{
	area->sides = options->sides;
	area->threads = options->threads;
	return trace(shm_open_anonymous(&area->memory, bytes));
}

int area_attach(void *state, unsigned side)
{
	struct area *area = state;

	area->side = side;
	if (area->threads)
		shm_borrow(&area->memory);
	return 0;
}

bool area_owns(const struct area *area)
{
	return area->memory.mapped_bytes > 0;
}

void area_close(void *state)
{
	struct area *area = state;

	shm_close(&area->memory);
}
