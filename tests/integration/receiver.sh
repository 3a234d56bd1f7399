#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The example receiver accepts what tacho sends and shows it, and refuses what remote write 1.0
# forbids, each with its status and reason.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"

receiver_is_ready() {
    url=$(sed -n 's,^# \(http://[0-9.:]*\)/.*,\1,p' "$WORK/receiver.log")
    [ -n "$url" ]
}

# The headers of a proper request; post adds the body in $WORK/body.
headers=(-H 'Content-Encoding: snappy' -H 'Content-Type: application/x-protobuf'
    -H 'X-Prometheus-Remote-Write-Version: 0.1.0' -H 'Expect:')

post() {
    curl -s -o "$WORK/answer" -w '%{http_code}' --data-binary @"$WORK/body" "$@" "$url/api/v1/write"
}

# expect_answer WHAT STATUS REASON, for the body and $headers.
expect_answer() {
    expect_equal "$1: status" "$(post "${headers[@]}")" "$2"
    [[ $(<"$WORK/answer") == *"$3"* ]] || fail "$1: the reason is \"$(<"$WORK/answer")\", not \"$3\""
}

# expect_body WHAT STATUS REASON ARGUMENT...: for a body that write_request makes.
expect_body() {
    local what=$1 status=$2 reason=$3
    shift 3
    "$WRITE_REQUEST" "$@" >"$WORK/body"
    expect_answer "$what" "$status" "$reason"
}

# replace_header PATTERN [HEADER]: the proper headers with one changed or left out, in $changed.
replace_header() {
    local i
    changed=()
    for ((i = 1; i < ${#headers[@]}; i += 2)); do
        [[ ${headers[i]} == $1* ]] || changed+=(-H "${headers[i]}")
    done
    [ -z "${2-}" ] || changed+=(-H "$2")
}

# expect_header WHAT STATUS REASON PATTERN [HEADER]
expect_header() {
    replace_header "$4" "${5-}"
    expect_equal "$1: status" "$(post "${changed[@]}")" "$2"
    [[ $(<"$WORK/answer") == *"$3"* ]] || fail "$1: the reason is \"$(<"$WORK/answer")\", not \"$3\""
}

need_programs curl
begin
start receiver "$PROGRAMS/receiver" --port 0
receiver_pid=$STARTED_PID
wait_for 10 receiver_is_ready || die "the receiver does not start"

# What is right.
expect_body "two series" 204 "" __name__=up a=1 @1000=1.5 @2000=2.5 --series Zone=x __name__=up @1000=7
expect_body "the same request again, as after a lost answer" 204 "" \
    __name__=up a=1 @2000=2.5 --series Zone=x __name__=up @1000=7
expect_body "a value with quotes and UTF-8" 204 "" __name__=up 'b="ü\' @5=-0.1
cat >"$WORK/expected" <<'TEXT'
up{Zone="x"} 7 1000
up{a="1"} 2.5 2000
up{b="\"ü\\"} -0.1 5
TEXT
curl -s "$url/series" >"$WORK/actual"
expect_file "the last values" "$WORK/actual" "$WORK/expected"

# What the specification forbids in a message.
expect_body "labels not sorted" 400 "not sorted: a after b" __name__=up b=1 a=1 @3000=1
expect_body "a name in upper case after __name__" 400 "not sorted" __name__=up Zone=x @3000=1
expect_body "a label twice" 400 "a appears twice" __name__=up a=1 a=2 @3000=1
expect_body "an empty value" 400 "a has no value" __name__=up a= @3000=1
expect_body "an empty label name" 400 "cannot be the name of a label" =x __name__=up @3000=1
expect_body "a bad label name" 400 "cannot be the name of a label" __name__=up a-b=1 @3000=1
expect_body "no __name__" 400 "no label __name__" a=1 @3000=1
expect_body "a bad metric name" 400 "cannot be the name of a metric" __name__=9up @3000=1
expect_body "a value that is not UTF-8" 400 "not UTF-8" __name__=up a=$'\xff' @3000=1
expect_body "a sample out of order" 400 "out of order" __name__=up a=1 @1500=1
expect_body "samples out of order in one request" 400 "out of order" __name__=new @2=1 @1=1
expect_body "a series without samples" 400 "no samples" __name__=up a=1
expect_body "a series twice, in order" 204 "" __name__=new @3=1 --series __name__=new @4=1
expect_body "a series twice, out of order" 400 "out of order" __name__=new @6=1 --series __name__=new @5=1
expect_body "two values for one time" 400 "two values" __name__=up a=1 @2000=99
expect_body "a body that is not compressed" 400 "snappy" --raw __name__=up a=1 @3000=1
printf '\x05\x10hello' >"$WORK/body"
expect_answer "a body that is not protobuf" 400 "not a protobuf message"
: >"$WORK/body"
expect_answer "an empty body" 400 "snappy"

# What it forbids in the headers.
"$WRITE_REQUEST" __name__=up a=1 @3000=3 >"$WORK/body"
expect_header "no Content-Encoding" 415 "Content-Encoding" Content-Encoding
expect_header "gzip" 415 'Content-Encoding is "gzip"' Content-Encoding "Content-Encoding: gzip"
expect_header "JSON" 415 'Content-Type is "application/json"' Content-Type \
    "Content-Type: application/json"
expect_header "version 2.0" 415 Content-Type Content-Type \
    "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request"
expect_header "no version" 400 Version X-Prometheus
expect_header "no User-Agent" 400 User-Agent none "User-Agent:"
expect_equal "GET: status" "$(curl -s -o /dev/null -w '%{http_code}' "$url/api/v1/write")" 405
expect_equal "another path: status" \
    "$(curl -s -o /dev/null -w '%{http_code}' --data-binary @"$WORK/body" "$url/write")" 404
curl -s "$url/series" | grep -v '^new ' >"$WORK/actual"
expect_file "the last values after all that" "$WORK/actual" "$WORK/expected"

# What tacho sends is right.
refused=$(grep -c '^refused' "$WORK/receiver.err")
export TACHO_REMOTE_WRITE_ENDPOINT=$url/api/v1/write TACHO_REMOTE_WRITE_PROTOCOL=1
rc=0
"$PROGRAMS/batch_job" "$SOURCE/LICENSE" >/dev/null 2>"$WORK/batch_job.err" || rc=$?
expect_equal "exit status of batch_job" "$rc" 0
"$PROGRAMS/host_metrics" --interval-ms 100 --duration-s 1 2>"$WORK/host_metrics.err" || rc=$?
expect_equal "exit status of host_metrics" "$rc" 0
curl -s "$url/series" >"$WORK/series"
bytes=$(wc -c <"$SOURCE/LICENSE")
grep -q "^batch_bytes_total{.* $bytes [0-9]*\$" "$WORK/series" ||
    fail "batch_bytes_total is not $bytes: $(grep batch "$WORK/series")"
grep -q '^system_cpu_time_seconds_total{cpu_mode="idle",' "$WORK/series" ||
    fail "host_metrics has not arrived"
expect_equal "requests refused, after tacho as before" \
    "$(grep -c '^refused' "$WORK/receiver.err")" "$refused"
expect_stop receiver "$receiver_pid"
finish
