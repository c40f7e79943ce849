#!/usr/bin/env python3
"""What Python's multiprocessing does when a participant is killed: hangs.py [--seconds S]

Each case runs twice, in processes of its own: once with everybody alive, which must end, and once
with a SIGKILL at the bad moment, after which Python is known to hang or to break. The moment is
not left to chance: the victim is killed when it is seen to hold the lock, or kills itself in the
middle of its task, as it would die of a lack of memory. A case hangs when it does not end within S
seconds (default 3) after all those without a kill have ended. One line per finding; the status is 0
when all were as expected, 77 when python3 is too old.
"""
import argparse
import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait

from harness import PYTHON_LEAST
from sides import FORK, die_with_parent

LARGE = bytes(1 << 20)
ALIVE_S = 60  # the most that a case may take when nobody is killed, however busy the machine is
CASES = []


def case(subject, event, outcome, consequence):
    def add(function):
        CASES.append((subject, event, outcome, consequence, function))
        return function
    return add


def start(function, *arguments):
    victim = FORK.Process(target=function, args=arguments, daemon=True)
    victim.start()
    return victim


def until(condition):
    while not condition():
        time.sleep(0.001)


def taken(lock):
    """Whether somebody holds the lock."""
    if lock.acquire(block=False):
        lock.release()
        return False
    return True


def strike(victim):
    victim.kill()
    victim.join()


def die_if(kill):
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)


def get_after_a_consumer(queue, kill):
    victim = start(queue.get)
    until(lambda: taken(queue._rlock))
    if kill:
        strike(victim)
    else:
        queue.put("for the first consumer")
        victim.join()
    queue.put("for the second")
    queue.get()


@case("Queue", "a consumer is killed while it waits in get()", "hangs",
      "every other get(), with a message there")
def queue_consumer(kill):
    get_after_a_consumer(FORK.Queue(), kill)


@case("SimpleQueue", "a consumer is killed while it waits in get()", "hangs",
      "every other get(), with a message there")
def simple_queue_consumer(kill):
    get_after_a_consumer(FORK.SimpleQueue(), kill)


@case("Queue", "a producer is killed in the middle of a large message", "hangs",
      "every get(), on the torn message")
def queue_producer(kill):
    queue = FORK.Queue()
    victim = start(queue.put, LARGE)
    until(lambda: taken(queue._wlock))
    if kill:
        strike(victim)
    queue.put("of the second producer")
    queue.get()
    queue.get()


@case("JoinableQueue", "a consumer is killed between get() and task_done()", "hangs", "join()")
def joinable_queue_consumer(kill):
    def consume():
        queue.get()
        die_if(kill)
        queue.task_done()
    queue = FORK.JoinableQueue()
    queue.put("a task")
    start(consume)
    queue.join()


def work(number, kill):
    die_if(kill and number == 3)
    return number


@case("Pool", "a worker is killed in its task", "hangs", "get() of its result")
def pool_apply(kill):
    FORK.Pool(2).apply_async(work, (3, kill)).get()


@case("Pool", "a worker is killed in one task of ten", "hangs", "map()")
def pool_map(kill):
    FORK.Pool(2).starmap(work, [(number, kill) for number in range(10)])


@case("Pool", "an idle worker is killed", "hangs", "every task afterwards, though it is replaced")
def pool_idle(kill):
    pool = FORK.Pool(1)
    worker = pool.apply(os.getpid)
    until(lambda: taken(pool._inqueue._rlock))
    if kill:
        os.kill(worker, signal.SIGKILL)
    # The first may have gone to the dead worker's pipe; the second is for its successor.
    pool.apply(os.getpid)
    pool.apply(os.getpid)


@case("concurrent.futures", "a worker is killed in its task", "breaks",
      "the pool, and all tasks that wait fail")
def futures(kill):
    with ProcessPoolExecutor(1, FORK) as pool:
        pool.submit(work, 3, kill)
        for innocent in [pool.submit(work, 0, kill) for _ in range(10)]:
            innocent.result()


def hold(lock, kill):
    def acquire():
        lock.acquire()
        die_if(kill)
        lock.release()
    start(acquire).join()


@case("Lock", "its holder is killed", "hangs", "acquire()")
def lock_holder(kill):
    lock = FORK.Lock()
    hold(lock, kill)
    lock.acquire()


@case("Value", "a process is killed while it adds", "hangs", "reading the value")
def value_holder(kill):
    value = FORK.Value("q", 0)
    hold(value.get_lock(), kill)
    return value.value


@case("Event", "a process is killed while it waits", "hangs", "set()")
def event_waiter(kill):
    event = FORK.Event()
    victim = start(event.wait)
    until(lambda: event._cond._sleeping_count.get_value() > 0)
    if kill:
        strike(victim)
    event.set()


@case("Manager().Lock()", "its holder is killed", "hangs", "acquire()")
def manager_lock_holder(kill):
    manager = FORK.Manager()
    lock = manager.Lock()
    hold(lock, kill)
    lock.acquire()


def conduct(function, kill, pipe):
    """One experiment, in a session of its own, so that all of it can be killed."""
    os.setsid()
    pipe.send("started")
    try:
        function(kill)
        pipe.send("ends")
    except Exception:
        pipe.send("breaks")
    # Nothing is closed in an orderly way, which may hang too; the group ends by a signal.
    signal.pause()


class Experiment:
    def __init__(self, function, kill):
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=conduct, args=(function, kill, theirs))
        self.process.start()
        theirs.close()
        self.pipe.recv()
        self.outcome = "hangs"

    def conclude(self):
        try:
            self.outcome = self.pipe.recv()
        except EOFError:
            self.outcome = "dies"

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()


def conclude_until(deadline, experiments):
    waiting = {experiment.pipe: experiment for experiment in experiments}
    while waiting:
        ready = wait(list(waiting), max(0, deadline - time.monotonic()))
        if not ready:
            return
        for pipe in ready:
            waiting.pop(pipe).conclude()


def run_all(seconds):
    """{(function, kill): experiment}: all at once, because most of it is waiting."""
    experiments = {}
    try:
        for *_, function in CASES:
            for kill in (False, True):
                experiments[function, kill] = Experiment(function, kill)
        conclude_until(time.monotonic() + ALIVE_S,
                       [experiments[function, False] for *_, function in CASES])
        conclude_until(time.monotonic() + seconds,
                       [experiments[function, True] for *_, function in CASES])
    finally:
        for experiment in experiments.values():
            experiment.end()
    return experiments


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=3, metavar="S")
    seconds = parser.parse_args().seconds
    if sys.version_info < PYTHON_LEAST:
        print("skipped: python3 is older than", ".".join(map(str, PYTHON_LEAST)))
        return 77
    os.register_at_fork(after_in_child=die_with_parent)
    with tempfile.TemporaryDirectory() as tempfile.tempdir:
        experiments = run_all(seconds)
    status = 0
    for subject, event, outcome, consequence, function in CASES:
        alive, killed = experiments[function, False], experiments[function, True]
        if alive.outcome != "ends":
            print(f"FAILED   {subject}: {event}: it {alive.outcome} without that too")
            status = 1
        elif killed.outcome != outcome:
            print(f"NOT SO   {subject}: {event}: it {killed.outcome}, not {outcome}")
            status = 1
        else:
            print(f"{outcome:8} {subject}: {event}: {consequence}")
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}, {len(CASES)} cases, given {seconds:g} s; "
          "without the kill each ends")
    return status


if __name__ == "__main__":
    sys.exit(main())
