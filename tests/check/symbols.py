#!/usr/bin/env python3
"""Symbols: a member of a family is its file's only global symbol.

symbols.py LIBRARY OBJECT=SYMBOL...   e.g. libtransport.a pipe.c.o=transport_pipe
"""
import os
import subprocess
import sys

# What sanitizers and coverage add to an object.
ADDED = ("__asan", "__odr_asan", "__tsan", "__ubsan", "__gcov", "__llvm", "__sanitizer")


def globals_of(library):
    """The defined global symbols of each object of a static library."""
    text = subprocess.run(
        [os.environ.get("NM", "nm"), "-A", "--defined-only", "--extern-only", library],
        check=True, capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        where, _, symbol = line.rpartition(" ")
        # LIBRARY:OBJECT:ADDRESS TYPE, and a thin archive's objects are paths.
        member = os.path.basename(where.rsplit(":", 1)[0].rsplit(":", 1)[-1])
        if not symbol.startswith(ADDED):
            found.setdefault(member, []).append(symbol)
    return found


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    found = globals_of(sys.argv[1])
    bad = 0
    for pair in sys.argv[2:]:
        member, _, expected = pair.partition("=")
        symbols = sorted(found.get(member, []))
        if symbols == [expected]:
            continue
        bad += 1
        extra = [s for s in symbols if s != expected]
        if expected not in symbols:
            print(f"{member}: does not export {expected}")
        if extra:
            print(f"{member}: also exports {', '.join(extra)} (make them static)")
    print(f"symbols: {len(sys.argv) - 2} members, {bad} findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
