/*
 * io_uring_msg: a ring of slots in shared memory each way (slots.h), notified from ring to ring:
 * IORING_OP_MSG_RING puts a completion, which carries the token's name, straight into the ring of
 * the other side and wakes who waits there. A put is one io_uring_enter(); a take is none when the
 * completion is there already. A completion could carry 8 + 4 bytes of payload; they go through
 * the slot like all others, so that only the notification differs from the other members.
 *
 * Each side needs a descriptor of the other's ring. Since Linux 6.7 no socket carries one, so both
 * rings are made in open() and inherited by fork(), mappings and all. A ring made for one task
 * (SINGLE_ISSUER, DEFER_TASKRUN) would then belong to the opener, and would have to ask its task
 * for each completion: these are plain, and the sender posts the completion itself. A token comes
 * into the ring of its taker, at most SLOTS_COUNT_MAX of each kind, so the ring cannot overflow.
 *
 * The rings outlive a side (the other holds them), so a death is found by the board, after a slice
 * of sleep.
 */
#include <assert.h>

#include "base/error.h"
#include "transport/slots.h"
#include "transport/uring.h"

struct io_uring_msg {
	struct slots slots;
	struct uring rings[2];        /* of side 0 and of side 1 */
	unsigned taken[SLOTS_TOKENS]; /* came out of the ring, and not used yet */
};

static int io_uring_msg_take(void *state, unsigned token, int timeout_ms)
{
	struct io_uring_msg *m = state;
	uint64_t value;

	while (m->taken[token] == 0) {
		int r = uring_take(&m->rings[m->slots.side], timeout_ms, &value);
		if (r < 0)
			return r;
		assert(value < SLOTS_TOKENS);
		m->taken[value]++;
	}
	m->taken[token]--;
	return 0;
}

static int io_uring_msg_put(void *state, unsigned token)
{
	struct io_uring_msg *m = state;
	unsigned side = m->slots.side;

	return uring_post(&m->rings[side], &m->rings[!side], token);
}

static const struct slots_tokens io_uring_msg_tokens = {io_uring_msg_take, io_uring_msg_put};

static int io_uring_msg_probe(struct transport_limits *limits)
{
	return uring_probe(limits, URING_MESSAGE);
}

static int io_uring_msg_open(void *state, const struct transport_options *options)
{
	struct io_uring_msg *m = state;
	int r = slots_open(&m->slots, options, &io_uring_msg_tokens);

	for (unsigned i = 0; i < 2 && r >= 0; i++)
		r = uring_open(&m->rings[i], SLOTS_COUNT_MAX, false);
	for (unsigned i = 0; i < SLOTS_TOKENS; i++)
		m->taken[i] = slots_initial(&m->slots, i);
	return trace(r);
}

static void io_uring_msg_close(void *state)
{
	struct io_uring_msg *m = state;

	for (unsigned i = 0; i < 2; i++)
		if (slots_owns(&m->slots))
			uring_close(&m->rings[i]);
	slots_close(&m->slots);
}

const struct transport transport_io_uring_msg = {
	SLOTS_MEMBERS,
	.name = "io_uring_msg",
	.summary = "slots in shared memory, notified from ring to ring",
	.state_bytes = sizeof(struct io_uring_msg),
	.probe = io_uring_msg_probe,
	.open = io_uring_msg_open,
	.close = io_uring_msg_close,
};
