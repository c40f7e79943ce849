/*
 * tcp: a TCP connection over 127.0.0.1, at a port that the kernel chooses. Every message goes down
 * through TCP and IP and up again, with acknowledgements and windows as if there were a wire: the
 * price of code that also works between machines. TCP_NODELAY, else small messages would wait for
 * acknowledgements of those before. Buffers grow by themselves (net.ipv4.tcp_wmem, tcp_rmem) unless
 * a capacity is asked for. Boundaries are not kept. The death of a peer is EOF, EPIPE or
 * ECONNRESET. Fails where the loopback interface is down.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fault.h"
#include "transport/socket.h"

static int make(struct fdpair *pair)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	int r = socket_pair_by_listener(
		pair, SOCK_STREAM, (struct sockaddr *)&address, sizeof(address));
	if (r < 0)
		return trace(r);
	r = sys(setsockopt(pair->to_hub[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	if (r >= 0)
		r = sys(setsockopt(pair->to_hub[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	return r < 0 ? fail(r, "tcp: TCP_NODELAY: %s", error_message(r)) : 0;
}

static int tcp_probe(struct transport_limits *limits)
{
	return socket_probe_loopback(SOCK_STREAM, limits);
}

static int tcp_open(void *state, const struct transport_options *options)
{
	return trace(socket_stream_open(state, options, make));
}

const struct transport transport_tcp = {
	.name = "tcp",
	.summary = "a TCP connection over the loopback interface",
	.capabilities = TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct fdpair),
	.probe = tcp_probe,
	.open = tcp_open,
	.attach = fdpair_attach,
	.send = fdpair_send,
	.recv = fdpair_recv,
	.close = fdpair_close,
};
