#include "bench/peers/ring/interval.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct interval interval_of(const double *values, unsigned n)
{
	double sorted[INTERVAL_VALUES_MAX], tail = 0, term = pow(0.5, n);
	unsigned k = 0;

	assert(n > 0 && n <= INTERVAL_VALUES_MAX);
	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), compare);
	while (k < n / 2 && tail + term <= 0.025) {
		tail += term;
		term *= (double)(n - k) / (k + 1);
		k++;
	}
	/* k = 0: too few rounds for 95 %; all there is. */
	unsigned low = k ? k - 1 : 0;
	return (struct interval){sorted[low],
		n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2,
		sorted[n - 1 - low]};
}
