#!/bin/bash
# The help texts are what people read first: a change of them is seen in review.
# shellcheck source=tests/integration/ipcmark/lib.sh
. "$(dirname "$0")/lib.sh"

"$IPCMARK" --help >out 2>err
golden "ipcmark --help" out help/ipcmark.txt
for command in list run report plot doctor topology; do
	ipcmark "$command" --help
	[ "$status" = 0 ]
	report $? "$command --help ends well"
	golden "ipcmark $command --help" out "help/$command.txt"
	cp out first
	ipcmark help "$command"
	check "ipcmark help $command is the same" cmp first out
	awk 'length > 100 { exit 1 }' first
	report $? "$command --help fits into 100 columns"
done
ipcmark --version
check "--version" grep -Eq '^ipcmark [0-9]+\.[0-9]+' out

# Every option is in the man page.
for command in list run report plot doctor topology; do
	"$IPCMARK" "$command" --help | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p'
done | sort -u >options
while read -r option; do
	grep -q "Fl Fl $option" "$MAN" || echo "$option"
done <options >missing
check "the man page has every option" test ! -s missing
finish
