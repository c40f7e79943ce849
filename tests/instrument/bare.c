#include "bare.h"

#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double bare_pipe_pingpong(int cpu, unsigned size, uint64_t iterations)
{
	static char message[65536];
	const uint64_t warm = 200;
	int there[2], back[2];
	cpu_set_t set;
	double start = 0;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0 || pipe(there) < 0 || pipe(back) < 0)
		return -1;
	pid_t child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], message, size) == (ssize_t)size)
			if (write(back[1], message, size) != (ssize_t)size)
				break;
		_exit(0);
	}
	for (uint64_t i = 0; i < warm + iterations; i++) {
		if (i == warm)
			start = now();
		if (write(there[1], message, size) != (ssize_t)size ||
			read(back[0], message, size) != (ssize_t)size)
			return -1;
	}
	double elapsed = now() - start;
	close(there[0]), close(there[1]), close(back[0]), close(back[1]);
	waitpid(child, NULL, 0);
	return elapsed / (double)iterations;
}
