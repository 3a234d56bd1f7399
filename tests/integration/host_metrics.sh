#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What Prometheus returns of host_metrics is what /proc says. /proc is read, then a sample is awaited
# that was taken after that, then /proc is read again: counters must lie between the two readings
# (with 0.1 s for CPU times, which the kernel gives in ticks and corrects at times); memory, which
# goes both ways, between them with 5 % of the machine's memory on both sides.
source "$SOURCE/tests/integration/integration.sh"

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

# bracket NAME EXPRESSION TOLERANCE READER...: compares a sample with the readings around it.
bracket() {
    local name=$1 expression=$2 tolerance=$3 low high value
    shift 3
    low=$("$@")
    before=$(date +%s.%N)
    if ! wait_for 20 value_is_fresh "$expression"; then
        fail "$name: no sample of $expression"
        return
    fi
    value=$fresh
    high=$("$@")
    read -r low high < <(awk -v a="$low" -v b="$high" -v t="$tolerance" \
        'BEGIN { printf "%.2f %.2f\n", (a < b ? a : b) - t, (a < b ? b : a) + t }')
    expect_between "$name" "$value" "$low" "$high"
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
    bracket "CPU time in mode ${modes[i]}, s" \
        "system_cpu_time_seconds_total{cpu_mode=\"${modes[i]}\"}" 0.1 cpu_seconds "$i"
done
total=$(meminfo MemTotal)
bracket "memory in all, bytes" system_memory_limit_bytes 0 meminfo MemTotal
bracket "memory free, bytes" 'system_memory_usage_bytes{system_memory_state="free"}' \
    $((total / 20)) meminfo MemFree
bracket "memory used, bytes" 'system_memory_usage_bytes{system_memory_state="used"}' \
    $((total / 20)) used
bracket "memory cached, bytes" 'system_memory_usage_bytes{system_memory_state="cached"}' \
    $((total / 20)) meminfo Cached
bracket "memory in buffers, bytes" 'system_memory_usage_bytes{system_memory_state="buffers"}' \
    $((total / 20)) meminfo Buffers
bracket "memory available, bytes" system_memory_linux_available_bytes \
    $((total / 20)) meminfo MemAvailable
bracket "bytes received on lo" \
    'system_network_io_bytes_total{network_interface_name="lo",network_io_direction="receive"}' \
    0 loopback_received
bracket "memory of host_metrics itself, bytes" process_memory_usage_bytes 16000000 resident_bytes
expect_equal "sum of all states minus memory in all" \
    "$(prometheus_value 'sum(system_memory_usage_bytes) - sum(system_memory_limit_bytes)')" 0
expect_equal "job of every series" \
    "$(prometheus_query 'count by (job) ({otel_scope_name="host_metrics"})' |
        jq -r '[.data.result[].metric.job] | join(",")')" host_metrics
expect_stop host_metrics "$agent_pid"
finish
