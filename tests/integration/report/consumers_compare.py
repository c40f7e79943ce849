#!/usr/bin/env python3
"""The installed compare.py reads both files: consumers_compare.py MAKE_SYNTHETIC

All times of the second results are 1.1 times those of the first, so it must find 10 %.
"""
import os
import re
import subprocess
import sys
import tempfile

COMPARE = "/usr/share/benchmark/compare.py"


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def interpreter():
    """A Python that has what compare.py imports: the first one of the path may be another."""
    for python in (sys.executable, "/usr/bin/python3"):
        run = subprocess.run([python, "-c", "import numpy, scipy"], capture_output=True,
                             check=False)
        if run.returncode == 0:
            return python
    return skip("compare.py needs python3-numpy and python3-scipy")


def compare(python, old, new):
    run = subprocess.run([python, COMPARE, "--no-color", "benchmarks", old, new],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    # An entry that it cannot use makes the last line vanish in silence.
    total = re.search(r"^OVERALL_GEOMEAN\s+(\S+)", run.stdout, re.M)
    assert total, run.stdout[-2000:]
    return float(total[1]), run.stdout


def main():
    if not os.path.exists(COMPARE):
        skip(f"{COMPARE} is not installed (libbenchmark-tools)")
    python = interpreter()
    with tempfile.TemporaryDirectory() as directory:
        for name, factor in (("old", "1"), ("new", "1.1")):
            os.mkdir(os.path.join(directory, name))
            subprocess.run([sys.argv[1], os.path.join(directory, name), factor], check=True)
        for file in ("results.json", "summary.json"):
            change, text = compare(python, *(os.path.join(directory, name, file)
                                     for name in ("old", "new")))
            assert abs(change - 0.1) < 0.005, f"{file}: {change} instead of 0.1"
            names = set(re.findall(r"^(\w+/\S+/real_time)\s", text, re.M))
            assert len(names) > 20, f"{file}: only {len(names)} rows"
            print(f"{file}: {len(names)} rows, change {change:+.3f}")


if __name__ == "__main__":
    main()
