# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Owns what the tests of delivery share: running delivery_program against a real receiver, and
# asking that whether it holds every sample once and in order. To be sourced instead of
# integration.sh; the environment also names DELIVERY_PROGRAM and FAULT_SERVER. With
# TACHO_TEST_LONG=1 outages take real minutes.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"
source "$SOURCE/tests/lib/components.sh"
source "$SOURCE/tests/lib/fault_server.sh"

# delivery_begin COMPONENT PROTOCOL: the component runs; PROTOCOL (1, 2, auto) is that of the
# exporter. Skips the test if either cannot be had.
delivery_begin() {
    component=$1
    protocol=$2
    ticks=20
    series=20
    interval_ms=100
    need_programs curl jq
    component_get "$component" || skip "$COMPONENT_REASON"
    begin
    delivery_need_protocol
    component_start "$component"
    export TACHO_REMOTE_WRITE_PROTOCOL=$protocol
    export TACHO_REMOTE_WRITE_MIN_BACKOFF_MS=50 TACHO_REMOTE_WRITE_MAX_BACKOFF_MS=400
    TACHO_REMOTE_WRITE_ENDPOINT=$(component_write_url "$component")
    export TACHO_REMOTE_WRITE_ENDPOINT
}

# A library that refuses the protocol, or does not know of the choice, cannot be tested with it.
delivery_need_protocol() {
    local rc=0
    TACHO_REMOTE_WRITE_PROTOCOL=$protocol TACHO_REMOTE_WRITE_ENDPOINT=http://127.0.0.1:1/ \
        "$DELIVERY_PROGRAM" --ticks 1 --interval-ms 1 --quiet-ms 1 --shutdown-ms 1 \
        >"$WORK/probe.log" 2>"$WORK/probe.err" || rc=$?
    if ((rc == 3)) && grep -q protocol "$WORK/probe.err"; then
        skip "the library refuses protocol=$protocol: $(<"$WORK/probe.err")"
    fi
    expect_equal "exit status of delivery_program without a receiver" "$rc" 0
    knows_protocols=true
    if [ "$(jq -s 'last.protocol' "$WORK/probe.log")" = 0 ]; then
        knows_protocols=false
        [ "$protocol" = 1 ] || skip "the library does not know the option protocol=$protocol yet"
        echo "not looked at: metadata, which the library does not send yet"
    fi
}

# delivery_start [OPTION]...: delivery_program in the background.
delivery_start() {
    start delivery "$DELIVERY_PROGRAM" --ticks "$ticks" --series "$series" \
        --interval-ms "$interval_ms" "$@"
    delivery_pid=$STARTED_PID
}

# delivery_tick_is N: whether so many ticks are over.
delivery_tick_is() {
    [ "$(wc -l <"$WORK/delivery.log")" -ge "$1" ]
}

delivery_await_tick() {
    wait_for 60 delivery_tick_is "$1" || die "delivery_program does not get to tick $1"
}

# delivery_join: waits for its end, and holds its account against itself.
delivery_join() {
    local rc=0 seconds=$((60 + ticks * interval_ms / 1000 + ${delivery_patience:-0}))
    wait_for "$seconds" is_gone "$delivery_pid" || die "delivery_program does not end"
    wait "$delivery_pid" || rc=$?
    expect_equal "exit status of delivery_program" "$rc" 0
    delivery_expect_account
}

# delivery_stat NAME [EVENT]: of the account at the end, or when all was quiet before.
delivery_stat() {
    jq -s --arg event "${2:-end}" --arg name "$1" \
        'map(select(.event == $event)) | last[$name]' "$WORK/delivery.log"
}

# In each line: accepted = acknowledged + failed + dropped + pending, of samples and of exemplars.
delivery_expect_account() {
    local wrong
    wrong=$(jq -sc 'map(select(.accepted != .acknowledged + .failed + .dropped_queue_full +
            .dropped_too_old + .dropped_shutdown + .dropped_clock + .dropped_invalid +
            .dropped_unsupported + .pending or
            .exemplars_accepted != .exemplars_acknowledged + .exemplars_failed +
            .exemplars_dropped + .exemplars_pending)) | .[:2][]' "$WORK/delivery.log")
    expect_equal "accounts that do not add up" "$wrong" ""
    expect_equal "lines of the account" "$(wc -l <"$WORK/delivery.log")" $((ticks + 2))
    expect_equal "pending when all was quiet" "$(delivery_stat pending quiet)" 0
    expect_equal "pending at the end" "$(delivery_stat pending)" 0
    # Recording and collecting must not have waited for the network; generous for a loaded machine.
    expect_between "slowest recording of all series, us" "$(delivery_stat slowest_recording_us)" 0 \
        250000
    expect_between "slowest collection, us" "$(delivery_stat slowest_collection_us)" 0 500000
}

# Nothing was lost, by the exporter's own account; but where auto has fallen back to 1.0, the native
# histograms that it cannot carry, which may be accepted before that is known.
delivery_expect_no_loss() {
    local name beyond=0
    for name in failed dropped_queue_full dropped_too_old dropped_shutdown dropped_clock \
        dropped_invalid; do
        expect_equal "$name" "$(delivery_stat "$name")" 0
    done
    if [ "$protocol-$(delivery_stat protocol)" = auto-1 ]; then
        beyond=$((ticks + 1 - $(delivery_stat unsupported_points)))
    fi
    expect_equal dropped_unsupported "$(delivery_stat dropped_unsupported)" "$beyond"
    expect_equal "acknowledged, of those accepted" "$(delivery_stat acknowledged)" \
        $(($(delivery_stat accepted) - beyond))
}

# Whether exponential histograms are sent: as native ones, by the exporter's own account.
delivery_has_native() {
    [ "$(delivery_stat unsupported_points)" = 0 ] && [ "$(delivery_stat protocol)" = 2 ]
}

# Asks the receiver; whether what it holds is what was recorded. What is wrong is in $WORK/wrong.
delivery_samples_are_there() {
    local native=0
    delivery_has_native && native=1
    component_series "$component" '{job="delivery"}' >"$WORK/series.json"
    jq -rn --argjson ticks "$ticks" --argjson series "$series" --argjson native "$native" \
        -f "$SOURCE/tests/integration/delivery.jq" "$WORK/series.json" >"$WORK/wrong"
    [ ! -s "$WORK/wrong" ]
}

# delivery_expect_samples: the receiver holds what delivery_program has recorded, once, in order;
# what it has acknowledged may take it some seconds to show.
delivery_expect_samples() {
    local stored
    if ! wait_for 20 delivery_samples_are_there; then
        fail "the receiver does not hold every sample once and in order: $(wc -l <"$WORK/wrong")" \
            "findings: $(head -n 5 "$WORK/wrong")"
    else
        echo "ok: the receiver holds every sample of $(wc -l <"$WORK/series.json") series once, in order"
    fi
    stored=$(jq -s 'map((.values | length) + (.histograms | length)) | add' "$WORK/series.json")
    expect_equal "samples stored, and those acknowledged but stale markers" "$stored" \
        $(($(delivery_stat acknowledged) - $(delivery_stat stale_markers)))
}
