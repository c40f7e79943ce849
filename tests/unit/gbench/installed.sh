#!/bin/sh
# Usage: installed.sh LIBGBENCH_A GBENCH_H GBENCH_PC EXAMPLE_C CC...
# Lays out what is installed in a prefix of its own and builds the example against that alone, with
# the flags of pkg-config and the C compiler: gbench must not need the rest of the tree.
set -eu
library=$1 header=$2 pc=$3 example=$4
shift 4
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
mkdir "$prefix/include" "$prefix/lib"
cp "$library" "$prefix/lib/"
cp "$header" "$prefix/include/"
sed 's|"gbench/gbench.h"|<gbench.h>|' "$example" >"$prefix/example.c"
# shellcheck disable=SC2016 # for pkg-config
sed 's|^libdir=.*|libdir=${prefix}/lib|' "$pc" >"$prefix/gbench.pc"
flags=$(PKG_CONFIG_PATH=$prefix:${PKG_CONFIG_PATH-} \
	pkg-config --define-variable=prefix="$prefix" --cflags --libs gbench)
cd "$prefix"
# shellcheck disable=SC2086 # the flags are words
"$@" -Wall -Wextra -Werror example.c -o example $flags
./example --benchmark_filter=/64 --benchmark_min_time=0.001 --benchmark_format=csv 2>/dev/null |
	grep '^"copy/64",'
