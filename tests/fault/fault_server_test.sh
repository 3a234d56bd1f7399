#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fault_server does what its script says: each rule is seen through curl, and in the ledger.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"
source "$SOURCE/tests/lib/fault_server.sh"

# What curl learned: its exit status, the answer's status, and the connections it made.
ask() {
    local rc=0
    asked=$(curl -s -o "$WORK/answer" -w '%{http_code} %{num_connects} %{time_total}' --max-time 2 \
        -H 'Expect:' "$@" "$FAULT_URL/write") || rc=$?
    asked="$rc $asked"
}

# expect_asked WHAT CURL_EXIT_STATUS HTTP_STATUS
expect_asked() {
    expect_equal "$1: curl's exit status and the answer's" "$(cut -d' ' -f1,2 <<<"$asked")" "$2 $3"
}

# ledger FILTER: of the last request that is over.
ledger() {
    tail -n 1 "$FAULT_LEDGER" | jq -r "$1"
}

ledger_has() {
    [ "$(fault_server_ledger | jq -s length)" -ge "$1" ]
}

seconds_asked() {
    cut -d' ' -f4 <<<"$asked"
}

# expect_silence WORDS CURL_EXIT_STATUS BODY_BYTES: the status as a regular expression.
expect_silence() {
    fault_server_script "1 $1"
    ask --data-binary @"$WORK/body"
    [[ $asked =~ ^($2)" 000 " ]] || fail "$1: curl's exit status and the answer's are \"$asked\""
    expect_equal "$1: bytes of the body that were read" "$(ledger .body_bytes)" "$3"
    expect_equal "$1: status in the ledger" "$(ledger .status)" 0
}

# expect_refused SCRIPT: it is not taken.
expect_refused() {
    local status
    status=$(fault_server_script "$1" || true)
    expect_equal "a script with \"$1\"" "$status" 400
}

need_programs curl jq
begin
head -c 300000 /dev/zero >"$WORK/body"
fault_server_start upstream "* respond status=200 header=\"X-From: upstream\" body=hello"
upstream_port=$FAULT_PORT
upstream_ledger=$FAULT_LEDGER
fault_server_start fault "" --upstream-port "$upstream_port"

ask -d x
expect_asked "without a script" 0 204
expect_equal "content type in the ledger" "$(ledger .content_type)" \
    application/x-www-form-urlencoded

fault_server_script '2 respond status=429 header="Retry-After: 7" body="too many"
# a comment
1 respond status=503'
ask -d x -D "$WORK/head"
expect_asked "the first of two" 0 429
expect_equal "its header" "$(grep -i '^retry-after' "$WORK/head" | tr -d '\r')" "Retry-After: 7"
expect_equal "its body" "$(<"$WORK/answer")" "too many"
ask -d x
expect_asked "the second" 0 429
ask -d x
expect_asked "the next rule" 0 503
ask -d x
expect_asked "after the last rule" 0 204
expect_equal "requests in the ledger" "$(fault_server_ledger | jq -s length)" 5

fault_server_script '* proxy'
ask --data-binary @"$WORK/body" -H 'Content-Type: application/x-protobuf'
expect_asked "proxy" 0 200
expect_equal "the upstream server's answer" "$(<"$WORK/answer")" hello
expect_equal "bytes that reached it" "$(tail -n 1 "$upstream_ledger" | jq .body_bytes)" 300000
expect_equal "their type" "$(tail -n 1 "$upstream_ledger" | jq -r .content_type)" \
    application/x-protobuf
rc=0
connects=$(curl -s --max-time 5 -o /dev/null -o /dev/null -w '%{num_connects} ' -d x "$FAULT_URL/a" "$FAULT_URL/b") ||
    rc=$?
expect_equal "connections for two requests in a row" "$rc $connects" "0 1 0 "

fault_server_script '1 proxy cut=0 end=reset'
before=$(wc -l <"$upstream_ledger")
ask -d x
expect_asked "an answer that is lost by a reset" 56 000
expect_equal "requests that reached the upstream server" $(($(wc -l <"$upstream_ledger") - before)) 1
expect_equal "status that was not told" "$(ledger '"\(.status) \(.sent_bytes)"')" "200 0"
fault_server_script '1 proxy cut=20'
ask -d x
expect_asked "an answer that ends in its head" 52 000
expect_equal "bytes of it" "$(ledger .sent_bytes)" 20
fault_server_script '1 respond status=200 body=0123456789 end=stall cut=50'
ask -d x
expect_asked "an answer that stalls in its body" 28 200

expect_silence "reset after=100" "55|56" 100
expect_silence "reset" 56 300000
expect_silence "close" 52 300000
expect_silence "half-close" 52 300000
expect_silence "stall" 28 300000
expect_silence "stall after=0" 28 0

fault_server_script '1 respond status=200 body=0123456789 drip=30ms'
ask -d x
expect_asked "an answer byte by byte" 0 200
expect_between "seconds for 10 bytes, 30 ms between them" "$(seconds_asked)" 0.27 1.9
fault_server_script '1 respond delay=300ms
1 respond status=200 body=x body-delay=300ms'
ask -d x
expect_between "seconds for an answer 300 ms late" "$(seconds_asked)" 0.28 1.9
ask -d x
expect_between "seconds for a body 300 ms late" "$(seconds_asked)" 0.28 1.9

fault_server_script '700ms refuse
* respond status=201'
ask -d x
expect_asked "refused" 7 000
is_listening() {
    ask -d x
    [ "${asked%% *}" = 0 ]
}
wait_for 10 is_listening || true
expect_asked "afterwards" 0 201

fault_server_script '400ms respond status=503
1 respond status=202'
is_accepted() {
    ask -d x
    [[ $asked == "0 202 "* ]]
}
ask -d x
expect_asked "for a time" 0 503
wait_for 10 is_accepted || fail "the time does not end: $asked"

fault_server_start lonely '* proxy'
ask -d x
expect_asked "proxy without an upstream server" 0 502
fault_server_start dead '* proxy' --upstream-port 1
ask -d x
expect_asked "proxy to one that is dead" 0 502

for script in "1 dance" "x proxy" "0 proxy" "1 refuse" "1 stall status=5" "1 proxy status=200" \
    "1 respond status=99" "5m proxy" "1 keep" "1" "1 respond header=nonsense" "1 reset after=x"; do
    expect_refused "$script"
done
rc=0
fault_server_stop dead || rc=$?
expect_equal "exit status after SIGTERM" "$rc" 0
finish
