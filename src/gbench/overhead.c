#include "overhead.h"

__attribute__((noinline)) uint64_t overhead_body(uint64_t x)
{
	/* xorshift; 63 rounds of about 1.5 ns. */
	for (int i = 0; i < 63; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

void overhead_c_empty(struct gb_state *st, void *user)
{
	(void)user;
	GB_FOR (st)
		GB_CLOBBER();
}

void overhead_c_body(struct gb_state *st, void *user)
{
	uint64_t x = 88172645463325252;
	(void)user;
	GB_FOR (st) {
		x = overhead_body(x);
		GB_USE(x);
	}
}
