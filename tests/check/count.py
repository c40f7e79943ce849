#!/usr/bin/env python3
"""Counts single cases from the logs of `meson test`: "N passed, N failed[, N skipped]".

count.py TESTLOG.JSON...   exits with 1 when something failed, or nothing was run
"""
import json
import re
import sys

TAP = re.compile(r"^(not )?ok\b\s*\d*\s*(.*)$")
CMOCKA = re.compile(r"^\[\s+(PASSED|FAILED|SKIPPED)\s+\] (\d+) test\(s\)")
BAD = ("FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS")


def count_output(text):
    """(passed, failed, skipped) of a program that speaks TAP, or cmocka's own dialect."""
    tap, cmocka = [0, 0, 0], {"PASSED": 0, "FAILED": 0, "SKIPPED": 0}
    for line in text.splitlines():
        match = TAP.match(line)
        if match:
            is_skip = re.search(r"#\s*skip", match[2], re.I)
            tap[2 if is_skip else 1 if match[1] else 0] += 1
        match = CMOCKA.match(line)
        if match:
            cmocka[match[1]] += int(match[2])
    return tuple(tap) if any(tap) else tuple(cmocka.values())


def count_test(test):
    result = test["result"]
    if result == "SKIP":
        passed, failed, skipped = count_output(test.get("stdout") or "")
        return (passed, failed, skipped or 1)
    text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    passed, failed, skipped = count_output(text)
    if result in BAD:
        return (passed, max(failed, 1), skipped)
    if passed + skipped == 0:
        return (1, 0, 0)
    return (passed, 0, skipped)


def main():
    total = [0, 0, 0]
    names = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                test = json.loads(line)
                counts = count_test(test)
                total = [a + b for a, b in zip(total, counts)]
                if counts[1]:
                    names.append(test["name"])
    if names:
        print("failed: " + ", ".join(names))
    skipped = f", {total[2]} skipped" if total[2] else ""
    print(f"{total[0]} passed, {total[1]} failed{skipped}")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
