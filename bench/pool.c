/* ipcmark-pool: the cells of pools (serial, mp_processes, mp_threads, …) as a Google Benchmark
 * program. */
#include "harness/main.h"

int main(int argc, char **argv)
{
	return harness_main(argc, argv, "ipcmark-pool");
}
