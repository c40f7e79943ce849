"""Queues and pipes: messages of bytes between processes or threads.

The sides are receivers first, then senders. Queue and JoinableQueue put through a thread of their
own in each sending process: put() returns before the message is sent, so only a receiver's clock
ends a stream. So it is not the last sender that tells several receivers of the end: each sender
puts a mark behind its messages, and the receiver who takes the last of these tells the others. The
marks are in the time and not in the count, as in C.
"""
import hashlib
import threading
import time
from collections import Counter
from functools import partial

from cell import CellOfSides, Subject
from clock import Part
from manager import manager_start
from sides import FORK, Failure

TWO_WAY = ("pingpong", "wakeup")
ONE_WAY = ("stream", "fan_in", "fan_out", "many_to_many")
VERIFIED = 16
# What a message begins with.
MESSAGE, SENDER_ENDS, STOP = 0, 0xfe, 0xff
# What a manager's queue may hold: it copies what waits, the others wait in the sender uncopied.
MANAGER_BYTES = 64 << 20


def queue_ends(queue):
    return queue.put, queue.get


def joinable_ends(queue):
    def get():
        message = queue.get()
        queue.task_done()
        return message
    return queue.put, get


def two_queues(make):
    """The ends of two sides, (send, receive) each."""
    (send_there, receive_there), (send_here, receive_here) = make(), make()
    return (send_there, receive_here), (send_here, receive_there)


def pipe_ends():
    here, there = FORK.Pipe()
    return there.send_bytes, here.recv_bytes


def pipe_pair(_):
    return [(end.send_bytes, end.recv_bytes) for end in FORK.Pipe()]


