#!/bin/bash
# Job files: what is wrong is said with the line on which it stands.
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"
use_fake_harness

bad() # NAME LINE PATTERN, the file from stdin
{
	cat >bad.ini
	expect "$1" 2 "^ipcmark: ./bad.ini:$2: $3" run --suite=./bad.ini
}

bad "unknown key" 4 "unknown key 'colour'" <<'INI'
[a]
cells = pingpong/null

colour = red
INI
bad "unknown key in [global]" 2 "unknown key 'cells' in \[global\]" <<'INI'
[global]
cells = pingpong/null
INI
bad "a value that is no number" 3 "rounds_min: 'x' is not a number" <<'INI'
[a]
cells = pingpong/null
rounds_min = x
INI
bad "an unknown cell, on a line that continues" 5 ".*no subject matches 'telepathy'" <<'INI'
; a comment
[a]
exec = process
cells = pingpong/null
	pingpong/telepathy
INI
bad "an unknown value of an axis" 2 ".*no placement matches 'moon'" <<'INI'
[a]
cells = pingpong/null
placement = moon
INI
bad "a line that is nothing" 3 "neither a \[section\] nor KEY = VALUE" <<'INI'
[a]
cells = pingpong/null
what is this
INI
bad "a key before the first section" 1 "'cells' stands before the first section" <<'INI'
cells = pingpong/null
INI
bad "a job without cells" 3 "the job 'b' has no cells" <<'INI'
[a]
cells = pingpong/null
[b]
repetitions = 3
INI
bad "an empty section" 1 "this section is empty" <<'INI'
[a]
[b]
cells = pingpong/null
INI
bad "a job twice" 4 "the job 'a' is there already, on line 1" <<'INI'
[a]
cells = pingpong/null
[a]
cells = pingpong/pipe
INI
bad "rounds the wrong way round" 4 "rounds_min = 5 is above rounds_max = 2" <<'INI'
[a]
cells = pingpong/null
rounds_max = 2
rounds_min = 5
INI
bad "no job" 2 "no job" <<'INI'
[global]
budget = 3
INI
bad "a zero byte" 2 "a character that is no text" < <(printf '[a]\n; \0\ncells = pipe\n')
bad "an escape sequence" 2 "a character that is no text \(code 27\)" \
	< <(printf '[a]\ncells = \033[2J\n')
bad "an empty file" 1 "no job" </dev/null
{
	echo '[a]'
	printf 'cells = '
	printf 'pingpong/null/process/free/8B %.0s' $(seq 20)
	echo
} >long.ini
expect "a line that is too long" 2 "long.ini:2: the line is longer than" run --suite=./long.ini
expect "a directory" 2 "cannot .*the suite" run --suite=./tmp

cat >good.ini <<'INI'
[global]
rounds_min = 2
rounds_max = 2
idle = free
[product]
cells = pingpong/null
	pingpong/pipe/process/same_pu
exec = process
placement = free
size = 8B 64B
[own]
cells = stream/null/process/free/8B
rounds_min = 3
repetitions = 7
[not everywhere]
cells = pingpong/telepathy
optional = yes
INI
ipcmark run --dry-run --suite=./good.ini
cat >wanted <<'TEXT'
pingpong/null/process/free/8B/idle=free  # 2 × 5 × 0.02 s
pingpong/null/process/free/64B/idle=free  # 2 × 5 × 0.02 s
pingpong/pipe/process/same_pu/8B/idle=free  # 2 × 5 × 0.02 s
pingpong/pipe/process/same_pu/64B/idle=free  # 2 × 5 × 0.02 s
stream/null/process/free/8B/idle=free  # 3 × 7 × 0.02 s
TEXT
grep -v '^#' out | diff wanted - >err
report $? "shorthands fill in what the patterns leave open"
ipcmark run --dry-run --rounds=9 --repetitions=1 --idle=held --suite=./good.ini 'stream'
check "the command line stands above the file, and patterns choose" \
	grep -q '^stream/null/process/free/8B  # .*9 × 1 ×\|skipped' out
check "nothing else is chosen" test "$(grep -c '^pingpong' out)" = 0
expect "a pattern that chooses nothing" 2 "no cell of the suite matches 'wakeup'" \
	run --dry-run --suite=./good.ini wakeup

for suite in quick full ci; do
	ipcmark run --dry-run --suite=$suite
	[ "$status" = 0 ]
	report $? "the suite $suite is sound"
done
taskset -c 0 "$IPCMARK" run --dry-run --suite=quick >out 2>err
report $? "the suite quick is sound on one CPU, where it skips"
finish
