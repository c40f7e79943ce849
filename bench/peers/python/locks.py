"""What sides synchronize with: mutual exclusion, signals, barriers and shared values.

A busy section of 100 ns cannot be made in Python. Below a microsecond the section of `contended` is
just what counts the sections in a number that the lock guards; how long that takes is measured, and
is the fact section_ns.
"""
import time
import timeit
from functools import partial

import contest
from cell import CellOfSides, Subject
from manager import manager_start
from sides import FORK, Failure

ROUNDS = 100
PAUSE_S = 1e-6  # asleep: whoever could come in does
SECTIONS = 20000
MUTEX = ("uncontended", "contended", "handover")


class Mutex:
    def __init__(self, make, _):
        lock = make()
        self.acquire, self.release = lock.acquire, lock.release


class Counter:
    """A shared value and the lock that its users take."""

    def __init__(self, make, _):
        self.number, self.lock = make()

    def add(self):
        with self.lock:
            self.number.value += 1

    def value(self):
        return self.number.value


class Semaphores:
    """post and wait: one object for each side."""

    def __init__(self, make, count):
        self.objects = [make() for _ in range(count)]

    def post(self, to):
        return self.objects[to].release

    def wait(self, me):
        return self.objects[me].acquire


class Events(Semaphores):
    def post(self, to):
        return self.objects[to].set

    def wait(self, me):
        event = self.objects[me]

        def wait():
            event.wait()
            event.clear()
        return wait


class Conditions(Semaphores):
    """A condition and its flag for each side."""

    def post(self, to):
        condition, flag = self.objects[to]

        def post():
            with condition:
                flag.value = 1
                condition.notify()
        return post

    def wait(self, me):
        condition, flag = self.objects[me]

        def wait():
            with condition:
                while not flag.value:
                    condition.wait()
                flag.value = 0
        return wait


class Barrier:
    def __init__(self, make, count):
        self.arrive = make(count).wait


class LockCell(CellOfSides):
    def __init__(self, forms, request):
        workload = request.workload
        count = 2 if workload in PAIRS else request.parameters.get("contenders", 1)
        kind, source = forms[workload]
        self.kind = kind(source(request), count)
        self.board = memoryview(FORK.RawArray("q", contest.DONE + count)).cast("B").cast("q")
        self.added = 0
        self.per_iteration = count if workload in CONTESTS else 1
        super().__init__(request, count)
        if workload == "contended":
            self.facts["section_ns"] = max(request.section, section_least_ns(self.board))

    def steps(self, index):
        kind, workload = self.kind, self.request.workload
        if workload == "uncontended":
            return (kind.acquire, kind.release), 1, True, True
        if workload == "barrier":
            return (kind.arrive,), 1, True, True
        steps = kind.post(1 - index), kind.wait(index)
        return (steps if index == 0 else steps[::-1]), 1, index == 0, index == 0

    def measure(self, index, iterations, batch):
        kind, board, workload = self.kind, self.board, self.request.workload
        goal = iterations * self.sides.count
        if workload == "contended":
            return contest.contend(kind, board, goal, batch, self.request.section)
        if workload == "value_add":
            return contest.add_up(kind.add, board, index, goal, batch)
        if workload == "handover":
            give_way = contest.give_way_of(self.sides.threads)
            if index == 0:
                return contest.take(kind, board, iterations, give_way)
            return contest.hold(kind, board, iterations, self.request.section, give_way)
        return super().measure(index, iterations, batch)

    def prove(self, index):
        """One side's part in the verification; what was seen broken, or None."""
        return PROOFS[self.request.workload](self, index)

    def prove_mutex(self, _):
        """Everybody adds to a plain number, with a pause between reading and writing it."""
        for _ in range(ROUNDS):
            self.kind.acquire()
            seen = self.board[0]
            time.sleep(PAUSE_S)
            self.board[0] = seen + 1
            self.kind.release()

    def prove_counter(self, _):
        for _ in range(ROUNDS):
            self.kind.add()

    def prove_signal(self, index):
        post, wait = self.kind.post(1 - index), self.kind.wait(index)
        for turn in range(1, ROUNDS + 1):
            if index == 0:
                self.board[0] = turn
                post()
            wait()
            if self.board[1 - index] != turn:
                return "a signal came before it was sent"
            if index == 1:
                self.board[1] = turn
                post()
        return None

    def prove_barrier(self, index):
        for turn in range(1, ROUNDS + 1):
            self.board[contest.DONE + index] = turn
            self.kind.arrive()
            if min(self.board[contest.DONE:]) < turn:
                return "a side went through the barrier before all had come"
            self.kind.arrive()
        return None

    def clear(self):
        for place in range(len(self.board)):
            self.board[place] = 0

    def verify(self):
        self.clear()
        for broken in self.sides.turn("prove"):
            if broken:
                raise Failure(broken)
        rounds = ROUNDS * self.sides.count
        if self.request.workload in MUTEX and self.board[0] != rounds:
            raise Failure(f"{rounds} sections were {self.board[0]}: two were in it at once")
        self.check_value(rounds)

    def run(self, iterations):
        self.clear()
        return super().run(iterations)

    def next_batch(self, iterations):
        if self.request.workload == "value_add":
            self.batch = contest.chunk_of(iterations)
            return self.batch
        return super().next_batch(iterations)

    def record(self, parts, iterations, messages, cpu_ns):
        """What was done and what was counted must agree; the time is that of the goal."""
        record = super().record(parts, iterations, messages, cpu_ns)
        if self.request.workload in CONTESTS:
            done = [part.done for part in parts]
            if self.request.workload == "contended" and sum(done) != messages:
                raise Failure(f"{sum(done)} sections made a total of {messages}")
            self.check_value(sum(done))
            record["elapsed_ns"] = round(record["elapsed_ns"] * messages / sum(done))
        return record

    def check_value(self, more):
        self.added += more
        if self.request.workload == "value_add" and self.kind.value() != self.added:
            raise Failure(f"{self.added} additions made {self.kind.value()}")


