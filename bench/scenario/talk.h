#pragma once
/*
 * The talk server: answers what it is told in capitals, over TCP on the loopback interface. What
 * differs between the scenarios is how the server is built; the client is the same for all: the
 * caller, with one epoll and all connections, each with one request under way. Every answer is
 * looked at. One iteration is as many requests and answers as there are connections.
 *
 * The server is a crew: a process (or several), or a thread (or several) of the caller's process,
 * as the cell's exec says. It lives from open() to close(), as do the connections. A server ends
 * when it has been told to stop and all its clients have gone; close() makes both so.
 *
 * The client closes by a reset: a common close would leave the port in TIME_WAIT for a minute, and
 * 28 000 of them are all that there are. So a server takes a reset for an end.
 */
#include <netinet/in.h>
#include <sys/resource.h>

#include "harness/scenario.h"
#include "scenario/crew.h"

enum {
	TALK_BYTES_MAX = 128, /* of a request */
	TALK_POOL_WORKERS = 4,
};

struct talk_connection;

/* The private state. */
struct talk {
	int listening; /* does not block */
	int stop;      /* an eventfd: readable once the servers are to end */
	unsigned count;
	struct sockaddr_in address;
	struct crew crew;
	/* The client's. */
	int epoll;
	struct talk_connection *connections;
	uint64_t requests; /* so far */
	double connections_per_s;
	struct rlimit limit_before; /* rlim_max is 0: not changed */
};

/* open() of the scenarios: so many workers that run `serve` with the struct talk; then all
 * connections, each of which has had a first answer. run() and close(). */
int talk_open(struct talk *talk, const struct load *load, crew_work *serve, unsigned workers);
int talk_run(struct load *load);
void talk_close(void *state);

/* For servers. */

/* Waits for a connection: 1; or 0: the server is to stop. */
int talk_accept(struct talk *talk, int *ret_fd);

/* Reads what is there (waits for it, if the descriptor blocks) and answers: how many bytes; 0: the
 * client has gone; -EAGAIN. */
int talk_answer(int fd);

/* Answers one client, on a descriptor that blocks, until it has gone; closes it. */
void talk_serve_one(int fd);

/* A crew_work: one epoll with the listening socket and all connections that this worker takes. */
int talk_loop(void *talk, unsigned index);

/* In capitals. */
void talk_capitalise(char *text, size_t n);
