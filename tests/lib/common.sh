# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Owns what the project's scripts share: messages, Debian packages, waiting, and a clean end. To be
# sourced by bash scripts that run with `set -euo pipefail`. Knows nothing of what they do.

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# run_logged LOG COMMAND...: keeps the output in LOG and shows the end of it only on failure.
run_logged() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        die "failed: $* (whole output in $log)"
    fi
}

# wait_for SECONDS COMMAND...: repeats a command until it succeeds; false if it does not in time.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# ---- packages ----

is_installed() {
    dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -x installed >/dev/null
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "needs root or sudo for: $*"
    fi
}

# need_packages NAME...: installs through apt-get those that are missing.
need_packages() {
    if ! command -v apt-get >/dev/null; then
        say "No apt-get here; taking for granted what these Debian packages hold: $*"
        return
    fi
    local missing=() package
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        say "All Debian packages needed are installed"
        return
    fi
    say "Installing Debian packages: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# ---- processes and folders to clean up ----

CLEANUP_PIDS=()
CLEANUP_FOLDERS=()

# Ends what was started, last first, each with ten seconds to do it in an orderly way.
clean_up_processes() {
    local i
    for ((i = ${#CLEANUP_PIDS[@]} - 1; i >= 0; i--)); do
        stop_process "${CLEANUP_PIDS[i]}" || true
    done
    CLEANUP_PIDS=()
}

clean_up() {
    local i
    clean_up_processes
    for i in "${CLEANUP_FOLDERS[@]}"; do
        rm -rf -- "$i"
    done
    CLEANUP_FOLDERS=()
}

# To be called once: cleans up at the end, on Ctrl-C, and when a step fails.
clean_up_at_exit() {
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null ||
        [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" = Z ]
}

# stop_process PID: SIGTERM, then SIGKILL. Returns its exit status if it is a child of this shell.
stop_process() {
    kill -TERM "$1" 2>/dev/null || true
    if ! wait_for 10 is_gone "$1"; then
        kill -KILL "$1" 2>/dev/null || true
    fi
    wait "$1" 2>/dev/null
}

# start NAME COMMAND...: in the background, in a session of its own, so that Ctrl-C reaches this
# script first. Output goes to $WORK/NAME.log and .err; sets STARTED_PID.
start() {
    local name=$1
    shift
    : >"$WORK/$name.log"
    setsid "$@" >"$WORK/$name.log" 2>"$WORK/$name.err" </dev/null &
    STARTED_PID=$!
    CLEANUP_PIDS+=("$STARTED_PID")
}

# Makes the temporary folder $WORK of this run.
make_work_folder() {
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/tacho.XXXXXX")
    CLEANUP_FOLDERS+=("$WORK")
}
