"""What the families of subjects share: their tables, the parameters, and what a cell answers.

A family is a module with a table SUBJECTS, name → Subject. `make(request)` opens a cell, which has
pids, verify() and run(iterations). What must be undone when it is closed, or when it could not be
opened, is pushed to request.cleanup. What does not work raises Failure.
"""
from collections import namedtuple
from contextlib import ExitStack

import clock
from sides import Failure, Sides

Subject = namedtuple("Subject", "summary workloads executions make")

# The parameters that a workload may have: name → (default, least, most).
PARAMETERS = {
    "senders": (2, 1, 32),
    "receivers": (2, 1, 32),
    "contenders": (2, 1, 32),
    "gap": (1_000_000, 0, 10_000_000_000),
    "section": (1000, 0, 1_000_000_000),
    "workers": (2, 1, 64),
    "n": (20, 0, 45),
    "tasks": (100, 1, 10_000_000),
    "chunk": (0, 0, 10_000_000),
    "resident": (0, 0, 1 << 34),
}

# family → workload → its parameters. The family is a module, loaded only when it is asked for: what
# else this process has would make its forks slower.
FAMILIES = {
    "transports": {
        "pingpong": (),
        "wakeup": ("gap",),
        "stream": (),
        "fan_in": ("senders",),
        "fan_out": ("receivers",),
        "many_to_many": ("senders", "receivers"),
    },
    "pools": {
        "fib": ("workers", "n", "tasks", "chunk"),
        "map_tiny": ("workers", "tasks", "chunk"),
        "submit": ("workers",),
        "submit_idle": ("workers", "gap"),
        "batch": ("workers", "tasks"),
        "fetch": ("workers", "tasks"),
    },
    "locks": {
        "uncontended": (),
        "contended": ("contenders", "section"),
        "handover": ("section",),
        "notify": (),
        "barrier": ("contenders",),
        "value_add": ("contenders",),
    },
    "processes": {
        "spawn": ("resident",),
    },
}


def integer(values, name, limits):
    default, least, most = limits
    value = values.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Failure(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return value


def choose(what, name, known):
    """known[name], or a reason that says what there is."""
    if name not in known:
        raise Failure(f"there is no {what} {name!r}: there are {', '.join(known)}")
    return known[name]


class Request:
    """An "open" command, checked; a parameter that it lacks has its default."""

    def __init__(self, message):
        self.cleanup = ExitStack()
        self.workload, self.subject = message.get("workload"), message.get("subject")
        self.execution = message.get("exec")
        self.size_bytes = integer(message, "size_bytes", (64, 0, 1 << 30))
        self.seed = integer(message, "seed", (1, -(1 << 63), (1 << 64) - 1))
        self.cpus = message.get("cpus") or []
        if not all(isinstance(cpu, int) for cpu in self.cpus):
            raise Failure(f"cpus must be a list of numbers, not {self.cpus!r}")
        self.family = choose("workload", self.workload, {
            workload: family for family, workloads in FAMILIES.items() for workload in workloads})
        names, values = FAMILIES[self.family][self.workload], message.get("params") or {}
        for name in values:
            if name not in names:
                raise Failure(f"{self.workload} has no parameter {name!r}, it has "
                              + (", ".join(names) or "none"))
        self.parameters = {name: integer(values, name, PARAMETERS[name]) for name in names}
        vars(self).update(self.parameters)


def last_cpu(pid):
    """Where a process or thread has run last (proc(5), processor)."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[36])


class Cell:
    """The operation time of the last run chooses the batch of the next."""

    def __init__(self, request):
        self.request = request
        self.pids = []
        self.facts = {}
        self.operation_ns = 0
        self.batch = 1

    def next_batch(self, _):
        self.batch = clock.batch_for(self.operation_ns)
        return self.batch

    def record(self, parts, iterations, messages, cpu_ns):
        """The answer to "run": from the first begin of any side to the last end of any."""
        ending = [part for part in parts if part.end is not None]
        begin = min(part.begin for part in parts if part.begin is not None)
        end = max(part.end for part in ending)
        elapsed = end - begin if ending[0].busy is None else ending[0].busy
        self.operation_ns = elapsed / max(1, iterations)
        done = [part.done for part in parts if part.done is not None]
        if done:
            self.facts["fairness"] = min(done) / max(done)
        return {"elapsed_ns": elapsed, "begin_ns": begin, "end_ns": end, "messages": messages,
                "samples_ns": clock.thin(parts[0].samples), "batch": self.batch,
                "facts": self.facts, "cpu_ns": cpu_ns,
                "cpus": [last_cpu(pid) for pid in self.pids]}


class CellOfSides(Cell):
    """A cell in which several sides run together. A member says what a side does in each run:
    steps(index) → (steps, how many times an iteration, begins, ends the measured time)."""

    per_iteration = 1

    def __init__(self, request, count):
        super().__init__(request)
        self.sides = Sides(request.execution, count, request.cpus, self.side, request.cleanup)
        self.sides.start()
        self.pids = self.sides.pids

    def side(self, index, command, *arguments):
        self.sides.meet()
        return getattr(self, command)(index, *arguments)

    def measure(self, index, iterations, batch):
        steps, factor, begins, ends = self.steps(index)
        count = iterations * factor
        if "gap" in self.request.parameters and index == 0:
            part = clock.timed_after_gaps(steps, count, self.request.gap)
        else:
            part = clock.timed(steps, count, batch if ends else count)
        return part._replace(begin=part.begin if begins else None, end=part.end if ends else None)

    def measured(self, index, iterations, batch):
        before = self.sides.cpu_ns()
        part = self.measure(index, iterations, batch)
        used = self.sides.cpu_ns() - before
        return part if index == 0 else part._replace(samples=[]), used

    def run(self, iterations):
        answers = self.sides.turn("measured", iterations, self.next_batch(iterations))
        return self.record([part for part, _ in answers], iterations,
                           iterations * self.per_iteration, [used for _, used in answers])
