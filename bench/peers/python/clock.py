"""The timed loops. Nothing but the calls of the subject runs in them, and a clock once a batch.

A batch is chosen so that reading the clock (some 50 ns from Python) costs at most about 1 %; a
sample is the mean of a batch. All times are CLOCK_MONOTONIC in integer nanoseconds.
"""
import time
from collections import namedtuple
from itertools import repeat

SAMPLES_MAX = 4096
BATCH_NS = 5000

# What a side says of a run. begin or end is None where the side does not begin or end the measured
# time; busy is that time itself where it is not end - begin; done is how many operations it did
# where the sides compete for them.
Part = namedtuple("Part", "begin end busy samples done", defaults=(None,))


def batch_for(operation_ns):
    """How many operations make a sample, for an operation that takes so long (0: unknown)."""
    return max(1, round(BATCH_NS / operation_ns)) if operation_ns else 1


def timed(steps, count, batch):
    """Calls the steps, one or two, in turn, count times each."""
    clock = time.monotonic_ns
    stamps = []
    mark = stamps.append
    first, second = steps[0], steps[-1]
    mark(clock())
    if len(steps) == 1:
        for _ in repeat(None, count // batch):
            for _ in repeat(None, batch):
                first()
            mark(clock())
        for _ in repeat(None, count % batch):
            first()
    else:
        for _ in repeat(None, count // batch):
            for _ in repeat(None, batch):
                first()
                second()
            mark(clock())
        for _ in repeat(None, count % batch):
            first()
            second()
    end = clock()
    samples = [(after - before) // batch for before, after in zip(stamps, stamps[1:])]
    return Part(stamps[0], end, None, samples)


def timed_after_gaps(steps, count, gap_ns):
    """The same after a gap of idleness before each, which is not measured."""
    clock = time.monotonic_ns
    samples = []
    begin = clock()
    for _ in repeat(None, count):
        time.sleep(gap_ns / 1e9)
        before = clock()
        for step in steps:
            step()
        samples.append(clock() - before)
    return Part(begin, clock(), sum(samples), samples)


def thin(samples):
    """At most SAMPLES_MAX of them, evenly over the run."""
    step = -(-len(samples) // SAMPLES_MAX)
    return samples[::step] if step > 1 else samples
