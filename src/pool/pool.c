#include "pool/pool.h"

#include <string.h>

#include "base/error.h"

const struct pool *pool_find(const char *name)
{
	for (unsigned i = 0; pools[i]; i++)
		if (strcmp(pools[i]->name, name) == 0)
			return pools[i];
	return NULL;
}

int pool_probe(const struct pool *pool, char reason[POOL_REASON_MAX])
{
	reason[0] = '\0';
	return pool->probe ? pool->probe(reason) : 0;
}
