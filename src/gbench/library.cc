/*
 * What concerns the library as a whole: its options, context, units and version.
 *
 * Initialize() calls exit() for --help and for values it doesn't like, and newer versions abort
 * over a malformed time when the first benchmark runs. So argv and the environment are read here
 * first, with the library's own syntax (--name=value, BENCHMARK_NAME=value), and it only sees what
 * it accepts.
 */
#include "binding.h"

#include <climits>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sstream>

using gbench::fail;

namespace
{
thread_local char last_error[1024];
thread_local std::string filter_copy;

struct {
	void (*print)(void *user);
	void *user;
} help;

/* Options whose values the library exits or aborts over. */
const char *const checked_options[] = {"benchmark_format", "benchmark_out_format",
	"benchmark_time_unit", "benchmark_color", "benchmark_min_time", "benchmark_min_warmup_time",
	"benchmark_repetitions", "benchmark_out"};

std::string out;

bool is_one_of(const char *value, std::initializer_list<const char *> allowed)
{
	for (const char *a : allowed)
		if (strcmp(value, a) == 0)
			return true;
	return false;
}

/* A number of seconds, with the suffix s or (for iterations) x that 1.8 brought. */
bool is_time(const char *value, bool may_be_zero, bool may_be_iterations)
{
	char *end;
	const double number = strtod(value, &end);
	if (end == value || !std::isfinite(number) || number < 0 || (number == 0 && !may_be_zero))
		return false;
	if (*end == 'x' && end[1] == '\0')
		return may_be_iterations && number >= 1 && number < 1e15 &&
		       static_cast<double>(static_cast<int64_t>(number)) == number;
	return *end == '\0' || (*end == 's' && end[1] == '\0');
}

bool is_count(const char *value)
{
	char *end;
	errno = 0;
	const long number = strtol(value, &end, 10);
	return end != value && *end == '\0' && errno == 0 && number >= 1 && number <= INT_MAX;
}

/* Null when the library accepts the value, else what it should be. */
const char *expected(const std::string &option, const char *value)
{
	if (option == "benchmark_format" || option == "benchmark_out_format")
		return is_one_of(value, {"console", "json", "csv"}) ? nullptr
								    : "console, json or csv";
	if (option == "benchmark_time_unit")
		return is_one_of(value, {"", "ns", "us", "ms", "s"}) ? nullptr : "ns, us, ms or s";
	if (option == "benchmark_color")
		return *value ? nullptr : "auto, true or false";
	if (option == "benchmark_min_time")
		return is_time(value, false, true) ? nullptr : "a number of seconds above 0";
	if (option == "benchmark_min_warmup_time")
		return is_time(value, true, false) ? nullptr : "a number of seconds";
	if (option == "benchmark_repetitions")
		return is_count(value) ? nullptr : "a number of at least 1";
	return nullptr;
}

std::string environment_name(const std::string &option)
{
	std::string name;
	for (const char c : option)
		name += static_cast<char>(toupper(static_cast<unsigned char>(c)));
	return name;
}

int check_environment()
{
	for (const std::string option : checked_options) {
		const std::string name = environment_name(option);
		const char *value = getenv(name.c_str());
		const char *wanted = value ? expected(option, value) : nullptr;
		if (wanted)
			return fail(-EINVAL,
				"the environment's %s=%s: it must be %s; unset or correct it",
				name.c_str(), value, wanted);
		if (value && option == "benchmark_out")
			out = value;
	}
	return 0;
}

int check_argument(const char *argument)
{
	if (strncmp(argument, "--", 2) != 0)
		return 0;
	for (const std::string option : checked_options) {
		const size_t size = option.size();
		if (option.compare(0, size, argument + 2, strcspn(argument + 2, "=")) != 0 ||
			argument[2 + size] != '=')
			continue;
		const char *value = argument + 2 + size + 1;
		const char *wanted = expected(option, value);
		if (wanted)
			return fail(
				-EINVAL, "--%s=%s: it must be %s", option.c_str(), value, wanted);
		if (option == "benchmark_out")
			out = value;
	}
	return 0;
}

/* Only reached if the library finds a reason to print its help that we don't know; it exits
 * afterwards. */
void print_help()
{
	if (help.print)
		help.print(help.user);
	else
		benchmark::PrintDefaultHelp();
}

/* "1.7.1" of ".../libbenchmark.so.1.7.1", for libraries that can't say it. */
std::string version_of_file()
{
	Dl_info info;
	if (!dladdr(reinterpret_cast<void *>(&benchmark::PrintDefaultHelp), &info) ||
		!info.dli_fname)
		return "";
	char *path = realpath(info.dli_fname, nullptr);
	const std::string real = path ? path : "";
	free(path);
	const size_t at = real.rfind(".so.");
	const std::string version = at == std::string::npos ? "" : real.substr(at + 4);
	const bool is_version = version.find('.') != std::string::npos &&
				version.find_first_not_of("0123456789.") == std::string::npos;
	return is_version ? version : "";
}

std::string version()
{
	std::string v = benchmark::gb_lookup::version();
	if (v.empty())
		v = version_of_file();
	if (!v.empty() && v[0] == 'v')
		v.erase(0, 1);
	return v;
}

/* Newer versions add what git describes to a version; only the numbers are compared. */
bool is_other_version(const std::string &built, const std::string &loaded)
{
	const auto numbers = [](const std::string &v) {
		return v.substr(0, v.find_first_not_of("0123456789."));
	};
	const std::string a = numbers(built), b = numbers(loaded);
	return !a.empty() && !b.empty() && b != "0.0.0" && a != b;
}
} // namespace

