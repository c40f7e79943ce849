/*
 * Functions that the library calls: setup and teardown, statistics, complexities.
 *
 * It takes them without user data, so each gets a slot of a pool of functions (pool.h), except for
 * setup and teardown in newer versions, which take a closure.
 */
#include "binding.h"
#include "pool.h"

using gbench::check_handle;
using gbench::refuse;

namespace
{
struct statistic_slot {
	gb_statistic_fn *fn;
	void *user;
};
gbench::pool<statistic_slot> statistics;

template <size_t I> struct statistic_at {
	static double call(const std::vector<double> &values)
	{
		const statistic_slot &slot = statistics.slots[I];
		return slot.fn(values.data(), values.size(), slot.user);
	}
};

struct complexity_slot {
	gb_complexity_function *fn;
	void *user;
};
gbench::pool<complexity_slot> complexities;

template <size_t I> struct complexity_at {
	static double call(int64_t n)
	{
		const complexity_slot &slot = complexities.slots[I];
		return slot.fn(n, slot.user);
	}
};

struct hook_slot {
	gb_bench *bench;
};
gbench::pool<hook_slot> hooks;

template <size_t I> struct setup_at {
	static void call(const benchmark::State &st)
	{
		gbench::bench_setup(hooks.slots[I].bench, st);
	}
};

template <size_t I> struct teardown_at {
	static void call(const benchmark::State &st)
	{
		gbench::bench_teardown(hooks.slots[I].bench, st);
	}
};

/* Registers our functions around the runs, once. */
int hook(struct gb_bench *b)
{
	if (b->hooked)
		return 0;
	auto setup = [b](const benchmark::State &st) { gbench::bench_setup(b, st); };
	auto teardown = [b](const benchmark::State &st) { gbench::bench_teardown(b, st); };
	/* The condition must depend on a template parameter for the other branch to be dropped. */
	auto set = [&](auto *native) {
		if constexpr (gbench::compat::takes_closures<
				      std::remove_pointer_t<decltype(native)>,
				      decltype(setup)>::value) {
			native->Setup(setup);
			native->Teardown(teardown);
			return true;
		} else {
			const int slot = hooks.add({b});
			if (slot < 0)
				return false;
			native->Setup(gbench::trampolines<setup_at>()[static_cast<size_t>(slot)]);
			native->Teardown(
				gbench::trampolines<teardown_at>()[static_cast<size_t>(slot)]);
			return true;
		}
	};
	if (!set(b->native))
		return refuse(b, -ENOSPC,
			"more than %d benchmarks have a setup, a teardown or a complexity",
			GB_POOL_MAX);
	b->hooked = true;
	return 0;
}
} // namespace

void gbench::hooks_clear()
{
	statistics.clear();
	complexities.clear();
	hooks.clear();
}

int gb_complexity(struct gb_bench *b, enum gb_big_o big_o)
{
	using namespace benchmark;
	static const BigO native[] = {oNone, o1, oN, oNSquared, oNCubed, oLogN, oNLogN, oAuto};
	int r = check_handle(b, "complexity");
	if (r < 0)
		return r;
	if (big_o < GB_O_NONE || big_o > GB_O_AUTO)
		return refuse(b, -EINVAL,
			"complexity: %d is none; for a function of yours, use "
			"gb_complexity_fn",
			static_cast<int>(big_o));
	if (big_o != GB_O_NONE) {
		r = hook(b);
		if (r < 0)
			return r;
	}
	b->native->Complexity(native[big_o]);
	b->complexity = big_o != GB_O_NONE;
	return 0;
}

int gb_complexity_fn(struct gb_bench *b, gb_complexity_function *fn, void *user)
{
	int r = check_handle(b, "complexity_fn");
	if (r < 0)
		return r;
	if (!fn)
		return refuse(b, -EINVAL, "complexity_fn: no function");
	r = hook(b);
	if (r < 0)
		return r;
	const int slot = complexities.add({fn, user});
	if (slot < 0)
		return refuse(b, -ENOSPC, "complexity_fn: more than %d functions", GB_POOL_MAX);
	b->native->Complexity(gbench::trampolines<complexity_at>()[static_cast<size_t>(slot)]);
	b->complexity = true;
	return 0;
}

int gb_statistic(struct gb_bench *b, const char *name, gb_statistic_fn *fn, void *user,
	enum gb_statistic_unit unit)
{
	const int r = check_handle(b, "statistic");
	if (r < 0)
		return r;
	if (!name || !*name || !fn)
		return refuse(b, -EINVAL, "statistic: no %s", fn ? "name" : "function");
	if (unit != GB_STATISTIC_TIME && unit != GB_STATISTIC_PERCENTAGE)
		return refuse(b, -EINVAL, "statistic: %s: unknown unit", name);
	const int slot = statistics.add({fn, user});
	if (slot < 0)
		return refuse(b, -ENOSPC, "statistic: more than %d", GB_POOL_MAX);
	return gbench::guard("gb_statistic", [&] {
		b->native->ComputeStatistics(name,
			gbench::trampolines<statistic_at>()[static_cast<size_t>(slot)],
			unit == GB_STATISTIC_TIME ? benchmark::kTime : benchmark::kPercentage);
		return 0;
	});
}

int gb_setup(struct gb_bench *b, gb_setup_fn *fn, void *user)
{
	int r = check_handle(b, "setup");
	if (r < 0)
		return r;
	if (!fn)
		return refuse(b, -EINVAL, "setup: no function");
	r = hook(b);
	if (r < 0)
		return r;
	b->setup = fn;
	b->setup_user = user;
	return 0;
}

int gb_teardown(struct gb_bench *b, gb_teardown_fn *fn, void *user)
{
	int r = check_handle(b, "teardown");
	if (r < 0)
		return r;
	if (!fn)
		return refuse(b, -EINVAL, "teardown: no function");
	r = hook(b);
	if (r < 0)
		return r;
	b->teardown = fn;
	b->teardown_user = user;
	return 0;
}
