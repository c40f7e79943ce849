#!/usr/bin/env python3
"""Python's own queues beside ours: 64-byte messages between two processes, ns each.

python_queue.py Queue|SimpleQueue stream|rtt RUN_MS CPU,CPU

stream: a process puts for that long, this one gets; rtt: there and back through two queues.
Messages are numbered and the numbers verified. Prints one figure:
the mean of a stream, the median of round trips.
"""
import multiprocessing
import os
import statistics
import sys
import time

BETWEEN_LOOKS = 64


def message(number):
    return number.to_bytes(8, "little") * 8


def verify(data, number):
    if data != message(number):
        sys.exit("message %d is wrong" % number)


def produce(queue, cpu, seconds):
    os.sched_setaffinity(0, {cpu})
    number = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(BETWEEN_LOOKS):
            queue.put(message(number))
            number += 1
    queue.put(None)


def echo(there, back, cpu):
    os.sched_setaffinity(0, {cpu})
    while True:
        data = there.get()
        back.put(data)
        if data is None:
            return


def stream(queues, cpu, seconds):
    process = multiprocessing.Process(target=produce, args=(queues[0], cpu, seconds))
    process.start()
    verify(queues[0].get(), 0)
    number = 1
    begin = time.monotonic_ns()
    while (data := queues[0].get()) is not None:
        verify(data, number)
        number += 1
    end = time.monotonic_ns()
    process.join()
    return (end - begin) / (number - 1)


def rtt(queues, cpu, seconds):
    process = multiprocessing.Process(target=echo, args=(queues[0], queues[1], cpu))
    process.start()
    queues[0].put(message(0))
    verify(queues[1].get(), 0)
    number = 1
    times = []
    now = time.monotonic_ns()
    end = now + seconds * 1e9
    while now < end:
        begin = now
        queues[0].put(message(number))
        verify(queues[1].get(), number)
        number += 1
        now = time.monotonic_ns()
        times.append(now - begin)
    queues[0].put(None)
    queues[1].get()
    process.join()
    return statistics.median(times)


def main():
    kind, shape, run_ms, cpus = sys.argv[1:]
    cpus = [int(cpu) for cpu in cpus.split(",")]
    os.sched_setaffinity(0, {cpus[1] if shape == "stream" else cpus[0]})
    multiprocessing.set_start_method("fork")
    # A bound, as all have one.
    make = {
        "Queue": lambda: multiprocessing.Queue(1024),
        "SimpleQueue": multiprocessing.SimpleQueue,
    }[kind]
    run = {"stream": stream, "rtt": rtt}[shape]
    other = cpus[0] if shape == "stream" else cpus[1]
    print("%.1f" % run([make(), make()], other, int(run_ms) / 1000))


if __name__ == "__main__":
    main()
