#pragma once
/* The manifest of foreign subjects, in C; harness/foreign.h has its format. */
#include <limits.h>

#include "harness/family.h"

enum { FOREIGN_MAX = 64, FOREIGN_WORKLOADS_MAX = 16 };

struct foreign {
	char name[32], family[16], summary[128];
	char script[PATH_MAX];
	unsigned capabilities; /* SUBJECT_PROCESS, SUBJECT_THREAD */
	char workloads[FOREIGN_WORKLOADS_MAX][24];
	unsigned workload_count;
};

/* The i-th in the order of the file; NULL behind the last. */
const struct foreign *manifest_foreign(unsigned i);
