#pragma once
/* What overhead.c and overhead.cc share: the loops in C, and one body for both. */
#include "gbench/gbench.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Some 90 ns of dependent arithmetic. Not inlined, so that both loops run the same code. */
uint64_t overhead_body(uint64_t x);

void overhead_c_empty(struct gb_state *st, void *user);
void overhead_c_body(struct gb_state *st, void *user);

#ifdef __cplusplus
}
#endif
