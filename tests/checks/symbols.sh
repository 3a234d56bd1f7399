#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the libraries export: the functions marked TACHO_API in the public headers are those in the
# version scripts, and each shared library exports exactly the list of its script. Beside that, no
# two object files of the static libraries define the same name, as a program may link them all.
# VER-03: the binary interface is this list and nothing else.
# Usage: symbols.sh [<source-dir> [<build-dir>]]
. "$(dirname "$0")/common.sh"
build_dir=${2:-}
count=0

map_symbols() {
    sed -nE 's/^[[:space:]]*(tacho_[a-z0-9_]+);$/\1/p' "$1"
}

declared_functions() {
    # shellcheck disable=SC2046
    (cd "$source_dir" && cat $(project_files | grep -E "^$1/include/.*\.h$")) | tr '\n' ' ' |
        grep -oE 'TACHO_API [^;{(]*\(' | grep -oE 'tacho_[a-z0-9_]+ *\($' | tr -d ' (' | sort -u
}

# differences <what> <first> <second> <text for only in first> <text for only in second>
differences() {
    local name
    for name in $(comm -23 <(printf '%s\n' "$2") <(printf '%s\n' "$3")); do
        finding "$1: $name $4"
    done
    for name in $(comm -13 <(printf '%s\n' "$2") <(printf '%s\n' "$3")); do
        finding "$1: $name $5"
    done
}

for folder in api sdk exporters; do
    listed=$(for map in $(project_files | grep -E "^$folder/.*\.map$"); do
        map_symbols "$source_dir/$map"
    done | sort)
    repeated=$(uniq -d <<<"$listed")
    [ -z "$repeated" ] || finding "$folder: in two version scripts: $repeated"
    differences "$folder" "$(declared_functions "$folder")" "$(sort -u <<<"$listed")" \
        "is declared with TACHO_API but is in no version script" \
        "is in a version script but no public header declares it"
done

for map in $(project_files | grep -E '\.map$'); do
    symbols=$(map_symbols "$source_dir/$map")
    [ "$symbols" = "$(sort <<<"$symbols")" ] || finding "$map: is not sorted"
    grep -q 'TACHO_0\.1 {' "$source_dir/$map" || finding "$map: has no node TACHO_0.1"
    entries=$(grep -cE '^[[:space:]]*[^[:space:]].*;' "$source_dir/$map")
    # the list, "*;" and "};"
    [ "$entries" -eq $(($(wc -l <<<"$symbols") + 2)) ] || finding "$map: one symbol a line, please"
    library=$(basename "$map" .map)
    count=$((count + 1))
    [ -n "$build_dir" ] || continue
    shared=$(built_files "$build_dir" "lib$library.so" | head -n 1)
    if [ -z "$shared" ]; then
        printf '%s: not built shared, its exports are not looked at\n' "$library"
        continue
    fi
    exported=$(nm -D --defined-only "$shared" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort)
    differences "lib$library.so" "$exported" "$symbols" \
        "is exported but not in $map" "is in $map but not exported"
done

if [ -n "$build_dir" ]; then
    archives=$(built_files "$build_dir" 'libtacho_*.a')
    # shellcheck disable=SC2086
    [ -z "$archives" ] || twice=$(nm -A --defined-only --extern-only $archives 2>/dev/null |
        awk '{split($1, at, ":"); print $NF, at[2]}' | sort -u | awk '{print $1}' | uniq -d |
        grep -vE '^__(asan|odr_asan|ubsan|tsan)' || true)
    for name in ${twice:-}; do
        finding "$name: is defined in two object files of the static libraries"
    done
fi
[ "$count" -gt 0 ] || finding "no version script found"
conclude "$count version scripts"
