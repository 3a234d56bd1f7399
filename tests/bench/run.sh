#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the benchmarks, and holds their ratios against the targets.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/lib/common.sh"

usage() {
    cat <<'TEXT'
usage: tests/bench/run.sh [--rounds N] [--processes N] [--write] [PROGRAM...]

Builds the benchmarks below build/ and runs them, one after the other: record, record_static,
collect, memory, latency, or those named. Prints a table of figures and one of ratios, and keeps
every result as a line of JSON in build/bench/results.jsonl (of each process in processes.jsonl).
Run it on a machine that does nothing
else: docs/PERFORMANCE.md says how to read the figures.

  --rounds N     rounds of each case in a process, 7 to 101 (default 11)
  --processes N  how often each program is run, 1 to 9 (default 3)
  --write        puts the tables into docs/PERFORMANCE.md
  --help         this text

Exit status 1: a ratio is over its target, or one thread alone had a measurement dropped. It takes a
quarter of an hour and 2 GB of memory; docs/PERFORMANCE.md tells more.
TEXT
}

rounds=11
processes=3
is_writing=false
programs=()
while (($# > 0)); do
    case $1 in
    --rounds)
        (($# > 1)) || die "--rounds wants a number"
        rounds=$2
        shift
        ;;
    --processes)
        (($# > 1)) || die "--processes wants a number"
        processes=$2
        shift
        ;;
    --write) is_writing=true ;;
    --help | -h)
        usage
        exit 0
        ;;
    -*)
        usage >&2
        exit 2
        ;;
    *) programs+=("$1") ;;
    esac
    shift
done
all_programs=(record record_static collect memory latency)
((${#programs[@]} > 0)) || programs=("${all_programs[@]}")
# Before anything is built.
{ [[ $rounds =~ ^[0-9]{1,3}$ ]] && ((10#$rounds >= 7 && 10#$rounds <= 101)); } ||
    die "--rounds wants a number from 7 to 101, not $rounds"
[[ $processes =~ ^[1-9]$ ]] || die "--processes wants a number from 1 to 9, not $processes"
for program in "${programs[@]}"; do
    [[ " ${all_programs[*]} " == *" $program "* ]] || die "there is no program $program"
done

cd "$root"
need_packages gcc libc6-dev cmake ninja-build pkg-config libcurl4-openssl-dev libsnappy-dev \
    libprotobuf-c-dev protobuf-c-compiler libpcre2-dev libxxhash-dev jq
mkdir -p build/log build/bench
for preset in bench bench_static; do
    run_logged "build/log/$preset.configure" cmake --preset "$preset"
    run_logged "build/log/$preset.build" cmake --build --preset "$preset" -j "$(nproc)"
done

results=build/bench/results.jsonl
of_processes=build/bench/processes.jsonl
: >"$of_processes"
for ((process = 1; process <= processes; process++)); do
    for program in "${programs[@]}"; do
        folder=build/bench
        [ "$program" = record_static ] && folder=build/bench_static
        say "$program, process $process of $processes"
        "$folder/tests/bench/${program%_static}_bench" --json --rounds "$rounds" |
            tee -a "$of_processes" |
            jq -r 'select(.median) | "    \(.case): \(.median) \(.unit)" +
                (if .done then ", dropped \(.dropped) of \(.done)" else "" end)'
    done
done
jq -c --slurp -f tests/bench/merge.jq "$of_processes" >"$results"

figures=$(jq -r 'select(.median) |
    "| \(.program) | \(.case) | \(.min) | \(.median) | \(.max) | \(.unit) | " +
    (if .done then "\(.dropped) of \(.done) |" else "|" end)' "$results")
ratios=$(jq -r 'select(.ratio) |
    "| \(.program) | \(.case) | \(if .against == "" then "" else "× " + .against end) | \(.min)" +
    " | \(.ratio) | \(.max) | " +
    (if .target > 0 then "≤ \(.target) | \(if .ratio > .target then "**over**" else "met" end) |"
     else " | |" end)' "$results")
tables=$(
    printf '### Ratios\n\n'
    printf '| program | case | against | least | ratio | largest | target | |\n'
    printf '| --- | --- | --- | --- | --- | --- | --- | --- |\n%s\n\n' "$ratios"
    printf '### Figures\n\n| program | case | min | median | max | unit | dropped |\n'
    printf '| --- | --- | --- | --- | --- | --- | --- |\n%s\n' "$figures"
)
printf '\n%s\n' "$tables"

if $is_writing; then
    page=docs/PERFORMANCE.md
    grep -q '^<!-- tables -->$' "$page" || die "$page has no line <!-- tables -->"
    {
        sed '/^<!-- tables -->$/q' "$page"
        printf '\n%s, %s, %s processors, %s, %s processes of %s rounds.\n\n%s\n' \
            "$(sed -nE 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
            "$(uname -sr | cut -d- -f1)" "$(nproc)" "$(cc --version | head -n 1)" "$processes" "$rounds" \
            "$tables"
    } >"$page.new"
    mv "$page.new" "$page"
fi

over=$(jq -r 'select(.ratio and .target > 0 and .ratio > .target) |
    "\(.program) \(.case): \(.ratio), target \(.target)"' "$results")
if [ -n "$over" ]; then
    printf '\nOver their targets:\n%s\n' "$over"
    exit 1
fi
printf '\nAll targets met\n'
