"""The loops of sides that want the same lock or value at the same time, as bench/workload has them.

A contest is over when the sum of what the sides have done reaches the goal, and not when each has
done its part: an unfair lock would let one side finish, and the others would be measured alone. The
sides see each other on a board, a memoryview of signed 64-bit numbers in shared memory.
"""
import os
import time
from itertools import repeat

from clock import Part

TOTAL, HELD, ASKED, TAKEN, RELEASED_AT, DONE = range(6)  # DONE + i: of side i
SECTION_LEAST_NS = 1000
REPORT_SHARE, REPORT_MAX = 256, 64


def busy(ns):
    """Below a microsecond Python cannot be busy for a given time: then it is not at all."""
    if ns >= SECTION_LEAST_NS:
        end = time.monotonic_ns() + ns
        while time.monotonic_ns() < end:
            pass


def contend(lock, board, goal, batch, section_ns):
    """Sections, in which the total is counted, until it is the goal. Who reaches the goal ends the
    time; the sections of those who still come out after that do not count."""
    acquire, release = lock.acquire, lock.release
    clock = time.monotonic_ns
    pause = section_ns if section_ns >= SECTION_LEAST_NS else 0
    stamps = [clock()]
    done = 0
    while True:
        for count in range(1, batch + 1):
            acquire()
            total = board[TOTAL] + 1
            board[TOTAL] = total
            if pause:
                busy(pause)
            release()
            if total >= goal:
                end = clock()
                done += count - (total > goal)
                return part_of(stamps, batch, end if total == goal else None, done)
            if pause:
                busy(pause)
        done += batch
        stamps.append(clock())


def add_up(add, board, index, goal, chunk):
    """Additions; how many is told every `chunk` of them."""
    clock = time.monotonic_ns
    stamps = [clock()]
    done = 0
    while sum(board[DONE:]) < goal:
        for _ in repeat(None, chunk):
            add()
        done += chunk
        board[DONE + index] = done
        stamps.append(clock())
    return part_of(stamps, chunk, clock(), done)


def chunk_of(iterations):
    return max(1, min(REPORT_MAX, iterations // REPORT_SHARE))


def part_of(stamps, batch, end, done):
    samples = [(after - before) // batch for before, after in zip(stamps, stamps[1:])]
    return Part(stamps[0], end, None, samples, done)


def await_number(board, place, number, give_way):
    while board[place] != number:
        give_way()


def give_way_of(threads):
    """Lets the other side go on, be it on this CPU or, as a thread, in need of the GIL."""
    return (lambda: time.sleep(0)) if threads else os.sched_yield


def hold(lock, board, count, section_ns, give_way):
    """Side 1 of a hand-over: holds the lock until side 0 has waited for it long enough."""
    begin = time.monotonic_ns()
    for i in range(1, count + 1):
        lock.acquire()
        board[HELD] = i
        await_number(board, ASKED, i, give_way)
        busy(section_ns)
        board[RELEASED_AT] = time.monotonic_ns()
        lock.release()
        await_number(board, TAKEN, i, give_way)
    return Part(begin, None, None, [])


def take(lock, board, count, give_way):
    """Side 0: the time from just before the release to just after it has the lock."""
    samples = []
    begin = time.monotonic_ns()
    for i in range(1, count + 1):
        await_number(board, HELD, i, give_way)
        board[ASKED] = i
        lock.acquire()
        samples.append(time.monotonic_ns() - board[RELEASED_AT])
        lock.release()
        board[TAKEN] = i
    return Part(begin, time.monotonic_ns(), sum(samples), samples)
