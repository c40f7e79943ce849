/* A thread for each connection. They end with their clients, and the listener after them. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "os/fd.h"
#include "scenario/talk.h"

/* A thousand of the default size would be 8 GiB of address space. */
#define STACK_BYTES (64 << 10)

static void *talk_to_client(void *argument)
{
	talk_serve_one((int)(intptr_t)argument);
	return NULL;
}

static int serve(void *context, unsigned index)
{
	struct talk *talk = context;
	_cleanup_(freep) pthread_t *threads = calloc(talk->count, sizeof(*threads));
	pthread_attr_t attributes;
	unsigned count = 0;
	int fd, r;

	(void)index;
	if (!threads)
		return fail(-ENOMEM, "no memory for %u threads", talk->count);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while ((r = talk_accept(talk, &fd)) > 0) {
		r = count < talk->count ? -pthread_create(&threads[count], &attributes,
						  talk_to_client, (void *)(intptr_t)fd)
					: -EUSERS;
		if (r < 0) {
			fd_close(&fd);
			r = fail(r, "thread %u for a client: %s (see 'ulimit -u')", count,
				strerror(-r));
			break;
		}
		count++;
	}
	pthread_attr_destroy(&attributes);
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return trace(r);
}

static int server_open(void *state, const struct load *load)
{
	return talk_open(state, load, serve, 1);
}

const struct scenario scenario_talk_thread_per_connection = {
	.name = "thread_per_connection",
	.summary = "a server that starts a thread for each connection",
	.capabilities = SCENARIO_PROCESS | SCENARIO_THREAD | SCENARIO_TALK,
	.state_bytes = sizeof(struct talk),
	.open = server_open,
	.run = talk_run,
	.close = talk_close,
};
