"""What pools and processes carry out: functions that a worker can import by name.

The work itself is C, from the same source as in the C harness (work.c, beside this file when it is
built or installed), so that subjects differ in dispatch only; and ctypes lets go of the GIL
meanwhile, so that pools of threads scale too. A call through ctypes costs some 0.3 us.
"""
import ctypes
import os
import socket
import struct
import threading
import time

from sides import Failure, bind

MEET_TIMEOUT_S = 30
ANSWER_TIMEOUT_S = 10
RESET = struct.pack("ii", 1, 0)  # struct linger: on, 0 s

try:
    WORK = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "work.so"))
    WORK.work_fib.argtypes, WORK.work_fib.restype = [ctypes.c_uint64], ctypes.c_uint64
except OSError:
    WORK = None

barrier = None
port = None


def work_needed():
    if WORK is None:
        raise Failure("fib needs work.so beside the scripts, which the build makes from work.c")


def worker_begins(seats, barrier_, cpus, port_):
    """The initializer of each worker: it takes a seat, which says its CPU."""
    global barrier, port
    barrier, port = barrier_, port_
    with seats.get_lock():
        seats.value += 1
        bind(cpus, seats.value - 1)


def meet(_):
    """As many of these as there are workers are one for each: none ends before all have begun."""
    barrier.wait(MEET_TIMEOUT_S)
    return os.getpid(), threading.get_native_id(), tuple(os.sched_getaffinity(0))


def nothing(number):
    return number


def following(number):
    return number + 1


def fib(n):
    return WORK.work_fib(n)


def fetch(number):
    """A request to the server, over a connection of its own: eight bytes there, the same back. It
    is closed by a reset, as in C: ports would stay in TIME_WAIT."""
    request = number.to_bytes(8, "little")
    with socket.create_connection(("127.0.0.1", port), ANSWER_TIMEOUT_S) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.sendall(request)
        answer = connection.recv(8, socket.MSG_WAITALL)
    return int.from_bytes(answer, "little")

