#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the specification wants told to users stands in the public header in which they look for it,
# and the shape of the functions is what the headers promise.
# Usage: documented.sh [<source-dir>]
. "$(dirname "$0")/common.sh"
include_dir=$source_dir/api/include/tacho
count=0

# A header as one line, without the marks of comments.
words_of() {
    sed -E 's,^[[:space:]]*(/\*+|\*/|\*)?,,' "$include_dir/$1" | tr '\n' ' ' | tr -s ' '
}

# says <header> <sentence>
says() {
    count=$((count + 1))
    words_of "$1" | grep -qF -- "$2" || finding "$1: does not say: $2"
}

# Declarations of functions, one per line, without comments.
declarations() {
    cat "$include_dir"/*.h | sed -E 's,/\*.*\*/,,' | sed '/\/\*/,/\*\//d' | tr '\n' ' ' |
        grep -oE 'TACHO_API [^;{]*;' | tr -s ' '
}

# API-19: the syntax of names, wherever an instrument is created
for header in counter up_down_counter gauge histogram; do
    says $header.h '`name`: 1 to 255 characters, an ASCII letter first, then letters, digits and _ . - /'
done
says observable.h 'names and options as for tacho_meter_create_counter'

# API-29: what callbacks should and should not do
says observable.h 'It must not take unbounded time, must stand being run by two readers at once, and should report each set of attributes once.'

# API-35: what becomes of a set that is reported twice
says observable.h 'For one set reported twice in a collection the last value counts'

# API-39: no negative values
says counter.h 'Adds `value`, which must not be negative'
says histogram.h 'Records `value`. It should not be negative'

# API-44: asking again
for header in counter up_down_counter gauge histogram; do
    says $header.h 'The answer can change; ask before each measurement'
done

# ATTR-07: what arrays and maps cost
says attributes.h 'they cost more than other values'

# API-50: threads
says meter.h 'every function of the API may be called from any thread at any time'

# API-47: bound instruments have types of their own, and recording through them takes no attributes
if declarations | grep -E ' tacho_bound_[a-z0-9_]+\(' | grep -q tacho_attributes; then
    finding "bound.h: a bound instrument takes attributes"
fi

# API-09: only meters make instruments
count=$((count + 2))
makers=$(declarations |
    grep -E '^TACHO_API tacho_(counter|up_down_counter|gauge|histogram|observable)(_f64)? \*' || true)
[ -n "$makers" ] || finding "no function that makes an instrument was found"
strangers=$(grep -vE ' \*?tacho_meter_create_[a-z0-9_]+\(tacho_meter \*' <<<"$makers" || true)
[ -z "$strangers" ] || finding "makes an instrument without a meter: $strangers"

# SDK-03: only a provider gives meters
meters=$(declarations | grep -E '^TACHO_API tacho_meter \*' | grep -v ' \*tacho_meter_provider_get_meter(' || true)
[ -z "$meters" ] || finding "gives a meter without a provider: $meters"

conclude "$count promises"
