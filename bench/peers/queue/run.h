#pragma once
/* One run of one row, in fresh processes. */
#include "bench/peers/queue/cell.h"

struct run_options {
	int cpus[2];
	unsigned run_ms;
	const char *python; /* the script */
};

/* The row's value. -EOPNOTSUPP: this machine does not let it run, and error_message() says why. */
int run_row(const struct run_options *options, const struct row *row, double *ret_value);

/* The same through Python, in a process of its own. */
int run_python(const struct run_options *options, const struct row *row, double *ret_value);
