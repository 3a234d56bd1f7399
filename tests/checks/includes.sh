#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rule of layers: which folder may include what. api: libc and itself. sdk/src/X: what stands to
# its left in base < attributes < aggregation < storage < pipeline < reader < provider. exporters:
# the public headers, base, and what the table below says. examples: public headers.
# GEN-05: so that exporters stay apart from the SDK's logic, and it from them.
# Usage: includes.sh [<source-dir>]
. "$(dirname "$0")/common.sh"

libc='(assert|ctype|dirent|dlfcn|endian|errno|fcntl|features|float|fnmatch|getopt|ifaddrs|inttypes|libgen|limits|link|locale|math|netdb|poll|pthread|pwd|sched|search|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|threads|time|unistd|wchar|wctype|arpa/[a-z]+|net/[a-z]+|netinet/[a-z]+|sys/[a-z]+)\.h'
api='tacho/[a-z0-9_]+\.h'
sdk="$api|tacho/sdk/[a-z0-9_]+\.h"
exporters="$sdk|tacho/exporters/[a-z0-9_]+\.h"

# Prints the pattern of what the file may include in quotes; none if the file is not ruled.
quoted_of() {
    case $1 in
    api/include/*) echo "$api" ;;
    api/src/*) echo "$api|[a-z0-9_]+\.h" ;;
    sdk/include/*) echo "$sdk" ;;
    sdk/src/base/*) echo "$sdk|(base)/.*" ;;
    sdk/src/attributes/*) echo "$sdk|(base|attributes)/.*" ;;
    sdk/src/aggregation/*) echo "$sdk|(base|attributes|aggregation)/.*" ;;
    sdk/src/storage/*) echo "$sdk|(base|attributes|aggregation|storage)/.*" ;;
    sdk/src/pipeline/*) echo "$sdk|(base|attributes|aggregation|storage|pipeline)/.*" ;;
    sdk/src/reader/*) echo "$sdk|(base|attributes|aggregation|storage|pipeline|reader)/.*" ;;
    sdk/src/provider/*)
        echo "$sdk|(base|attributes|aggregation|storage|pipeline|reader|provider)/.*"
        ;;
    exporters/include/*) echo "$exporters" ;;
    exporters/prometheus/*) echo "$sdk|(base|prometheus)/.*" ;;
    exporters/http/*) echo "$exporters|(base|http)/.*" ;;
    exporters/remote_write/*)
        echo "$exporters|(base|prometheus|http|remote_write)/.*|remote_write_v[0-9]+\.pb-c\.h"
        ;;
    exporters/setup/*) echo "$exporters|(base|setup)/.*" ;;
    exporters/console/*) echo "$exporters|(base|setup|prometheus|console)/.*" ;;
    exporters/memory/*) echo "$exporters|(base|setup|memory)/.*" ;;
    examples/*) echo "$exporters|[a-z0-9_]+\.h|remote_write_v[0-9]+\.pb-c\.h" ;;
    esac
}

# The same for angle brackets, beside libc.
angled_of() {
    case $1 in
    api/include/tacho/attributes.h) echo 'initializer_list' ;; # its C++ half
    api/include/tacho/spi.h) echo 'atomic' ;;                  # its C++ half
    sdk/src/base/* | sdk/src/attributes/*) echo 'xxhash\.h' ;;
    exporters/prometheus/*) echo 'pcre2\.h' ;;
    exporters/http/*) echo 'curl/.*' ;;
    exporters/remote_write/*) echo 'curl/.*|snappy-c\.h|protobuf-c/.*' ;;
    examples/*) echo "$exporters|microhttpd\.h|curl/.*|snappy-c\.h|protobuf-c/.*" ;;
    esac
}

count=0
while read -r file; do
    quoted=$(quoted_of "$file")
    if [ -z "$quoted" ]; then
        case $file in
        api/* | sdk/* | exporters/*) finding "$file: in a folder that the rule does not know" ;;
        esac
        continue
    fi
    angled=$(angled_of "$file")
    count=$((count + 1))
    targets=$(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*([<"][^>"]*[>"]).*/\1/p' \
        "$source_dir/$file")
    while read -r target; do
        [ -z "$target" ] || finding "$file: must not include $target"
    done < <(grep -vE "^(\"($quoted)\"|<($libc)>${angled:+|<($angled)>})\$|^$" <<<"$targets" || true
        grep -F '..' <<<"$targets" || true)
done < <(c_files)
[ "$count" -gt 0 ] || finding "no file found to check"
conclude "$count files"
