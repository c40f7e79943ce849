#pragma once
/*
 * A transport moves messages between sides. Side 0 is the hub: what the others send arrives there,
 * and what side 0 sends arrives at side 1. Two sides make a ping-pong or a stream; one hub and N
 * senders make a fan-in (MANY_SENDERS). Where several sides share the hub's end (MANY_RECEIVERS),
 * each message of a sender arrives at one of them, whichever takes it first: a fan-out.
 *
 * The life of a channel:
 *
 *	open()	 once, before the sides exist, on zeroed state: everything that both must see
 *		 (descriptors, mappings, names) is made here.
 *	attach() in each side, on a private copy of the opener's state: a forked process has one
 *		 by nature, a thread is handed one. A process drops what only the other sides need
 *		 (else the death of a peer is never seen as EOF); a thread must close nothing that
 *		 it shares, and marks it as borrowed.
 *	send(), recv()
 *	close()	 on every copy and on the opener's state, the opener's last; also after an open()
 *		 or attach() that failed half-way, and then possibly twice. What has a name in the
 *		 system is unlinked by the opener (the process that called open()), as early as it
 *		 can be.
 *
 * Programs that use transports ignore SIGPIPE.
 *
 * A member is one file without a header that exports one `const struct transport transport_NAME`;
 * meson.build lists the names and generates the registry.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/waiter.h"

enum transport_capability {
	TRANSPORT_PROCESS = 1 << 0,      /* sides may be processes */
	TRANSPORT_THREAD = 1 << 1,       /* sides may be threads of one process */
	TRANSPORT_BOUNDARIES = 1 << 2,   /* keeps messages apart; recv() of another size fails */
	TRANSPORT_MANY_SENDERS = 1 << 3, /* sides 1…N send at once, messages arrive whole */
	TRANSPORT_SEES_DEATH = 1 << 4,   /* send() and recv() say -EPIPE when the peer is gone */
	TRANSPORT_BORROW = 1 << 5,       /* has borrow, commit, peek and release */
	TRANSPORT_SPINS = 1 << 6,        /* burns its CPU while it waits */
	TRANSPORT_WAITS = 1 << 7,        /* honours transport_options.wait */
	TRANSPORT_LOSSY = 1 << 8, /* may lose messages; what is lost is an error, never counted */
	TRANSPORT_BASELINE = 1 << 9, /* moves nothing: the floor of the harness (`null`) */
	/* Several receivers may share the hub's end: each message arrives at one of them, whole;
	 * each of them gets one sender's messages in order. */
	TRANSPORT_MANY_RECEIVERS = 1 << 10,
};

enum {
	TRANSPORT_SIDES_MAX = 33,
	TRANSPORT_STATE_MAX = 4096,
	TRANSPORT_REASON_MAX = 256,
};

/* 4 MiB: the largest message that the suite measures. A transport without a limit of its own has
 * this one. */
#define TRANSPORT_MESSAGE_MAX ((size_t)4 << 20)

struct transport_options {
	size_t message_max_bytes; /* the largest message that will be sent; at least 1 */
	unsigned sides;           /* 2, or all receivers and all senders */
	unsigned receivers;       /* sides 0 … receivers - 1 share the hub's end; 0 is 1 */
	bool threads;             /* the sides are threads of this process */
	enum waiter_strategy wait;
	size_t capacity_bytes; /* of a buffer between the sides; 0 is the transport's default */
};

/* What probe() finds on this machine. */
struct transport_limits {
	size_t message_max_bytes; /* set beforehand to TRANSPORT_MESSAGE_MAX */
	/* What limits it and how to lift that, e.g. "kernel.msgmax; sysctl -w kernel.msgmax=N";
	 * or, when probe() fails, why this machine cannot run the transport. */
	char reason[TRANSPORT_REASON_MAX];
};

struct transport {
	const char *name;
	const char *summary; /* one line for `ipcmark list` */
	unsigned capabilities;
	size_t state_bytes; /* of the private state; at most TRANSPORT_STATE_MAX */
	/* MANY_SENDERS: the largest message that many may send at once; 0 is no limit of its own.
	 */
	size_t shared_message_max_bytes;

	/* Optional. 0, or -EOPNOTSUPP with limits->reason: what is missing and what brings it. No
	 * side effects; may be called at any time. */
	int (*probe)(struct transport_limits *limits);

	int (*open)(void *state, const struct transport_options *options);
	int (*attach)(void *state, unsigned side);

	/* Move exactly n bytes (1 … options.message_max_bytes) or fail. They block; -EPIPE when the
	 * peer is gone (SEES_DEATH), and a receiver first gets what was sent before. Messages of
	 * one sender arrive in order. One thread at a time calls them on a state. */
	int (*send)(void *state, const void *message, size_t n);
	int (*recv)(void *state, void *message, size_t n);

	/* Optional (BORROW): the message in place. borrow() gives room for n bytes, commit() sends
	 * it; peek() waits for a message of n bytes, release() frees it. One at a time each way. */
	int (*borrow)(void *state, size_t n, void **ret_message);
	int (*commit)(void *state, size_t n);
	int (*peek)(void *state, size_t n, const void **ret_message);
	int (*release)(void *state, size_t n);

	/* Optional: what this side has counted since attach(), for the report, e.g. how often it
	 * parked. Calls put(context, name, count) per counter. */
	void (*facts)(const void *state, void (*put)(void *, const char *, double), void *context);

	void (*close)(void *state);
};

/* Whether a side is at the hub's end; `receivers` as in the options. */
static inline bool transport_is_hub(unsigned side, unsigned receivers)
{
	return side == 0 || side < receivers;
}

/* The registry, null first, ended by NULL. Generated by the build. */
extern const struct transport *const transports[];

/* NULL when there is no such transport. */
const struct transport *transport_find(const char *name);

/* probe() with its defaults; 0 or -EOPNOTSUPP. */
int transport_probe(const struct transport *transport, struct transport_limits *limits);

/* A channel: a transport and one side's state. */
struct channel {
	const struct transport *transport;
	struct transport_options options;
	unsigned side;
	_Alignas(64) unsigned char state[TRANSPORT_STATE_MAX];
};

/* Checks the options against the transport's capabilities and limits (-EMSGSIZE names the limit
 * and what lifts it; -EOPNOTSUPP the missing capability), then open(). On failure everything is
 * closed again. */
int channel_open(struct channel *channel, const struct transport *transport,
	const struct transport_options *options);

/* attach(). In a process on the inherited channel; in a thread on a copy of it. */
int channel_attach(struct channel *channel, unsigned side);

/* close(); accepts a zeroed channel, and twice. A cleanup function. */
void channel_close(struct channel *channel);
