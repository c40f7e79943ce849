/* ipcmark-sync: the cells of locks, signals, barriers and counters as a Google Benchmark program.
 */
#include "harness/main.h"

int main(int argc, char **argv)
{
	return harness_main(argc, argv, "ipcmark-sync");
}
