#!/usr/bin/env python3
"""Symbols: a member of a family is its file's only global symbol.

symbols.py LIBRARY OBJECT=SYMBOL...   e.g. libtransport.a pipe.c.o=transport_pipe
symbols.py --self-test   plants violations and demands that each is found
"""
import os
import subprocess
import sys

# What sanitizers and coverage add to an object.
ADDED = ("__asan", "__odr_asan", "__tsan", "__ubsan", "__gcov", "__llvm", "__sanitizer")


def list_symbols(library):
    return subprocess.run(
        [os.environ.get("NM", "nm"), "-A", "--defined-only", "--extern-only", library],
        check=True, capture_output=True, text=True).stdout


def globals_of(listing):
    """The defined global symbols of each object of a static library."""
    found = {}
    for line in listing.splitlines():
        where, _, symbol = line.rpartition(" ")
        kind = where[-1]
        # LIBRARY:OBJECT:ADDRESS TYPE, and a thin archive's objects are paths.
        member = os.path.basename(where.rsplit(":", 1)[0].rsplit(":", 1)[-1])
        # What C++ has in its headers is weak: the linker merges it, nobody calls it by name.
        is_of_header = symbol.startswith(("_Z", "DW.ref.")) and kind in "WVu"
        if not symbol.startswith(ADDED) and not is_of_header:
            found.setdefault(member, []).append(symbol)
    return found


def check(listing, pairs):
    found = globals_of(listing)
    findings = []
    for pair in pairs:
        member, _, expected = pair.partition("=")
        symbols = sorted(found.get(member, []))
        extra = [s for s in symbols if s != expected]
        if expected not in symbols:
            findings.append(f"{member}: does not export {expected}")
        if extra:
            findings.append(f"{member}: also exports {', '.join(extra)} (make them static)")
    return findings


PLANTED = {
    "more.c.o=x_more": "more.c.o: also exports helper, table (make them static)",
    "other.c.o=x_other": "other.c.o: does not export x_other",
    "none.c.o=x_none": "none.c.o: does not export x_none",
}
ALLOWED = ["weak.cc.o=x_weak", "good.c.o=x_good", "thin.c.o=x_thin", "added.c.o=x_added"]
LISTING = """\
liba.a:good.c.o:0000000000000000 D x_good
liba.a:more.c.o:0000000000000010 T helper
liba.a:more.c.o:0000000000000000 D table
liba.a:more.c.o:0000000000000020 D x_more
liba.a:other.c.o:0000000000000000 D x_another
build/liba.a:liba.a.p/thin.c.o:0000000000000000 D x_thin
liba.a:added.c.o:0000000000000000 B __odr_asan.x_added
liba.a:added.c.o:0000000000000020 D x_added
liba.a:weak.cc.o:0000000000000000 D x_weak
liba.a:weak.cc.o:0000000000000000 W _ZN3tbb5thingEv
liba.a:common.c.o:0000000000000000 T shared_by_the_family
"""


def self_test():
    findings = check(LISTING, list(PLANTED) + ALLOWED)
    for pair, finding in PLANTED.items():
        if finding not in findings:
            sys.exit(f"symbols: the violation planted in {pair} was not found")
    wanted = list(PLANTED.values()) + ["other.c.o: also exports x_another (make them static)"]
    if sorted(findings) != sorted(wanted):
        sys.exit("symbols: found where nothing was planted:\n" + "\n".join(findings))


def main():
    self_test()
    if sys.argv[1:] == ["--self-test"]:
        return 0
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    findings = check(list_symbols(sys.argv[1]), sys.argv[2:])
    for finding in findings:
        print(finding)
    print(f"symbols: {len(sys.argv) - 2} members, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
