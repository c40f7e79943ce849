/* ipcmark-scenario: the cells of scenarios (ticket office, talk server, …) as a Google Benchmark
 * program. */
#include "harness/main.h"

int main(int argc, char **argv)
{
	return harness_main(argc, argv, "ipcmark-scenario");
}
