#!/bin/bash
# The completion for bash.
# shellcheck disable=SC2317 # called through check
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=/dev/null
. "$COMPLETION"

complete_line() # WORD… the last is being completed; COMPREPLY in out, one per line
{
	COMP_WORDS=(ipcmark "$@")
	COMP_CWORD=$#
	compopt() { :; }
	_ipcmark "$IPCMARK"
	printf '%s\n' "${COMPREPLY[@]}" >out
}

complete_line ''
check "commands" grep -qx doctor out
complete_line run --ro
check "options" grep -qx -- --rounds= out
complete_line run --suite=q
check "suites" grep -qx quick out
complete_line list ping
check "workloads" grep -qx pingpong/ out
complete_line list conten
check "workloads of locks" grep -qx contended/ out
complete_line list pingpong/pipe/process/same_pu/64
check "sizes" grep -qE '^pingpong/pipe/process/same_pu/64B(/idle=free)?/?$' out
complete_line run --idle=h
check "values" grep -qx held out
finish
