/*
 * Registration and settings.
 *
 * The library checks its settings with aborts (or, built with NDEBUG, not at all), so each is
 * checked here against what the handle remembers. A refused setting is remembered too, and fails
 * the benchmark when it is run.
 */
#include "binding.h"

#include <cinttypes>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <memory>

using gbench::check_handle;
using gbench::fail;
using gbench::refuse;

namespace gbench
{
int refuse(gb_bench *b, int r, const char *format, ...)
{
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	if (b && b->refused.empty())
		b->refused = message;
	return fail(r, "%s%s%s", b ? b->name.c_str() : "", b ? ": " : "", message);
}

int check_handle(gb_bench *b, const char *setting)
{
	if (!b)
		return fail(
			-EINVAL, "%s: the benchmark is null; was gb_register refused?", setting);
	if (is_running())
		return fail(-EBUSY, "%s: %s: nothing can be set during gb_run", b->name.c_str(),
			setting);
	return 0;
}
} // namespace gbench

namespace
{
/* More instances than this of one benchmark are taken for a mistake in a range. */
constexpr int64_t instances_max = 1000000;

std::vector<std::unique_ptr<gb_bench>> owned;
std::vector<gb_bench *> all;

/* Checks that `count` arguments fit those before, and room for `instances` more. */
int check_args(struct gb_bench *b, const char *setting, size_t count, int64_t instances)
{
	const int r = check_handle(b, setting);
	if (r < 0)
		return r;
	if (count == 0 || count > INT_MAX)
		return refuse(b, -EINVAL, "%s: no arguments", setting);
	const int n = static_cast<int>(count);
	if (b->args_count >= 0 && b->args_count != n)
		return refuse(b, -EINVAL, "%s: %d arguments, but %d before; all must be alike",
			setting, n, b->args_count);
	if (b->names_count >= 0 && b->names_count != n)
		return refuse(
			b, -EINVAL, "%s: %d arguments, but %d names", setting, n, b->names_count);
	if (instances > instances_max - b->instances)
		return refuse(
			b, -E2BIG, "%s: more than %" PRId64 " instances", setting, instances_max);
	return 0;
}

void add_args(struct gb_bench *b, size_t count, int64_t instances)
{
	b->args_count = static_cast<int>(count);
	b->instances += instances;
}
} // namespace

namespace gbench
{
const std::vector<gb_bench *> &benches()
{
	return all;
}

void benches_clear()
{
	all.clear();
	owned.clear();
	hooks_clear();
}
} // namespace gbench

struct gb_bench *gb_register(const char *name, gb_fn *fn, void *user)
{
	struct gb_bench *ret = nullptr;
	gbench::guard("gb_register", [&] {
		if (!name || !*name)
			return fail(-EINVAL, "gb_register: the benchmark has no name");
		if (!fn)
			return fail(-EINVAL, "gb_register: %s: it has no function", name);
		if (gbench::is_running())
			return fail(-EBUSY, "gb_register: %s: not during gb_run", name);
		auto b = std::make_unique<gb_bench>();
		gb_bench *p = b.get();
		p->name = name;
		p->fn = fn;
		p->user = user;
		p->args_count = p->names_count = -1;
		p->multiplier = 8; /* the library's */
		all.reserve(all.size() + 1);
		owned.push_back(std::move(b));
		p->native = benchmark::RegisterBenchmark(
			name, [p](benchmark::State &st) { gbench::bench_run(p, st); });
		all.push_back(p);
		ret = p;
		return 0;
	});
	return ret;
}

size_t gb_bench_count(void)
{
	return all.size();
}

struct gb_bench *gb_bench_at(size_t index)
{
	return index < all.size() ? all[index] : nullptr;
}

const char *gb_bench_name(const struct gb_bench *b)
{
	return b ? b->name.c_str() : "";
}

int gb_set_name(struct gb_bench *b, const char *name)
{
	const int r = check_handle(b, "name");
	if (r < 0)
		return r;
	if (!name || !*name)
		return refuse(b, -EINVAL, "name: it is empty");
	return gbench::guard("gb_set_name", [&] {
		b->name = name;
		b->native->Name(name);
		return 0;
	});
}

int gb_arg(struct gb_bench *b, int64_t arg)
{
	return gb_args(b, &arg, 1);
}

int gb_args(struct gb_bench *b, const int64_t *args, size_t count)
{
	const int r = check_args(b, "args", args ? count : 0, 1);
	if (r < 0)
		return r;
	return gbench::guard("gb_args", [&] {
		b->native->Args(std::vector<int64_t>(args, args + count));
		add_args(b, count, 1);
		return 0;
	});
}

int gb_arg_range(struct gb_bench *b, int64_t lo, int64_t hi)
{
	const struct gb_range range = {lo, hi};
	return gb_arg_ranges(b, &range, 1);
}

