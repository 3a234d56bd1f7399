#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples/run, end to end: builds, pushes, prints a table with values, leaves nothing behind.
# usage: demonstration.sh prometheus|receiver
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"

test_name="demonstration with the $1"
begin
export TMPDIR=$WORK/tmp
mkdir "$TMPDIR"
arguments=(--seconds 3)
if [ "$1" = receiver ]; then
    arguments+=(--receiver)
else
    prometheus_get "$SOURCE/build/cache/prometheus" ||
        skip "prometheus is not installed and cannot be downloaded"
fi

# expect_row METRIC LABELS VALUE: regular expressions.
expect_row() {
    if grep -qE "^$1 +$2 +$3\$" "$WORK/output"; then
        echo "ok: $(grep -E "^$1 +$2 +$3\$" "$WORK/output" | head -n 1 | tr -s ' ')"
    else
        fail "no row of $1 with labels $2 and value $3"
    fi
}

rc=0
"$SOURCE/examples/run" "${arguments[@]}" >"$WORK/output" 2>"$WORK/run.err" || rc=$?
cat "$WORK/output"
expect_equal "exit status" "$rc" 0
words=$(LC_ALL=C.UTF-8 wc -w <"$SOURCE/LICENSE")
lines=$(wc -l <"$SOURCE/README.md")
total=$(awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' /proc/meminfo)
expect_row METRIC LABELS VALUE
expect_row batch_words_total '.*file_path="LICENSE".*' "$words"
expect_row batch_lines_total '.*file_path="README.md".*' "$lines"
expect_row batch_last_success_timestamp_seconds '.*job="batch_job".*' '1[0-9]+'
expect_row system_memory_limit_bytes '.*job="host_metrics".*' "$total"
expect_row system_cpu_time_seconds_total '.*cpu_mode="user".*' '[0-9.]+'
expect_row process_memory_usage_bytes '.*' '[1-9][0-9]+'
grep -qE 'http://127\.0\.0\.1:[0-9]+/(graph|series)' "$WORK/output" || fail "no address to look at"
expect_equal "folders left behind" "$(find "$TMPDIR" -mindepth 1 | wc -l)" 0
finish
