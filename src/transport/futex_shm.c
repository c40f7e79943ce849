/*
 * futex_shm: a ring of slots in shared memory each way (slots.h), notified by a futex: a token is
 * a count and a "waiters" word (token.h). Taking and putting are one atomic operation each while
 * nobody sleeps; futex_wake() is called only for a side that said that it sleeps, which costs the
 * sleeper one more store and the waker a load, and spares 0.3 µs a message. It parks and never
 * spins: what spinning first would bring is shm_ring's matter.
 *
 * A peer that dies is found after a slice of sleep; one that was killed between its count and its
 * wake costs the other the rest of the slice.
 */
#include "transport/slots.h"
#include "transport/token.h"

static int futex_shm_take(void *state, unsigned token, int timeout_ms)
{
	return token_take(slots_cell(state, token), timeout_ms);
}

static int futex_shm_put(void *state, unsigned token)
{
	token_put(slots_cell(state, token));
	return 0;
}

static const struct slots_tokens futex_shm_tokens = {futex_shm_take, futex_shm_put};

static int futex_shm_open(void *state, const struct transport_options *options)
{
	int r = slots_open(state, options, &futex_shm_tokens);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < SLOTS_TOKENS; i++)
		((struct token *)slots_cell(state, i))->count = slots_initial(state, i);
	return 0;
}

const struct transport transport_futex_shm = {
	SLOTS_MEMBERS,
	.name = "futex_shm",
	.summary = "slots in shared memory, notified by a futex",
	.state_bytes = sizeof(struct slots),
	.open = futex_shm_open,
	.close = slots_close,
};
