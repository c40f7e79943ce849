#pragma once
/* Memory that results own. There is nothing sensible to do without it: out of memory ends the
 * process, with one line. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"

/* Returns the pointer; ends the process when it is null. */
static inline void *own(void *pointer)
{
	if (!pointer) {
		fputs("ipcmark: out of memory\n", stderr);
		abort();
	}
	return pointer;
}

static inline void *own_array(size_t count, size_t size)
{
	return own(calloc(count ? count : 1, size));
}

/* A copy; NULL for NULL. */
static inline char *own_string(const char *text)
{
	return text ? own(strdup(text)) : NULL;
}

/* Room for one more in a growing array: OWN_GROW(&list->cells, list->count, &list->capacity). */
static inline void own_grow(void **array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return;
	*capacity = *capacity ? *capacity * 2 : 8;
	*array = own(realloc(*array, *capacity * size));
	memset((char *)*array + count * size, 0, (*capacity - count) * size);
}
#define OWN_GROW(array, count, capacity) \
	own_grow((void **)(array), (count), (capacity), sizeof(**(array)))
