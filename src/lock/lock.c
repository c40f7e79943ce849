#include "lock/lock.h"

#include <string.h>

const struct lock *lock_find(const char *name)
{
	for (unsigned i = 0; locks[i]; i++)
		if (strcmp(locks[i]->name, name) == 0)
			return locks[i];
	return NULL;
}
