#pragma once
/*
 * The limits that the administrator sets, for probe() and for messages that name them.
 */
#include <stddef.h>

/* The first number of a sysctl by its name, "net.core.wmem_max"; 0 when this kernel or this
 * container has none. */
size_t sysctl_read(const char *name);
