#pragma once
/*
 * What the mechanisms made of sockets share: a connected pair by way of a listener, and buffers of
 * a size.
 */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "transport/fdpair.h"
#include "transport/scratch.h"

/* Listens at the address (a TCP port of 0 is chosen by the kernel), connects to it, accepts that
 * connection and no other, and closes the listener: {accepted, connected} are the pair's two duplex
 * ends. On failure the pair has what there was, for fdpair_close(). */
int socket_pair_by_listener(
	struct fdpair *pair, int type, const struct sockaddr *address, socklen_t size);

/* The address of name 0 or 1 of a scratch directory. */
int socket_scratch_address(
	const struct scratch *scratch, unsigned name, struct sockaddr_un *ret_address);

/* A unix socket pair by way of a listener at a path that is gone when this returns. */
int socket_pair_unix(struct fdpair *pair, int type);

/* Sets SO_SNDBUF or SO_RCVBUF so that the kernel counts up to `bytes` (it doubles what it is told;
 * net.core.wmem_max and rmem_max bind only those without CAP_NET_ADMIN). Returns the size that the
 * buffer has then, which may be smaller. */
int socket_set_buffer(int fd, int option, size_t bytes);

/* The same for probe(), which no injected fault may reach; 0 when it cannot be set. */
size_t socket_largest_buffer(int fd, int option, size_t bytes);

/* The capacity asked for, as the send buffer of both ends. -EMSGSIZE with net.core.wmem_max when
 * one is smaller than the larger of it and least_bytes; without a capacity, buffers that have
 * least_bytes are left alone. */
int socket_set_capacity(
	struct fdpair *pair, const struct transport_options *options, size_t least_bytes);

/* open() of a byte stream: the pair connected by `make`, with the capacity asked for. */
int socket_stream_open(struct fdpair *pair, const struct transport_options *options,
	int (*make)(struct fdpair *pair));

/* probe() for what needs an Internet socket of this type on 127.0.0.1. */
int socket_probe_loopback(int type, struct transport_limits *limits);
