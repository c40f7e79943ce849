"""Pools: workers that carry out tasks for the caller.

The caller is bound to the first CPU, worker i to the i-th, round and round.

One iteration is one task (submit, submit_idle) or one map or batch of `tasks` of them. A map uses
the chunks that are asked for; for 0 what its library does by itself: Pool makes four chunks for
each worker, concurrent.futures one for each task. A pool's own helper threads run beside the caller
and count with it.
"""
import multiprocessing.dummy
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import clock
import server
import tasks
from cell import Cell, Subject
from sides import FORK, Failure, bind, process_clock, thread_clock

WORKLOADS = ("fib", "map_tiny", "submit", "submit_idle", "batch", "fetch")


class PoolCalls:
    """multiprocessing.Pool, and the ThreadPool that multiprocessing.dummy has."""

    def __init__(self, pool):
        self.pool = pool
        self.close = pool.terminate

    def run(self, function, argument):
        return self.pool.apply(function, (argument,))

    def batch(self, function, arguments):
        apply_async = self.pool.apply_async
        results = [apply_async(function, (argument,)) for argument in arguments]
        return [result.get() for result in results]

    def map(self, function, arguments, chunk):
        return self.pool.map(function, arguments, chunk or None)


class FuturesCalls:
    """The executors of concurrent.futures."""

    def __init__(self, pool):
        self.pool = pool
        self.close = pool.shutdown

    def run(self, function, argument):
        return self.pool.submit(function, argument).result()

    def batch(self, function, arguments):
        submit = self.pool.submit
        results = [submit(function, argument) for argument in arguments]
        return [result.result() for result in results]

    def map(self, function, arguments, chunk):
        return list(self.pool.map(function, arguments, chunksize=chunk or 1))


class PoolCell(Cell):
    def __init__(self, calls, make, processes, request):
        super().__init__(request)
        self.is_map = "tasks" in request.parameters
        self.arguments = list(range(1, request.tasks + 1)) if self.is_map else [0]
        self.expected = self.arguments
        port = None
        if request.workload == "fib":
            tasks.work_needed()
            self.arguments = [request.n] * request.tasks
            self.expected = [tasks.fib(request.n)] * request.tasks
        elif request.workload == "fetch":
            port = server.start(request)
        bind(request.cpus, 0)
        initial = (FORK.Value("I", 0), FORK.Barrier(request.workers), request.cpus, port)
        self.pool = calls(make(request.workers, initializer=tasks.worker_begins,
                               initargs=initial))
        request.cleanup.callback(self.pool.close)
        self.results = None
        self.step = self._step()
        self._meet(processes)

    def _step(self):
        """One iteration, which leaves its results."""
        arguments, pool = self.arguments, self.pool
        function = {"fib": tasks.fib, "fetch": tasks.fetch}.get(self.request.workload,
                                                                tasks.nothing)
        # Every task of fetch by itself, as in C.
        chunk = 1 if function is tasks.fetch else self.request.parameters.get("chunk")

        def submit():
            self.results = pool.run(tasks.following, self.results)

        def batch():
            self.results = pool.batch(function, arguments)

        def map_all():
            self.results = pool.map(function, arguments, chunk)
        if not self.is_map:
            return submit
        return batch if self.request.workload == "batch" else map_all

    def _meet(self, processes):
        """Every worker is awake, another process or thread, and where it should be."""
        met = self.pool.batch(tasks.meet, range(self.request.workers))
        index = 0 if processes else 1
        here = (os.getpid(), met[0][0])[not processes]
        ids = [who[index] for who in met]
        if len(set(ids)) != len(ids) or here in ids:
            raise Failure("two workers are the same process or thread")
        if processes == any(pid == os.getpid() for pid, _, _ in met):
            raise Failure("the workers are not what they should be, processes or threads")
        cpus = self.request.cpus or [-1]
        wanted = sorted(cpus[i % len(cpus)] for i in range(len(met)))
        if min(wanted) >= 0 and sorted(sum((allowed for _, _, allowed in met), ())) != wanted:
            raise Failure("a worker is not bound to its CPU")
        self.processes = processes
        self.clocks = [(process_clock if processes else thread_clock)(who) for who in ids]
        self.pids = [os.getpid()] + ids

    def _cpu_ns(self):
        used = [time.clock_gettime_ns(clock_id) for clock_id in self.clocks]
        caller = time.process_time_ns() - (0 if self.processes else sum(used))
        return [caller] + used

    def verify(self):
        if self.request.workload == "fib" and tasks.fib(20) != 6765:
            raise Failure("fib(20) is wrong")
        self.results = 0
        self.step()
        self.check(1)

    def check(self, iterations):
        """Every result in its place; each single task had the result of the one before."""
        if self.results != (self.expected if self.is_map else iterations):
            raise Failure("the results are not those of the tasks")

    def run(self, iterations):
        self.results = 0
        before = self._cpu_ns()
        if self.request.workload == "submit_idle":
            part = clock.timed_after_gaps((self.step,), iterations, self.request.gap)
        else:
            part = clock.timed((self.step,), iterations, self.next_batch(iterations))
        used = [after - then for after, then in zip(self._cpu_ns(), before)]
        self.check(iterations)
        count = len(self.arguments)
        record = self.record([part], iterations, iterations * count, used)
        del record["cpus"]  # are by seats, and the caller shares the first worker's
        if self.is_map:
            self.facts["task_ns"] = statistics.median(part.samples or [self.operation_ns]) / count
        if self.request.workload == "fetch":
            self.facts["requests_per_s"] = iterations * count / (record["elapsed_ns"] / 1e9)
        return record


def subject(summary, calls, make, processes):
    return Subject(summary, WORKLOADS, ("process" if processes else "thread",),
                   partial(PoolCell, calls, make, processes))


SUBJECTS = {
    "python_pool": subject("multiprocessing.Pool", PoolCalls, FORK.Pool, True),
    "python_dummy_pool": subject("multiprocessing.dummy.Pool, of threads", PoolCalls,
                                 multiprocessing.dummy.Pool, False),
    "python_futures_process": subject("concurrent.futures.ProcessPoolExecutor", FuturesCalls,
                                      partial(ProcessPoolExecutor, mp_context=FORK), True),
    "python_futures_thread": subject("concurrent.futures.ThreadPoolExecutor", FuturesCalls,
                                     ThreadPoolExecutor, False),
}
