#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, and twice, as C11 and C++17, without a warning.
# Usage: headers.sh [<source-dir>]
. "$(dirname "$0")/common.sh"

warnings="-Wall -Wextra -Wpedantic -Werror"
includes="-I$source_dir/api/include -I$source_dir/sdk/include -I$source_dir/exporters/include"
ran=0
count=0

# compile <compiler> <language> <standard> <header>
compile() {
    local output
    # shellcheck disable=SC2086
    if ! output=$(printf '#include "%s"\n#include "%s"\n' "$4" "$4" |
        "$1" -x "$2" -std="$3" $warnings $includes -fsyntax-only - 2>&1); then
        finding "$4: $1 -std=$3: $(grep -m 1 -E 'error|warning' <<<"$output")"
    fi
}

headers=$(project_files | sed -nE 's,^(api|sdk|exporters)/include/(.*\.h)$,\2,p')
for header in $headers; do
    count=$((count + 1))
    for compiler in gcc clang; do
        if command -v "$compiler" >/dev/null; then
            compile "$compiler" c c11 "$header"
            ran=1
        fi
    done
    for compiler in g++ clang++; do
        if command -v "$compiler" >/dev/null; then
            compile "$compiler" c++ c++17 "$header"
        fi
    done
done
[ "$ran" = 1 ] || skip "neither gcc nor clang is here"
conclude "$count headers"
