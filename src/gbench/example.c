/* A benchmark in C: how long memcpy takes, by size. */
#include "gbench/gbench.h"

#include <string.h>

static void copy(struct gb_state *st, void *user)
{
	static char from[4096], to[4096];
	const size_t size = (size_t)gb_range_at(st, 0);
	(void)user;
	GB_FOR (st) {
		memcpy(to, from, size);
		GB_CLOBBER();
	}
	gb_set_bytes(st, gb_iterations_done(st) * (int64_t)size);
}

int main(int argc, char **argv)
{
	int r = gb_initialize(&argc, argv);
	if (r != 0)
		return r < 0;
	gb_arg_range(gb_register("copy", copy, NULL), 64, 4096);
	return gb_run(NULL, NULL, NULL) < 0;
}
