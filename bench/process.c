/* ipcmark-process: the cells of ways to start processes and threads as a Google Benchmark program.
 */
#include "harness/main.h"
#include "spawn/spawn.h"

int main(int argc, char **argv)
{
	spawn_main(argc, argv);
	return harness_main(argc, argv, "ipcmark-process");
}
