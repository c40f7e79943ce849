/*
 * Transports: every side is a process or a thread of its own, and they exchange patterns before and
 * after the runs. The state of an instance is a struct channel.
 */
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/units.h"
#include "harness/cell.h"
#include "transport/transport.h"

static_assert((int)TRANSPORT_PROCESS == (int)SUBJECT_PROCESS, "the first bit of every family");
static_assert((int)TRANSPORT_THREAD == (int)SUBJECT_THREAD, "the second bit of every family");
static_assert(sizeof(struct channel) <= INSTANCE_STATE_MAX, "a channel is an instance's state");
static_assert((int)TRANSPORT_SIDES_MAX <= (int)SIDES_MAX, "all sides of a channel fit");
static_assert((int)TRANSPORT_REASON_MAX <= (int)SUBJECT_REASON_MAX, "a reason fits");

static const char *const capability_names[] = {"processes", "threads", "keeps messages apart",
	"many senders", "sees death", "zero copy", "spins", "wait=…", "may lose", NULL,
	"many receivers", ""};

static const struct transport *transport_of(const struct cell *cell)
{
	return cell->subject.member;
}

static bool transport_subject(unsigned i, struct subject *ret)
{
	const struct transport *transport = transports[i];

	if (!transport)
		return false;
	*ret = (struct subject){
		.name = transport->name,
		.summary = transport->summary,
		.capabilities = transport->capabilities,
		.family = &family_transport,
		.member = transport,
	};
	return true;
}

static int probe(const struct subject *subject, struct subject_limits *limits)
{
	struct transport_limits found;
	int r = transport_probe(subject->member, &found);

	limits->message_max_bytes = found.message_max_bytes;
	snprintf(limits->reason, sizeof(limits->reason), "%s", found.reason);
	return r;
}

static bool has_many_senders(const struct cell *cell)
{
	return workload_param(cell->workload, PARAM_SENDERS) != NULL;
}

static void unfit(const struct cell *cell, char reason[SUBJECT_REASON_MAX])
{
	size_t shared_max =
		cell->subject.foreign ? 0 : transport_of(cell)->shared_message_max_bytes;
	char most[UNITS_TEXT_MAX];

	if (!has_many_senders(cell) || cell->subject.foreign)
		return;
	if (!(cell->subject.capabilities & TRANSPORT_MANY_SENDERS))
		snprintf(reason, SUBJECT_REASON_MAX, "%s has one sender only", cell->subject.name);
	else if (shared_max && cell->size_bytes > shared_max)
		snprintf(reason, SUBJECT_REASON_MAX,
			"messages of several senders over %s would be interleaved",
			size_format(most, shared_max));
}

static unsigned receivers_of(const struct cell *cell)
{
	return (unsigned)cell_param(cell, PARAM_RECEIVERS, 1);
}

/* The receivers first, so side 0 is one. */
static unsigned sides(const struct cell *cell)
{
	return receivers_of(cell) + (unsigned)cell_param(cell, PARAM_SENDERS, 1);
}

/* ---- the life of an instance ---- */

static struct channel *channel_of(struct instance *instance)
{
	return (struct channel *)instance->state;
}

static int transport_open(struct instance *instance)
{
	struct transport_options options = {
		.message_max_bytes = instance->cell->size_bytes,
		.sides = instance->sides,
		.receivers = receivers_of(instance->cell),
		.threads = instance->threads,
		.wait = instance->cell->wait,
	};

	return trace(channel_open(channel_of(instance), transport_of(instance->cell), &options));
}

static int transport_attach(struct instance *instance)
{
	return trace(channel_attach(channel_of(instance), instance->side));
}

static void transport_close(struct instance *instance)
{
	channel_close(channel_of(instance));
}

static int transport_bind(struct instance *instance, struct load *load)
{
	load->channel = channel_of(instance);
	return 0;
}

static void transport_facts(const struct instance *instance,
	void (*put)(void *context, const char *name, double value), void *context)
{
	const struct channel *channel = (const struct channel *)instance->state;

	if (channel->transport && channel->transport->facts)
		channel->transport->facts(channel->state, put, context);
}

/* ---- the exchange of patterns, outside the timed part ---- */

/* Behind what the workload shares. */
struct verify_board {
	_Atomic unsigned seen[SIDES_MAX]; /* by sender, since the last look */
};

/* The bytes that side `from` sends: the first one tells the sender even in a message of 1 byte, the
 * others are a stream keyed by seed and sender (splitmix64, Steele et al. 2014). */
