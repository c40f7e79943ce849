#!/usr/bin/env python3
"""Layers: a folder is a layer, and an include only points down.

layers.py [ROOT]     checks the tree
layers.py --self-test   plants violations and demands that each is found
"""
import os
import re
import sys
import tempfile

SUBJECTS = ["transport", "pool", "lock", "spawn", "server"]

# What a layer may include, besides itself. The longest prefix of a file's path is its layer.
MAY_INCLUDE = {
    "src/base": [],
    "src/gbench": [],
    "src/os": ["base"],
    "src/measure": ["base"],
    "src/topo": ["base"],
    "src/mp": ["base", "os"],
    "src/transport": ["base", "os", "mp"],
    "src/pool": ["base", "os", "mp"],
    "src/lock": ["base", "os", "mp"],
    "src/spawn": ["base", "os", "mp"],
    "src/server": ["base", "os", "mp"],
    "src/result": ["base", "measure"],
    "src/track": ["base", "measure", "result"],
    "src/report": ["base", "measure", "result", "track"],
    "bench/harness": ["base", "os", "mp", "gbench", "measure", "topo", "result"] + SUBJECTS,
    "bench/ipcmark": ["base", "os", "measure", "topo", "result", "track", "report", "harness"]
    + SUBJECTS,
    "bench/peers": ["base", "os", "mp", "gbench", "measure", "topo", "bench"] + SUBJECTS,
}
MAY_INCLUDE["bench/workload"] = MAY_INCLUDE["bench/harness"] + ["harness"]
MAY_INCLUDE["bench/exec"] = MAY_INCLUDE["bench/harness"] + ["harness"]
MAY_INCLUDE["bench/scenario"] = MAY_INCLUDE["bench/harness"] + ["harness"]
MAY_INCLUDE["bench"] = MAY_INCLUDE["bench/harness"] + ["harness", "workload", "exec"]

# A header of another project, and who may see it.
ONLY = {
    "hwloc": ["src/topo", "tests/unit/topo"],
    "benchmark/": ["src/gbench", "bench/peers", "tests"],
}
# The pool is of a library that has no other interface; to be measured beside the others it is a
# member like them.
CXX_PLACES = ["src/gbench", "src/pool/tbb.cc", "bench/peers", "tests"]
CXX_ENDS = (".cc", ".cpp", ".cxx", ".hpp", ".hh")

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def is_under(path, places):
    return any(path == place or path.startswith(place + "/") for place in places)


def layer_of(path):
    directory = os.path.dirname(path)
    while directory and directory not in MAY_INCLUDE:
        directory = os.path.dirname(directory)
    return directory


def sources(root):
    for top in ("src", "bench", "tests"):
        for directory, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h") + CXX_ENDS):
                    yield os.path.relpath(os.path.join(directory, name), root)


def judge_include(path, layer, system, target):
    for prefix, places in ONLY.items():
        if target.startswith(prefix) and system and not is_under(path, places):
            return f"includes <{target}>, which only {', '.join(places)} may see"
    if system or path.startswith("tests/") or "/" not in target:
        return None
    wanted = target.split("/")[0]
    if wanted == os.path.basename(layer) or wanted in MAY_INCLUDE[layer]:
        return None
    below = ", ".join(MAY_INCLUDE[layer]) or "nothing"
    return f'includes "{target}", but {layer} may see {below} only'


def check(root):
    findings = []
    for path in sources(root):
        layer = layer_of(path)
        if path.endswith(CXX_ENDS) and not is_under(path, CXX_PLACES):
            findings.append(f"{path}:1: C++ belongs in {', '.join(CXX_PLACES)}")
        if not path.startswith("tests/") and not layer:
            findings.append(f"{path}:1: in no layer: add its folder to the table of layers.py")
            continue
        with open(os.path.join(root, path), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                reason = match and judge_include(path, layer, match[1] == "<", match[2])
                if reason:
                    findings.append(f"{path}:{number}: {reason}")
    return findings


PLANTED = {
    "src/base/up.c": ('#include "os/fd.h"\n', "may see nothing"),
    "src/report/side.c": ('#include "transport/transport.h"\n', "src/report may see"),
    "src/measure/place.c": ("#include <hwloc.h>\n", "only src/topo"),
    "src/transport/across.c": ('#include "harness/cell.h"\n', "src/transport may see"),
    "src/os/fast.cc": ("\n", "C++ belongs"),
    "src/pool/fast.cc": ("\n", "C++ belongs"),
    "bench/workload/glue.c": ("#include <benchmark/benchmark.h>\n", "only src/gbench"),
    "src/novel/new.c": ("\n", "in no layer"),
}
ALLOWED = {
    "src/pool/tbb.cc": "#include <tbb/tbb.h>\n",
    "src/os/down.c": '#include "base/error.h"\n#include "os/fd.h"\n',
    "src/topo/place.c": "#include <hwloc.h>\n",
    "bench/workload/loop.c": '#include "harness/workload.h"\n#include "transport/transport.h"\n',
}


def self_test():
    with tempfile.TemporaryDirectory() as root:
        for path, text in [(p, t) for p, (t, _) in PLANTED.items()] + list(ALLOWED.items()):
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as out:
                out.write(text)
        findings = check(root)
    for path, (_, reason) in PLANTED.items():
        if not any(f.startswith(path) and reason in f for f in findings):
            sys.exit(f"layers: the violation planted in {path} was not found")
    if len(findings) != len(PLANTED):
        sys.exit("layers: found where nothing was planted:\n" + "\n".join(findings))


def main():
    self_test()
    if sys.argv[1:] == ["--self-test"]:
        return 0
    findings = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    for finding in findings:
        print(finding)
    print(f"layers: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
