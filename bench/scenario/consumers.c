#include "scenario/consumers.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "measure/cycles.h"

/* No item. */
#define SENTINEL UINT64_MAX

/* How often a consumer without an item looks whether it is to end. */
#define LOOK_NS (50 * NS_PER_MS)

/* Two sums of items may agree by chance, when one was lost and another came twice; those of this
 * too will not (the multiplier is that of splitmix64). */
static uint64_t mix(uint64_t item)
{
	item *= UINT64_C(0xbf58476d1ce4e5b9);
	return item ^ item >> 31;
}

static void tally_add(struct tally *tally, uint64_t item)
{
	tally->count++;
	tally->sum += item;
	tally->mixed += mix(item);
}

int consumers_open(
	struct consumers *consumers, const struct load *load, const struct consumers_queue *queue)
{
	*consumers = (struct consumers){
		.queue = queue,
		.count = (unsigned)load->params[PARAM_CONSUMERS],
		.joins = load->params[PARAM_END] == PARAM_END_JOIN,
		.fds = {-1, -1},
	};
	assert(consumers->count <= CREW_MAX && (!consumers->joins || queue->join));
	consumers->board = crew_shared_new(sizeof(*consumers->board));
	if (!consumers->board)
		return fail(-ENOMEM, "no memory for %u consumers", consumers->count);
	int r = queue->open(consumers);
	if (r >= 0)
		r = crew_open(&consumers->crew, load);
	return trace(r);
}

void consumers_close(void *state)
{
	struct consumers *consumers = state;

	if (consumers->board)
		atomic_store(&consumers->board->stop, true);
	crew_close(&consumers->crew);
	if (consumers->queue)
		consumers->queue->close(consumers);
	crew_shared_free(consumers->board, sizeof(*consumers->board));
	*consumers = (struct consumers){.fds = {-1, -1}};
}

/* ---- a consumer ---- */

static int consume(void *context, unsigned index)
{
	struct consumers *consumers = context;
	const struct consumers_queue *queue = consumers->queue;
	struct tally *tally = &consumers->board->tallies[index];
	int64_t idle_ns = 0;
	uint64_t item = 0;
	int r = 0;

	while (r >= 0 && item != SENTINEL) {
		r = queue->get(consumers, &item, LOOK_NS);
		if (r == -ETIMEDOUT) {
			r = 0;
			if (atomic_load(&consumers->board->stop))
				break;
			idle_ns += LOOK_NS;
			if (idle_ns > CREW_DEADLINE_NS)
				return fail(-ETIMEDOUT, "nobody has ended consumer %u", index);
		} else if (r >= 0 && item != SENTINEL) {
			/* In shared memory at once: a consumer that is ended takes nothing along.
			 */
			idle_ns = 0;
			tally_add(tally, item);
			if (consumers->joins)
				r = queue->task_done(consumers);
		}
	}
	return trace(r);
}

/* ---- the producer ---- */

/* The puts since `*before` took so long: `n` samples of their mean. */
static void record(struct load *load, uint64_t *before, uint64_t n)
{
	uint64_t now = cycles_now();

	if (n > 0)
		hist_record(load->hist, cycles_to_ps(now - *before) / (int64_t)n, n);
	*before = now;
}

static int produce(struct consumers *consumers, struct load *load)
{
	const struct consumers_queue *queue = consumers->queue;
	uint64_t before = cycles_now(), batch = load->hist ? load->batch : UINT64_MAX, done = 0;
	int r = 0;

	for (uint64_t item = 1; r >= 0 && item <= load->iterations; item++) {
		r = queue->put(consumers, item, CREW_DEADLINE_NS);
		if (++done == batch) {
			record(load, &before, done);
			done = 0;
		}
	}
	if (load->hist)
		record(load, &before, done);
	for (unsigned i = 0; r >= 0 && !consumers->joins && i < consumers->count; i++)
		r = queue->put(consumers, SENTINEL, CREW_DEADLINE_NS);
	return trace(r);
}

/* Waits until all is consumed; when that was. */
static int end(struct consumers *consumers, int64_t *ret_end_ns)
{
	if (!consumers->joins)
		return trace(crew_join(&consumers->crew, ret_end_ns));
	int r = consumers->queue->join(consumers, CREW_DEADLINE_NS);
	if (r < 0)
		return trace(r);
	*ret_end_ns = clock_ns();
	atomic_store(&consumers->board->stop, true);
	return trace(crew_dismiss(&consumers->crew));
}

static int check(const struct consumers *consumers, struct load *load)
{
	struct tally all = {0}, expected = {0};
	uint64_t least = UINT64_MAX, most = 1;

	for (uint64_t item = 1; item <= load->iterations; item++)
		tally_add(&expected, item);
	for (unsigned i = 0; i < consumers->count; i++) {
		const struct tally *tally = &consumers->board->tallies[i];
		all.count += tally->count;
		all.sum += tally->sum;
		all.mixed += tally->mixed;
		least = tally->count < least ? tally->count : least;
		most = tally->count > most ? tally->count : most;
	}
	if (all.count != expected.count)
		return fail(-EPROTO, "%" PRIu64 " items were consumed of %" PRIu64 ": %s",
			all.count, expected.count,
			all.count < expected.count ? "some were lost" : "some came twice");
	if (all.sum != expected.sum || all.mixed != expected.mixed)
		return fail(-EPROTO, "items were lost and others came twice");
	load_fact(load, "items", (double)all.count);
	load_fact(load, "lost", 0);
	load_fact(load, "doubled", 0);
	load_fact(load, "fairness", (double)least / (double)most);
	load_fact(load, "verdict_ok", 1);
	return 0;
}

int consumers_run(struct load *load)
{
	struct consumers *consumers = load->state;

	memset(consumers->board, 0, sizeof(*consumers->board));
	int r = crew_start(&consumers->crew, consumers->count, consume, consumers);
	if (r < 0)
		return trace(r);
	load->begin_ns = crew_go(&consumers->crew);
	r = produce(consumers, load);
	if (r >= 0)
		r = end(consumers, &load->end_ns);
	if (r >= 0)
		r = check(consumers, load);
	return trace(r);
}
