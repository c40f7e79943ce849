/*
 * The server of `fetch` as a program, so that Python's tasks ask the same one as ours do: it writes
 * its port and a newline to stdout when it listens, and serves until the end of stdin. When it is
 * killed the server ends with it. Status 1 and a sentence on stderr when it cannot listen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "workload/fetch_server.h"

int main(void)
{
	struct fetch_server server = {.proc = PROC_NULL};
	char byte;

	int r = fetch_server_start(&server);
	if (r < 0) {
		fprintf(stderr, "fetch-server: %s\n", error_message(r));
		return EXIT_FAILURE;
	}
	printf("%u\n", server.port);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, sizeof(byte)) > 0)
		;
	fetch_server_stop(&server);
	return EXIT_SUCCESS;
}
