#!/bin/bash
# What is wrong is said in one line, with what to do, and with exit status 2.
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"
use_fake_harness

ipcmark
[ "$status" = 2 ] && grep -q '^Usage: ipcmark COMMAND' err && [ ! -s out ]
report $? "no command: the usage, on stderr"

expect "unknown command" 2 "unknown command 'fly' \(see 'ipcmark --help'\)" fly
expect "unknown option before the command" 2 "unknown option '--fly'" --fly
expect "unknown option" 2 "run: unknown option '--fly' \(see 'ipcmark run --help'\)" run --fly
expect "unknown short option" 2 "list: unknown option '-z'" list -z
expect "an option without its value" 2 "run: the option '--rounds' needs a value" run --rounds
expect "a value for an option that has none" 2 "list: the option '--json=x' takes no value" \
	list --json=x
expect "no number" 2 "--rounds: 'many' is not a number from 1 to 1000" run --rounds=many 'pingpong'
expect "a number out of range" 2 "--rounds: '0' is not a number" run --rounds=0 pingpong
expect "no duration" 2 "--budget: 'soon' is not a duration" run --budget=soon pingpong
expect "a negative duration" 2 "--budget: '-1' is not a duration" run --budget=-1 pingpong
expect "no idle policy" 2 "--idle: 'deep' is none of held, free, auto" run --idle=deep pingpong
expect "superfluous argument" 2 "doctor takes no arguments, but there is 'now'" doctor now
expect "nothing to run" 2 "run what\?" run
expect "nothing to report" 2 "report on what\?" report
expect "nothing to plot" 2 "plot what\?" plot
expect "unknown workload" 2 "no workload matches 'fly' \(there are: pingpong," run fly
expect "unknown mechanism" 2 "no subject matches 'telepathy'" run pingpong/telepathy
expect "a glob that matches nothing" 2 "no workload matches 'x\*'" list 'x*'
expect "unknown key" 2 "no key 'colour' \(keys: touch, wait," run pingpong/pipe/colour=red
expect "a component too many" 2 "one component too many" run pingpong/pipe/process/free/64B/more
expect "an empty component" 2 "the subject is empty" run pingpong//process
expect "bad size" 2 "64X" run pingpong/pipe/process/free/64X
expect "unknown suite" 2 "no suite 'fly' \(there is: .*quick" run --suite=fly
expect "no such job file" 2 "cannot open the suite ./fly.ini: No such file" run --suite=./fly.ini
expect "results that are not there" 2 "nowhere" report nowhere
expect "no XML" 2 "nowhere.xml" topology --xml=nowhere.xml
expect "two topologies" 2 "exclude each other" topology --xml=a --synthetic=b
expect "a bad synthetic topology" 2 "." topology --synthetic=fly:2
IPCMARK_HARNESS_DIR=$TEMPORARY expect "no harness" 2 \
	"no harness 'ipcmark-transport' in IPCMARK_HARNESS_DIR" \
	run --rounds=1 pingpong/null/process/free/8B

ipcmark list 'pingpong/null/process/free/8B'
[ "$status" = 0 ] && [ "$(cut -d/ -f1-5 out)" = pingpong/null/process/free/8B ]
report $? "list gives the cell"
ipcmark list --idle=held 'pingpong/null/process/free/8B' --json
check "list --json is JSON" json_is out 'd["cells"][0]["axes"]["subject"]' null
"$IPCMARK" list >/dev/full 2>err
status=$?
[ $status = 2 ] && grep -q "cannot write to standard output" err
report $? "a full standard output is an error (status $status)"

ipcmark topology --synthetic='pack:1 l3:2 core:2 pu:2'
check "topology of a machine that need not exist" grep -Eq '^same_l3 +[0-9]+ [0-9]+' out
ipcmark topology --synthetic='core:1 pu:1'
check "a machine with one CPU has no two cores" grep -Eq '^same_l3 +-' out
finish
