/*
 * A run of a benchmark, in one thread.
 *
 * The whole number of iterations is taken from the library at once: KeepRunningBatch(all) passes
 * the start barrier, starts the clock and consumes it; a second call stops the clock and passes
 * the end barrier. In between, somebody else counts: GB_FOR a local variable, gb_keep_running a
 * member of the state. So the library always believes that all iterations were done, also when an
 * error ended them early, which it insists on (ComputeStats).
 *
 * Whatever the callback did, bench_run() leaves the State as the library expects it: both barriers
 * passed, the clock stopped, all iterations consumed. A rule that was broken becomes the error of
 * the benchmark.
 */
#include "binding.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using gbench::misuse;
using gbench::misuse_in_setup;

namespace gbench
{
void skip(gb_state *st, const std::string &message, bool is_skip)
{
	if (st->skipped)
		return;
	st->skipped = true;
	st->has_error = !is_skip;
	st->left = 0;
	st->timing = false;
	if (is_skip)
		compat::skip_with_message(*st->native, message, compat::prefer());
	else
		st->native->SkipWithError(message.c_str());
	std::lock_guard<std::mutex> guard(st->bench->lock);
	st->bench->failed.emplace(instance_of(st->bench, *st->view), gb_failure{message, is_skip});
}

int misuse(const gb_state *st, int r, const char *format, ...)
{
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	if (st && st->native)
		skip(const_cast<gb_state *>(st), message, false);
	return fail(r, "%s%s%s", st ? st->bench->name.c_str() : "", st ? ": " : "", message);
}

int misuse_in_setup(const gb_state *st, const char *call)
{
	return misuse(st, -EPERM,
		"%s can't be called in a setup or teardown; call it in the benchmark", call);
}
} // namespace gbench

namespace
{
void finish(gb_state *st)
{
	/* The library stops the clock, and aborts if it doesn't run. */
	if (st->phase == phase::RUNNING && !st->skipped && !st->timing)
		st->native->ResumeTiming();
	st->timing = false;
	/* False: nothing is left. After an error before the loop it passes both barriers. */
	(void)st->native->KeepRunningBatch(st->native->max_iterations);
	st->phase = phase::DONE;
}

/* Whether the inline functions of State, which are compiled into the binding, see a State that can
 * be: another version of the library lays it out differently. */
bool is_plausible(const gb_bench *b, const benchmark::State &st)
{
	return st.threads() >= 1 && st.threads() <= GB_THREADS_MAX && st.thread_index() >= 0 &&
	       st.thread_index() < st.threads() && st.max_iterations >= 1 && st.iterations() == 0 &&
	       !st.error_occurred() && st.complexity_length_n() == 0 &&
	       (b->iterations == 0 || st.max_iterations <= b->iterations);
}

/* The other threads wait for this one, and it will not come. */
[[noreturn]] void die_of_exit(const gb_bench *b)
{
	fprintf(stderr,
		"gbench: %s: a thread of a benchmark with several threads called pthread_exit or "
		"was cancelled; the others would wait for it for ever. Return instead.\n",
		b->name.c_str());
	abort();
}

void check_end(gb_state *st)
{
	const gb_bench *b = st->bench;
	if (st->skipped)
		return;
	if (st->phase == phase::BEFORE)
		misuse(st, -EINVAL,
			"it returned without running its loop; run GB_FOR, or call "
			"gb_skip_with_error first");
	else if (st->phase == phase::RUNNING)
		misuse(st, -EINVAL,
			"it left its loop early, so its time means nothing; call "
			"gb_skip_with_error before break or return");
	else if (b->manual_time && !st->has_time && st->view->threads() == 1)
		misuse(st, -EINVAL,
			"it uses manual time but never called gb_set_iteration_time; "
			"the library would look for a number of iterations for ever");
	else if (b->complexity && st->view->thread_index() == 0 &&
		 st->view->complexity_length_n() <= 0)
		misuse(st, -EINVAL,
			"its complexity is wanted but it never called "
			"gb_set_complexity_n with n > 0");
}

/* Calls the benchmark, and lets no exception but a lonely pthread_exit pass. */
GB_CATCHES_UNWIND void call(gb_state *st)
{
	gb_bench *b = st->bench;
	std::string thrown;
	try {
		b->fn(st, b->user);
		return;
	} catch (abi::__forced_unwind &) {
		if (st->view->threads() > 1)
			die_of_exit(b);
		throw;
	} catch (const std::exception &e) {
		thrown = std::string("it threw an exception: ") + e.what();
	} catch (...) {
		thrown = "it threw an exception of unknown type";
	}
	misuse(st, -ECANCELED, "%s", thrown.c_str());
	gbench::note_exception(b->name + ": " + thrown);
}
} // namespace

