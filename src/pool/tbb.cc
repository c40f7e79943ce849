/*
 * tbb: oneTBB's task_group (run, batch) and parallel_for (map), in an arena of the wanted size. The
 * caller is one of the workers: a task that nobody has stolen until it waits, it does itself, which
 * is what a round trip of a single task is here.
 *
 * TBB is C++: this file is, behind the same struct of C functions as every member. No exception
 * leaves it.
 */
extern "C" {
#include "base/error.h"
#include "pool/missing.h"
#include "pool/muster.h"
}

static const char summary[] = "oneTBB: task_group and parallel_for; the caller helps";
static const unsigned capabilities =
	POOL_THREAD | POOL_CALLER_WORKS | POOL_RUN | POOL_BATCH | POOL_CHUNK;

#ifdef HAVE_TBB
#include <cstring>
#include <memory>
#include <new>
#include <oneapi/tbb.h>
#include <oneapi/tbb/global_control.h>
#include <sched.h>

namespace
{

struct pool_tbb_state {
	tbb::task_scheduler_handle handle{tbb::attach{}};
	/* Else it has as many threads as there are CPUs, whatever the arena wants. */
	std::unique_ptr<tbb::global_control> limit;
	/* None: the caller's own, which it is in already, and need not enter for each call (70 ns).
	 * That one cannot have more workers than there are CPUs. */
	std::unique_ptr<tbb::task_arena> arena;
	std::unique_ptr<tbb::task_group> group;

	template <typename Call> void execute(const Call &call)
	{
		if (arena)
			arena->execute(call);
		else
			call();
	}
};

pool_tbb_state &state_of(void *state)
{
	return **static_cast<pool_tbb_state **>(state);
}

/* What throws, and what is said of it. */
template <typename Call> int guarded(const Call &call)
{
	try {
		return call();
	} catch (const std::bad_alloc &) {
		return fail(-ENOMEM, "tbb: no memory");
	} catch (const std::exception &e) {
		return fail(-EIO, "tbb: %s", e.what());
	}
}

int run(void *state, pool_function *function, uint64_t argument, uint64_t *ret_result)
{
	return guarded([=] {
		pool_tbb_state &self = state_of(state);
		self.execute([&] {
			self.group->run([=] { *ret_result = function(argument); });
			self.group->wait();
		});
		return 0;
	});
}

int batch(void *state, pool_function *function, const uint64_t *arguments, size_t n,
	uint64_t *results)
{
	return guarded([=] {
		pool_tbb_state &self = state_of(state);
		self.execute([&] {
			for (size_t i = 0; i < n; i++)
				self.group->run([=] { results[i] = function(arguments[i]); });
			self.group->wait();
		});
		return 0;
	});
}

int map(void *state, pool_function *function, const uint64_t *arguments, size_t n, size_t chunk,
	uint64_t *results)
{
	auto body = [=](const tbb::blocked_range<size_t> &range) {
		for (size_t i = range.begin(); i < range.end(); i++)
			results[i] = function(arguments[i]);
	};
	return guarded([=] {
		state_of(state).execute([&] {
			if (chunk == 0)
				tbb::parallel_for(tbb::blocked_range<size_t>(0, n), body);
			else
				tbb::parallel_for(tbb::blocked_range<size_t>(0, n, chunk), body,
					tbb::simple_partitioner());
		});
		return 0;
	});
}

/* The library's first call counts the CPUs that its caller may use, for ever. A caller that is
 * bound to one would have a scheduler without workers, whose finalize() hangs (2021.8). */
void count_cpus()
{
	cpu_set_t bound, all;

	sched_getaffinity(0, sizeof(bound), &bound);
	memset(&all, 0xff, sizeof(all)); /* the kernel takes those that exist and are allowed */
	sched_setaffinity(0, sizeof(all), &all);
	tbb::info::default_concurrency();
	sched_setaffinity(0, sizeof(bound), &bound);
}

int open(void *state, const struct pool_options *options)
{
	count_cpus();
	int r = guarded([=] {
		auto *self = new pool_tbb_state;
		*static_cast<pool_tbb_state **>(state) = self;
		self->limit = std::make_unique<tbb::global_control>(
			tbb::global_control::max_allowed_parallelism, options->workers);
		if ((int)options->workers > tbb::info::default_concurrency())
			self->arena = std::make_unique<tbb::task_arena>((int)options->workers, 1);
		self->group = std::make_unique<tbb::task_group>();
		return 0;
	});
	return trace(r < 0 ? r : pool_muster(batch, state, options, true));
}

void close(void *state)
{
	pool_tbb_state *self = *static_cast<pool_tbb_state **>(state);

	if (!self)
		return;
	tbb::task_scheduler_handle handle = std::move(self->handle);
	delete self;
	/* Waits until its threads have ended. */
	tbb::finalize(handle, std::nothrow);
	*static_cast<pool_tbb_state **>(state) = nullptr;
}

} // namespace

extern "C" const struct pool pool_tbb = {
	.name = "tbb",
	.summary = summary,
	.capabilities = capabilities,
	.state_bytes = sizeof(pool_tbb_state *),
	.probe = nullptr,
	.open = open,
	.run = run,
	.batch = batch,
	.map = map,
	.alloc = nullptr,
	.facts = nullptr,
	.close = close,
};
#else
extern "C" {
POOL_MISSING(tbb, summary, capabilities, "oneTBB", "libtbb-dev");
}
#endif
