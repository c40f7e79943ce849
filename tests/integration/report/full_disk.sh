#!/bin/sh
# A disk that is full: the save fails with its reason, and leaves nothing that looks whole.
# full_disk.sh MAKE_SYNTHETIC
set -eu

make=$1
if ! unshare -m true 2>/dev/null; then
	echo "skipped: no mount namespace of its own is permitted here"
	exit 77
fi
dir=$(mktemp -d)
trap 'rmdir "$dir"' EXIT

# The mount is seen by nobody else and goes with the namespace.
# shellcheck disable=SC2016 # for the inner shell
unshare -m sh -eu -c '
	make=$1 dir=$2
	mount -t tmpfs -o size=64k none "$dir" 2>/dev/null || exit 77
	if "$make" "$dir" 1 2>"$dir/said"; then
		echo "a file of some hundred KiB was written to a disk of 64 KiB" >&2
		exit 1
	fi
	grep -q "results.json: cannot be written: No space left on device" "$dir/said"
	rm "$dir/said"
	test -z "$(ls -A "$dir")"
' sh "$make" "$dir" || {
	status=$?
	test $status -ne 77 || echo "skipped: a tmpfs cannot be mounted here"
	exit $status
}
