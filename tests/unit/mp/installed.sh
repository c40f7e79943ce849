#!/bin/sh
# Usage: installed.sh BUILD_DIR MESON README CC...
# Installs libmp alone, and builds and runs programs against that, with the flags of pkg-config and
# nothing of the tree: one that spawns, and the examples of the README.
set -eu
build=$1 meson=$2 readme=$3
shift 3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
"$meson" install -C "$build" --no-rebuild --tags mp --destdir "$stage" --quiet
pc=$(find "$stage" -name mp.pc)
prefix=$stage$(sed -n 's/^prefix=//p' "$pc")
# Nothing else is installed with it, and it needs nothing else: no header of the tree's inside.
find "$stage" -type f | grep -v -e "/include/mp" -e '/lib.*/libmp\.so' -e '/mp\.pc$' && exit 1
if grep -rh '#include "' "$prefix/include" | grep -v '"mp/'; then
	exit 1
fi
cat >"$stage/example.c" <<'END'
#include <mp.h>
#include <stdio.h>

static int count(void *argument)
{
	for (int i = 0; i < 1000; i++)
		__atomic_fetch_add((int *)argument, 1, __ATOMIC_RELAXED);
	return 3;
}

int main(void)
{
	mp_freeze_support();
	int *value = mp_shared_new(sizeof(*value)), code = 0;
	struct mp_process_options options = {.start_method = MP_SPAWN};
	struct mp_process *process;
	int r = mp_process_start(count, value, &options, &process);
	if (r == 0)
		r = mp_process_join(process, MP_S(30), &code);
	printf("%d %d %s\n", *value, code, r < 0 ? mp_strerror(r) : "well");
	return r < 0;
}
END
ask() {
	PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$prefix" "$@" mp
}
flags=$(ask --cflags --libs)
libdir=$(ask --variable=libdir)
cd "$stage"
# run C_FILE COMPILER...: builds and runs it.
run() {
	source=$1
	shift
	# shellcheck disable=SC2086 # the flags are words
	"$@" -Wall -Wextra -Werror "$source" -o program $flags -Wl,-rpath,"$libdir"
	timeout 60 ./program
}
test "$(run example.c "$@")" = '1000 3 well'
awk '/^```c$/ { file = "readme" ++n ".c"; next } /^```$/ { file = "" }
	file { print >file }' "$readme"
test "$(run readme1.c "$@")" = 500500
test "$(run readme2.c "$@")" = '998001 well'
test "$(run readme3.c "$@")" = 'Owner died'
