# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion for falconctl. It asks the binary, so it knows what the binary knows.

_falconctl()
{
	local line="${COMP_LINE:0:COMP_POINT}" candidate
	local -a words

	# COMP_WORDS is split at '=' as well; KEY=VALUE is one word here.
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")

	COMPREPLY=()
	while IFS= read -r candidate; do
		[[ $candidate == *= ]] && compopt -o nospace 2>/dev/null
		# bash replaces what follows the '=' only
		[[ ${words[-1]} == *=* ]] && candidate="${candidate#*=}"
		COMPREPLY+=("$candidate")
	done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
}

complete -F _falconctl falconctl
