/*
 * The memory manager and the profiler manager: objects that the library calls around an extra run.
 */
#include "binding.h"

using gbench::fail;

namespace
{
class memory_manager : public benchmark::MemoryManager
{
      public:
	gb_memory_manager calls{};

	void Start()
	{
		if (calls.start)
			calls.start(calls.user);
	}

	void Stop(Result &result)
	{
		struct gb_memory memory = {0, 0, INT64_MAX, INT64_MAX};
		if (calls.stop)
			calls.stop(&memory, calls.user);
		result.num_allocs = memory.allocs;
		result.max_bytes_used = memory.max_bytes_used;
		/* Its value for unknown is INT64_MAX in all versions. */
		result.total_allocated_bytes = memory.total_allocated_bytes;
		result.net_heap_growth = memory.net_heap_growth_bytes;
	}

	/* The only form up to 1.7; later ones don't call it. */
	void Stop(Result *result)
	{
		Stop(*result);
	}
};

class profiler : public gbench::compat::profiler
{
      public:
	void (*start)(void *user) = nullptr;
	void (*stop)(void *user) = nullptr;
	void *user = nullptr;

	void AfterSetupStart()
	{
		if (start)
			start(user);
	}

	void BeforeTeardownStop()
	{
		if (stop)
			stop(user);
	}
};

memory_manager the_memory_manager;
profiler the_profiler;
} // namespace

int gb_set_memory_manager(const struct gb_memory_manager *manager)
{
	if (gbench::is_running())
		return fail(-EBUSY, "gb_set_memory_manager: not during gb_run");
	the_memory_manager.calls = {};
	if (manager) {
		if (manager->size < sizeof *manager)
			return fail(-EINVAL,
				"gb_set_memory_manager: size is %zu; set it to "
				"sizeof(struct gb_memory_manager)",
				manager->size);
		the_memory_manager.calls = *manager;
	}
	benchmark::RegisterMemoryManager(manager ? &the_memory_manager : nullptr);
	return 0;
}

int gb_set_profiler(void (*start)(void *user), void (*stop)(void *user), void *user)
{
	if (!gbench::compat::has_profiler)
		return fail(-EOPNOTSUPP,
			"gb_set_profiler: libbenchmark %s has no profiler manager; "
			"1.9 or later has",
			gb_library_version());
	if (the_profiler.start || the_profiler.stop)
		return fail(
			-EEXIST, "gb_set_profiler: there is one, and the library takes only one");
	the_profiler.start = start;
	the_profiler.stop = stop;
	the_profiler.user = user;
	gbench::compat::register_profiler(&the_profiler, gbench::compat::prefer());
	return 0;
}
