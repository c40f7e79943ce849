#pragma once
/*
 * Params: the axes of a cell that only some workloads have, each a key in the cell's name behind
 * touch, wait and idle, in the order of this table. A workload says which it has and which values
 * are taken where a pattern is silent; the pattern may name any other value of the range.
 *
 * A value is one number: a count, bytes, ns, or the index of a choice.
 */
#include <stdint.h>

#include "base/units.h"

enum param_key {
	PARAM_GAP,
	PARAM_SENDERS,
	PARAM_RECEIVERS,
	PARAM_N,
	PARAM_TASKS,
	PARAM_CHUNK,
	PARAM_WORKERS,
	PARAM_CONTENDERS,
	PARAM_SECTION,
	PARAM_RESIDENT,
	PARAM_BUYERS,
	PARAM_TICKETS,
	PARAM_CONSUMERS,
	PARAM_CONNECTIONS,
	PARAM_LOCK,
	PARAM_END,
	PARAM_COUNT,
};

/* The choices of PARAM_LOCK and PARAM_END, by value. */
enum { PARAM_LOCK_ON, PARAM_LOCK_OFF };
enum { PARAM_END_SENTINEL, PARAM_END_JOIN };

enum param_kind {
	PARAM_KIND_COUNT,    /* 4 */
	PARAM_KIND_SIZE,     /* 64KiB: bytes */
	PARAM_KIND_DURATION, /* 10us: ns */
	PARAM_KIND_CHOICE,   /* one of some words */
};

struct param {
	const char *key;
	enum param_kind kind;
	int64_t min, max;           /* of the numbers */
	const char *zero;           /* how a 0 is written, e.g. "auto"; NULL: as a number */
	const char *const *choices; /* ended by NULL */
};

extern const struct param param_table[PARAM_COUNT];

/* -EINVAL with a message that names the range. */
int param_parse(enum param_key key, const char *text, int64_t *ret_value);

/* As it stands in a name: param_parse() reads it back. Returns text. */
char *param_format(enum param_key key, int64_t value, char text[UNITS_TEXT_MAX]);

/* As it stands in results: a number in its unit (bytes, ns), or the choice's word. */
char *param_value(enum param_key key, int64_t value, char text[UNITS_TEXT_MAX]);

/* The param of this key, -1 if there is none. */
int param_find(const char *key);

/* The i-th word of a list of default values ("10us 100us 1ms"); NULL behind the last. */
char *param_default(const char *list, unsigned i, char text[UNITS_TEXT_MAX]);
