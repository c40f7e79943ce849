#pragma once
/*
 * A subject is one queue in one cell: how its two sides behave between two processes. Side 0 is
 * timed. In the throughput cells side 1 produces `count` messages, numbered on from `first`, and
 * side 0 takes and verifies each; in the round-trip cells side 0 sends a message, side 1 sends it
 * back, and both verify it.
 *
 * The memory is shared, zeroed, and at the same address in both processes. Each side runs in a
 * process of its own, first to warm up (first == 0), then timed.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Messages of a bulk call. */
enum { BULK = 32 };

/* The slots of every queue, except in the cell of 4 MiB. */
enum { SLOTS = 1024, SLOTS_4MIB = 65536 };

struct subject {
	const char *cell;    /* "64B" */
	const char *name;    /* "boost bulk" */
	const char *skipped; /* why it is not there; NULL: it is */
	size_t memory_bytes;
	/* Before the sides exist; negative errno. */
	int (*open)(void *memory);
	/* After them; optional: what open() made outside of the memory. */
	void (*close)(void *memory);
	/* 0, or 1 when a message was wrong. */
	uint64_t (*sides[2])(void *memory, uint64_t first, uint64_t count);
};

/* Each ended by one without a name. The first subject of ours in a cell is what is compared. */
extern const struct subject subjects_ours[], subjects_flag[], subjects_ck[], subjects_boost[],
	subjects_rigtorp[];

#ifdef __cplusplus
}
#endif