def section_least_ns(board):
    """What it takes to count a section, alone."""
    def count():
        board[contest.TOTAL] = board[contest.TOTAL] + 1
    empty = min(timeit.repeat(lambda: None, number=SECTIONS, repeat=3))
    return round((min(timeit.repeat(count, number=SECTIONS, repeat=3)) - empty) / SECTIONS * 1e9)


PAIRS = ("notify", "handover")
CONTESTS = ("contended", "value_add")
PROOFS = dict.fromkeys(MUTEX, LockCell.prove_mutex)
PROOFS.update(notify=LockCell.prove_signal, barrier=LockCell.prove_barrier,
              value_add=LockCell.prove_counter)


def local(name, *arguments):
    return lambda request: partial(getattr(FORK, name), *arguments)


def managed(name):
    return lambda request: getattr(manager_start(request), name)


def conditions(_):
    return lambda: (FORK.Condition(), FORK.RawValue("b", 0))


def value(_):
    def make():
        number = FORK.Value("q", 0)
        return number, number.get_lock()
    return make


def managed_value(request):
    manager = manager_start(request)
    return lambda: (manager.Value("q", 0), manager.Lock())


def subject(summary, *forms):
    """forms: workloads, the class that has their operations, and where its objects come from."""
    by_workload = {name: (kind, source) for names, kind, source in forms for name in names}
    return Subject(summary, tuple(by_workload), ("process", "thread"),
                   partial(LockCell, by_workload))


SUBJECTS = {
    "python_lock": subject("multiprocessing.Lock", (MUTEX, Mutex, local("Lock"))),
    "python_rlock": subject("multiprocessing.RLock", (MUTEX, Mutex, local("RLock"))),
    "python_semaphore": subject(
        "multiprocessing.Semaphore", (MUTEX, Mutex, local("Semaphore", 1)),
        (("notify",), Semaphores, local("Semaphore", 0))),
    "python_event": subject(
        "multiprocessing.Event", (("notify",), Events, local("Event"))),
    "python_condition": subject(
        "multiprocessing.Condition, with a flag",
        (("notify",), Conditions, conditions)),
    "python_barrier": subject(
        "multiprocessing.Barrier", (("barrier",), Barrier, local("Barrier"))),
    "python_value": subject(
        "multiprocessing.Value, added to under its lock", (("value_add",), Counter, value)),
    "python_manager_lock": subject(
        "multiprocessing.Manager().Lock()", (MUTEX, Mutex, managed("Lock"))),
    "python_manager_value": subject(
        "multiprocessing.Manager().Value(), added to under a lock of the same manager",
        (("value_add",), Counter, managed_value)),
}
