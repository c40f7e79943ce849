#pragma once
/* One way, any number of senders: what `stream` and `fan_in` share. */
#include "harness/workload.h"

/* Senders send load->iterations messages each; side 0 receives all of them. The measured time ends
 * when side 0 has everything, not when the last message was written. */
int stream_run(struct load *load);
