#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The receiver's name cannot be resolved, and later it can: nothing is lost. The name is in a
# private /etc/hosts that only delivery_program sees.
# usage: delivery_name.sh COMPONENT PROTOCOL
source "${SOURCE:?is set by ctest}/tests/integration/delivery.sh"

# A command before which this stands sees the files of $WORK/etc in place of those of /etc.
set_private_etc() {
    private_etc=("$@" bash -c 'for file in hosts resolv.conf nsswitch.conf; do
            mount --bind "$0/$file" "$(readlink -f "/etc/$file")" || exit 1
        done
        exec "$@"' "$WORK/etc")
}

find_private_etc() {
    need_programs unshare getent
    mkdir "$WORK/etc"
    echo "127.0.0.1 localhost" >"$WORK/etc/hosts"
    # Nobody answers there, at once.
    printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$WORK/etc/resolv.conf"
    echo "hosts: files dns" >"$WORK/etc/nsswitch.conf"
    local words
    for words in "unshare --mount" "unshare --map-root-user --mount"; do
        # shellcheck disable=SC2086
        set_private_etc $words
        if "${private_etc[@]}" getent hosts localhost >"$WORK/getent.log" 2>"$WORK/getent.err"; then
            return
        fi
    done
    skip "no private /etc/hosts is to be had: $(tail -n 1 "$WORK/getent.err")"
}

delivery_begin "$1" "$2"
find_private_etc
name=receiver.tacho.test
export TACHO_REMOTE_WRITE_ENDPOINT=http://$name:${COMPONENT_PORT[$component]}/api/v1/write
start delivery "${private_etc[@]}" "$DELIVERY_PROGRAM" --ticks "$ticks" --series "$series" \
    --interval-ms "$interval_ms"
delivery_pid=$STARTED_PID
delivery_await_tick 10
expect_equal "acknowledged before the name exists" \
    "$(jq -s 'last.acknowledged' "$WORK/delivery.log")" 0
echo "127.0.0.1 $name" >>"$WORK/etc/hosts"
delivery_join
expect_between retries "$(delivery_stat retries)" 1 1000
delivery_expect_no_loss
delivery_expect_samples
finish
