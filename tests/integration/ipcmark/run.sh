#!/bin/bash
# Running cells, with a harness that measures nothing: what is kept when something goes wrong.
# shellcheck disable=SC2317 # called through check
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"
use_fake_harness
options=(--no-plots --idle=free --out=results)
cells=(pingpong/null/process/free/8B pingpong/pipe/process/free/8B)

runs() # of the cell whose name contains $1
{
	json results/results.json "sum(b['name'].find('$1') >= 0 for b in d['benchmarks'])"
}
status_of()
{
	json results/results.json \
		"[c['status'] for c in d['ipcmark']['cells'] if c['name'].find('$1') >= 0][0]"
}
reason_of()
{
	json results/results.json \
		"[c.get('reason') for c in d['ipcmark']['cells'] if c['name'].find('$1') >= 0][0]"
}
is()
{
	[ "$1" = "$2" ] && return
	echo "'$1' is not '$2'" >&2
	return 1
}
no_litter()
{
	[ -z "$(ls -A "$TMPDIR")" ] && [ -z "$(find results -name '.*' -type f)" ]
}

ipcmark run "${options[@]}" --rounds=3 --seed=7 "${cells[@]}"
check "a good run" is "$status" 0
check "each round is a process of each cell" is "$(wc -l <log)" 6
check "each run is in the results" is "$(runs pipe)" 3
check "the seed is recorded" json_is results/results.json 'd["ipcmark"]["seed"]' 7
check "it was not interrupted" json_is results/results.json 'd["ipcmark"]["interrupted"]' False
check "there is a summary" test -s results/summary.json
check "there is a report" test -s results/report.html
check "it says where" grep -q 'results in results' err
check "no litter" no_litter
check "the padding varies" test "$(cut -d' ' -f2 log | sort -u | wc -l)" -gt 3

cp log first
: >log
expect "results are not overwritten" 2 "results holds results already \(--overwrite" \
	run "${options[@]}" "${cells[@]}"
check "and nothing was run for it" test ! -s log
ipcmark run "${options[@]}" --overwrite --quiet --rounds=3 --seed=7 "${cells[@]}"
check "a seed gives the same order and padding" cmp first log
check "--quiet is quiet" test ! -s err -a ! -s out
rm -rf results

FAKE='*/pipe/*=fail' ipcmark run "${options[@]}" --rounds=3 "${cells[@]}"
check "a cell that fails: exit status 1" is "$status" 1
check "it says which and why" grep -q 'error: pingpong/pipe/.*: the peer died on purpose' err
check "the cell is marked" is "$(status_of pipe)" failed
check "the others are whole" is "$(runs null)" 3
rm -rf results

: >log
FAKE='*/pipe/*=crash' ipcmark run "${options[@]}" --rounds=3 "${cells[@]}"
check "no record: exit status 1" is "$status" 1
check "what the harness said is the reason" is "$(reason_of pipe)" \
	"the harness left no record (exit status 3): out of luck"
check "a cell that failed is not run again" is "$(grep -c pipe log)" 1
rm -rf results

FAKE='*/pipe/*=die' ipcmark run "${options[@]}" --rounds=1 "${cells[@]}"
check "killed by a signal: exit status 1" is "$status" 1
check "the signal is the reason" grep -q 'killed by signal 11' <(reason_of pipe)
rm -rf results

FAKE='*/pipe/*=broken' ipcmark run "${options[@]}" --rounds=1 "${cells[@]}"
check "a record that is cut off: exit status 1" is "$status" 1
check "the others are whole then too" is "$(runs null)" 1
rm -rf results

: >log
FAKE='*/pipe/*=moved' ipcmark run "${options[@]}" --rounds=2 --retries=3 "${cells[@]}"
check "rejected runs are no failure" is "$status" 0
check "they are repeated at once, so often" is "$(grep -c pipe log)" 8
check "and said" grep -q '6 runs were repeated' err
check "a cell without figures is said" grep -q '1 cell has no figures' err
check "and is not in the summary" json_is results/summary.json 'len(d["benchmarks"])' 1
rm -rf results

mkfifo events
export FAKE_EVENTS=$TEMPORARY/events
await_hang() # sets leader and child
{
	read -r -t 60 leader child <>events && return
	echo "Bail out! no harness has said that it hangs"
	exit 1
}
has_ended() # PID…: also as a zombie
{
	local pid
	for pid; do
		if grep -q '^State:[[:space:]]*[^[:space:]ZX]' "/proc/$pid/status" 2>/dev/null; then
			return 1
		fi
	done
}

FAKE='*/pipe/*=hang' "$IPCMARK" run "${options[@]}" --rounds=1 --deadline=0.1 "${cells[@]}" \
	>out 2>err &
await_hang
wait $!
status=$?
check "a harness that hangs is killed: exit status 1" is "$status" 1
check "the deadline is the reason" grep -q 'killed: still running after' <(reason_of pipe)
check "its children are killed too" has_ended "$leader" "$child"
rm -rf results

FAKE='*/pipe/*=hang' "$IPCMARK" run "${options[@]}" --rounds=1 "${cells[@]}" >out 2>err &
await_hang
kill -9 "$leader"
wait $!
status=$?
check "kill -9 of the harness: exit status 1" is "$status" 1
check "the kill is the reason" grep -q 'killed by signal 9' <(reason_of pipe)
check "the results are whole" is "$(runs null)" 1
check "no litter then" no_litter
rm -rf results

for signal in INT TERM; do
	FAKE='*/pipe/*=hang' "$IPCMARK" run "${options[@]}" --rounds=2 --seed=3 "${cells[@]}" \
		pingpong/{tcp,fifo,shm_ring}/process/free/8B >out 2>err &
	await_hang
	kill -$signal $!
	wait $!
	status=$?
	check "SIG$signal: exit status 130" is "$status" 130
	check "SIG$signal: it says what is kept" \
		grep -Eq 'interrupted after .*runs done so far are kept' err
	check "SIG$signal: the results say so" json_is results/results.json \
		'd["ipcmark"]["interrupted"]' True
	check "SIG$signal: the harness is gone" has_ended "$leader" "$child"
	check "SIG$signal: there is a report" test -s results/report.html
	check "SIG$signal: no litter" no_litter
	rm -rf results
done

FAKE='*/pipe/*=hang' "$IPCMARK" run "${options[@]}" --rounds=1 "${cells[@]}" >out 2>err &
first=$!
await_hang
expect "a second one is refused, and told who it is" 2 \
	"another ipcmark measures .*process $first " run --out=other --no-plots "${cells[@]}"
ipcmark doctor
check "the doctor sees it" grep -q 'another ipcmark measures now' out
"$IPCMARK" run --no-plots --idle=free --out=other --rounds=1 --wait-lock "${cells[0]}" \
	>out2 2>err2 &
second=$!
kill "$leader"
wait $first
wait $second
check "--wait-lock waits" is "$?" 0
rm -rf results other

ipcmark run --dry-run "${options[@]}" --rounds=2 "${cells[@]}"
check "--dry-run" is "$status" 0
check "--dry-run makes nothing" test ! -e results
check "--dry-run says how long" grep -q '^# 2 cells, 0 skipped; about' out
expect "nothing that can run here" 2 "none of the 1 cells can run here; .*has no choice" \
	run "${options[@]}" pingpong/pipe/process/free/8B/wait=park

: >log
ipcmark run "${options[@]}" --budget=1 --rounds=2 "${cells[0]}"
check "a budget adds rounds" test "$(wc -l <log)" -gt 2
check "and ends" is "$status" 0
finish
