#pragma once
/*
 * What the timed loops share: touching the payload, and cutting the iterations into batches of
 * which each is one sample.
 */
#include <string.h>

#include "base/clock.h"
#include "harness/workload.h"

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

/*
 * Runs `step` (a statement, on error it returns) load->iterations times, in batches; records each
 * batch as that many samples of its mean. One read of the clock a batch: the end of one is the
 * beginning of the next.
 */
#define LOOP_BATCHES(load, count, step)                                                   \
	do {                                                                              \
		uint64_t left_ = (count);                                                 \
		uint64_t before_ = cycles_now();                                          \
		while (left_ > 0) {                                                       \
			uint64_t batch_ = left_ < (load)->batch ? left_ : (load)->batch;  \
			for (uint64_t i_ = 0; i_ < batch_; i_++) {                        \
				step;                                                     \
			}                                                                 \
			left_ -= batch_;                                                  \
			if ((load)->hist) {                                               \
				uint64_t now_ = cycles_now();                             \
				int64_t ps_ = cycles_to_ps(now_ - before_);               \
				hist_record((load)->hist, ps_ / (int64_t)batch_, batch_); \
				before_ = now_;                                           \
			}                                                                 \
		}                                                                         \
	} while (0)

/* Three copies of a loop, with the touch as a constant. */
#define LOOP_BY_TOUCH(loop, load)                                            \
	((load)->touch == TOUCH_NONE            ? loop((load), TOUCH_NONE)   \
		: (load)->touch == TOUCH_HEADER ? loop((load), TOUCH_HEADER) \
						: loop((load), TOUCH_FULL))

/* The other side of a round trip: sends back what arrives, fresh if the payload is touched. */
static inline __attribute__((always_inline)) int loop_answer(struct load *load, enum touch touch)
{
	const struct transport *transport = load->channel->transport;
	void *state = load->channel->state;

	for (uint64_t i = 0; i < load->iterations; i++) {
		int r = transport->recv(state, load->message, load->size_bytes);
		if (r < 0)
			return r;
		loop_read(load, touch);
		loop_write(load, touch, i);
		r = transport->send(state, load->message, load->size_bytes);
		if (r < 0)
			return r;
	}
	return 0;
}
