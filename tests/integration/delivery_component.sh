#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a real receiver that nothing happens to holds of delivery_program's series: every sample, and
# metadata, exemplars and native histograms as far as receiver and protocol have them.
# usage: delivery_component.sh COMPONENT PROTOCOL
source "${SOURCE:?is set by ctest}/tests/integration/delivery.sh"

# query EXPRESSION: the value of the only series.
query() {
    component_ask "$component" /api/v1/query "query=$1" |
        jq -r '.data.result | if length == 1 then .[0].value[1] else "\(length) series" end'
}

# expect_metadata METRIC TYPE HELP
expect_metadata() {
    expect_equal "metadata of $1" \
        "$(component_ask "$component" /api/v1/metadata "metric=$1" |
            jq -r --arg name "$1" '.data[$name][0] | "\(.type) \(.help)"')" "$2 $3"
}

# With 2.0 metadata is part of the series. Prometheus takes both kinds, but its API tells of what it
# has scraped only; VictoriaMetrics tells.
check_metadata() {
    $knows_protocols && [ "$(delivery_stat protocol)" = 1 ] || return 0
    expect_between "metric families told" "$(delivery_stat metadata_acknowledged)" 4 1000000
    expect_equal "metric families refused" "$(delivery_stat metadata_failed)" 0
    [ "$component" = victoria_metrics ] || return 0
    expect_metadata delivery_ticks_total counter "Ticks so far"
    expect_metadata delivery_level gauge "Tick and series"
    expect_metadata delivery_duration_seconds histogram "Of nothing real"
}

# Each collection brings at most one exemplar a bucket, of that collection's tick.
check_exemplars() {
    local protocol_spoken answer
    protocol_spoken=$(delivery_stat protocol)
    if [ "$protocol_spoken" != 2 ]; then
        expect_equal "exemplars acknowledged, with 1.0 and by default" \
            "$(delivery_stat exemplars_acknowledged)" 0
        return
    fi
    expect_equal "exemplars acknowledged, of those accepted" \
        "$(delivery_stat exemplars_acknowledged)" "$(delivery_stat exemplars_accepted)"
    [ "$component" = prometheus3 ] || return 0
    answer=$(component_ask "$component" /api/v1/query_exemplars \
        'query=delivery_duration_seconds_bucket' "start=$(($(date +%s) - 600))" \
        "end=$(($(date +%s) + 60))")
    expect_between "exemplars of the histogram" \
        "$(jq '[.data[].exemplars[]] | length' <<<"$answer")" 4 $((ticks * 4))
    expect_equal "exemplars whose value is not that of their tick" "$(jq -c '
        def hex: explode | map(if . > 96 then . - 87 else . - 48 end) |
            reduce .[] as $digit (0; . * 16 + $digit);
        [.data[].exemplars[] | select((.labels.trace_id[-8:] | hex) % 8 != (.value | tonumber))]' \
        <<<"$answer")" "[]"
}

check_native() {
    if [ "$protocol-$(delivery_stat protocol)" = auto-1 ]; then
        return # delivery_expect_no_loss has counted them
    fi
    if [ "$(delivery_stat protocol)" != 2 ]; then
        expect_equal "points that 1.0 cannot carry, of the exponential histogram" \
            "$(delivery_stat unsupported_points)" $((ticks + 1))
        return
    fi
    expect_equal "points that 2.0 cannot carry" "$(delivery_stat unsupported_points)" 0
    [ "$component" = prometheus3 ] || return 0
    expect_equal "histogram_count" "$(query 'histogram_count(delivery_size_bytes)')" "$ticks"
    local sum=0 k
    for ((k = 1; k <= ticks; k++)); do
        sum=$((sum + (1 << (k % 8))))
    done
    expect_equal "histogram_sum" "$(query 'histogram_sum(delivery_size_bytes)')" "$sum"
    expect_between "the median, of 1, 2, 4 ... 128" \
        "$(query 'histogram_quantile(0.5, delivery_size_bytes)')" 4 16.01
    expect_between "the largest" "$(query 'histogram_quantile(1, delivery_size_bytes)')" 127.9 129
}

# With auto, what the receiver knows; victoria_metrics may learn 2.0 one day.
check_protocol() {
    local spoken
    $knows_protocols || return 0
    spoken=$(delivery_stat protocol)
    case $protocol-$component in
    auto-prometheus2) expect_equal "protocol spoken" "$spoken" 1 ;;
    auto-prometheus3) expect_equal "protocol spoken" "$spoken" 2 ;;
    auto-*) expect_between "protocol spoken" "$spoken" 1 2 ;;
    *) expect_equal "protocol spoken" "$spoken" "$protocol" ;;
    esac
}

delivery_begin "$1" "$2"
# Stale markers would hide the last values from instant queries.
export TACHO_REMOTE_WRITE_STALE_ON_SHUTDOWN=never
# 1.0 sends metadata by itself, now and then.
export TACHO_REMOTE_WRITE_METADATA_SEND_INTERVAL_MS=1000
delivery_start
delivery_join
delivery_expect_no_loss
check_protocol
delivery_expect_samples
if [[ $component == prometheus* ]]; then
    expect_equal "the counters' sum, asked by PromQL" "$(query 'sum(delivery_ticks_total)')" \
        $((ticks * series * (series + 1) / 2))
    expect_equal "increase of a counter's raw samples" \
        "$(query 'max_over_time(delivery_ticks_total{series="3"}[5m]) - min_over_time(delivery_ticks_total{series="3"}[5m])')" \
        $((4 * (ticks - 1)))
fi
check_metadata
check_exemplars
check_native
finish
