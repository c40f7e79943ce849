#!/usr/bin/env python3
"""Drives bench/peers/python through every cell that it has: subjects.py DIRECTORY

Speaks TAP. What is proven besides: a wrong request gets a reason and harms nothing; sides are on
their CPUs; nothing of a cell is left, neither after close, nor when the script or who drives it is
killed; stdout has only answers; and the verifications do find what they are for.
"""
import json
import os
import re
import select
import signal
import subprocess
import sys
import time

DIRECTORY = sys.argv[1]
SCRIPT = os.path.join(DIRECTORY, "harness.py")
DEADLINE_S = 60
CPUS = sorted(os.sched_getaffinity(0))[:2]
count = failed = 0

# Small ones: what counts here is that it works.
PARAMETERS = {
    "wakeup": {"gap": 1000}, "submit_idle": {"workers": 2, "gap": 1000},
    "fan_in": {"senders": 3}, "fan_out": {"receivers": 3},
    "many_to_many": {"senders": 3, "receivers": 2},
    "fib": {"workers": 2, "n": 5, "tasks": 20, "chunk": 3},
    "map_tiny": {"workers": 2, "tasks": 20, "chunk": 0},
    "batch": {"workers": 3, "tasks": 20}, "submit": {"workers": 1},
    "fetch": {"workers": 2, "tasks": 4},
    "handover": {"section": 1000}, "contended": {"contenders": 3, "section": 1000},
    "barrier": {"contenders": 3},
    "value_add": {"contenders": 3}, "spawn": {"resident": 1 << 20},
}
# Operations of one iteration, where it is not one.
OPERATIONS = {"fan_in": 3, "fan_out": 3, "many_to_many": 6, "fib": 20, "map_tiny": 20, "batch": 20,
              "fetch": 4, "contended": 3, "value_add": 3}


CONTESTS = ("contended", "value_add")


class Script:
    """Answers must come within the deadline, one line each."""

    def __init__(self, command=(sys.executable, SCRIPT)):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def tell(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self):
        if not select.select([self.process.stdout], [], [], DEADLINE_S)[0]:
            self.process.kill()
            raise AssertionError(f"no answer within {DEADLINE_S} s")
        line = self.process.stdout.readline()
        assert line, "the script has ended"
        return json.loads(line)

    def ask(self, command, **rest):
        self.tell(json.dumps(dict(rest, command=command)))
        return self.answer()

    def do(self, command, **rest):
        answer = self.ask(command, **rest)
        assert answer["ok"], answer
        return answer

    def open(self, workload, subject, execution, **rest):
        return self.do("open", workload=workload, subject=subject, exec=execution, cpus=CPUS,
                       seed=5, params=PARAMETERS.get(workload, {}), **rest)

    def end(self):
        self.process.stdin.close()
        rest = self.process.stdout.read()
        status = self.process.wait(DEADLINE_S)
        assert (rest, status) == (b"", 0), (rest, status)


