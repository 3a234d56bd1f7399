#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Owns the real receivers that tests talk to: getting, starting, killing and asking them. Sourced
# after common.sh it gives the functions below; run as a program it starts one for a person:
#
#     tests/lib/components.sh [--get] NAME...
#
# starts each, prints its name and address, and ends them all at Ctrl-C; --get only fetches them.
# NAME is one of
#
#     prometheus2       Debian's prometheus as this machine has it (Debian 12: 2.42; remote write 1.0)
#     prometheus3       that of Debian sid (3.5: 2.0, native histograms, exemplars)
#     victoria_metrics  that of Debian sid
#     nginx_sink        answers 204 to everything
#
# Each listens on a port of 127.0.0.1 and keeps its data in $WORK; what is fetched stays below
# build/cache. Needs curl and jq.

COMPONENT_NAMES=(prometheus2 prometheus3 victoria_metrics nginx_sink)
components_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
declare -A COMPONENT_PROGRAM=() COMPONENT_PORT=() COMPONENT_PID=()
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    source "$components_root/tests/lib/common.sh"
fi
source "$components_root/tests/lib/prometheus.sh"
source "$components_root/tests/lib/nginx.sh"

# ---- getting ----

# component_get NAME: sets COMPONENT_PROGRAM[NAME]; false, with the reason in COMPONENT_REASON, if it
# cannot be had.
component_get() {
    local cache=$components_root/build/cache folder program
    COMPONENT_REASON=
    case $1 in
    prometheus2)
        prometheus_get "$cache/prometheus" || {
            COMPONENT_REASON="prometheus cannot be had: $DEBIAN_REASON"
            return 1
        }
        COMPONENT_PROGRAM[$1]=$PROMETHEUS_PROGRAM
        return
        ;;
    prometheus3) folder=prometheus3 program=usr/bin/prometheus ;;
    victoria_metrics) folder=victoria_metrics program=usr/bin/victoria-metrics ;;
    nginx_*)
        component_get_nginx "$1" "$cache/nginx"
        return
        ;;
    *) die "there is no component \"$1\"" ;;
    esac
    debian_unpack "$cache/$folder" sid "$(basename "$program")" || {
        COMPONENT_REASON="$1 of Debian sid cannot be had: $DEBIAN_REASON"
        return 1
    }
    COMPONENT_PROGRAM[$1]=$cache/$folder/$program
    component_runs "$1" --version
}

component_get_nginx() {
    local program
    program=$(PATH=$PATH:/usr/sbin command -v nginx || true)
    if [ -z "$program" ]; then
        debian_unpack "$2" system nginx || {
            COMPONENT_REASON="nginx cannot be had: $DEBIAN_REASON"
            return 1
        }
        program=$2/usr/sbin/nginx
    fi
    COMPONENT_PROGRAM[$1]=$program
    component_runs "$1" -v
}

# A program of another release of Debian may want libraries that are not here.
component_runs() {
    local words
    words=$("${COMPONENT_PROGRAM[$1]}" "$2" 2>&1) || {
        COMPONENT_REASON="$1 does not run on this machine: $(head -n 1 <<<"$words")"
        return 1
    }
}

# ---- starting ----

# free_port: a port that nobody has, below those that the system gives out by itself.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        if ! grep -qi ":$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    die "no port is free"
}

component_url() {
    echo "http://127.0.0.1:${COMPONENT_PORT[$1]}"
}

# Where to send.
component_write_url() {
    echo "$(component_url "$1")/api/v1/write"
}

# component_start NAME [UPSTREAM_PORT]: starts what component_get has found and waits until it is
# ready. After component_end the same one again: same port, same data. nginx_front wants the port of
# what it stands in front of. Output is in $WORK/NAME.err and .log.
component_start() {
    local name=$1
    COMPONENT_PORT[$name]=${COMPONENT_PORT[$name]:-$(free_port)}
    component_start_process "$@"
    COMPONENT_PID[$name]=$STARTED_PID
    if ! wait_for 30 component_is_ready "$name"; then
        tail -n 20 "$WORK/$name.err" >&2
        die "$name does not start"
    fi
}

