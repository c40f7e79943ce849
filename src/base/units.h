#pragma once
/*
 * Sizes and durations as people write them. Sizes are in bytes and exact: 1B, 64B, 4KiB, 1MiB;
 * durations are in ns: 100ns, 10us, 1ms, 1s. What *_format writes, *_parse reads back to the same
 * value.
 */
#include <stddef.h>
#include <stdint.h>

enum { UNITS_TEXT_MAX = 32 };

/* -EINVAL with a message when the text is not such a value or does not fit. A bare number is
 * bytes (ns). */
int size_parse(const char *text, size_t *ret_bytes);
int duration_parse(const char *text, int64_t *ret_ns);

/* The largest unit that divides the value; returns buffer. */
char *size_format(char buffer[UNITS_TEXT_MAX], size_t bytes);
char *duration_format(char buffer[UNITS_TEXT_MAX], int64_t ns);

/* For tables: three or four significant digits and a unit, "5.12 µs", "1.42 M/s", "8.6 GB/s". */
char *time_human(char buffer[UNITS_TEXT_MAX], double ns);
char *rate_human(char buffer[UNITS_TEXT_MAX], double per_second);
char *bandwidth_human(char buffer[UNITS_TEXT_MAX], double bytes_per_second);
