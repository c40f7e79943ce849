#!/bin/bash
# Directories that cannot be written, and disks that are full.
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"
use_fake_harness
cell=pingpong/null/process/free/8B

touch file
expect "a file in the way" 2 "cannot (make|write to) the directory file" \
	run --out=file/deep $cell
expect "a directory of the kernel" 2 "cannot make the directory /proc/here" \
	run --out=/proc/here $cell

if [ "$(id -u)" != 0 ]; then
	mkdir closed && chmod 555 closed
	expect "no permission" 2 "cannot make the directory closed/in" run --out=closed/in $cell
elif command -v setpriv >/dev/null; then
	mkdir closed
	chmod 755 "$TEMPORARY"
	chmod 777 .
	# The tree may be where only root can look.
	cp "$IPCMARK" "$IPCMARK_HARNESS_DIR/ipcmark-transport" .
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		env IPCMARK_HARNESS_DIR="$PWD" ./ipcmark run --out=closed/in $cell >out 2>err
	status=$?
	[ $status = 2 ] && grep -q "cannot make the directory closed/in: Permission denied" err
	report $? "no permission (status $status)"
else
	skip "no permission" "root may write everywhere, and there is no setpriv"
fi

# A tmpfs of our own, in a mount namespace of our own.
if ! unshare -m true 2>/dev/null; then
	skip "full disk" "no permission to make a mount namespace"
	finish
fi
mkdir disk
cat >inside.sh <<'SH'
mount -t tmpfs -o size=$1 none disk || exit 77
[ "$2" = 0 ] || head -c "$2" /dev/zero >disk/filler
shift 2
"$@" >out 2>err
echo $? >status
ls -A disk/* >left 2>/dev/null
true
SH
full() # NAME SIZE FILLER PATTERN ARGUMENT…
{
	local name=$1 size=$2 filler=$3 pattern=$4
	shift 4
	unshare -m bash inside.sh "$size" "$filler" "$IPCMARK" "$@"
	if [ $? = 77 ]; then
		skip "$name" "cannot mount a tmpfs"
		return
	fi
	[ "$(cat status)" = 2 ] && grep -Eq "$pattern" err
	report $? "$name (status $(cat status))"
	check "$name: no file that looks whole" test "$(grep -c 'json$\|html$' left)" = 0
}
full "a full disk is found before the measuring" 1m 1040000 \
	"cannot write to the directory disk/d: No space left on device" run --out=disk/d $cell
# Room for the trial, but not for hundreds of runs.
full "a disk that fills up" 80k 0 "results.json.*No space left on device" \
	run --quiet --no-plots --idle=free --rounds=3 --out=disk/d 'pingpong/*/process/free'
finish
