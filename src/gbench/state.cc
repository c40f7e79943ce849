/*
 * What a benchmark may ask its state and tell it, outside the loop: arguments, threads, counters,
 * label, errors.
 */
#include "binding.h"

#include <cinttypes>
#include <cmath>

using gbench::misuse;
using gbench::misuse_in_setup;

namespace
{
const struct {
	unsigned ours, native;
} flag_names[] = {
	{GB_COUNTER_RATE, benchmark::Counter::kIsRate},
	{GB_COUNTER_AVG_THREADS, benchmark::Counter::kAvgThreads},
	{GB_COUNTER_ITERATION_INVARIANT, benchmark::Counter::kIsIterationInvariant},
	{GB_COUNTER_AVG_ITERATIONS, benchmark::Counter::kAvgIterations},
	{GB_COUNTER_INVERT, static_cast<unsigned>(benchmark::Counter::kInvert)},
};
} // namespace

unsigned gbench::counter_flags_of(benchmark::Counter::Flags flags)
{
	unsigned ours = 0;
	for (const auto &f : flag_names)
		ours |= static_cast<unsigned>(flags) & f.native ? f.ours : 0U;
	return ours;
}

int gb_skip_with_error(struct gb_state *st, const char *message)
{
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_skip_with_error");
	gbench::skip(st, message ? message : "(no message)", false);
	return 0;
}

int gb_skip_with_message(struct gb_state *st, const char *message)
{
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_skip_with_message");
	gbench::skip(st, message ? message : "(no message)", true);
	return 0;
}

bool gb_error_occurred(const struct gb_state *st)
{
	return st->has_error;
}

bool gb_skipped(const struct gb_state *st)
{
	return st->skipped;
}

int gb_set_iteration_time(struct gb_state *st, double seconds)
{
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_set_iteration_time");
	if (!std::isfinite(seconds) || seconds < 0)
		return misuse(
			st, -EINVAL, "gb_set_iteration_time: %g s; it must be 0 or more", seconds);
	st->has_time = true;
	st->native->SetIterationTime(seconds);
	return 0;
}

int64_t gb_range_at(const struct gb_state *st, size_t index)
{
	if (index >= gb_range_count(st)) {
		misuse(st, -EINVAL, "gb_range_at: argument %zu of %zu", index, gb_range_count(st));
		return 0;
	}
	return st->view->range(index);
}

size_t gb_range_count(const struct gb_state *st)
{
	return st->bench->args_count < 0 ? 0 : static_cast<size_t>(st->bench->args_count);
}

int gb_thread_count(const struct gb_state *st)
{
	return st->view->threads();
}

int gb_thread_index(const struct gb_state *st)
{
	return st->view->thread_index();
}

const char *gb_state_name(const struct gb_state *st)
{
	return st->bench->name.c_str();
}

int64_t gb_iterations_done(const struct gb_state *st)
{
	return st->phase == phase::RUNNING || st->phase == phase::DONE
		       ? st->view->max_iterations - st->left
		       : 0;
}

int64_t gb_max_iterations(const struct gb_state *st)
{
	return st->view->max_iterations;
}

int gb_set_bytes(struct gb_state *st, int64_t bytes)
{
	return gb_counter(
		st, "bytes_per_second", static_cast<double>(bytes), GB_COUNTER_RATE, 1024);
}

int gb_set_items(struct gb_state *st, int64_t items)
{
	return gb_counter(
		st, "items_per_second", static_cast<double>(items), GB_COUNTER_RATE, 1000);
}

int gb_set_complexity_n(struct gb_state *st, int64_t n)
{
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_set_complexity_n");
	if (n <= 0)
		return misuse(
			st, -EINVAL, "gb_set_complexity_n: %" PRId64 "; it must be at least 1", n);
	st->native->SetComplexityN(n);
	return 0;
}

int gb_set_label(struct gb_state *st, const char *label)
{
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_set_label");
	if (!label)
		return misuse(st, -EINVAL, "gb_set_label: null");
	st->native->SetLabel(label);
	return 0;
}

int gb_counter(struct gb_state *st, const char *name, double value, unsigned flags, int one_k)
{
	using benchmark::Counter;
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_counter");
	if (!name || !*name)
		return misuse(st, -EINVAL, "gb_counter: it has no name");
	if (flags >= GB_COUNTER_INVERT << 1)
		return misuse(st, -EINVAL, "gb_counter: %s: unknown flags %#x", name, flags);
	if (one_k != 1000 && one_k != 1024)
		return misuse(st, -EINVAL, "gb_counter: %s: one_k is %d; it must be 1000 or 1024",
			name, one_k);
	unsigned before;
	{
		std::lock_guard<std::mutex> guard(st->bench->lock);
		before = st->bench->counter_flags.emplace(name, flags).first->second;
	}
	if (before != flags)
		return misuse(st, -EINVAL,
			"gb_counter: %s: flags %#x, but %#x before; the library makes no "
			"statistics "
			"over both",
			name, flags, before);
	unsigned native = 0;
	for (const auto &f : flag_names)
		native |= flags & f.ours ? f.native : 0U;
	st->native->counters[name] = Counter(value, static_cast<Counter::Flags>(native),
		one_k == 1024 ? Counter::kIs1024 : Counter::kIs1000);
	return 0;
}
