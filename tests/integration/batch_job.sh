#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The numbers of batch_job, once it has exited, are those of wc; its exit status tells whether they
# arrived; the time of the last success is recorded on success only.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"

export LC_ALL=C.UTF-8

# One line per file as wc has them: lines words bytes path.
wc_of() {
    wc -- "$@" | awk '{ print $1, $2, $3, $4 }' | grep -v ' total$' | sort -k4
}

prometheus_of() {
    local metric
    for metric in batch_lines_total batch_words_total batch_bytes_total; do
        prometheus_query "$metric" | jq -r --arg metric "$metric" \
            '.data.result[] | "\(.metric.file_path) \($metric) \(.value[1])"'
    done | awk '{ value[$1, $2] = $3; paths[$1] = 1 }
        END { for (p in paths) print value[p, "batch_lines_total"], value[p, "batch_words_total"],
                                     value[p, "batch_bytes_total"], p }' | sort -k4
}

begin_with_prometheus
mkdir "$WORK/files"
cd "$WORK/files"
: >empty
printf 'no line break at the end' >unfinished
printf 'a\tb\vc\fd\r\ne  f\n\n' >blanks
head -c 70000 "$PROGRAMS/batch_job" >binary
printf 'Gr\xc3\xbc\xc3\x9fe \xe2\x82\xac \xf0\x9f\x98\x80\n\xe4\xbd\xa0\xe5\xa5\xbd \xff\xfe bad\n' >utf8
cp "$SOURCE/README.md" "$SOURCE/LICENSE" .
files=(empty unfinished blanks binary utf8 README.md LICENSE)

before=$(date +%s)
rc=0
"$PROGRAMS/batch_job" "${files[@]}" >printed 2>"$WORK/batch_job.err" || rc=$?
after=$(date +%s)
expect_equal "exit status" "$rc" 0
wc_of "${files[@]}" >expected
prometheus_of >actual
expect_file "lines, words and bytes in Prometheus are those of wc" actual expected
sort -k4 printed >printed_sorted
expect_file "lines, words and bytes printed are those of wc" printed_sorted expected
expect_between "batch_last_success_timestamp_seconds" \
    "$(prometheus_value batch_last_success_timestamp_seconds)" "$before" "$after"

rc=0
"$PROGRAMS/batch_job" empty missing >printed 2>"$WORK/batch_job.err" || rc=$?
expect_equal "exit status where a file is missing" "$rc" 1
expect_equal "successes after a failed run" \
    "$(prometheus_value 'count(batch_last_success_timestamp_seconds)')" 1

rc=0
"$PROGRAMS/batch_job" --endpoint http://127.0.0.1:1/ --deadline-ms 300 empty >printed \
    2>"$WORK/batch_job.err" || rc=$?
expect_equal "exit status where nothing arrives" "$rc" 3
grep -q "0 of [1-9][0-9]* samples were delivered" "$WORK/batch_job.err" ||
    fail "it does not say what was lost: $(cat "$WORK/batch_job.err")"
finish
