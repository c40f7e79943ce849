"""The sides of a cell: processes or threads that carry out each command of the caller together.

Side 0 is the caller itself, the main thread of harness.py. A turn is one command that every side
carries out; a control pipe per side brings it and takes the answer back, a barrier keeps anybody
from being timed while others still start. What a side cannot do comes back as a Failure with its
sentence; the death of a process interrupts side 0. A side that hangs is not seen here: who drives
the script has a deadline, and all children die with the script (protocol.serve).
"""
import ctypes
import multiprocessing
import os
import signal
import threading
import time

FORK = multiprocessing.get_context("fork")
BARRIER_TIMEOUT_S = 30
JOIN_TIMEOUT_S = 10
ECHO_S = 0.5
LOOK_S = 0.5
PR_SET_PDEATHSIG = 1  # sys/prctl.h
prctl = ctypes.CDLL(None).prctl


def die_with_parent():
    """The kernel kills this process when the thread that started it is gone."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Failure(Exception):
    """What is not possible or went wrong, in one sentence for the user."""


def bind(cpus, index):
    """Binds the calling thread to the CPU of its side; -1 and a missing list leave it free."""
    cpu = cpus[index % len(cpus)] if cpus else -1
    if cpu >= 0:
        try:
            os.sched_setaffinity(0, {cpu})
        except OSError as error:
            raise Failure(f"side {index} cannot be bound to CPU {cpu}: {error.strerror}") from error


def process_clock(pid):
    """The id of the clock of a process' CPU time (linux/posix-timers.h, CPUCLOCK_SCHED)."""
    return ~pid << 3 | 2


def thread_clock(tid):
    """The same of one thread of this process (CPUCLOCK_PERTHREAD_MASK)."""
    return ~tid << 3 | 6


class Sides:
    """`body(index, command, *arguments)` is run by every side; it must exist before, for fork."""

    def __init__(self, execution, count, cpus, body, cleanup):
        self.body, self.cpus, self.threads = body, cpus, execution == "thread"
        self.barrier = (threading if self.threads else FORK).Barrier(count)
        self.count, self.started, self.pipes, self.pids = count, [], [], []
        self.broken = False
        cleanup.callback(self._close)

    def start(self):
        for index in range(1, self.count):
            mine, theirs = FORK.Pipe()
            start = threading.Thread if self.threads else FORK.Process
            side = start(target=self._main, args=(index, theirs), daemon=True)
            side.start()
            if not self.threads:
                theirs.close()
            self.started.append(side)
            self.pipes.append(mine)
        bind(self.cpus, 0)
        # Processes by their ids, threads by theirs.
        self.pids = [threading.get_native_id()] + [
            self._receive(index) for index in range(1, self.count)]

    def cpu_ns(self):
        """CPU time of the calling side; of a process with the threads that its objects have."""
        return time.thread_time_ns() if self.threads else time.process_time_ns()

    def meet(self):
        self.barrier.wait(BARRIER_TIMEOUT_S)

    def turn(self, command, *arguments):
        """All sides carry out the command; their answers, side 0's first."""
        for index, pipe in enumerate(self.pipes, 1):
            try:
                pipe.send((command, arguments))
            except OSError:
                raise Failure(f"side {index} died") from None
        others = range(1, len(self.pipes) + 1)
        self._look_after_children(not self.threads)
        self.broken = True
        try:
            answers = [self.body(0, command, *arguments)]
            answers += [self._receive(index) for index in others]
            self.broken = False
        except Failure:
            raise
        except Exception:
            # The one who began has more to say than the barrier that it broke.
            for index in others:
                if self.pipes[index - 1].poll(ECHO_S):
                    self._receive(index)
            raise
        finally:
            self._look_after_children(False)
        return answers

    def _look_after_children(self, on):
        """A signal interrupts side 0, which may wait for what will never come. The timer is for
        one that comes just before a call that blocks: that would not see it. Twice a second it
        costs some microseconds."""
        signal.signal(signal.SIGCHLD, self._child_ended if on else signal.SIG_DFL)
        signal.signal(signal.SIGALRM, self._child_ended if on else signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, LOOK_S if on else 0, LOOK_S)

    def _child_ended(self, *_):
        for index, side in enumerate(self.started, 1):
            if not side.is_alive():
                # Only once, wherever in turn() it strikes.
                self._look_after_children(False)
                raise Failure(f"side {index} died")

    def _close(self):
        for pipe in self.pipes:
            try:
                pipe.send(None)
            except OSError:
                pass
        for side in self.started:
            side.join(0 if self.broken else JOIN_TIMEOUT_S)
            if side.is_alive() and not self.threads:
                side.kill()
                side.join()
        for pipe in self.pipes:
            pipe.close()

    def _receive(self, index):
        try:
            error, answer = self.pipes[index - 1].recv()
        except (EOFError, ConnectionResetError):
            raise Failure(f"side {index} died") from None
        if error:
            raise Failure(f"side {index}: {error}")
        return answer

    def _main(self, index, pipe):
        answer = threading.get_native_id()
        error = None
        try:
            bind(self.cpus, index)
        except Failure as failure:
            error = str(failure)
        while True:
            pipe.send((error, answer))
            request = pipe.recv()
            if not request or error:
                return
            try:
                answer = self.body(index, request[0], *request[1])
            except Exception as failure:  # told to the caller, whatever it is
                error = f"{type(failure).__name__}: {failure}"