component_start_process() {
    local name=$1 program=${COMPONENT_PROGRAM[$1]} address=127.0.0.1:${COMPONENT_PORT[$1]}
    local data=$WORK/$1.data arguments=()
    case $name in
    prometheus*)
        printf 'global: {}\n' >"$WORK/$name.yml"
        arguments=("--config.file=$WORK/$name.yml" "--storage.tsdb.path=$data"
            "--web.listen-address=$address" --web.enable-remote-write-receiver)
        if [ "$name" = prometheus3 ]; then
            arguments+=("--enable-feature=native-histograms,exemplar-storage")
        else
            arguments+=(--enable-feature=exemplar-storage)
            arguments+=(${PROMETHEUS_ASSETS[@]+"${PROMETHEUS_ASSETS[@]}"})
        fi
        printf 'storage: {exemplars: {max_exemplars: 100000}}\n' >>"$WORK/$name.yml"
        ;;
    victoria_metrics)
        arguments=("-httpListenAddr=$address" "-storageDataPath=$data" -loggerLevel=WARN
            -memory.allowedBytes=256MB -inmemoryDataFlushInterval=1s -search.latencyOffset=0s)
        ;;
    nginx_sink)
        nginx_write_sink "$data" "${COMPONENT_PORT[$1]}"
        arguments=(-e stderr -p "$data" -c "$data/nginx.conf")
        ;;
    nginx_front)
        nginx_write_front "$data" "${COMPONENT_PORT[$1]}" "$2"
        arguments=(-e stderr -p "$data" -c "$data/nginx.conf")
        ;;
    esac
    start "$name" "$program" "${arguments[@]}"
}

component_is_ready() {
    local url
    url=$(component_url "$1")
    ! is_gone "${COMPONENT_PID[$1]}" || return 1
    case $1 in
    prometheus*) curl -fsS -o /dev/null "$url/-/ready" 2>/dev/null ;;
    victoria_metrics) curl -fsS -o /dev/null "$url/health" 2>/dev/null ;;
    nginx_sink) curl -fsS -o /dev/null "$url/" 2>/dev/null ;;
    nginx_front) curl -sk -o /dev/null "https${url#http}/" 2>/dev/null ;;
    esac
}

# component_end NAME [SIGNAL]: ends it, by SIGTERM unless told otherwise, and waits for that.
component_end() {
    local pid=${COMPONENT_PID[$1]}
    kill -s "${2:-TERM}" "$pid"
    wait_for 20 is_gone "$pid" || die "$1 does not end"
    wait "$pid" 2>/dev/null || true
}

# ---- asking ----

# component_series NAME SELECTOR: every sample of every series, as JSON lines
#     {"metric": {...}, "values": [[MILLISECONDS, "VALUE"], ...], "histograms": [...]}
component_series() {
    local url
    url=$(component_url "$1")
    if [ "$1" = victoria_metrics ]; then
        curl -fsS -o /dev/null "$url/internal/force_flush"
        curl -fsS --get --data-urlencode "match[]=$2" "$url/api/v1/export" |
            jq -c '{metric, histograms: [], values: [[.timestamps, .values] | transpose[] |
                select(.[1] != null) | [.[0], (.[1] | tostring)]]}'
    else
        curl -fsS --get --data-urlencode "query=$2[2h]" "$url/api/v1/query" |
            jq -c '.data.result[] | {metric,
                values: [(.values // [])[] | [(.[0] * 1000 | round), .[1]]],
                histograms: [(.histograms // [])[] | [(.[0] * 1000 | round), .[1]]]}'
    fi
}

# component_ask NAME PATH [PARAMETER=VALUE]...: any question of the HTTP API, its answer in JSON.
component_ask() {
    local url parameter arguments=()
    url=$(component_url "$1")$2
    shift 2
    for parameter in "$@"; do
        arguments+=(--data-urlencode "$parameter")
    done
    curl -fsS --get ${arguments[@]+"${arguments[@]}"} "$url"
}

# ---- as a program ----

components_usage() {
    sed -n '/^#     tests/,/^# build\/cache/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

components_main() {
    local name only_get=false
    if [ "${1:-}" = --get ]; then
        only_get=true
        shift
    fi
    if (($# == 0)) || [[ $1 == -* ]]; then
        components_usage
        [ "${1:-}" = --help ] || exit 2
        exit 0
    fi
    for name in "$@"; do
        [[ " ${COMPONENT_NAMES[*]} " == *" $name "* ]] || die "there is no component \"$name\""
        component_get "$name" || die "$COMPONENT_REASON"
    done
    ! $only_get || return 0
    clean_up_at_exit
    make_work_folder
    for name in "$@"; do
        component_start "$name"
        echo "$name $(component_write_url "$name")"
    done
    say "Ctrl-C ends them"
    while sleep 1; do :; done
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    components_main "$@"
fi
