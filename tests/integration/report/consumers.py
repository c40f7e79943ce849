#!/usr/bin/env python3
"""What reads Google Benchmark's JSON takes ours: consumers.py MAKE_SYNTHETIC

Each check is what that project's own reader needs and does, in its few essential lines; for
compare.py the installed one is run (consumers_compare.py).
"""
import json
import math
import os
import subprocess
import sys
import tempfile

UNITS = {"ns", "us", "ms", "s"}


def strict(path):
    """JSON as JavaScript and serde read it: no NaN, no Infinity."""
    def refuse(word):
        raise ValueError(f"{path}: {word} is not JSON")
    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_constant=refuse)


def github_action_benchmark(data):
    """googlecpp: every entry is a series, smaller is better; equal names hide each other."""
    series = {}
    for entry in data["benchmarks"]:
        assert isinstance(entry["real_time"], (int, float)) and entry["time_unit"] in UNITS
        assert entry["name"] not in series, entry["name"]
        series[entry["name"]] = (entry["real_time"], f'{entry["time_unit"]}/iter',
                                 entry["iterations"], entry["cpu_time"], entry["threads"])
    return series


def bencher(data):
    """cpp_google: one entry that does not fit refuses the whole file."""
    assert isinstance(data["context"]["caches"], list)
    result = {}
    for entry in data["benchmarks"]:
        assert 0 < len(entry["name"]) <= 1024
        assert isinstance(entry["real_time"], (int, float)) and entry["time_unit"] in UNITS
        result[entry["name"]] = entry["real_time"]
    return result


def conbench(data):
    """GoogleBenchmarkAdapter: bytes, else items, else CPU time unless the name has /real_time."""
    values = {}
    for entry in data["benchmarks"]:
        if entry["run_type"] == "aggregate":
            continue
        if "bytes_per_second" in entry:
            value, unit = entry["bytes_per_second"], "B/s"
        elif "items_per_second" in entry:
            value, unit = entry["items_per_second"], "i/s"
        elif "/real_time" in entry["name"]:
            value, unit = entry["real_time"], entry["time_unit"]
        else:
            value, unit = entry["cpu_time"], entry["time_unit"]
        values.setdefault(entry["name"], []).append((value, unit))
    return values


def check_common(data):
    assert data["context"]["library_build_type"] == "release"
    assert data["benchmarks"], "no benchmarks"
    for entry in data["benchmarks"]:
        assert entry["name"].endswith("/real_time") and entry["run_name"] == entry["name"]
        assert entry["run_type"] == "iteration" and "error_occurred" not in entry
        assert isinstance(entry["family_index"], int)
        assert isinstance(entry["per_family_instance_index"], int)
        for key, value in entry.items():
            assert not isinstance(value, float) or math.isfinite(value), key
        stream = entry["name"].startswith("stream/")
        assert ("bytes_per_second" in entry) == stream, entry["name"]
        assert ("items_per_second" in entry) == stream, entry["name"]


def check_results(data):
    by_name = {}
    for entry in data["benchmarks"]:
        by_name.setdefault(entry["name"], []).append(entry)
    for name, entries in by_name.items():
        indices = [entry["repetition_index"] for entry in entries]
        assert indices == list(range(len(entries))), name
        assert {entry["repetitions"] for entry in entries} == {len(entries)}, name
    assert bencher(data).keys() == by_name.keys()
    # Of round trips the times themselves, not the CPU times; of streams bytes per second.
    for name, values in conbench(data).items():
        wanted = "B/s" if name.startswith("stream/") else "ns"
        assert {unit for _, unit in values} == {wanted}, name


def check_summary(data, results):
    series = github_action_benchmark(data)
    assert series.keys() == bencher(data).keys()
    assert series.keys() == {entry["name"] for entry in results["benchmarks"]}
    for entry in data["benchmarks"]:
        assert entry["repetitions"] == 1
        assert ("ci_low" in entry) == ("ci_high" in entry)
        if "ci_low" in entry:
            assert entry["ci_low"] <= entry["real_time"] <= entry["ci_high"]


def main():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([sys.argv[1], directory, "1"], check=True)
        results = strict(os.path.join(directory, "results.json"))
        summary = strict(os.path.join(directory, "summary.json"))
    for data in (results, summary):
        check_common(data)
    check_results(results)
    check_summary(summary, results)
    print(f'{len(results["benchmarks"])} and {len(summary["benchmarks"])} entries are taken')


if __name__ == "__main__":
    main()
