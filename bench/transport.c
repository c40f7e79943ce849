/*
 * ipcmark-transport: the cells of the mechanisms (pingpong, stream, fan_in, wakeup over pipe,
 * shm_ring, …) as a Google Benchmark program.
 */
#include "harness/main.h"

int main(int argc, char **argv)
{
	return harness_main(argc, argv, "ipcmark-transport");
}
