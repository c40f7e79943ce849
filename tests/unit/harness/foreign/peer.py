"""A peer that does one thing wrong; which, is the name of the subject that is opened."""
import json
import os
import subprocess
import sys
import time

subject = ""
child = None
for line in sys.stdin:
    question = json.loads(line)
    command = question["command"]
    answer = {"ok": True}
    if command == "open":
        subject = question["subject"]
        assert question["workload"] == "pingpong" and question["exec"] == "process"
        assert question["size_bytes"] == 64 and question["params"] == {}
        assert len(question["cpus"]) == 2 and question["seed"] >= 0
        child = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        with open(os.path.join(os.path.dirname(sys.argv[0]), "child"), "w") as out:
            out.write(str(child.pid))
        answer["pids"] = [os.getpid(), child.pid]
        if subject == "refuses":
            answer = {"ok": False, "reason": "not on a Friday"}
    elif command == "verify" and subject == "fails_to_verify":
        answer = {"ok": False, "reason": "the bytes are wrong"}
    elif command == "run":
        count = question["iterations"]
        answer.update(elapsed_ns=1000 * count, messages=count, samples_ns=[900, 1100, 1000.5],
                      batch=2, facts={"parks": 7}, cpu_ns=[400 * count, 500 * count])
        if subject == "does_less":
            answer["messages"] -= 1
        elif subject == "has_no_time":
            del answer["elapsed_ns"]
        elif subject == "has_odd_samples":
            answer["samples_ns"] = ["soon"]
        elif subject == "has_long_facts":
            answer["facts"] = {"f" * 80: 1}
        elif subject == "dies":
            os.kill(os.getpid(), 9)
        elif subject == "ends":
            sys.exit(3)
        elif subject == "hangs":
            time.sleep(1000)
        elif subject == "babbles":
            print("hello", flush=True)
            continue
        elif subject == "says_too_much":
            print(json.dumps(answer) + "\n" + json.dumps(answer), flush=True)
            continue
    if command == "close" or not answer["ok"]:
        child.kill()
        child.wait()
    print(json.dumps(answer), flush=True)
if subject == "ends_badly":
    sys.exit(5)
