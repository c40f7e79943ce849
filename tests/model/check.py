#!/usr/bin/env python3
"""Runs one model of an algorithm through spin.

check.py holds|fails MODEL.pml [NAME[=VALUE]...]

holds: no assertion fails, nothing hangs, and with LIVENESS what the model's ltl says is true, in
every order of steps. fails: the checker finds a counter-example (the model is wrong on purpose, so
that we know that the checker would tell).

Exit 77: skipped, there is no spin here (Debian: apt-get install spin).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

MEMORY_MB = 2000
DEPTH = 1000000
SECONDS = 240


def run(command, directory):
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False,
                            timeout=SECONDS)
    return result.returncode, result.stdout + result.stderr


def verify(model, names, directory):
    """(whether it holds, what the checker printed)"""
    is_live = "LIVENESS" in names
    code, text = run(["spin", "-a"] + ["-D" + name for name in names] + [model], directory)
    if code != 0 or not os.path.exists(os.path.join(directory, "pan.c")):
        sys.exit(f"check: spin does not take the model:\n{text}")
    flags = [f"-DMEMLIM={MEMORY_MB}", "-DCOLLAPSE"] + ([] if is_live else ["-DSAFETY"])
    code, text = run(["cc", "-O1", "-w"] + flags +
                     ["pan.c", "-o", "pan"], directory)
    if code != 0:
        sys.exit(f"check: the checker does not compile:\n{text}")
    _, text = run(["./pan", f"-m{DEPTH}", "-n"] + (["-a", "-f"] if is_live else []), directory)
    errors = re.search(r"errors: (\d+)", text)
    # An incomplete search proves nothing.
    if not errors or "Search not completed" in text and errors[1] == "0" or \
            "max search depth too small" in text:
        sys.exit(f"check: the search was not completed:\n{text}")
    return errors[1] == "0", text


def trail(model, names, directory):
    name = os.path.basename(model) + ".trail"
    _, text = run(["spin", "-t", "-p", "-k", name] + ["-D" + n for n in names] + [model],
                  directory)
    return text


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("holds", "fails"):
        sys.exit(__doc__)
    if not shutil.which("spin"):
        print("skipped: no spin here (Debian: apt-get install spin)")
        return 77
    expected, model, names = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    with tempfile.TemporaryDirectory() as directory:
        holds, text = verify(model, names, directory)
        states = re.search(r"(\d+) states, stored", text)
        print(f"{os.path.basename(model)} {' '.join(names)}: "
              f"{'holds' if holds else 'fails'}, {states[1] if states else '?'} states")
        if holds == (expected == "holds"):
            return 0
        print(text if expected == "fails" else trail(model, names, directory))
    print(f"check: expected that it {expected}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