static void pattern_fill(unsigned char *bytes, size_t n, uint64_t seed, unsigned from)
{
	uint64_t state = seed + from * UINT64_C(0xd1342543de82ef95), word = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % sizeof(word) == 0) {
			state += UINT64_C(0x9e3779b97f4a7c15);
			word = state;
			word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
			word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
			word ^= word >> 31;
		}
		bytes[i] = (unsigned char)(word >> (8 * (i % sizeof(word))));
	}
	bytes[0] = (unsigned char)(seed + from);
}

static int send_pattern(struct load *load)
{
	struct channel *channel = load->channel;

	pattern_fill(load->message, load->size_bytes, load->seed, load->side);
	int r = channel->transport->send(channel->state, load->message, load->size_bytes);
	return r < 0 ? fail(r, "sending the pattern: %s", error_message(r)) : 0;
}

/* Receives one message and finds which of the senders first … last it is from. */
static int recv_pattern(struct load *load, unsigned first, unsigned last, bool seen[])
{
	struct channel *channel = load->channel;
	size_t n = load->size_bytes;
	unsigned char *expected = malloc(n);

	if (!expected)
		return fail(-ENOMEM, "no memory for a pattern of %zu bytes", n);
	memset(load->message, 0, n);
	int r = channel->transport->recv(channel->state, load->message, n);
	if (r < 0)
		r = fail(r, "receiving the pattern: %s", error_message(r));
	unsigned from = first;
	for (; r >= 0 && from <= last; from++) {
		pattern_fill(expected, n, load->seed, from);
		if (!seen[from] && memcmp(expected, load->message, n) == 0)
			break;
	}
	if (r >= 0 && from > last)
		r = fail(-EBADMSG,
			"the payload is not what was sent: side %u got %zu bytes that no sender "
			"made",
			load->side, n);
	else if (r >= 0)
		seen[from] = true;
	free(expected);
	return r;
}

/* Several receivers take what comes, as many messages as there are senders; how often each sender
 * was seen is counted by all of them together. */
static struct verify_board *verify_board(const struct load *load)
{
	return (struct verify_board *)((unsigned char *)load->shared + LOAD_SHARED_BYTES);
}

static int verify_shared(struct load *load, unsigned receivers)
{
	int r = 0;

	if (load->side >= receivers) {
		for (unsigned i = 0; r >= 0 && i < receivers; i++)
			r = send_pattern(load);
		return r;
	}
	for (unsigned i = receivers; r >= 0 && i < load->sides; i++) {
		bool seen[SIDES_MAX] = {false};
		r = recv_pattern(load, receivers, load->sides - 1, seen);
		for (unsigned from = receivers; r >= 0 && from < load->sides; from++)
			if (seen[from])
				atomic_fetch_add(&verify_board(load)->seen[from], 1);
	}
	return r;
}

static int verify(struct load *load)
{
	const struct channel *channel = load->channel;
	bool seen[SIDES_MAX] = {false};
	int r = 0;

	if (channel->transport->capabilities & TRANSPORT_BASELINE)
		return 0;
	if (channel->options.receivers > 1)
		return verify_shared(load, channel->options.receivers);
	if (load->side != 0) {
		r = send_pattern(load);
		if (r >= 0 && load->sides == 2)
			r = recv_pattern(load, 0, 0, seen);
		return r;
	}
	for (unsigned i = 1; r >= 0 && i < load->sides; i++)
		r = recv_pattern(load, 1, load->sides - 1, seen);
	if (r >= 0 && load->sides == 2)
		r = send_pattern(load);
	return r;
}

static int verified(struct load *load, const struct load_side *sides_done)
{
	unsigned receivers = load->channel->options.receivers;

	(void)sides_done;
	for (unsigned from = receivers; receivers > 1 && from < load->sides; from++) {
		unsigned n = atomic_exchange(&verify_board(load)->seen[from], 0);
		if (n != receivers)
			return fail(-EBADMSG,
				"the payload is not what was sent: %u messages of side %u arrived, "
				"not %u",
				n, from, receivers);
	}
	return 0;
}

const struct family family_transport = {
	.name = "transport",
	.title = "Mechanisms",
	.program = "ipcmark-transport",
	.sized = true,
	.waits = TRANSPORT_WAITS,
	.capability_names = capability_names,
	.subject = transport_subject,
	.probe = probe,
	.unfit = unfit,
	.sides = sides,
	.seats = sides,
	.open = transport_open,
	.attach = transport_attach,
	.close = transport_close,
	.bind = transport_bind,
	.verify = verify,
	.verified = verified,
	.facts = transport_facts,
};
