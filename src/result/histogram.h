#pragma once
/* The histogram that a run holds as JSON, rebuilt when it is needed: one takes 150 KB. */
#include "measure/hist.h"
#include "result/results.h"

/* Resets `hist` and fills it: 1, 0 when the run has none, -EINVAL (only before the run was
 * checked) when it is malformed. */
int result_run_histogram(const struct result_run *run, struct hist *hist);

/* How many operations a sample is the mean of. */
unsigned result_run_batch(const struct result_run *run);
