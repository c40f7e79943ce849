#include "spawn/spawn.h"

#include <string.h>

const struct spawn *spawn_find(const char *name)
{
	for (unsigned i = 0; spawns[i]; i++)
		if (strcmp(spawns[i]->name, name) == 0)
			return spawns[i];
	return NULL;
}

int spawn_probe(const struct spawn *spawn, char reason[SPAWN_REASON_MAX])
{
	reason[0] = '\0';
	return spawn->probe ? spawn->probe(reason) : 0;
}
