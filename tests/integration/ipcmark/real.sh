#!/bin/bash
# The whole way with the real harness: short, and not for its figures.
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"

options=(--rounds=2 --repetitions=2 --min-time=0.002 --out=results)
ipcmark run "${options[@]}" pingpong/{null,pipe}/process/same_pu/64B
[ "$status" = 0 ]
report $? "a run of two cells (status $status)"
check "the table names them" grep -q 'pipe' out
check "two runs of two repetitions of each" json_is results/results.json \
	'sum(len(b["name"]) > 0 and "/pipe/" in b["name"] for b in d["benchmarks"]) % 2' 0
check "one line per cell in the summary" json_is results/summary.json 'len(d["benchmarks"])' 2
ipcmark report results
[ "$status" = 0 ] && grep -q pipe out
report $? "report shows it again"
if command -v gnuplot >/dev/null; then
	check "there are plots" test -n "$(ls results/plots)"
	ipcmark plot --terminal results
	[ "$status" = 0 ]
	report $? "plot --terminal"
else
	skip "plots" "no gnuplot"
fi
finish
