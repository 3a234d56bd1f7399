# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Owns starting and scripting tests/fault/fault_server. To be sourced after common.sh; the
# environment names the program, FAULT_SERVER. Needs curl and jq.

declare -A FAULT_PIDS=()

# fault_server_start NAME SCRIPT [OPTION]...: on free ports. Sets FAULT_PORT, FAULT_URL, FAULT_LEDGER
# (the file whose first line names the ports, then one line per request) and what
# fault_server_script speaks to.
fault_server_start() {
    local name=$1
    printf '%s\n' "$2" >"$WORK/$name.script"
    shift 2
    start "$name" "$FAULT_SERVER" --script "$WORK/$name.script" "$@"
    FAULT_PIDS[$name]=$STARTED_PID
    FAULT_LEDGER=$WORK/$name.log
    wait_for 10 test -s "$FAULT_LEDGER" || die "fault_server does not start: $(<"$WORK/$name.err")"
    FAULT_PORT=$(head -n 1 "$FAULT_LEDGER" | jq .port)
    FAULT_URL=http://127.0.0.1:$FAULT_PORT
    FAULT_CONTROL_URL=http://127.0.0.1:$(head -n 1 "$FAULT_LEDGER" | jq .control_port)
}

# fault_server_script TEXT: replaces the script of the one started last; its first rule begins now.
# Prints the answer's status and returns false if it is not taken.
fault_server_script() {
    local status
    status=$(curl -s -o /dev/null -w '%{http_code}' --data-binary "$1" "$FAULT_CONTROL_URL/script")
    [ "$status" = 200 ] || {
        echo "$status"
        return 1
    }
}

# fault_server_ledger: the requests that are over, one line of JSON each.
fault_server_ledger() {
    tail -n +2 "$FAULT_LEDGER"
}

# fault_server_rule: the number of the rule that applies, from 0; as many as there are = all over.
fault_server_rule() {
    curl -s "$FAULT_CONTROL_URL/" | jq .rule
}

# fault_server_stop NAME: returns its exit status.
fault_server_stop() {
    stop_process "${FAULT_PIDS[$1]}"
}
