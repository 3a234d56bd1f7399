#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds send_bench and runs it against an nginx of its own that answers 204.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/lib/common.sh"
source "$root/tests/lib/components.sh"

usage() {
    cat <<'TEXT'
usage: tests/bench/send.sh [--json] [--series N] [--seconds N] [--protocol 1|2] [--build FOLDER]

50,000 counters with 5 labels, exported to nginx: processor time from recorded cells to bytes sent,
bytes per sample on the wire and resident memory when exported every second, series in the order of
their labels and in no order; samples per second when exported one after the other, with 1, 2 and 4
shards; requests of 500 to 20,000 samples. Beside them the floors: what snappy and libcurl alone take
for the same. Targets: 0.15 s per million samples; 12 bytes per sample with protocol 2, 18 with 1.

  --json          prints lines of JSON, as the other benchmarks
  --series N      counters (default 50000)
  --seconds N     of the export every second (default 20)
  --protocol N    only that one (default: 1 and 2)
  --build FOLDER  a build folder that exists, instead of the preset bench
  --help          this text

Run it on a machine that does nothing else. What the library does not know is named as skipped.
TEXT
}

json=()
series=50000
seconds=20
protocols=(1 2)
build=
while (($# > 0)); do
    case $1 in
    --json) json=(--json) ;;
    --series | --seconds | --protocol | --build)
        (($# > 1)) || die "$1 wants a value"
        case $1 in
        --series) series=$2 ;;
        --seconds) seconds=$2 ;;
        --protocol) protocols=("$2") ;;
        --build) build=$2 ;;
        esac
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done

if [ -z "$build" ]; then
    build=$root/build/bench
    cd "$root"
    need_packages gcc libc6-dev cmake ninja-build pkg-config libcurl4-openssl-dev libsnappy-dev \
        libprotobuf-c-dev protobuf-c-compiler libpcre2-dev libxxhash-dev jq curl >&2
    run_logged build/log/bench.configure cmake --preset bench
    run_logged build/log/bench.build cmake --build --preset bench -j 2 --target send_bench
fi
component_get nginx_sink >&2 || {
    echo "send: skipped: $COMPONENT_REASON" >&2
    exit 77
}
clean_up_at_exit
make_work_folder
component_start nginx_sink

# bench ARGUMENT...: 77 has been explained by the program.
bench() {
    local rc=0
    "$build/tests/bench/send_bench" --endpoint "$(component_write_url nginx_sink)" \
        --series "$series" ${json[@]+"${json[@]}"} "$@" || rc=$?
    ((rc == 0 || rc == 77)) || exit "$rc"
}

# main_figures: of those that it reads, the ones that have a target.
main_figures() {
    sed -nE '/processor time(  |")/p; /: bytes per sample/p'
}

if ((${#json[@]} == 0)); then
    printf '%-64s %10s %10s %10s\n' "case" least median most
fi
for protocol in "${protocols[@]}"; do
    bench --protocol "$protocol" --rounds "$seconds" --interval-ms 1000
    bench --protocol "$protocol" --rounds "$seconds" --interval-ms 1000 --shuffled | main_figures
    for shards in 1 2 4; do
        bench --protocol "$protocol" --shards "$shards" --rounds 20 --interval-ms 0 |
            sed -n '/samples per second/p'
    done
    for samples in 500 1000 5000 10000 20000; do
        bench --protocol "$protocol" --samples-per-send "$samples" --rounds 20 --interval-ms 0 |
            main_figures
    done
done
