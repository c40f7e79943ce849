#pragma once
/*
 * Copying a message into a ring and out of it. Inline up to 64 bytes, because there a call would
 * cost as much as the copy.
 */
#include <stddef.h>
#include <stdint.h>

enum {
	/* From here on copied in by string instructions, which take over a line that is written
	 * in full without fetching it: 64 B in batches of 32 went at 540 M/s in place of 360. */
	RING_STRING_BYTES = 1024,
};

void ring_copy_in_large(void *to, const void *from, size_t n);
void ring_copy_out_large(void *to, const void *from, size_t n);

typedef uint64_t ring_word __attribute__((may_alias, aligned(1)));
typedef uint64_t ring_pair __attribute__((vector_size(16), may_alias, aligned(1)));
#ifdef __AVX__
typedef uint64_t ring_wide __attribute__((vector_size(32), may_alias, aligned(1)));
#endif

/* Four narrow loads and one wide store, or two: wider vectors than the target has would be put
 * together in memory, with the very stall that this is to avoid. */
static inline void ring_copy_quad(void *to, const void *from)
{
	const ring_word *f = from;
	uint64_t a = f[0], b = f[1], c = f[2], d = f[3];

	/* Or the compiler makes the loads wide again. */
	__asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
#ifdef __AVX__
	*(ring_wide *)to = (ring_wide){a, b, c, d};
#else
	((ring_pair *)to)[0] = (ring_pair){a, b};
	((ring_pair *)to)[1] = (ring_pair){c, d};
#endif
}

/*
 * Small messages are copied in by narrow loads: a wide load that spans a narrower store which is
 * still on its way to the cache stalls until it arrives, and the sender has just stored a number
 * in its message. All stores are wide: each one that waits for its cache line takes a place in the
 * store queue, and how many lines are waited for at once is what bounds the ring.
 */
static inline void ring_copy_in(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (n > 64) {
		ring_copy_in_large(to, from, n);
	} else if (n >= 32) {
		ring_copy_quad(t + n - 32, f + n - 32);
		ring_copy_quad(t, f);
	} else if (n >= 8) {
		for (size_t i = 0; i + 8 <= n; i += 8)
			*(ring_word *)(t + i) = *(const ring_word *)(f + i);
		*(ring_word *)(t + n - 8) = *(const ring_word *)(f + n - 8);
	} else {
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	}
}

static inline void ring_copy_out(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (n > 64) {
		ring_copy_out_large(to, from, n);
	} else if (n >= 32) {
		__builtin_memcpy(t, f, 32);
		__builtin_memcpy(t + n - 32, f + n - 32, 32);
	} else if (n >= 8) {
		for (size_t i = 0; i + 8 <= n; i += 8)
			*(ring_word *)(t + i) = *(const ring_word *)(f + i);
		*(ring_word *)(t + n - 8) = *(const ring_word *)(f + n - 8);
	} else {
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	}
}
