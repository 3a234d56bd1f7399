# SPDX-License-Identifier: Apache-2.0
# Owns what the integration tests share: a work folder, a Prometheus of their own, expectations that
# print both operands. To be sourced first; the environment names the folders PROGRAMS (the built
# examples) and SOURCE (the tree).
set -euo pipefail
source "$SOURCE/tests/lib/common.sh"
source "$SOURCE/tests/lib/prometheus.sh"

test_name=$(basename "$0" .sh)
failures=0

# Ends this test as not run; ctest shows it as skipped.
skip() {
    echo "$test_name: skipped: $*"
    exit 77
}

# need_programs NAME...: skips the test if one is missing.
need_programs() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

fail() {
    echo "$test_name: FAILED: $*"
    failures=$((failures + 1))
}

# expect_equal WHAT ACTUAL EXPECTED
expect_equal() {
    if [ "$2" = "$3" ]; then
        echo "ok: $1 = $2"
    else
        fail "$1 is \"$2\", expected \"$3\""
    fi
}

# is_between ACTUAL LOW HIGH: numbers.
is_between() {
    awk -v actual="$1" -v low="$2" -v high="$3" \
        'BEGIN { exit !(actual != "" && actual + 0 >= low + 0 && actual + 0 <= high + 0) }'
}

# expect_between WHAT ACTUAL LOW HIGH
expect_between() {
    if is_between "$2" "$3" "$4"; then
        echo "ok: $1 = $2, between $3 and $4"
    else
        fail "$1 is \"$2\", expected between $3 and $4"
    fi
}

# expect_file WHAT ACTUAL_FILE EXPECTED_FILE
expect_file() {
    if diff -u --label expected --label actual "$3" "$2"; then
        echo "ok: $1"
    else
        fail "$1 differs"
    fi
}

# What programs printed on stderr, when a test ends in another way than with success or as skipped,
# and in any case what a sanitizer told of them.
tell_errors() {
    local rc=$1 reports
    reports=$(grep -lsE '(ERROR|WARNING): [A-Za-z]+Sanitizer|runtime error:' "$WORK"/*.err) || true
    if [ -n "$reports" ] && ((rc == 0 || rc == 77)); then
        echo "$test_name: FAILED: a sanitizer found something"
        rc=1
    fi
    if ((rc != 0 && rc != 77)); then
        tail -v -n 40 "$WORK"/*.err 2>/dev/null || true
    fi
    return "$rc"
}

end() {
    local rc=$?
    trap - EXIT
    clean_up_processes
    tell_errors "$rc" || rc=$?
    clean_up
    exit "$rc"
}

begin() {
    clean_up_at_exit
    make_work_folder
    trap end EXIT
}

begin_with_prometheus() {
    need_programs curl jq
    prometheus_get "$SOURCE/build/cache/prometheus" ||
        skip "prometheus is not installed and cannot be downloaded"
    begin
    prometheus_start
    export TACHO_REMOTE_WRITE_ENDPOINT=$PROMETHEUS_WRITE_URL
}

# The orderly end of a program under test: SIGTERM, and exit status 0.
expect_stop() {
    local rc=0
    stop_process "$2" || rc=$?
    expect_equal "exit status of $1" "$rc" 0
}

finish() {
    if ((failures > 0)); then
        echo "$test_name: $failures expectations failed"
        exit 1
    fi
}
