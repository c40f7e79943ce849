/*
 * serial: no pool at all. The caller does each task itself, through the same pointer to the
 * function as a worker would: what speed-up is measured against, and the floor of the harness in
 * every table. Its batch is its map, whatever the chunk.
 */
#include "pool/pool.h"

static int serial_open(void *state, const struct pool_options *options)
{
	(void)state, (void)options;
	return 0;
}

static int serial_run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	(void)state;
	*ret_result = function(argument);
	return 0;
}

static int serial_batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	(void)state;
	for (size_t i = 0; i < n; i++)
		results[i] = function(arguments[i]);
	return 0;
}

static int serial_map(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	size_t chunk, uint64_t *results)
{
	(void)chunk;
	return serial_batch(state, function, arguments, n, results);
}

static void serial_close(void *state)
{
	(void)state;
}

const struct pool pool_serial = {
	.name = "serial",
	.summary = "no pool: the caller does each task itself",
	.capabilities = POOL_BASELINE | POOL_CALLER_WORKS | POOL_RUN | POOL_BATCH | POOL_CHUNK,
	.state_bytes = 0,
	.open = serial_open,
	.run = serial_run,
	.batch = serial_batch,
	.map = serial_map,
	.close = serial_close,
};