int gb_arg_dense_range(struct gb_bench *b, int64_t lo, int64_t hi, int64_t step)
{
	int r = check_args(b, "dense_range", 1, 0);
	if (r < 0)
		return r;
	if (step < 1 || step > INT_MAX)
		return refuse(b, -EINVAL,
			"dense_range: a step of %" PRId64 "; it must be at least 1", step);
	if (lo > hi)
		return refuse(b, -EINVAL, "dense_range: from %" PRId64 " to %" PRId64 "; swap them",
			lo, hi);
	if (hi > INT64_MAX - step)
		return refuse(
			b, -ERANGE, "dense_range: the library would overflow after %" PRId64, hi);
	const uint64_t count = (static_cast<uint64_t>(hi) - static_cast<uint64_t>(lo)) /
				       static_cast<uint64_t>(step) +
			       1;
	r = check_args(b, "dense_range", 1,
		count > static_cast<uint64_t>(instances_max) ? INT64_MAX
							     : static_cast<int64_t>(count));
	if (r < 0)
		return r;
	return gbench::guard("gb_arg_dense_range", [&] {
		b->native->DenseRange(lo, hi, static_cast<int>(step));
		add_args(b, 1, static_cast<int64_t>(count));
		return 0;
	});
}

int gb_arg_ranges(struct gb_bench *b, const struct gb_range *ranges, size_t count)
{
	int64_t instances = 1;
	int r = check_args(b, "ranges", ranges ? count : 0, 0);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].lo > ranges[i].hi)
			return refuse(b, -EINVAL,
				"ranges: from %" PRId64 " to %" PRId64 "; swap them", ranges[i].lo,
				ranges[i].hi);
		/* At most 131 values each, and the product has stayed below the limit. */
		instances *= static_cast<int64_t>(
			benchmark::CreateRange(ranges[i].lo, ranges[i].hi, b->multiplier).size());
		r = check_args(b, "ranges", count, instances);
		if (r < 0)
			return r;
	}
	return gbench::guard("gb_arg_ranges", [&] {
		std::vector<std::pair<int64_t, int64_t>> pairs;
		for (size_t i = 0; i < count; i++)
			pairs.emplace_back(ranges[i].lo, ranges[i].hi);
		b->native->Ranges(pairs);
		add_args(b, count, instances);
		return 0;
	});
}

int gb_args_product(struct gb_bench *b, const struct gb_list *lists, size_t count)
{
	int64_t instances = 1;
	int r = check_args(b, "args_product", lists ? count : 0, 0);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (!lists[i].values || lists[i].count == 0)
			return refuse(b, -EINVAL, "args_product: list %zu is empty", i);
		if (lists[i].count > static_cast<size_t>(instances_max / instances))
			return refuse(b, -E2BIG, "args_product: more than %" PRId64 " instances",
				instances_max);
		instances *= static_cast<int64_t>(lists[i].count);
	}
	r = check_args(b, "args_product", count, instances);
	if (r < 0)
		return r;
	return gbench::guard("gb_args_product", [&] {
		std::vector<std::vector<int64_t>> all_lists;
		for (size_t i = 0; i < count; i++)
			all_lists.emplace_back(lists[i].values, lists[i].values + lists[i].count);
		b->native->ArgsProduct(all_lists);
		add_args(b, count, instances);
		return 0;
	});
}

int gb_arg_name(struct gb_bench *b, const char *name)
{
	return gb_arg_names(b, &name, 1);
}

int gb_arg_names(struct gb_bench *b, const char *const *names, size_t count)
{
	const int r = check_handle(b, "arg_names");
	if (r < 0)
		return r;
	if (!names || count == 0 || count > INT_MAX)
		return refuse(b, -EINVAL, "arg_names: no names");
	if (b->args_count >= 0 && static_cast<size_t>(b->args_count) != count)
		return refuse(
			b, -EINVAL, "arg_names: %zu names, but %d arguments", count, b->args_count);
	return gbench::guard("gb_arg_names", [&] {
		std::vector<std::string> strings;
		for (size_t i = 0; i < count; i++)
			strings.emplace_back(names[i] ? names[i] : "");
		/* A second set of names must not be checked by the library against the first. */
		if (b->args_count < 0 && b->names_count >= 0 &&
			static_cast<size_t>(b->names_count) != count)
			return refuse(b, -EINVAL, "arg_names: %zu names, but %d before", count,
				b->names_count);
		b->native->ArgNames(strings);
		b->names_count = static_cast<int>(count);
		return 0;
	});
}

int gb_range_multiplier(struct gb_bench *b, int multiplier)
{
	const int r = check_handle(b, "range_multiplier");
	if (r < 0)
		return r;
	if (multiplier < 2)
		return refuse(
			b, -EINVAL, "range_multiplier: %d; it must be at least 2", multiplier);
	b->native->RangeMultiplier(multiplier);
	b->multiplier = multiplier;
	return 0;
}