def until(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.002)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid):
    """Of the whole tree, helpers of multiprocessing included."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task") if os.path.exists(f"/proc/{pid}") else []:
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as children:
                for child in map(int, children.read().split()):
                    found += [child] + descendants(child)
        except FileNotFoundError:
            pass
    return found


def left_open(pid):
    names = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        names.append(re.sub(r"[0-9]+", "N", os.readlink(f"/proc/{pid}/fd/{number}")))
    return sorted(names)


def test(name, function, *arguments):
    global count, failed
    count += 1
    try:
        function(*arguments)
        print(f"ok {count} - {name}", flush=True)
    except Exception as error:
        failed += 1
        print(f"not ok {count} - {name}\n# {type(error).__name__}: {error}", flush=True)


def is_pool(workload):
    return "workers" in PARAMETERS.get(workload, {})


def check_record(record, workload, iterations, pids):
    assert record["messages"] == iterations * OPERATIONS.get(workload, 1), record["messages"]
    assert 0 < record["elapsed_ns"] <= record["end_ns"] - record["begin_ns"], record
    # In a contest the others may have done all.
    assert (workload not in CONTESTS) <= len(record["samples_ns"]) <= 4096
    assert min(record["samples_ns"], default=0) >= 0
    assert record["batch"] >= 1 and len(record["cpu_ns"]) == len(pids), record
    seats = [CPUS[index % len(CPUS)] for index in range(len(pids))]
    assert record.get("cpus") == (None if is_pool(workload) else seats), record
    assert all(isinstance(value, (int, float)) for value in record["facts"].values())
    if workload in CONTESTS + ("fan_out", "many_to_many"):
        assert 0 <= record["facts"]["fairness"] <= 1
    if workload == "contended":
        assert record["facts"]["section_ns"] >= 1000


def whole_cell(script, *cell):
    try:
        stages_of_cell(script, *cell)
    finally:
        script.do("close")


def stages_of_cell(script, workload, subject, execution):
    pids = script.open(workload, subject, execution, size_bytes=100)["pids"]
    assert len(set(pids)) == len(pids)
    script.do("verify")
    for iterations in (1, 17):
        now = time.monotonic_ns()
        record = script.do("run", iterations=iterations)
        assert now < record["begin_ns"] < record["end_ns"] < time.monotonic_ns()
        check_record(record, workload, iterations, pids)
    script.do("verify")


def every_cell():
    script = Script()
    subjects = script.do("list")["subjects"]
    for subject in subjects:
        for workload in subject["workloads"]:
            for execution in subject["exec"]:
                cell = workload, subject["name"], execution
                test("/".join(cell), whole_cell, script, *cell)
    script.end()


def nothing_is_left():
    """Of helpers, a fork server and the tracker of resources stay until the end; nothing grows."""
    script = Script()
    first = None
    for cell in [("stream", "python_queue", "process"), ("stream", "python_queue", "thread"),
                 ("submit", "python_pool", "process"), ("fetch", "python_futures_thread", "thread"),
                 ("value_add", "python_manager_value", "process"),
                 ("barrier", "python_barrier", "thread")] * 2:
        script.open(*cell)
        script.do("run", iterations=10)
        script.do("close")
        # A thread that was joined is still the kernel's for a moment.
        end = time.monotonic() + DEADLINE_S
        while True:
            threads = os.listdir(f"/proc/{script.pid}/task")
            now = descendants(script.pid), threads, left_open(script.pid)
            if len(threads) == 1 and now == (first or now) or time.monotonic() > end:
                break
            time.sleep(0.01)
        first = first or now
        assert now == first, (cell, now, first)
    script.end()


def binds(execution):
    script = Script()
    pids = script.open("pingpong", "python_simple_queue", execution)["pids"]
    for index, pid in enumerate(pids):
        path = f"/proc/{script.pid}/task" if execution == "thread" else "/proc"
        with open(f"{path}/{pid}/status", encoding="ascii") as status:
            allowed = re.search(r"^Cpus_allowed_list:\s*(\S+)$", status.read(), re.M)[1]
        assert allowed == str(CPUS[index % len(CPUS)]), (index, allowed)
    script.end()


GOOD = {"command": "open", "workload": "pingpong", "subject": "python_pipe", "exec": "process"}
WRONG = [
    ("no JSON", "{", "Expecting"),
    ("no object", "[1]", "no command None"),
    ("an unknown command", {"command": "dance"}, "no command 'dance'"),
    ("an unknown subject", dict(GOOD, subject="python_x"), "no subject of pingpong 'python_x'"),
    ("an unknown workload", dict(GOOD, workload="x"), "no workload 'x': there are pingpong"),
    ("another's workload", dict(GOOD, workload="fib"), "no subject of fib 'python_pipe'"),
    ("an unknown exec", dict(GOOD, exec="fiber"), "exec of python_pipe 'fiber': there are process"),
    ("an unknown parameter", dict(GOOD, params={"x": 1}), "pingpong has no parameter 'x'"),
    ("a parameter too large", dict(GOOD, workload="stream", size_bytes=1 << 40), "size_bytes must"),
    ("a message of nothing", dict(GOOD, size_bytes=0), "at least 1 byte"),
    ("a CPU that is not there", dict(GOOD, cpus=[0, 1023]), "cannot be bound to CPU 1023"),
    ("cpus that are no numbers", dict(GOOD, cpus=["a"]), "cpus must be a list of numbers"),
    ("run before open", {"command": "run", "iterations": 1}, "no cell is open"),
    ("verify before open", {"command": "verify"}, "no cell is open"),
    ("run of nothing", {"command": "run", "iterations": 0}, "iterations must be"),
]


def wrong_requests():
    script = Script()
    for name, request, reason in WRONG:
        def refused(request=request, reason=reason):
            script.tell(request if isinstance(request, str) else json.dumps(request))
            answer = script.answer()
            assert answer["ok"] is False and reason in answer["reason"], answer
        test("refused: " + name, refused)
    script.open("pingpong", "python_pipe", "process")
    answer = script.ask(**GOOD)
    test("refused: a second cell", lambda: answer["reason"].index("open already"))
    script.do("verify")
    script.end()


def refuses_old_python():
    script = Script((sys.executable, "-c", "import runpy, sys; sys.version_info = (3, 8, 1)\n"
                     f"runpy.run_path({SCRIPT!r}, run_name='__main__')"))
    answer = script.ask("open")
    assert answer == {"ok": False, "reason": "python3 is 3.8, the python_* subjects need 3.9"}
    script.end()


def stdout_is_private():
    """What a library prints cannot get between the answers: its stdout is stderr."""
    script = Script()
    script.do("list")
    fd = f"/proc/{script.pid}/fd"
    assert os.readlink(f"{fd}/1") == os.readlink(f"{fd}/2")
    script.end()


def dead_side_is_named(cell, running):
    script = Script()
    pids = script.open(*cell)["pids"]
    if running:
        script.tell('{"command": "run", "iterations": 1000000000}')
        # It takes up its part only when all do.
        until(lambda: cpu_ticks(pids[1]) > 2, "the run")
    os.kill(pids[1], signal.SIGKILL)
    if not running:
        until(lambda: not alive(pids[1]), "the end of side 1")
    answer = script.answer() if running else script.ask("run", iterations=10)
    assert answer == {"ok": False, "reason": "side 1 died"}, answer
    script.do("close")
    assert not any(map(alive, pids[1:]))
    script.open(*cell)
    script.do("verify")
    script.end()


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))


DYING = [("stream", "python_queue", "process"), ("fan_out", "python_simple_queue", "process"),
         ("contended", "python_lock", "process"), ("pingpong", "python_pipe", "process")]
LONG = [("stream", "python_queue", "process"), ("submit", "python_pool", "process"),
        ("submit", "python_futures_process", "process"), ("fetch", "python_dummy_pool", "thread"),
        ("value_add", "python_manager_value", "process"), ("contended", "python_lock", "process"),
        ("spawn", "python_process_forkserver", "process")]


def ends_with(victim, cell):
    """In the middle of a run, kills the script, or who drives it, or shuts its stdin."""
    relay = Script((sys.executable, "-c", "import subprocess, sys\n"
                    "script = subprocess.Popen([sys.executable, sys.argv[1]])\n"
                    "script.wait()", SCRIPT)) if victim == "driver" else Script()
    pids = relay.open(*cell)["pids"]
    if cell[0] == "spawn":
        relay.do("run", iterations=1)  # starts the fork server
    if victim != "stdin":
        relay.tell('{"command": "run", "iterations": 1000000000}')
    everybody = set(pids + descendants(relay.pid)) | {relay.pid}
    if victim == "stdin":
        relay.end()
    else:
        relay.process.kill()
        relay.process.wait()
    until(lambda: not any(map(alive, everybody)), "the end of all processes")


def verification_finds():
    sys.path.insert(0, DIRECTORY)
    import locks
    import pools
    import transports
    from cell import Request
    from sides import Failure

    def finds(name, reason, function, *arguments):
        def refused():
            try:
                function(*arguments)
            except Failure as failure:
                assert reason in str(failure), failure
            else:
                raise AssertionError("nothing was found")
        test("verification finds " + name, refused)

    sent = [b"a", b"b", b"c"]
    transports.check_delivery([sent], [sent])
    for name, received in (("a lost message", [b"a", b"b"]), ("a doubled one", sent + [b"c"]),
                           ("a torn one", [b"a", b"b", b"d"])):
        finds(name, "lost, doubled or torn", transports.check_delivery, [sent], [received])
    finds("a wrong order", "out of order", transports.check_delivery, [sent], [[b"b", b"a", b"c"]])

    class Nobody:
        """A lock that excludes nobody."""

        def __init__(self, *_):
            self.acquire = self.release = self.arrive = lambda: None

    def lock_cell(workload, forms):
        request = Request({"workload": workload, "subject": "x", "exec": "process", "seed": 1})
        with request.cleanup:
            locks.LockCell({workload: (forms, lambda _: None)}, request).verify()
    finds("a lock that does not exclude", "two were in it at once", lock_cell, "contended", Nobody)
    finds("a barrier that lets through", "before all had come", lock_cell, "barrier", Nobody)

    def wrong_results():
        request = Request({"workload": "map_tiny", "subject": "x", "exec": "thread", "seed": 1})
        with request.cleanup:
            cell = pools.SUBJECTS["python_dummy_pool"].make(request)
            cell.step = lambda: setattr(cell, "results", cell.expected[:-1])
            cell.verify()
    finds("wrong results of a pool", "not those of the tasks", wrong_results)


def main():
    test("refuses an old python3", refuses_old_python)
    if sys.version_info < (3, 9):
        print(f"1..{count} # the subjects need python3 3.9")
        return failed > 0
    every_cell()
    test("nothing is left after close", nothing_is_left)
    for execution in ("process", "thread"):
        test(f"sides are bound, {execution}", binds, execution)
    wrong_requests()
    test("stdout has only answers", stdout_is_private)
    for cell in DYING:
        for running in (False, True):
            test(f"a dead side is named: {'/'.join(cell)}, " + ("running" if running else "idle"),
                 dead_side_is_named, cell, running)
    for victim in ("script", "driver", "stdin"):
        for cell in LONG:
            test(f"all end with the {victim}: {'/'.join(cell)}", ends_with, victim, cell)
    verification_finds()
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
