#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What Prometheus returns of host_metrics is what /proc says. /proc is read, then a sample is awaited
# that was taken after that, then /proc is read again: the sample must lie between the two readings,
# with a tolerance of 0.1 s for CPU times, which the kernel gives in ticks and corrects at times, and
# of 8 MiB for memory, which goes up and down. On a machine that is busy with other things memory may
# do more than that within the quarter of a second, therefore it has up to ten tries.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"

cpu_seconds() { # MODE_INDEX
    awk -v field=$(($1 + 2)) -v hertz="$(getconf CLK_TCK)" \
        '$1 == "cpu" { printf "%.2f", $field / hertz }' /proc/stat
}

meminfo() { # KEY
    awk -v key="$1:" '$1 == key { printf "%.0f", $2 * 1024 }' /proc/meminfo
}

loopback_received() {
    awk -F '[: ]+' '$2 == "lo" { print $3 }' /proc/net/dev
}

used() {
    echo $(($(meminfo MemTotal) - $(meminfo MemFree) - $(meminfo Buffers) - $(meminfo Cached)))
}

# fresh_value EXPRESSION: the newest sample if it was taken after $before.
fresh_value() {
    local sample
    sample=$(prometheus_query "$1[10s]" |
        jq -r '.data.result[0].values[-1] // [0] | @tsv' 2>/dev/null)
    awk -v before="$before" '{ if ($1 > before) print $2 }' <<<"$sample"
}

# bracket TRIES NAME EXPRESSION TOLERANCE READER...: compares a sample with the readings around it.
bracket() {
    local tries=$1 name=$2 expression=$3 tolerance=$4 low high
    shift 4
    while ((tries-- > 0)); do
        low=$("$@")
        before=$(date +%s.%N)
        if ! wait_for 20 value_is_fresh "$expression"; then
            fail "$name: no sample of $expression"
            return
        fi
        high=$("$@")
        read -r low high < <(awk -v a="$low" -v b="$high" -v t="$tolerance" \
            'BEGIN { printf "%.2f %.2f\n", (a < b ? a : b) - t, (a < b ? b : a) + t }')
        is_between "$fresh" "$low" "$high" && break
    done
    expect_between "$name" "$fresh" "$low" "$high"
}

value_is_fresh() {
    fresh=$(fresh_value "$1")
    [ -n "$fresh" ]
}

resident_bytes() {
    awk -v page="$(getconf PAGESIZE)" '{ printf "%.0f", $2 * page }' "/proc/$agent_pid/statm"
}

begin_with_prometheus
start host_metrics "$PROGRAMS/host_metrics" --interval-ms 250
agent_pid=$STARTED_PID
wait_for 20 prometheus_has system_memory_limit_bytes ||
    die "host_metrics has not arrived: $(cat "$WORK/host_metrics.err")"

modes=(user nice system idle iowait interrupt softirq steal)
for i in "${!modes[@]}"; do
    bracket 1 "CPU time in mode ${modes[i]}, s" \
        "system_cpu_time_seconds_total{cpu_mode=\"${modes[i]}\"}" 0.1 cpu_seconds "$i"
done

memory_state() { # STATE READER...
    local state=$1
    shift
    bracket 10 "memory $state, bytes" "system_memory_usage_bytes{system_memory_state=\"$state\"}" \
        "$eight_mib" "$@"
}
eight_mib=$((8 << 20))
memory_state free meminfo MemFree
memory_state used used
memory_state cached meminfo Cached
memory_state buffers meminfo Buffers
bracket 10 "memory available, bytes" system_memory_linux_available_bytes "$eight_mib" \
    meminfo MemAvailable
bracket 1 "memory in all, bytes" system_memory_limit_bytes 0 meminfo MemTotal
bracket 1 "memory of host_metrics itself, bytes" process_memory_usage_bytes "$eight_mib" \
    resident_bytes
bracket 1 "bytes received on lo" \
    'system_network_io_bytes_total{network_interface_name="lo",network_io_direction="receive"}' \
    0 loopback_received
expect_equal "sum of all states minus memory in all" \
    "$(prometheus_value 'sum(system_memory_usage_bytes) - sum(system_memory_limit_bytes)')" 0
expect_equal "job of every series" \
    "$(prometheus_query 'count by (job) ({otel_scope_name="host_metrics"})' |
        jq -r '[.data.result[].metric.job] | join(",")')" host_metrics
expect_stop host_metrics "$agent_pid"
finish