namespace gbench
{
int fail(int r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(last_error, sizeof last_error, format, args);
	va_end(args);
	return r;
}

std::string out_path()
{
	return out;
}

benchmark::TimeUnit native_unit(enum gb_unit unit)
{
	static const benchmark::TimeUnit units[] = {benchmark::kNanosecond, benchmark::kMicrosecond,
		benchmark::kMillisecond, benchmark::kSecond};
	return units[unit];
}

enum gb_unit unit_of(benchmark::TimeUnit unit)
{
	return unit == benchmark::kNanosecond    ? GB_NS
	       : unit == benchmark::kMicrosecond ? GB_US
	       : unit == benchmark::kMillisecond ? GB_MS
						 : GB_S;
}
} // namespace gbench

const char *gb_last_error(void)
{
	return last_error;
}

int gb_initialize(int *argc, char **argv)
{
	if (!argc || !argv || *argc < 1)
		return fail(
			-EINVAL, "gb_initialize: it needs argc and argv, with the program's name");
	return gbench::guard("gb_initialize", [&] {
		const std::string loaded = version();
		if (is_other_version(GB_LIBBENCHMARK_VERSION, loaded))
			return fail(-ELIBBAD,
				"gbench was compiled with libbenchmark %s, but %s is loaded; "
				"rebuild gbench",
				GB_LIBBENCHMARK_VERSION, loaded.c_str());
		int r = check_environment();
		for (int i = 1; i < *argc && r == 0; i++)
			r = check_argument(argv[i]);
		if (r < 0)
			return r;
		for (int i = 1; i < *argc; i++)
			if (strcmp(argv[i], "--help") == 0 || strncmp(argv[i], "--help=", 7) == 0) {
				print_help();
				return GB_HELP;
			}
		/* The library keeps the pointer to the program's name for its reporters, and reads
		 * no further than the caller's argv lives; so it gets a copy. */
		static std::string name;
		name = *argc > 0 ? argv[0] : "benchmark";
		std::vector<char *> copy(argv, argv + *argc);
		copy.push_back(nullptr);
		if (*argc > 0)
			copy[0] = &name[0];
		benchmark::Initialize(argc, copy.data(), print_help);
		for (int i = 1; i < *argc; i++)
			argv[i] = copy[(size_t)i];
		argv[*argc] = nullptr;
		return 0;
	});
}

bool gb_report_unrecognized(int argc, char **argv)
{
	return benchmark::ReportUnrecognizedArguments(argc, argv);
}

void gb_set_help(void (*print)(void *user), void *user)
{
	help = {print, user};
}

void gb_print_default_help(void)
{
	benchmark::PrintDefaultHelp();
}

int gb_add_context(const char *key, const char *value)
{
	if (!key || !*key || !value)
		return fail(-EINVAL, "gb_add_context: no %s", value ? "key" : "value");
	return gbench::guard("gb_add_context", [&] {
		const auto *context = benchmark::internal::GetGlobalContext();
		if (context && context->count(key))
			return fail(-EEXIST, "gb_add_context: %s has the value %s already", key,
				context->at(key).c_str());
		benchmark::AddCustomContext(key, value);
		return 0;
	});
}

int gb_set_default_unit(enum gb_unit unit)
{
	if (unit < GB_NS || unit > GB_S)
		return fail(-EINVAL, "gb_set_default_unit: %d is none", static_cast<int>(unit));
	benchmark::SetDefaultTimeUnit(gbench::native_unit(unit));
	return 0;
}

enum gb_unit gb_default_unit(void)
{
	return gbench::unit_of(benchmark::GetDefaultTimeUnit());
}

const char *gb_unit_name(enum gb_unit unit)
{
	static const char *const names[] = {"ns", "us", "ms", "s"};
	return unit < GB_NS || unit > GB_S ? "?" : names[unit];
}

int gb_set_filter(const char *filter)
{
	return gbench::guard("gb_set_filter", [&] {
		benchmark::SetBenchmarkFilter(filter ? filter : "");
		return 0;
	});
}

const char *gb_filter(void)
{
	gbench::guard("gb_filter", [] {
		filter_copy = benchmark::GetBenchmarkFilter();
		return 0;
	});
	return filter_copy.c_str();
}

int gb_verbosity(void)
{
	return benchmark::GetBenchmarkVerbosity();
}

const char *gb_library_version(void)
{
	static const std::string v = version();
	return v.empty() ? "unknown" : v.c_str();
}

bool gb_library_is_debug(void)
{
	/* It says so nowhere but in the context that it prints. */
	std::ostringstream text;
	benchmark::BenchmarkReporter::PrintBasicContext(
		&text, benchmark::BenchmarkReporter::Context());
	return text.str().find("built as DEBUG") != std::string::npos;
}

int gb_clear(void)
{
	if (gbench::is_running())
		return fail(-EBUSY, "gb_clear: not during gb_run; the library still uses them");
	benchmark::ClearRegisteredBenchmarks();
	gbench::benches_clear();
	return 0;
}

int gb_shutdown(void)
{
	const int r = gb_clear();
	if (r < 0)
		return r;
	benchmark::Shutdown();
	/* It was deleted, but the pointer is still there for the next caller to use. */
	benchmark::internal::GetGlobalContext() = nullptr;
	return 0;
}
