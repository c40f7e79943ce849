#pragma once
/*
 * Binding the calling thread, and proving it. Threads and processes made later inherit a binding.
 */
#include "topo/topo.h"

/*
 * Binds the calling thread to one CPU (OS index) and verifies; PLACEMENT_UNBOUND (-1) is
 * bind_free(). -EINVAL: the CPU does not exist, is offline or not allowed (the message lists those
 * that are); -EPERM; -EXDEV: the kernel accepted it and yet the thread runs elsewhere.
 */
int bind_cpu(const struct topo *topo, int cpu);

/* Lets the thread run on all CPUs of the topology again, and verifies. */
int bind_free(const struct topo *topo);

/* Whether the thread is bound as asked and runs there: 0, or -EXDEV with a message that says where
 * it runs and may run. For -1: whether it may run on all CPUs of the topology. */
int bind_verify(const struct topo *topo, int cpu);
