#pragma once
/* What these tests share: a channel whose two sides are one process, which sends to itself. */
#include <errno.h>
#include <string.h>

/* The name means something else in base/error.h. */

#include "../../../cmocka_prelude.h"
#include "base/error.h"
#include "transport/transport.h"

struct both {
	struct channel opener, hub, sender;
};

static inline void both_open(struct both *both, const char *name, size_t message_max_bytes)
{
	struct transport_options options = {
		.message_max_bytes = message_max_bytes, .sides = 2, .threads = true};

	assert_int_equal(0, channel_open(&both->opener, transport_find(name), &options));
	both->hub = both->sender = both->opener;
	assert_int_equal(0, channel_attach(&both->hub, 0));
	assert_int_equal(0, channel_attach(&both->sender, 1));
}

static inline void both_close(struct both *both)
{
	channel_close(&both->sender);
	channel_close(&both->hub);
	channel_close(&both->opener);
}

static inline int put(struct channel *channel, const void *message, size_t n)
{
	return channel->transport->send(channel->state, message, n);
}

static inline int get(struct channel *channel, void *message, size_t n)
{
	return channel->transport->recv(channel->state, message, n);
}
