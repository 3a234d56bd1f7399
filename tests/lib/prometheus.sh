# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Owns a Prometheus of our own on loopback: getting it, starting it, asking it. No service is
# installed: the program comes out of Debian's package by unpacking it into a cache folder. To be
# sourced after common.sh; needs curl and jq.
source "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

# prometheus_get CACHE: sets PROMETHEUS_PROGRAM and PROMETHEUS_ASSETS; false if it cannot be had.
prometheus_get() {
    local cache=$1
    PROMETHEUS_PROGRAM=$(command -v prometheus || true)
    PROMETHEUS_ASSETS=()
    if [ -n "$PROMETHEUS_PROGRAM" ]; then
        return
    fi
    prometheus_unpack "$cache" || return 1
    PROMETHEUS_PROGRAM=$cache/usr/bin/prometheus
    PROMETHEUS_ASSETS=("--web.local-assets=$cache/usr/share/prometheus/web")
}

# The packages besides prometheus hold the scripts of its graph page, which is bare without.
prometheus_unpack() {
    debian_unpack "$1" system prometheus libjs-bootstrap4 libjs-d3 \
        libjs-eonasdan-bootstrap-datetimepicker libjs-jquery libjs-jquery-hotkeys libjs-moment \
        libjs-moment-timezone libjs-mustache libjs-popper.js libjs-rickshaw \
        fonts-glyphicons-halflings || debian_unpack "$1" system prometheus
}

# prometheus_start: on a free port of 127.0.0.1, with its data in $WORK. Sets PROMETHEUS_PID,
# PROMETHEUS_URL and PROMETHEUS_WRITE_URL.
prometheus_start() {
    printf 'global: {}\n' >"$WORK/prometheus.yml"
    start prometheus "$PROMETHEUS_PROGRAM" "--config.file=$WORK/prometheus.yml" \
        "--storage.tsdb.path=$WORK/prometheus" --web.listen-address=127.0.0.1:0 \
        --web.enable-remote-write-receiver "${PROMETHEUS_ASSETS[@]}"
    PROMETHEUS_PID=$STARTED_PID
    if ! wait_for 30 prometheus_is_ready; then
        tail -n 20 "$WORK/prometheus.err" >&2
        die "Prometheus does not start"
    fi
    PROMETHEUS_WRITE_URL=$PROMETHEUS_URL/api/v1/write
}

# It takes port 0, any free one, and tells in its log which.
prometheus_is_ready() {
    local address
    address=$(sed -n 's/.*msg="Listening on" address=\([0-9.:]*\).*/\1/p' "$WORK/prometheus.err")
    PROMETHEUS_URL=http://$address
    [ -n "$address" ] && curl -fsS -o /dev/null "$PROMETHEUS_URL/-/ready" 2>/dev/null
}

# prometheus_query EXPRESSION: the answer of its HTTP API, JSON.
prometheus_query() {
    curl -fsS --get --data-urlencode "query=$1" "$PROMETHEUS_URL/api/v1/query"
}

# prometheus_value EXPRESSION: the value where the answer is one series, else nothing.
prometheus_value() {
    prometheus_query "$1" | jq -r '.data.result | if length == 1 then .[0].value[1] else empty end'
}

# prometheus_has EXPRESSION [VALUE]: whether there is exactly one series, with that value.
prometheus_has() {
    local value
    value=$(prometheus_value "$1")
    [ -n "$value" ] && { [ $# -lt 2 ] || [ "$value" = "$2" ]; }
}
