"""Starting a process or a thread that does nothing, and waiting for its end.

The start methods differ in what they copy: fork the whole of this process, `resident` bytes of
touched memory included; spawn starts a new interpreter each time; forkserver forks a small process
that was started before. Nothing runs beside; the cost of a hook that all forks of this script run
(protocol.serve) is about 2 us.
"""
import multiprocessing
import os
import resource
import threading
import time
from functools import partial

import clock
import started
from cell import Cell, Subject
from sides import Failure, bind

PAGE = 4096
START_TIMEOUT_S = 30


class ProcessCell(Cell):
    def __init__(self, method, request):
        super().__init__(request)
        bind(request.cpus, 0)
        self.threads = method is None
        self.start = threading.Thread if self.threads else multiprocessing.get_context(
            method).Process
        self.pids = [os.getpid()]
        # Written, so that it is really there.
        self.resident = bytearray(request.resident)
        self.resident[::PAGE] = b"\1" * len(range(0, request.resident, PAGE))
        self.failed = 0

    def step(self):
        beside = self.start(target=started.nothing)
        beside.start()
        beside.join()
        self.failed += not self.threads and beside.exitcode != 0

    def verify(self):
        """Each one has run, and was somebody else."""
        mine, theirs = multiprocessing.Pipe(duplex=False)
        for _ in range(2):
            beside = self.start(target=started.report, args=(theirs,))
            beside.start()
            if not mine.poll(START_TIMEOUT_S):
                raise Failure("what was started does not run")
            pid, tid = mine.recv()
            beside.join()
            if tid == threading.get_native_id() or (pid == os.getpid()) != self.threads:
                raise Failure("what was started is not a process or thread of its own")
            if not self.threads and beside.exitcode != 0:
                raise Failure(f"what was started ended with {beside.exitcode}")
        mine.close()
        theirs.close()

    def run(self, iterations):
        before = cpu_ns()
        part = clock.timed((self.step,), iterations, self.next_batch(iterations))
        if self.failed:
            raise Failure(f"{self.failed} of them did not end with 0")
        return self.record([part], iterations, iterations, [cpu_ns() - before])


def cpu_ns():
    """Of this process and of its children that have ended; a fork server's are not among them."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time_ns() + round((ended.ru_utime + ended.ru_stime) * 1e9)


def subject(summary, execution, method):
    return Subject(summary, ("spawn",), (execution,), partial(ProcessCell, method))


SUBJECTS = {
    "python_process_fork": subject("multiprocessing.Process by fork", "process", "fork"),
    "python_process_spawn": subject(
        "multiprocessing.Process by spawn: a new interpreter", "process", "spawn"),
    "python_process_forkserver": subject(
        "multiprocessing.Process by a fork server", "process", "forkserver"),
    "python_thread": subject("threading.Thread", "thread", None),
}
