#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What remote_write_options configures is what receivers have: labels, relabelling, a native
# histogram and exemplars with 2.0; with 1.0 the rest, and an account of what was not sent.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"
source "$SOURCE/tests/lib/components.sh"

# run COMPONENT: starts it, runs the example; its account is in account, its exit status in rc.
run() {
    component_start "$1"
    rc=0
    "$PROGRAMS/remote_write_options" --orders 10 --endpoint "$(component_write_url "$1")" \
        >"$WORK/account" 2>>"$WORK/remote_write_options.err" || rc=$?
}

account() {
    sed -n "s/^$1 //p" "$WORK/account"
}

# value COMPONENT QUERY: the one value of an instant query, in the form in which it is.
value() {
    component_ask "$1" /api/v1/query "query=$2" |
        jq -r '.data.result | if length == 1 then .[0].value[1] else "\(length) results" end'
}

expect_orders() {
    expect_equal "orders in $1" "$(value "$1" 'sum(shop_orders_total{cluster="eu-1"})')" 10
    expect_equal "series of debug_* in $1" "$(value "$1" 'count({__name__=~"debug_.*"})')" "0 results"
    expect_equal "series with otel_scope_* in $1" \
        "$(value "$1" 'count({cluster="eu-1",otel_scope_name!=""})')" "0 results"
}

need_programs curl jq
component_get prometheus3 || skip "$COMPONENT_REASON"
begin

run prometheus3
expect_equal "exit status" "$rc" 0
expect_equal "version" "$(account protocol)" 2
expect_equal "samples that did not arrive" "$(($(account accepted) - $(account acknowledged)))" 0
expect_equal "series that the rules drop" "$(account series_filtered)" 1
expect_orders prometheus3
expect_equal "observations of the native histogram" \
    "$(value prometheus3 'histogram_count(shop_order_value_euros)')" 10
expect_equal "sum of the native histogram" \
    "$(value prometheus3 'histogram_sum(shop_order_value_euros)')" 55
expect_between "exemplars acknowledged" "$(account exemplars_acknowledged)" 2 100
expect_equal "traces of exemplars" "$(component_ask prometheus3 /api/v1/query_exemplars \
    'query=shop_order_value_euros' "start=$(($(date +%s) - 600))" "end=$(($(date +%s) + 1))" |
    jq -r '[.data[].exemplars[].labels.trace_id] | unique | join(" ")')" \
    0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a

if component_get prometheus2; then
    run prometheus2
    expect_equal "exit status with 1.0" "$rc" 1
    expect_equal "version" "$(account protocol)" 1
    expect_equal "samples without words in 1.0" "$(account dropped_unsupported)" 1
    expect_equal "samples refused" "$(account failed)" 0
    expect_orders prometheus2
else
    echo "not looked at: 1.0: $COMPONENT_REASON"
fi
finish
