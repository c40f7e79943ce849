#!/bin/sh
# Usage: installed.sh BUILD_DIR MESON CC...
# Installs libmp alone, and builds and runs a program against that, with the flags of pkg-config and
# nothing of the tree.
set -eu
build=$1 meson=$2
shift 2
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
# shellcheck disable=SC2086 # the flags are words
"$@" -Wall -Wextra -Werror example.c -o example $flags -Wl,-rpath,"$libdir"
test "$(./example)" = '1000 3 well'