class Transport(CellOfSides):
    def __init__(self, request, make, pair=two_queues):
        if not request.size_bytes:
            raise Failure("a message has at least 1 byte")
        senders = request.parameters.get("senders", 1)
        receivers = request.parameters.get("receivers", 1)
        self.message, self.sender_ends, self.stop = (
            bytes([kind]) + pattern(request, 0, 0)[1:] for kind in (MESSAGE, SENDER_ENDS, STOP))
        self.senders, self.receivers = senders, receivers
        self.ended = FORK.Value("I", 0)  # senders
        if request.workload in TWO_WAY:
            self.ends = pair(make)
            self.roles = ["initiate", "answer"]
            self.per_iteration = 1
        else:
            self.ends = [make()] * (senders + receivers)
            self.roles = ["receive"] * receivers + ["transmit"] * senders
            self.per_iteration = senders * receivers
        self.share = {"transmit": receivers, "receive": senders}
        super().__init__(request, len(self.roles))

    def steps(self, index):
        role = self.roles[index]
        send, receive = self.ends[index]
        put = partial(send, self.message)
        steps = {"initiate": (put, receive), "answer": (receive, put),
                 "receive": (receive,), "transmit": (put,)}[role]
        return (steps, self.share.get(role, 1), role in ("initiate", "transmit"),
                role in ("initiate", "receive"))

    def measure(self, index, iterations, batch):
        if self.receivers == 1:
            return super().measure(index, iterations, batch)
        send, receive = self.ends[index]
        if self.roles[index] == "receive":
            return self.take(send, receive, batch)
        part = super().measure(index, iterations, batch)
        send(self.sender_ends)
        return part

    def take(self, send, receive, batch):
        """Receives whatever comes, until all senders have ended."""
        clock = time.monotonic_ns
        stamps, done, in_batch = [clock()], 0, 0
        while True:
            kind = receive()[0]
            if kind == MESSAGE:
                in_batch += 1
                if in_batch == batch:
                    stamps.append(clock())
                    done += batch
                    in_batch = 0
                continue
            end = clock()
            if kind == STOP or self.is_last(send):
                break
        samples = [(after - before) // batch for before, after in zip(stamps, stamps[1:])]
        # The mark is an arrival, too: there is a sample even of who got nothing else.
        samples.append((end - stamps[-1]) // (in_batch + 1))
        return Part(None, end, None, samples, done + in_batch)

    def is_last(self, send):
        with self.ended.get_lock():
            self.ended.value += 1
            if self.ended.value < self.senders:
                return False
        for _ in range(self.receivers - 1):
            send(self.stop)
        return True

    def run(self, iterations):
        self.ended.value = 0
        return super().run(iterations)

    def record(self, parts, iterations, messages, cpu_ns):
        received = sum(part.done or 0 for part in parts)
        if self.receivers > 1 and received != messages:
            raise Failure(f"{messages} messages were sent, and {received} received")
        return super().record(parts, iterations, messages, cpu_ns)

    def exchange(self, index):
        """One side's part in the verification: who it was, and digests of what it received."""
        role = self.roles[index]
        send, receive = self.ends[index]
        received = []
        for i in range(VERIFIED * self.share.get(role, 1)):
            if role in ("initiate", "transmit"):
                send(pattern(self.request, index, i))
            if role != "transmit":
                message = receive()
                received.append(digest(message))
            if role == "answer":
                send(message)
        return threading.get_native_id(), received

    def verify(self):
        answers = self.sides.turn("exchange")
        sent = {index: [digest(pattern(self.request, index, i))
                        for i in range(VERIFIED * self.share.get(role, 1))]
                for index, role in enumerate(self.roles) if role in ("initiate", "transmit")}
        received = [digests for _, digests in answers]
        if self.request.workload in TWO_WAY:
            if any(digests != sent[0] for digests in received):
                raise Failure("not every byte has arrived there and back")
        else:
            check_delivery(list(sent.values()), [digests for digests in received if digests])
        if [side for side, _ in answers] != self.pids or len(set(self.pids)) < len(self.pids):
            raise Failure("a message did not go to another process or thread")


def pattern(request, index, i):
    """The i-th message of a side: every byte depends on the seed, the side and i."""
    return hashlib.shake_128(f"{request.seed}/{index}/{i}".encode()).digest(request.size_bytes)


def digest(message):
    return hashlib.sha256(message).digest()


def check_delivery(sent, received):
    """Each message arrived once and whole, and those of one sender at one receiver in order."""
    if Counter(sum(sent, [])) != Counter(sum(received, [])):
        raise Failure("messages were lost, doubled or torn")
    for messages in sent:
        order = {message: i for i, message in enumerate(messages)}
        if len(order) < len(messages):
            continue  # too short to tell them apart
        for digests in received:
            arrived = [order[message] for message in digests if message in order]
            if arrived != sorted(arrived):
                raise Failure("messages of one sender arrived out of order")


def queue_of(name, ends):
    def make(request):
        def queue():
            made = getattr(FORK, name)()
            request.cleanup.callback(queue_close, made)
            return ends(made)
        return Transport(request, queue)
    return make


def queue_close(queue):
    queue.close()
    if hasattr(queue, "join_thread"):
        queue.join_thread()


def manager_queue(request):
    manager = manager_start(request)
    limit = max(64, MANAGER_BYTES // max(1, request.size_bytes))
    return Transport(request, lambda: queue_ends(manager.Queue(limit)))


SUBJECTS = {
    "python_queue": Subject(
        "multiprocessing.Queue: a pipe, locks and a feeding thread in each sender",
        TWO_WAY + ONE_WAY, ("process", "thread"), queue_of("Queue", queue_ends)),
    "python_simple_queue": Subject(
        "multiprocessing.SimpleQueue: a pipe with a lock at each end",
        TWO_WAY + ONE_WAY, ("process", "thread"), queue_of("SimpleQueue", queue_ends)),
    "python_joinable_queue": Subject(
        "multiprocessing.JoinableQueue: a Queue that counts what is not done, get and task_done",
        TWO_WAY + ONE_WAY, ("process", "thread"), queue_of("JoinableQueue", joinable_ends)),
    "python_pipe": Subject(
        "multiprocessing.Pipe, send_bytes and recv_bytes: a socket pair, one user at each end",
        TWO_WAY + ("stream",), ("process", "thread"),
        lambda request: Transport(request, pipe_ends, pipe_pair)),
    "python_manager_queue": Subject(
        "multiprocessing.Manager().Queue(): a queue in a server process",
        TWO_WAY + ONE_WAY, ("process", "thread"), manager_queue),
}
