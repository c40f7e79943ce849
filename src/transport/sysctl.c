#include "transport/sysctl.h"

#include <stdio.h>

#include "base/cleanup.h"

size_t sysctl_read(const char *name)
{
	char path[128];
	size_t value = 0;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (char *at = path; *at; at++)
		if (*at == '.')
			*at = '/';
	_cleanup_(fclosep) FILE *file = fopen(path, "re");
	if (!file || fscanf(file, "%zu", &value) != 1)
		return 0;
	return value;
}
