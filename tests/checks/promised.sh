#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the project promises in words and names: versions, support, the warning of the console's
# format, what is experimental. What the headers of the API must say is in documented.sh.
# Usage: promised.sh [<source-dir>]
. "$(dirname "$0")/common.sh"
count=0

# says <file> <sentence>: the file as one line, without the marks of comments and of lists.
says() {
    count=$((count + 1))
    sed -E 's,^[[:space:]]*(/\*+|\*/|\*|-)?,,' "$source_dir/$1" | tr '\n' ' ' | tr -s ' ' |
        grep -qF -- "$2" || finding "$1: does not say: $2"
}

# VER-01, VER-06
says VERSIONING.md 'Semantic Versioning 2.0.0'
says VERSIONING.md 'The API is supported for at least three years after the next major version, the SDK and the exporters for at least one.'

# GEN-10
says CHANGELOG.md 'of the OpenTelemetry specification 1.60'
says VERSIONING.md 'An SDK needs an API library of the same major and the same or a newer minor version'

# STD-01
says exporters/include/tacho/exporters/console.h 'Warning: the format is not specified and changes with any version. Do not parse it and do not use it in production.'
says exporters/include/tacho/exporters/console.h "takes OpenTelemetry's OTLP file format"

# VIEW-15
says sdk/include/tacho/sdk/view.h 'Attributes that a view leaves out are not lost to exemplars'
says sdk/include/tacho/sdk/view.h 'switch exemplars off (TACHO_EXEMPLAR_FILTER_ALWAYS_OFF) or give the view a reservoir'

# VER-04
headers=$(project_files | grep -E '^(api|sdk|exporters)/include/')
[ -n "$headers" ] || finding "no public header found"
while read -r header; do
    count=$((count + 1))
    if grep -qiE '(experimental|unstable|development|alpha|beta|preview|incubat)' <<<"$header"; then
        finding "$header: has a word of stability in its name"
    fi
    # AGG-02
    if grep -qi aggregator "$source_dir/$header"; then
        finding "$header: says aggregator, a word kept for custom aggregations"
    fi
done <<<"$headers"

# VER-05: what is experimental is not declared without TACHO_ENABLE_EXPERIMENTAL.
# declared <type> <option of the compiler>...
declared() {
    local type=$1
    shift
    printf '#include "tacho/sdk/meter_provider.h"\n%s *tacho_any;\n' "$type" |
        "${CC:-cc}" -std=c11 -fsyntax-only -I"$source_dir/api/include" \
            -I"$source_dir/sdk/include" "$@" -x c - 2>/dev/null
}
for type in tacho_meter_config tacho_meter_configurator_fn tacho_view_matching_mode \
    tacho_metric_filter; do
    count=$((count + 1))
    declared "$type" -DTACHO_ENABLE_EXPERIMENTAL || finding "$type: is not declared at all"
    ! declared "$type" || finding "$type: is declared without TACHO_ENABLE_EXPERIMENTAL"
done

conclude "$count promises"
