#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The exporter in one file writes every point of a collection, and appends.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"

begin
# Everything but the time, which comes first.
"$PROGRAMS/custom_exporter" "$WORK/out.csv" 2>"$WORK/custom_exporter.err"
cut -d, -f2- "$WORK/out.csv" | sort >"$WORK/actual"
sort >"$WORK/expected" <<'CSV'
"custom_exporter","orders","","country=DE;gift=true",sum,2
"custom_exporter","orders","","country=the ""north"";gift=false",sum,3
"custom_exporter","price","EUR","",gauge,9.75
"custom_exporter","weight","g","",count,2
CSV
expect_file "one collection as CSV" "$WORK/actual" "$WORK/expected"
now=$(date +%s)
expect_between "time of the first line, ms" "$(head -n 1 "$WORK/out.csv" | cut -d, -f1)" \
    $(((now - 60) * 1000)) $(((now + 1) * 1000))
"$PROGRAMS/custom_exporter" "$WORK/out.csv" 2>>"$WORK/custom_exporter.err"
expect_equal "lines after a second run" "$(wc -l <"$WORK/out.csv")" 8
expect_equal "lines on standard output" "$("$PROGRAMS/custom_exporter" | wc -l)" 4
rc=0
"$PROGRAMS/custom_exporter" /dev/full 2>>"$WORK/custom_exporter.err" || rc=$?
expect_equal "exit status on a full disk" "$rc" 1
finish
