#include "transport/transport.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/units.h"

const struct transport *transport_find(const char *name)
{
	for (unsigned i = 0; transports[i]; i++)
		if (strcmp(transports[i]->name, name) == 0)
			return transports[i];
	return NULL;
}

int transport_probe(const struct transport *transport, struct transport_limits *limits)
{
	*limits = (struct transport_limits){.message_max_bytes = TRANSPORT_MESSAGE_MAX};
	return transport->probe ? transport->probe(limits) : 0;
}

static int check(const struct transport *transport, const struct transport_options *options)
{
	struct transport_limits limits;
	char wanted[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];

	unsigned receivers = options->receivers ? options->receivers : 1;
	bool many_senders = options->sides - receivers > 1;

	assert(options->sides > receivers && options->message_max_bytes > 0);
	assert(transport->state_bytes <= TRANSPORT_STATE_MAX);
	if (options->sides > TRANSPORT_SIDES_MAX)
		return fail(-EINVAL, "%s: %u sides are too many (at most %d)", transport->name,
			options->sides, TRANSPORT_SIDES_MAX);
	if (receivers > 1 && !(transport->capabilities & TRANSPORT_MANY_RECEIVERS))
		return fail(-EOPNOTSUPP, "%s has one receiver only", transport->name);
	if (many_senders && !(transport->capabilities & TRANSPORT_MANY_SENDERS))
		return fail(-EOPNOTSUPP, "%s has one sender only", transport->name);
	if (!(transport->capabilities & (options->threads ? TRANSPORT_THREAD : TRANSPORT_PROCESS)))
		return fail(-EOPNOTSUPP, "%s does not work between %s", transport->name,
			options->threads ? "threads" : "processes");
	int r = transport_probe(transport, &limits);
	if (r < 0)
		return fail(r, "%s: %s", transport->name, limits.reason);
	if (many_senders && transport->shared_message_max_bytes &&
		transport->shared_message_max_bytes < limits.message_max_bytes) {
		limits.message_max_bytes = transport->shared_message_max_bytes;
		snprintf(limits.reason, sizeof(limits.reason),
			"larger ones of several senders would be interleaved");
	}
	if (options->message_max_bytes > limits.message_max_bytes)
		return fail(-EMSGSIZE, "%s: a message of %s is over the limit of %s%s%s",
			transport->name, size_format(wanted, options->message_max_bytes),
			size_format(most, limits.message_max_bytes), limits.reason[0] ? ": " : "",
			limits.reason);
	return 0;
}

int channel_open(struct channel *channel, const struct transport *transport,
	const struct transport_options *options)
{
	int r = check(transport, options);

	if (r < 0)
		return trace(r);
	*channel = (struct channel){.transport = transport, .options = *options};
	r = transport->open(channel->state, options);
	if (r < 0)
		channel_close(channel);
	return trace(r);
}

int channel_attach(struct channel *channel, unsigned side)
{
	assert(side < channel->options.sides);
	channel->side = side;
	return trace(channel->transport->attach(channel->state, side));
}

void channel_close(struct channel *channel)
{
	int saved = errno;

	if (channel->transport)
		channel->transport->close(channel->state);
	channel->transport = NULL;
	errno = saved;
}
