#pragma once
/*
 * CPU idle states, through PM QoS. While /dev/cpu_dma_latency is held at 0 the kernel keeps idle
 * CPUs out of states they take long to leave: on a virtual machine a pipe's round trip between two
 * CPUs falls from 42 to 5 µs. It is undone when the descriptor closes, also by a kill.
 */
#include <stdbool.h>

/* Holds CPUs out of idle states for as long as the returned descriptor is open. -EACCES, -ENOENT:
 * not permitted or not there, with a message that says what to do. */
int idle_hold(void);

/* Whether idle_hold() would work, without doing it; if not, the reason. */
bool idle_can_hold(const char **ret_reason);
