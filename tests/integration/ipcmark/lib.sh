# Shared by the tests of the front end. They speak TAP. Each runs in a directory of its own, with a
# lock of its own, so that they may run beside each other and beside a real measurement.
# shellcheck shell=bash
set -u
: "${IPCMARK:?the front end}" "${HERE:?the directory of the tests}" "${GOLDEN:?the golden files}"

if [ ! -x "$IPCMARK" ]; then
	echo "Bail out! there is no $IPCMARK"
	exit 1
fi
TEMPORARY=$(mktemp -d)
trap 'rm -rf "$TEMPORARY"' EXIT
cd "$TEMPORARY" || exit 99
export IPCMARK_LOCK=$TEMPORARY/lock FAKE_LOG=$TEMPORARY/log TMPDIR=$TEMPORARY/tmp
export LC_ALL=C.UTF-8 TZ=UTC COLUMNS=100
mkdir "$TMPDIR"

count=0
failed=0
status=

report() # STATUS NAME
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - $2"
	sed 's/^/# out: /' out 2>/dev/null | head -40
	sed 's/^/# err: /' err 2>/dev/null | head -40
}

skip() # NAME REASON
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

finish()
{
	echo "1..$count"
	exit $((failed > 0))
}

use_fake_harness()
{
	export IPCMARK_HARNESS_DIR=$HERE/fake
}

# Runs the front end: out, err and $status.
ipcmark()
{
	"$IPCMARK" "$@" >out 2>err
	status=$?
}

# The front end must end with this status and say this (an extended regular expression) on stderr.
expect() # NAME STATUS PATTERN ARGUMENT…
{
	local name=$1 wanted=$2 pattern=$3
	shift 3
	ipcmark "$@"
	[ "$status" = "$wanted" ] && grep -Eq -- "$pattern" err
	report $? "$name (status $status)"
}

check() # NAME COMMAND…
{
	local name=$1
	shift
	"$@" >>out 2>>err
	report $? "$name"
}

# Compares a file with a golden one, or renews that.
golden() # NAME FILE GOLDEN
{
	if [ -n "${GOLDEN_RENEW:-}" ]; then
		cp "$2" "$GOLDEN/$3"
	fi
	diff -u "$GOLDEN/$3" "$2" >err
	report $? "$1"
}

# A value of a JSON file, by a Python expression of `d`.
json() # FILE EXPRESSION
{
	python3 -S -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$1" "$2"
}

json_is() # FILE EXPRESSION VALUE
{
	local value
	value=$(json "$1" "$2") || return 1
	[ "$value" = "$3" ] && return
	echo "$2 is $value, not $3" >&2
	return 1
}
