#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Delivery through nginx in front of a real receiver: TLS and basic authentication, which must be
# right for anything to arrive; redirects, which are not followed; bodies that are too large, which
# are split.
# usage: delivery_nginx.sh COMPONENT PROTOCOL
source "${SOURCE:?is set by ctest}/tests/integration/delivery.sh"

# run_to PATH: delivery_program to https.
run_to() {
    export TACHO_REMOTE_WRITE_ENDPOINT=https://127.0.0.1:${COMPONENT_PORT[nginx_front]}$1
    : >"$ledger"
    delivery_start --quiet-ms "$quiet_ms" --shutdown-ms 1500
    local rc=0
    wait_for 60 is_gone "$delivery_pid" || die "delivery_program does not end"
    wait "$delivery_pid" || rc=$?
    expect_equal "$1: exit status of delivery_program" "$rc" 0
}

# expect_nothing_arrived WHAT COUNTER...: everything ended in those.
expect_nothing_arrived() {
    expect_equal "$1: acknowledged" "$(delivery_stat acknowledged)" 0
    local what=$1 name sum=0
    shift
    for name in "$@"; do
        sum=$((sum + $(delivery_stat "$name")))
    done
    expect_equal "$what: $*, of those accepted" "$sum" "$(delivery_stat accepted)"
    expect_equal "$what: series that the receiver has" \
        "$(component_series "$component" '{job="delivery"}' | wc -l)" 0
}

# expect_ledger WHAT EXPECTED: "STATUS TARGET" of all requests that nginx saw.
expect_ledger() {
    expect_equal "$1: what nginx saw" \
        "$(jq -r '"\(.status) \(.target)"' "$ledger" | sort -u | paste -sd,)" "$2"
}

need_programs openssl
delivery_begin "$1" "$2"
component_get nginx_front || skip "$COMPONENT_REASON"
component_start nginx_front "${COMPONENT_PORT[$component]}"
ledger=$WORK/nginx_front.data/ledger
certificate=$WORK/nginx_front.data/certificate.pem
export TACHO_REMOTE_WRITE_BASIC_AUTH_USERNAME=$NGINX_USER
export TACHO_REMOTE_WRITE_BASIC_AUTH_PASSWORD=$NGINX_PASSWORD
ticks=3
quiet_ms=1000

run_to /api/v1/write
expect_nothing_arrived "a certificate that nobody vouches for" dropped_shutdown pending
expect_equal "requests that nginx saw" "$(wc -l <"$ledger")" 0

export TACHO_REMOTE_WRITE_TLS_CA_FILE=$certificate
TACHO_REMOTE_WRITE_BASIC_AUTH_PASSWORD=wrong run_to /api/v1/write
expect_nothing_arrived "a wrong password" failed
expect_ledger "a wrong password" "401 /api/v1/write"
expect_equal "a wrong password: times that it is in the messages" \
    "$(grep -c 'wrong' "$WORK/delivery.err" || true)" 0

for code in 301 302 307 308; do
    run_to "/moved/$code"
    expect_nothing_arrived "redirect $code" failed
    expect_ledger "redirect $code" "$code /moved/$code"
done

ticks=20
series=100
quiet_ms=30000
run_to /small/api/v1/write
delivery_expect_account
delivery_expect_no_loss
delivery_expect_samples
expect_ledger "bodies of 2 KiB at most" \
    "204 /small/api/v1/write,413 /small/api/v1/write"
expect_between "largest body that was accepted" \
    "$(jq -s 'map(select(.status < 300) | .body_bytes | tonumber) | max' "$ledger")" 500 2048
expect_equal "users that nginx saw" "$(jq -r .user "$ledger" | sort -u)" "$NGINX_USER"
finish
