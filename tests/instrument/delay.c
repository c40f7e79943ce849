#include "delay.h"

#include <string.h>

#include "base/clock.h"

struct delay {
	unsigned side;
	_Alignas(64) unsigned char inner[TRANSPORT_STATE_MAX / 2];
};

static const struct transport *inner(void)
{
	return transport_find("shm_spin");
}

static int delay_open(void *state, const struct transport_options *options)
{
	struct delay *delay = state;
	return inner()->open(delay->inner, options);
}

static int delay_attach(void *state, unsigned side)
{
	struct delay *delay = state;
	delay->side = side;
	return inner()->attach(delay->inner, side);
}

static int delay_send(void *state, const void *message, size_t n)
{
	struct delay *delay = state;

	if (delay->side == 0) {
		int64_t end = clock_ns() + DELAY_NS;
		while (clock_ns() < end)
			;
	}
	return inner()->send(delay->inner, message, n);
}

static int delay_recv(void *state, void *message, size_t n)
{
	struct delay *delay = state;
	return inner()->recv(delay->inner, message, n);
}

static void delay_close(void *state)
{
	struct delay *delay = state;
	inner()->close(delay->inner);
}

const struct transport transport_delay = {
	.name = "delay",
	.summary = "shm_spin, 10 µs later",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct delay),
	.open = delay_open,
	.attach = delay_attach,
	.send = delay_send,
	.recv = delay_recv,
	.close = delay_close,
};
