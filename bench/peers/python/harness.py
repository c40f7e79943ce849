#!/usr/bin/env python3
"""Python's multiprocessing as subjects of ipcmark: the script that the harness starts and drives.

Little stands here, because a process that multiprocessing spawns reads this file again; protocol.py
has the rest. This file must be readable for any python3, to say that it is too old.
"""
import sys

PYTHON_LEAST = (3, 9)


def refuse():
    reason = "python3 is %d.%d, the python_* subjects need %d.%d" % (
        sys.version_info[:2] + PYTHON_LEAST)
    for _ in sys.stdin:
        print('{"ok": false, "reason": "%s"}' % reason, flush=True)


if __name__ == "__main__":
    if sys.version_info < PYTHON_LEAST:
        refuse()
    else:
        import protocol
        protocol.serve()
