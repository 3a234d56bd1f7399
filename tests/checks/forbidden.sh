#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a library must not do to its host: end it, use its locale, its random numbers or its signal
# handlers, clean up what others use, run code when it is loaded, assert what a caller hands in.
# Calls are looked for in the object files, where neither a macro nor a comment can hide them; what
# leaves no call behind is looked for in the sources.
# Usage: forbidden.sh [<source-dir> [<build-dir>]]
. "$(dirname "$0")/common.sh"
build_dir=${2:-}
count=0

calls='_?exit|_Exit|quick_exit|abort|s?rand|rand_r|s?random|[dlm]rand48|time|gmtime|localtime|setlocale|localeconv|newlocale|uselocale|signal|sigaction|sigset|curl_global_cleanup|system|popen|strtok|gets'

# Arguments: a source. Prints the public functions that contain an assert.
asserting_functions() {
    code_of "$1" | awk '
        /^[a-z].*[ *]tacho_[a-z0-9_]+\(/ {
            name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name); inside = 1
        }
        inside && /(^|[^a-z_])assert *\(/ {print name}
        /^}/ {inside = 0}'
}

while read -r file; do
    case $file in
    api/src/*.c | sdk/src/*.c | exporters/*.c) ;;
    *) continue ;;
    esac
    count=$((count + 1))
    code=$(code_of "$file")
    if grep -qE '__attribute__ *\(\( *(__)?(con|de)structor' <<<"$code"; then
        finding "$file: has a constructor or destructor"
    fi
    if [ -z "$build_dir" ] && grep -qE "(^|[^A-Za-z0-9_.>])($calls) *\(" <<<"$code"; then
        finding "$file: calls $(grep -oE "(^|[^A-Za-z0-9_.>])($calls) *\(" <<<"$code" | tr -d ' (' | sort -u | tr '\n' ' ')"
    fi
    for name in $(asserting_functions "$file"); do
        finding "$file: $name asserts, but callers' mistakes get a status"
    done
done < <(project_files)
[ "$count" -gt 0 ] || finding "no file found to check"

if [ -n "$build_dir" ]; then
    archives=$(built_files "$build_dir" 'libtacho_*.a')
    [ -n "$archives" ] || finding "no static library found in $build_dir"
    # shellcheck disable=SC2086
    while read -r where _ name; do
        finding "${where%:}: calls $name"
    done < <(nm -A -u $archives 2>/dev/null | grep -E " U ($calls)(@.*)?\$" || true)
fi
conclude "$count files"
