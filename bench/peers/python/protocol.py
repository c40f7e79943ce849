"""The protocol loop: one JSON object a line from stdin, one to stdout, and nothing else there; what
a library prints ends up on stderr. README.md has the commands and what they answer.

The end of stdin closes the cell and ends the script. Should the harness be killed meanwhile, the
kernel kills the script, and then its children: nothing here has to be awake for that.
"""
import gc
import importlib
import json
import os
import signal
import sys
import traceback

from cell import FAMILIES, Request, choose
from sides import Failure, bind, die_with_parent


def subjects_of(family):
    return importlib.import_module(family).SUBJECTS


class Harness:
    """At most one cell is open."""

    def __init__(self):
        self.cell = self.request = None
        self.affinity = os.sched_getaffinity(0)

    def list(self, _):
        return {"subjects": [
            {"name": name, "family": family, "summary": subject.summary,
             "workloads": subject.workloads, "exec": subject.executions}
            for family in FAMILIES for name, subject in subjects_of(family).items()]}

    def open(self, message):
        if self.request:
            raise Failure("a cell is open already")
        request = Request(message)
        subjects = {name: subject for name, subject in subjects_of(request.family).items()
                    if request.workload in subject.workloads}
        subject = choose(f"subject of {request.workload}", request.subject, subjects)
        choose(f"exec of {request.subject}", request.execution,
               dict.fromkeys(subject.executions))
        self.request = request
        try:
            # Where workers are bound, a CPU that cannot be had is not said but waited for.
            for index in range(len(request.cpus)):
                bind(request.cpus, index)
            os.sched_setaffinity(0, self.affinity)
            self.cell = subject.make(request)
        except Exception:
            self.close(None)
            raise
        return {"pids": self.cell.pids}

    def opened(self):
        if not self.cell:
            raise Failure("no cell is open")
        return self.cell

    def verify(self, _):
        self.opened().verify()
        return {}

    def run(self, message):
        iterations = message.get("iterations")
        if not isinstance(iterations, int) or iterations < 1:
            raise Failure(f"iterations must be a whole number above 0, not {iterations!r}")
        return self.opened().run(iterations)

    def close(self, _):
        request, self.request, self.cell = self.request, None, None
        if request:
            request.cleanup.close()
            gc.collect()  # what a cell holds in cycles are descriptors
        os.sched_setaffinity(0, self.affinity)
        return {}

    def answer(self, line):
        """Never raises: what went wrong is the reason, what was not foreseen is on stderr too."""
        try:
            message = json.loads(line)
            command = message.get("command") if isinstance(message, dict) else None
            if command not in ("list", "open", "verify", "run", "close"):
                raise Failure(f"there is no command {command!r}")
            return dict(getattr(self, command)(message), ok=True)
        except (Failure, json.JSONDecodeError) as error:
            return {"ok": False, "reason": str(error)}
        except Exception as error:
            traceback.print_exc()
            return {"ok": False, "reason": f"{type(error).__name__}: {error}"}


def serve():
    die_with_parent()
    # Who sits at the terminal interrupts the harness, and that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reply_fd = os.dup(1)
    os.dup2(2, 1)

    # A number, not a file: Python 3.9 crashes at its end when a hook keeps one.
    def child_begins():
        die_with_parent()
        os.close(reply_fd)
    os.register_at_fork(after_in_child=child_begins)

    harness = Harness()
    with open(reply_fd, "w", encoding="utf-8") as replies:
        for line in sys.stdin:
            replies.write(json.dumps(harness.answer(line)) + "\n")
            replies.flush()
    harness.close(None)
