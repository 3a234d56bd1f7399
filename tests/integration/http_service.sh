#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# After wrk has sent exactly N requests to http_service, its counter is N, and so are the histogram's
# count and +Inf bucket. N is what wrk counts. Files outside the root cannot be had.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"

wanted=5000

service_is_ready() {
    service=$(cat "$WORK/http_service.log")
    [ -n "$service" ]
}

# The number of requests that wrk says it completed.
run_wrk() {
    start wrk wrk -t1 -c8 -d120s -s "$SOURCE/tests/integration/wrk_exactly.lua" \
        "${service}hello.txt" -- "$wanted" "$WORK/wrk.done"
    local pid=$STARTED_PID
    wait_for 100 test -e "$WORK/wrk.done" || die "wrk is not done in time"
    kill -INT "$pid" # it would sleep for the rest of its 120 s
    wait "$pid" || true
    sent=$(sed -nE 's/^ *([0-9]+) requests in .*/\1/p' "$WORK/wrk.log")
}

get_status() {
    curl -s -o /dev/null --path-as-is -w '%{http_code}' "$@"
}

need_programs wrk
begin_with_prometheus
mkdir "$WORK/root"
echo hello >"$WORK/root/hello.txt"
echo secret >"$WORK/secret.txt"
ln -s ../secret.txt "$WORK/root/link.txt"
start http_service "$PROGRAMS/http_service" --root "$WORK/root" --interval-ms 250
service_pid=$STARTED_PID
wait_for 20 service_is_ready || die "http_service does not start"

run_wrk
expect_equal "requests that wrk completed" "$sent" "$wanted"
wait_for 20 prometheus_has 'http_server_requests_total' "$sent" || true
expect_equal http_server_requests_total "$(prometheus_value http_server_requests_total)" "$sent"
expect_equal http_server_request_duration_seconds_count \
    "$(prometheus_value http_server_request_duration_seconds_count)" "$sent"
expect_equal 'http_server_request_duration_seconds_bucket{le="+Inf"}' \
    "$(prometheus_value 'http_server_request_duration_seconds_bucket{le="+Inf"}')" "$sent"
expect_equal "labels of the counter" \
    "$(prometheus_query http_server_requests_total | jq -r '.data.result[0].metric |
        "\(.http_request_method) \(.http_response_status_code) \(.job)"')" "GET 200 http_service"
expect_between "sum of the durations, s" \
    "$(prometheus_value http_server_request_duration_seconds_sum)" 0.000001 100
expect_equal "buckets, from which it can be told where the durations lie" \
    "$(prometheus_value 'count(http_server_request_duration_seconds_bucket)')" 17
wait_for 20 prometheus_has http_server_active_requests 0 || true
expect_equal http_server_active_requests "$(prometheus_value http_server_active_requests)" 0

expect_equal "content of a file" "$(curl -s "${service}hello.txt")" hello
expect_equal "status of a path that climbs out" "$(get_status "${service}../secret.txt")" 404
expect_equal "status of one that does so encoded" "$(get_status "${service}%2e%2e/secret.txt")" 404
expect_equal "status of a link that leads out" "$(get_status "${service}link.txt")" 404
expect_equal "status of a folder" "$(get_status "$service")" 404
expect_equal "status of an invented method" "$(get_status -X BREW "${service}hello.txt")" 405
wait_for 20 prometheus_has \
    'http_server_requests_total{http_request_method="_OTHER",http_response_status_code="405"}' 1 ||
    fail "the invented method is not counted as _OTHER"
expect_stop http_service "$service_pid"
finish
