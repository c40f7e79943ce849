#pragma once
/*
 * What the timed loops share: touching the payload, and cutting the iterations into batches of
 * which each is one sample.
 */
#include <string.h>

#include "base/clock.h"
#include "harness/workload.h"
#include "transport/transport.h"

/* What a loop calls, and with what: locals, which stay in registers over the calls. */
struct loop_calls {
	int (*send)(void *state, const void *message, size_t n);
	int (*recv)(void *state, void *message, size_t n);
	void *state;
	unsigned char *message;
	size_t n;
};

static inline struct loop_calls loop_calls(const struct load *load)
{
	return (struct loop_calls){
		.send = load->channel->transport->send,
		.recv = load->channel->transport->recv,
		.state = load->channel->state,
		.message = load->message,
		.n = load->size_bytes,
	};
}

/* A fresh message: the touch is a constant in each copy of a loop. */
static inline void loop_write(struct load *load, enum touch touch, uint64_t number)
{
	if (touch == TOUCH_HEADER) {
		if (load->size_bytes >= sizeof(number))
			memcpy(load->message, &number, sizeof(number));
		else
			load->message[0] = (unsigned char)number;
	} else if (touch == TOUCH_FULL) {
		memset(load->message, (int)(number & 0xff), load->size_bytes);
	}
}

/* Reads what has arrived; the sum keeps the compiler from leaving it out. */
static inline void loop_read(struct load *load, enum touch touch)
{
	uint64_t word, sum = 0;
	size_t i = 0;

	if (touch == TOUCH_NONE)
		return;
	if (touch == TOUCH_FULL)
		for (; i + sizeof(word) <= load->size_bytes; i += sizeof(word)) {
			memcpy(&word, load->message + i, sizeof(word));
			sum += word;
		}
	load->sum += sum + load->message[touch == TOUCH_FULL ? load->size_bytes - 1 : 0];
}

/* One batch of n operations took so many ticks. */
static inline void loop_record(struct load *load, uint64_t ticks, uint64_t n)
{
	hist_record(load->hist, cycles_to_ps(ticks) / (int64_t)n, n);
}

/*
 * Runs `step` (a statement, on error it returns) `count` times, and records each batch as that many
 * samples of its mean. One read of the clock a batch: the end of one is the beginning of the next.
 * A single loop with one more branch, not a loop of loops: after a switch of process no branch is
 * predicted, and each costs.
 */
#define LOOP_BATCHES(load, count, step)                                                 \
	do {                                                                            \
		uint64_t batch_ = (load)->hist ? (load)->batch : UINT64_MAX, done_ = 0; \
		uint64_t before_ = cycles_now();                                        \
		for (uint64_t left_ = (count); left_ > 0; left_--) {                    \
			step;                                                           \
			if (++done_ == batch_) {                                        \
				uint64_t now_ = cycles_now();                           \
				loop_record((load), now_ - before_, done_);             \
				before_ = now_;                                         \
				done_ = 0;                                              \
			}                                                               \
		}                                                                       \
		if (done_ > 0 && (load)->hist)                                          \
			loop_record((load), cycles_now() - before_, done_);             \
	} while (0)

/* Three copies of a loop, with the touch as a constant. */
#define LOOP_BY_TOUCH(loop, load)                                            \
	((load)->touch == TOUCH_NONE            ? loop((load), TOUCH_NONE)   \
		: (load)->touch == TOUCH_HEADER ? loop((load), TOUCH_HEADER) \
						: loop((load), TOUCH_FULL))

/* The other side of a round trip: sends back what arrives, fresh if the payload is touched. */
static inline __attribute__((always_inline)) int loop_answer(struct load *load, enum touch touch)
{
	const struct loop_calls call = loop_calls(load);

	for (uint64_t i = 0; i < load->iterations; i++) {
		int r = call.recv(call.state, call.message, call.n);
		if (r < 0)
			return r;
		loop_read(load, touch);
		loop_write(load, touch, i);
		r = call.send(call.state, call.message, call.n);
		if (r < 0)
			return r;
	}
	return 0;
}
