/*
 * null: moves nothing. send() and recv() return at once, so what a workload measures here is the
 * loop of the harness and two indirect calls: the floor, which stands in every table. There is no
 * peer to wait for, and nothing to verify.
 */
#include "transport/transport.h"

static int null_open(void *state, const struct transport_options *options)
{
	(void)state, (void)options;
	return 0;
}

static int null_attach(void *state, unsigned side)
{
	(void)state, (void)side;
	return 0;
}

static int null_send(void *state, const void *message, size_t n)
{
	(void)state, (void)message, (void)n;
	return 0;
}

static int null_recv(void *state, void *message, size_t n)
{
	(void)state, (void)message, (void)n;
	return 0;
}

static void null_close(void *state)
{
	(void)state;
}

const struct transport transport_null = {
	.name = "null",
	.summary = "moves nothing: the floor of the harness",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BASELINE,
	.state_bytes = 0,
	.open = null_open,
	.attach = null_attach,
	.send = null_send,
	.recv = null_recv,
	.close = null_close,
};
