#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-format has nothing to change.
# Usage: format.sh [<source-dir>]
. "$(dirname "$0")/common.sh"

command -v clang-format >/dev/null || skip "clang-format is not here"
files=$(c_files)
[ -n "$files" ] || finding "no file found to check"
cd "$source_dir"
while read -r line; do
    finding "$line"
done < <(printf '%s\n' "$files" | xargs -P 2 -n 20 clang-format --dry-run -Werror 2>&1 |
    grep -E ': (error|warning): ' || true)
conclude "$(wc -l <<<"$files") files"
