#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# examples/run cleans up after Ctrl-C; with --keep it leaves what it started running, and the command
# that it prints ends it.
source "${SOURCE:?is set by ctest}/tests/integration/integration.sh"

# The processes that examples/run has started know its temporary folder from their environment.
processes() {
    grep -lsz "^TMPDIR=$TMPDIR\$" /proc/[0-9]*/environ | sed 's,/proc/\(.*\)/environ,\1,' |
        while read -r pid; do
            name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
            [[ $name != receiver && $name != host_metrics ]] || echo "$pid"
        done
}

expect_nothing_left() {
    expect_equal "processes left $1" "$(processes | wc -l)" 0
    expect_equal "folders left $1" "$(find "$TMPDIR" -mindepth 1 | wc -l)" 0
}

is_pushing() {
    grep -q "Letting host_metrics push" "$WORK/run.log"
}

is_pushing_or_gone() {
    is_pushing || is_gone "$run_pid"
}

nothing_runs() {
    [ -z "$(processes)" ]
}

begin
export TMPDIR=$WORK/tmp
mkdir "$TMPDIR"

# A background process of a script ignores SIGINT unless it is told otherwise.
start run env --default-signal=INT "$SOURCE/examples/run" --receiver --seconds 100
run_pid=$STARTED_PID
wait_for 500 is_pushing_or_gone || true
is_pushing || die "examples/run does not get to its work: $(cat "$WORK/run.err")"
expect_equal "processes while it runs" "$(processes | wc -l)" 2
kill -INT -- "-$run_pid"
rc=0
wait "$run_pid" || rc=$?
expect_equal "exit status after Ctrl-C" "$rc" 130
expect_nothing_left "after Ctrl-C"

rc=0
"$SOURCE/examples/run" --receiver --seconds 1 --keep >"$WORK/run.log" 2>"$WORK/run.err" || rc=$?
expect_equal "exit status with --keep" "$rc" 0
expect_equal "processes left on purpose" "$(processes | wc -l)" 2
eval "$(sed -n 's/^ *\(kill .*\)/\1/p' "$WORK/run.log")"
wait_for 10 nothing_runs || true
expect_nothing_left "after the command that it prints"
finish
