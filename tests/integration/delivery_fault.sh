#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Something goes wrong between delivery_program and a real receiver, and then is right again: in the
# end the receiver holds every sample of every series once, in order, and the account adds up.
# usage: delivery_fault.sh SCENARIO COMPONENT PROTOCOL
source "${SOURCE:?is set by ctest}/tests/integration/delivery.sh"

# through_faults SCRIPT: sends through fault_server, which follows it.
through_faults() {
    fault_server_start fault "$1" --upstream-port "${COMPONENT_PORT[$component]}"
    export TACHO_REMOTE_WRITE_ENDPOINT=$FAULT_URL/api/v1/write
}

# expect_faults WHAT JQ_CONDITION LEAST: so many requests of the ledger met it.
expect_faults() {
    expect_between "$1" "$(fault_server_ledger | jq -s "map(select($2)) | length")" "$3" 1000000
}

run_through_faults() {
    through_faults "$1"
    delivery_start
    delivery_join
}

# What the upstream server saw lies behind in the ledger: each time the rule was over, it was right.
restart() {
    delivery_start
    delivery_await_tick 6
    # Prometheus has written what it acknowledged; VictoriaMetrics keeps seconds of it in memory.
    if [ "$component" = victoria_metrics ]; then
        component_end "$component" TERM
    else
        component_end "$component" KILL
    fi
    delivery_await_tick 12
    component_start "$component"
    delivery_join
    expect_between retries "$(delivery_stat retries)" 1 1000
}

outage() {
    local seconds=4
    ticks=60
    if [ "${TACHO_TEST_LONG:-0}" = 1 ]; then
        seconds=300 ticks=330 interval_ms=1000
    fi
    run_through_faults "10 proxy
        ${seconds}s respond status=503 body=\"out to lunch\"
        * proxy"
    expect_faults "requests answered 503" '.status == 503' 3
    expect_between retries "$(delivery_stat retries)" 3 100000
    # 400 ms is the longest backoff: what was full jitter cannot have asked in a tight loop.
    expect_between "requests answered 503 in a second" "$(fault_server_ledger |
        jq -s --argjson seconds "$seconds" 'map(select(.status == 503)) | length / $seconds')" \
        0.5 30
    expect_between "resident memory at the end, KiB" "$(delivery_stat resident_kib)" 1 600000
}

too_many_requests() {
    run_through_faults '5 proxy
        2 respond status=429 header="Retry-After: 1" body="slow down"
        * proxy'
    expect_faults "requests answered 429" '.status == 429' 2
    expect_equal "requests within a second of such an answer" "$(fault_server_ledger | jq -sc '
        [map(select(.status == 429))[].end_ms] as $told |
        map(select(.begin_ms as $begin | any($told[]; $begin > . and $begin - . < 990))) |
        length')" 0
}

reset() {
    run_through_faults '5 proxy
        3 reset after=100
        2 reset
        1 close
        * proxy'
    expect_faults "requests reset in mid-body" '.end == "reset" and .body_bytes == 100' 3
}

# The receiver has stored what it never acknowledged; resending the same is no harm to Prometheus.
lost_answer() {
    run_through_faults '5 proxy
        2 proxy cut=0 end=reset
        2 proxy cut=10
        * proxy'
    expect_faults "answers that were lost" '.decision == "proxy" and .sent_bytes <= 10' 4
}

black_hole() {
    export TACHO_REMOTE_WRITE_TIMEOUT_MS=700
    run_through_faults '5 proxy
        1 stall
        1 stall after=0
        1 half-close
        1 proxy cut=40 end=stall
        * proxy'
    expect_faults "requests never answered" '.end == "stall" or .end == "half-close"' 3
}

refused() {
    run_through_faults '5 proxy
        2s refuse
        * proxy'
    expect_between retries "$(delivery_stat retries)" 2 1000
}

slow() {
    run_through_faults '5 proxy
        3 proxy delay=400ms
        2 respond status=500 body="slow as well" body-delay=200ms drip=10ms
        * proxy'
    expect_faults "answers that came late" '.end_ms - .begin_ms >= 300' 3
}

scenario=$1
case $scenario in
restart | outage | too_many_requests | reset | lost_answer | black_hole | refused | slow) ;;
*) die "there is no scenario \"$scenario\"" ;;
esac
test_name="delivery_fault $scenario"
delivery_begin "$2" "$3"
ticks=30
[ "${TACHO_TEST_LONG:-0}" = 0 ] || delivery_patience=400
"$scenario"
delivery_expect_no_loss
delivery_expect_samples
finish
