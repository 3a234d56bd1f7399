#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every file written by hand that can hold a comment names its licence within its first three lines.
# Usage: licence.sh [<source-dir>]
. "$(dirname "$0")/common.sh"

count=0
while read -r file; do
    case $file in
    proto/generated/*) continue ;; # written by protoc-c
    *.c | *.h | *.cpp | *.proto | *.map | *.cmake | *.in | *.sh | *.yml | CMakeLists.txt | \
        */CMakeLists.txt | .clang-format | .clang-tidy) ;;
    *)
        # scripts without an ending
        [ "$(head -c 2 "$source_dir/$file")" = '#!' ] || continue
        ;;
    esac
    count=$((count + 1))
    head -n 3 "$source_dir/$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
        finding "$file: no SPDX line"
done < <(project_files)
[ "$count" -gt 0 ] || finding "no file found to check"
conclude "$count files"