namespace gbench
{
instance instance_of(const gb_bench *b, const benchmark::State &st)
{
	instance key{st.threads()};
	for (int i = 0; i < b->args_count; i++)
		key.push_back(st.range(static_cast<size_t>(i)));
	return key;
}

void bench_run(gb_bench *b, benchmark::State &native)
{
	gb_state st = {b, &native, &native, phase::BEFORE, false, false, false, false, false, 0};
	bool is_known_bad = false;
	gb_failure failure;
	if (!is_plausible(b, native)) {
		/* Nothing can be trusted, not even the way to say so to the library. */
		fputs("gbench: the libbenchmark that is loaded isn't the one that gbench was "
		      "compiled with; rebuild gbench\n",
			stderr);
		abort();
	}
	{
		std::lock_guard<std::mutex> guard(b->lock);
		auto found = b->failed.find(instance_of(b, native));
		is_known_bad = found != b->failed.end();
		if (is_known_bad)
			failure = found->second;
	}
	if (is_known_bad)
		skip(&st, failure.message, failure.is_skip);
	else if (!b->refused.empty())
		misuse(&st, -EINVAL, "a setting was refused: %s", b->refused.c_str());
	else
		call(&st);
	check_end(&st);
	if (st.phase != phase::DONE)
		finish(&st);
	std::lock_guard<std::mutex> guard(b->lock);
	const instance key = instance_of(b, native);
	b->succeeded[key] = b->failed.count(key) == 0;
}

GB_CATCHES_UNWIND void bench_setup(gb_bench *b, const benchmark::State &view)
{
	const instance key = instance_of(b, view);
	std::string message;
	b->is_set_up = false;
	if (b->failed.count(key))
		return;
	b->is_set_up = true;
	if (!b->setup)
		return;
	gb_state st = {b, nullptr, &view, phase::SETUP, false, false, false, false, false, 0};
	try {
		const int r = b->setup(&st, b->setup_user);
		if (r < 0)
			message = std::string("setup failed: ") + strerror(-r);
	} catch (abi::__forced_unwind &) {
		throw;
	} catch (const std::exception &e) {
		message = std::string("setup threw an exception: ") + e.what();
	} catch (...) {
		message = "setup threw an exception of unknown type";
	}
	if (message.empty())
		return;
	b->is_set_up = false;
	b->failed.emplace(key, gb_failure{message, false});
	if (message.compare(0, 11, "setup threw") == 0)
		note_exception(b->name + ": " + message);
}

void bench_teardown(gb_bench *b, const benchmark::State &view)
{
	const instance key = instance_of(b, view);
	gb_state st = {b, nullptr, &view, phase::SETUP, false, false, false, false, false, 0};
	if (b->is_set_up && b->teardown)
		b->teardown(&st, b->teardown_user);
	b->is_set_up = false;

	/* After the last repetition of a family with a complexity, the library takes the first run
	 * without error, of which there must be one. All threads have been joined here. */
	auto failed = b->failed.find(key);
	if (!b->complexity || failed == b->failed.end())
		return;
	for (const auto &other : b->succeeded)
		if (other.second && other.first != key)
			return;
	throw abandoned(
		b->name + ": " + failed->second.message +
		" (the library can't go on: its complexity is wanted, and the first instance "
		"failed)");
}
} // namespace gbench

int64_t gb_loop_begin(struct gb_state *st)
{
	if (st->phase == phase::SETUP) {
		misuse_in_setup(st, "gb_loop_begin");
		return 0;
	}
	if (st->skipped)
		return 0;
	if (st->phase != phase::BEFORE) {
		misuse(st, -EINVAL, "it began a second loop; a benchmark runs one loop once");
		return 0;
	}
	st->phase = phase::RUNNING;
	st->timing = true;
	/* The clock starts at the end of this call. */
	return st->native->KeepRunningBatch(st->native->max_iterations) ? st->native->max_iterations
									: 0;
}

void gb_loop_end(struct gb_state *st)
{
	if (st->phase == phase::RUNNING)
		finish(st);
}

int64_t gb_keep_running_batch(struct gb_state *st, int64_t n)
{
	if (n <= 0) {
		misuse(st, -EINVAL, "a batch of %" PRId64 " iterations; it must be at least 1", n);
		return 0;
	}
	if (__builtin_expect(st->left == 0, 0)) {
		if (st->phase == phase::RUNNING && !st->skipped && !st->stepping) {
			misuse(st, -EINVAL, "it mixes gb_loop_begin and gb_keep_running; use one");
			return 0;
		}
		if (st->phase == phase::RUNNING || st->phase == phase::DONE) {
			gb_loop_end(st);
			return 0;
		}
		st->left = gb_loop_begin(st);
		st->stepping = true;
	}
	const int64_t now = n < st->left ? n : st->left;
	st->left -= now;
	return now;
}

bool gb_keep_running(struct gb_state *st)
{
	if (__builtin_expect(st->left > 0, 1)) {
		st->left--;
		return true;
	}
	return gb_keep_running_batch(st, 1) > 0;
}

int gb_pause(struct gb_state *st)
{
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_pause");
	if (st->skipped)
		return -ECANCELED;
	if (st->phase != phase::RUNNING || !st->timing)
		return misuse(st, -EINVAL,
			"gb_pause: the clock doesn't run; pause inside the loop, "
			"and once");
	st->timing = false;
	st->native->PauseTiming();
	return 0;
}

int gb_resume(struct gb_state *st)
{
	if (st->phase == phase::SETUP)
		return misuse_in_setup(st, "gb_resume");
	if (st->skipped)
		return -ECANCELED;
	if (st->phase != phase::RUNNING || st->timing)
		return misuse(st, -EINVAL,
			"gb_resume: the clock isn't paused; pause it inside the "
			"loop first");
	st->timing = true;
	st->native->ResumeTiming();
	return 0;
}
