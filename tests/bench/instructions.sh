#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Counts the instructions of the hottest paths under valgrind's callgrind. Counts, not times: they
# are the same on a busy machine. See docs/PERFORMANCE.md for what they leave out.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/lib/common.sh"

usage() {
    cat <<'TEXT'
usage: tests/bench/instructions.sh [--write]

Builds the benchmarks below build/ and has each path run N and 2 N times under callgrind: half of
the difference belongs to neither set-up nor end. Prints instructions per operation, and for the
way of a series from collection to compressed request those of its steps and largest functions.
Wants valgrind, which it does not install.

  --write  puts the tables into docs/PERFORMANCE.md
  --help   this text
TEXT
}

is_writing=false
case ${1:-} in
'') ;;
--write) is_writing=true ;;
--help | -h)
    usage
    exit 0
    ;;
*)
    usage >&2
    exit 2
    ;;
esac

command -v callgrind_annotate >/dev/null || die "wants valgrind (Debian package valgrind)"
cd "$root"
run_logged build/log/bench.configure cmake --preset bench
run_logged build/log/bench.build cmake --build --preset bench -j "$(nproc)"
WORK=$(mktemp -d)
CLEANUP_FOLDERS+=("$WORK")
clean_up_at_exit

# profile NAME PROGRAM CASE N: callgrind's result in $WORK/NAME.
profile() {
    run_logged "$WORK/log" valgrind --tool=callgrind --callgrind-out-file="$WORK/$1" \
        "build/bench/tests/bench/$2" --only "$3" "$4"
}

# total NAME: all instructions of a profile.
total() {
    sed -n 's/^\(summary\|totals\): //p' "$WORK/$1" | head -n 1
}

# functions NAME yes|no: lines "COUNT FUNCTION" of a profile, with or without what they call. A
# function has a line for each file that it has code of: what they call is in each of these lines.
functions() {
    callgrind_annotate --auto=no --inclusive="$2" --threshold=100 "$WORK/$1" |
        sed -nE 's/^ *([0-9,]+) \([ 0-9.]+%\)  [^:]*:(.*)$/\1 \2/p' |
        sed -E 's/ \[[^]]*\]$//; s/\(.*\)//; s/\.(part|constprop|isra|cold).*//' |
        awk -v inclusive="$2" '{
                gsub(",", "", $1)
                count = $1 + 0
                if (inclusive == "no") all[$2] += count
                else if (count > all[$2] + 0) all[$2] = count
            }
            END { for (name in all) printf "%d %s\n", all[name], name }'
}

# difference yes|no OPERATIONS: lines "FUNCTION COUNT", per operation, of the profiles `once` and
# `twice`.
difference() {
    awk -v operations="$2" 'NR == FNR { once[$2] = $1; next }
        { printf "%s %.1f\n", $2, ($1 - once[$2]) / operations }' \
        <(functions once "$1") <(functions twice "$1")
}

# per_operation PROGRAM CASE N OPERATIONS: of N iterations, which are so many operations.
per_operation() {
    profile once "$1" "$2" "$3"
    profile twice "$1" "$2" $((2 * $3))
    awk -v once="$(total once)" -v twice="$(total twice)" -v operations="$4" \
        'BEGIN { printf "%.1f", (twice - once) / operations }'
}

row() {
    printf '| %s | %s | %s |\n' "$1" "$2" "$3"
}

recorded() {
    row "$1" "\`$2\`" "$(per_operation record_bench "$2" 256000 256000)"
}

# steps: of the profiles of a whole export; what a step calls of another one is the other one's.
steps() {
    difference yes $((10 * 10000)) | awk '{ count[$1] = $2 }
        function of(name) {
            if (!(name in count)) { print "no function " name > "/dev/stderr"; exit 1 }
            return count[name]
        }
        function line(step, instructions) { printf "| %s | %.0f |\n", step, instructions }
        END {
            line("collected", of("tachoi_reader_collect") - of("tachoi_converter_convert"))
            line("converted into records", of("tachoi_converter_convert"))
            line("queued and taken", of("series_deliver") - of("tachoi_encoder_encode"))
            line("encoded", of("tachoi_encoder_encode") - of("snappy_compress"))
            line("compressed by snappy", of("snappy_compress"))
        }'
}

largest() {
    difference no $((10 * 10000)) | sort -k2,2 -g -r | head -n 10 |
        awk '{ printf "| `%s` | %.0f |\n", $1, $2 }'
}

tables=$(
    printf '| path | case | instructions |\n| --- | --- | --- |\n'
    recorded 'bound counter, add' bound.counter
    recorded 'its floor: an atomic addition behind a call' floor.xadd_call
    recorded 'counter, add with 3 attributes' counter.3
    recorded 'its floor: the look-up and an atomic addition' floor.lookup3_xadd
    recorded 'the look-up and a plain addition' floor.lookup3
    recorded 'bound explicit histogram, record' bound.histogram
    recorded 'its floor' floor.observe
    recorded 'what its snapshots need: behind a call and a lock' floor.observe_locked_call
    row 'memcpy and snappy on the messages' '`counters.floor.10k`' \
        "$(per_operation collect_bench counters.floor.10k 10 $((10 * 10000)))"
    row 'the floor of an export, with labels at each series' '`counters.export_floor.10k`' \
        "$(per_operation collect_bench counters.export_floor.10k 10 $((10 * 10000)))"
    row 'a counter series, collected to compressed' '`counters.all.10k`' \
        "$(per_operation collect_bench counters.all.10k 10 $((10 * 10000)))"
    # the profiles of the last one are still there
    printf '\n| step of the last one | instructions |\n| --- | --- |\n%s\n' "$(steps)"
    printf '\n| its largest functions, without what they call | instructions |\n'
    printf '| --- | --- |\n%s\n' "$(largest)"
)
printf '%s\n' "$tables"

if $is_writing; then
    page=docs/PERFORMANCE.md
    begin='<!-- instructions -->' end='<!-- end of instructions -->'
    { grep -qxF "$begin" "$page" && grep -qxF "$end" "$page"; } ||
        die "$page has no lines $begin and $end"
    {
        sed "/^$begin\$/q" "$page"
        printf '\n%s, %s.\n\n%s\n\n' "$(cc --version | head -n 1)" "$(valgrind --version)" "$tables"
        sed -n "/^$end\$/,\$p" "$page"
    } >"$page.new"
    mv "$page.new" "$page"
fi
