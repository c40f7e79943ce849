"""What sides synchronize with: mutual exclusion, signals, barriers and shared values.

A busy section of 100 ns cannot be made in Python, where two calls take longer: `contended` is
measured without one, and says so in its fact section_ns. Each side does as many operations as the
others; the first to be done leaves the rest to them.
"""
import time
from functools import partial

from cell import CellOfSides, Subject
from manager import manager_start
from sides import FORK, Failure

ROUNDS = 100
PAUSE_S = 1e-6  # asleep: whoever could come in does
SIGNAL = ("event_pingpong", "condition_pingpong")
MUTEX = ("uncontended", "contended")


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
        count = 2 if workload in SIGNAL else request.parameters.get("contenders", 1)
        kind, source = forms[workload]
        self.kind = kind(source(request), count)
        self.board = FORK.RawArray("q", count)
        self.added = 0
        self.per_iteration = count if workload not in SIGNAL + ("barrier",) else 1
        super().__init__(request, count)
        if "section" in request.parameters:
            self.facts["section_ns"] = 0

    def steps(self, index):
        kind, workload = self.kind, self.request.workload
        if workload in MUTEX:
            steps = kind.acquire, kind.release
        elif workload in SIGNAL:
            steps = kind.post(1 - index), kind.wait(index)
            return (steps if index == 0 else steps[::-1]), 1, index == 0, index == 0
        else:
            steps = (kind.arrive if workload == "barrier" else kind.add,)
        return steps, 1, True, True

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
            self.board[index] = turn
            self.kind.arrive()
            if min(self.board) < turn:
                return "a side went through the barrier before all had come"
            self.kind.arrive()
        return None

    def verify(self):
        self.board[:] = [0] * len(self.board)
        for broken in self.sides.turn("prove"):
            if broken:
                raise Failure(broken)
        rounds = ROUNDS * len(self.pids)
        if self.request.workload in MUTEX and self.board[0] != rounds:
            raise Failure(f"{rounds} sections were {self.board[0]}: two were in it at once")
        self._count(rounds)

    def run(self, iterations):
        record = super().run(iterations)
        self._count(iterations * len(self.pids))
        return record

    def _count(self, more):
        self.added += more
        if self.request.workload == "value_add" and self.kind.value() != self.added:
            raise Failure(f"{self.added} additions made {self.kind.value()}")


PROOFS = dict.fromkeys(MUTEX, LockCell.prove_mutex)
PROOFS.update(dict.fromkeys(SIGNAL, LockCell.prove_signal))
PROOFS.update(barrier=LockCell.prove_barrier, value_add=LockCell.prove_counter)


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
        (("event_pingpong",), Semaphores, local("Semaphore", 0))),
    "python_event": subject(
        "multiprocessing.Event", (("event_pingpong",), Events, local("Event"))),
    "python_condition": subject(
        "multiprocessing.Condition, with a flag",
        (("condition_pingpong",), Conditions, conditions)),
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
