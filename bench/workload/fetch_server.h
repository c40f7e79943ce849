#pragma once
/*
 * The server of `fetch`: a process that answers each request after a delay, as a distant one would,
 * any number of them at once: one thread, epoll, and a timer. A request is eight bytes over a
 * connection of its own on the loopback interface; the answer is the same eight bytes.
 */
#include <stdint.h>

#include "os/proc.h"

enum { FETCH_DELAY_MS = 5 };

struct fetch_server {
	struct proc proc;
	uint16_t port;
};

/* Returns when it listens. It may use every CPU that this process may, and dies with it. */
int fetch_server_start(struct fetch_server *server);

/* Ends and reaps it; accepts a zeroed one. */
void fetch_server_stop(struct fetch_server *server);
