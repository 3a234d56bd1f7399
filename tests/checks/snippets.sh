#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The C in README.md and docs/guides compiles against the headers. A block with an #include is a whole
# source and is compiled as it is. Any other is a fragment of a function, in which the usual handles
# exist and experimental names are declared. A block after the comment
#     <!-- not compiled: the reason -->
# is left out. Errors name the line of the page.
# Usage: snippets.sh [<source-dir>]
. "$(dirname "$0")/common.sh"

includes="-I$source_dir/api/include -I$source_dir/sdk/include -I$source_dir/exporters/include"
warnings="-Wall -Wextra -Wpedantic -Werror"
blocks=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compilers=()
for compiler in gcc clang; do
    ! command -v "$compiler" >/dev/null || compilers+=("$compiler")
done
[ "${#compilers[@]}" -gt 0 ] || skip "neither gcc nor clang is here"

# What stands before a fragment.
{
    echo '#define TACHO_ENABLE_EXPERIMENTAL'
    project_files | sed -nE 's,^(api|sdk|exporters)/include/(.*\.h)$,#include "\2",p'
    cat <<'C'
void tacho_snippet(tacho_meter *meter, tacho_counter *counter, tacho_histogram *histogram,
                   tacho_meter_provider *provider, tacho_metric_reader *reader,
                   tacho_metric_exporter *exporter, tacho_view *view);
void tacho_snippet(tacho_meter *meter, tacho_counter *counter, tacho_histogram *histogram,
                   tacho_meter_provider *provider, tacho_metric_reader *reader,
                   tacho_metric_exporter *exporter, tacho_view *view) {
    (void)meter, (void)counter, (void)histogram, (void)provider, (void)reader, (void)exporter, (void)view;
    {
C
} >"$work/before"

# Writes each block of a page to $work/<line of its fence>.text, and prints the findings about the
# comments.
extract() {
    awk -v work="$work" '
        !inside && /^<!-- not compiled:/ {
            if ($0 !~ /^<!-- not compiled: *[^ ].* -->$/ || $0 ~ /^<!-- not compiled: *-->/) {
                print NR ": not compiled, but the comment gives no reason"
            }
            excused = NR
            next
        }
        !inside && /^```/ {
            inside = 1
            file = $0 == "```c" && !excused ? work "/" NR ".text" : ""
            if (excused && $0 != "```c") print excused ": no C follows this comment"
            excused = 0
            if (file != "") printf "" >file
            next
        }
        inside && /^```/ { inside = 0; if (file != "") close(file); next }
        inside && file != "" { print >file }
        !inside && NF && excused { print excused ": no C follows this comment"; excused = 0 }
        END { if (inside) print NR ": a block has no end" }' "$source_dir/$1"
}

# source_of <page> <line>: the translation unit of a block.
source_of() {
    local text=$work/$2.text
    if grep -q '^#include' "$text"; then
        printf '#line %d "%s"\n' $(($2 + 1)) "$1"
        cat "$text"
    else
        cat "$work/before"
        printf '#line %d "%s"\n' $(($2 + 1)) "$1"
        cat "$text"
        printf '    }\n}\n'
    fi
}

# compile <page> <line>
compile() {
    local compiler output options=""
    grep -q '^#include' "$work/$2.text" || options="-Wno-unused-variable -Wno-unused-but-set-variable"
    source_of "$1" "$2" >"$work/block.c"
    for compiler in "${compilers[@]}"; do
        # shellcheck disable=SC2086
        output=$("$compiler" -std=c11 $warnings $options $includes -fsyntax-only \
            "$work/block.c" 2>&1) ||
            finding "$(grep -m 1 -E 'error|warning' <<<"$output") ($compiler, block at $1:$2)"
    done
}

pages=$(project_files | grep -E '^(README\.md|docs/guides/.*\.md)$' || true)
for page in $pages; do
    rm -f "$work"/*.text
    while read -r fault; do
        finding "$page:$fault"
    done < <(extract "$page")
    for text in "$work"/*.text; do
        [ -e "$text" ] || continue
        blocks=$((blocks + 1))
        compile "$page" "$(basename "$text" .text)"
    done
done
[ "$blocks" -gt 0 ] || finding "no block of C found to check"
conclude "$blocks blocks"
