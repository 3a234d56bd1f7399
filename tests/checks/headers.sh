#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, and twice, as C11 and C++17, without a warning; with and without
# TACHO_ENABLE_EXPERIMENTAL. Both modes give every struct the same size and every member the same
# place, and the experimental names exist in one of them only.
# Usage: headers.sh [<source-dir>]
. "$(dirname "$0")/common.sh"

warnings="-Wall -Wextra -Wpedantic -Werror"
includes="-I$source_dir/api/include -I$source_dir/sdk/include -I$source_dir/exporters/include"
ran=0
count=0

# compile <compiler> <language> <standard> <header>
compile() {
    local output mode
    for mode in "" -DTACHO_ENABLE_EXPERIMENTAL; do
        # shellcheck disable=SC2086
        if ! output=$(printf '#include "%s"\n#include "%s"\n' "$4" "$4" |
            "$1" -x "$2" -std="$3" $mode $warnings $includes -fsyntax-only - 2>&1); then
            finding "$4: $1 -std=$3 $mode: $(grep -m 1 -E 'error|warning' <<<"$output")"
        fi
    done
}

# all_headers: a source that includes everything.
all_headers() {
    local header
    for header in $headers; do
        printf '#include "%s"\n' "$header"
    done
}

# layout [<mode>]: each struct with its size, each member with its offset, as the debugging
# information of an object has them. The stack follows the depth that readelf prints.
layout() {
    local object
    object=$(mktemp)
    # shellcheck disable=SC2086
    all_headers | "$layout_compiler" -x c -std=c11 -g -fno-eliminate-unused-debug-types $includes \
        ${1:-} -c -o "$object" - && readelf -W --debug-dump=info "$object" | awk '
        /^ *<[0-9a-f]+><[0-9a-f]+>/ {
            match($1, /<[0-9a-f]+>/); depth = substr($1, RSTART + 1, RLENGTH - 2) + 0
            tag = $0; sub(/.*\(/, "", tag); sub(/\).*/, "", tag)
            if (tag == "DW_TAG_structure_type" || tag == "DW_TAG_union_type") { struct[depth] = "" }
            member = ""
        }
        /DW_AT_name/ {
            name = $NF
            if (tag == "DW_TAG_structure_type" || tag == "DW_TAG_union_type") struct[depth] = name
            if (tag == "DW_TAG_member") member = name
        }
        /DW_AT_byte_size/ && tag == "DW_TAG_structure_type" && struct[depth] ~ /^tacho_/ {
            print struct[depth], $NF
        }
        /DW_AT_data_member_location/ && tag == "DW_TAG_member" && struct[depth - 1] ~ /^tacho_/ {
            print struct[depth - 1] "." member, $NF
        }' | sort -u
    rm -f "$object"
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

# Names that need TACHO_ENABLE_EXPERIMENTAL, and what they are part of.
gated="tacho_meter_config tacho_meter_configurator_fn meter_configurator meter_configurator_user
tacho_meter_provider_set_meter_configurator tacho_metric_filter_result tacho_metric_identity
metric_filter tacho_view_matching_mode view_matching_mode max_export_batch_size"
layout_compiler=$(command -v gcc || command -v clang)
# shellcheck disable=SC2086
without=$(all_headers | "$layout_compiler" -x c -std=c11 -E -P $includes - | grep -oE '[a-zA-Z_0-9]+' | sort -u)
# shellcheck disable=SC2086
with=$(all_headers | "$layout_compiler" -x c -std=c11 -E -P -DTACHO_ENABLE_EXPERIMENTAL $includes - |
    grep -oE '[a-zA-Z_0-9]+' | sort -u)
for name in $gated; do
    ! grep -qxF "$name" <<<"$without" || finding "$name: exists without TACHO_ENABLE_EXPERIMENTAL"
    grep -qxF "$name" <<<"$with" || finding "$name: does not exist with TACHO_ENABLE_EXPERIMENTAL"
done

if command -v readelf >/dev/null; then
    plain=$(layout)
    experimental=$(layout -DTACHO_ENABLE_EXPERIMENTAL)
    [ "$(wc -l <<<"$plain")" -gt 100 ] || finding "the layout of the structs was not found"
    while read -r name first second; do
        [ "$first" = "$second" ] ||
            finding "$name: with and without TACHO_ENABLE_EXPERIMENTAL differ: $second, $first"
    done < <(join <(printf '%s\n' "$plain") <(printf '%s\n' "$experimental"))
fi
conclude "$count headers"
