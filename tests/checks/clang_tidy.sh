#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy has nothing to say about the libraries and the examples.
# Usage: clang_tidy.sh <build-dir>   (a build by clang with CMAKE_EXPORT_COMPILE_COMMANDS)
build_dir=$(cd "$1" && pwd)
set -- "$(sed -nE 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build_dir/CMakeCache.txt")"
. "$(dirname "$0")/common.sh"

command -v clang-tidy >/dev/null || skip "clang-tidy is not here"
[ -f "$build_dir/compile_commands.json" ] || skip "there is no compile_commands.json"
files=$(sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$build_dir/compile_commands.json" |
    grep -E "^$source_dir/(api|sdk|exporters|examples)/.*\.c$" | sort -u)
[ -n "$files" ] || finding "no file found to check"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! printf '%s\n' "$files" | xargs -P 2 -n 1 clang-tidy --quiet -p "$build_dir" >"$log" 2>/dev/null; then
    while read -r line; do
        finding "$line"
    done < <(grep -E ': (error|warning): ' "$log" | sort -u)
    [ "$findings" -gt 0 ] || finding "clang-tidy failed: $(tail -n 3 "$log")"
fi
conclude "$(wc -l <<<"$files") files"
