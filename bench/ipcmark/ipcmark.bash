# bash completion of ipcmark(1)
# shellcheck shell=bash disable=SC2207 # no completion has blanks

# The options of a command, from its help text.
_ipcmark_options()
{
	"$1" "$2" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z-]*=\{0,1\}\).*/\2/p'
}

_ipcmark_suites()
{
	# The message that names them is all that knows where they are.
	"$1" list --suite=' ' 2>&1 | sed -n 's/.*(there is: \([^)]*\)).*/\1/p' | tr -d ','
}

# Cells are completed component by component: thousands at once help nobody.
_ipcmark_cells()
{
	local prefix=${2%"${2##*/}"} depth
	depth=$(tr -cd / <<<"$prefix" | wc -c)
	"$1" list --runnable "${prefix}*" 2>/dev/null |
		awk -F/ -v n="$((depth + 1))" '{
			name = $1
			for (i = 2; i <= n && i <= NF; i++)
				name = name "/" $i
			if (!seen[name]++)
				print name (NF > n ? "/" : "")
		}'
}

_ipcmark()
{
	local program=$1 cur prev word command=
	COMPREPLY=()
	_get_comp_words_by_ref -n =: cur prev 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]}
		prev=${COMP_WORDS[COMP_CWORD - 1]}
	}
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		-*) ;;
		*)
			command=$word
			break
			;;
		esac
	done

	if [[ -z $command ]]; then
		COMPREPLY=($(compgen -W 'list run report plot doctor topology help --help --version' \
			-- "$cur"))
		return
	fi
	case $cur in
	--suite=*)
		COMPREPLY=($(compgen -W "$(_ipcmark_suites "$program")" -- "${cur#*=}")
			$(compgen -f -X '!*.ini' -- "${cur#*=}"))
		return
		;;
	--idle=*)
		COMPREPLY=($(compgen -W 'held free auto' -- "${cur#*=}"))
		return
		;;
	--out=* | --root=*)
		COMPREPLY=($(compgen -d -- "${cur#*=}"))
		return
		;;
	--xml=*)
		COMPREPLY=($(compgen -f -- "${cur#*=}"))
		return
		;;
	-*)
		COMPREPLY=($(compgen -W "$(_ipcmark_options "$program" "$command") --help" -- "$cur"))
		[[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
		return
		;;
	esac
	case $prev in
	-s)
		COMPREPLY=($(compgen -W "$(_ipcmark_suites "$program")" -- "$cur")
			$(compgen -f -X '!*.ini' -- "$cur"))
		return
		;;
	-o)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	esac
	case $command in
	list | run)
		COMPREPLY=($(compgen -W "$(_ipcmark_cells "$program" "$cur")" -- "$cur"))
		[[ ${COMPREPLY[*]} == */ ]] && compopt -o nospace
		;;
	report | plot)
		COMPREPLY=($(compgen -d -- "$cur"))
		;;
	help)
		COMPREPLY=($(compgen -W 'list run report plot doctor topology' -- "$cur"))
		;;
	esac
}

complete -F _ipcmark ipcmark
