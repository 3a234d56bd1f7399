#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The cases of Prometheus' sender compliance suite in docs/compliance-remote-write.md: each has a
# counterpart, a test whose comment names it (see sender_suite.awk), or a reason why it has none;
# tests name no case that is not there. With a JUnit file of ctest: the counterparts ran and passed.
# Usage: sender_suite.sh [<source-dir> [<junit.xml>]]
#        sender_suite.sh --write [<source-dir>]   writes the column of counterparts
is_writing=false
if [ "${1:-}" = --write ]; then
    is_writing=true
    shift
fi
checks=$(cd "$(dirname "$0")" && pwd)
. "$checks/common.sh"
. "$checks/ran.sh"
junit=${2:+$(realpath "$2")}
page=docs/compliance-remote-write.md
cd "$source_dir"
[ -f "$page" ] || {
    finding "$page: is missing"
    conclude "nothing"
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

project_files | grep -E '^tests/conformance/sender/.*_test\.c$' |
    xargs -r awk -f "$checks/sender_suite.awk" | sort -u >"$scratch/all"
grep -v '^!' "$scratch/all" >"$scratch/claims" || true
while read -r _ file what; do
    finding "$file: $what"
done < <(grep '^!' "$scratch/all")

# The page with the column of counterparts as the tests have it.
awk -F'|' -v OFS='|' '
    NR == FNR {
        split($0, claim, " ")
        sub(/.*\//, "", claim[2])
        tests[claim[1]] = tests[claim[1]] (tests[claim[1]] == "" ? " " : ", ") "`" claim[3] "` in `" \
            claim[2] "`"
        next
    }
    $2 ~ /^ `[^`]+` $/ && NF == 6 && $4 !~ /^ n\.a\. $/ {
        id = $2
        gsub(/[ `]/, "", id)
        $4 = tests[id] " "
    }
    { print }' "$scratch/claims" "$page" >"$scratch/page"

if $is_writing; then
    cat "$scratch/page" >"$page"
    printf 'sender_suite.sh: wrote the counterparts of %s claims\n' "$(wc -l <"$scratch/claims")"
    exit 0
fi

while read -r line; do
    finding "$line"
done < <(
    diff "$page" "$scratch/page" | sed -nE \
        's/^> \| `([^`]+)` .*/'"${page//\//\\/}"': \1: the column of counterparts is stale; run tests\/checks\/sender_suite.sh --write/p' || true
    awk -F'|' -v page="$page" '
        NR == FNR { split($0, claim, " "); claimed[claim[1]] = claim[2]; next }
        function tell(what) { printf "%s: %s: %s\n", page, id, what }
        function trimmed(field) { gsub(/^ +| +$/, "", field); return field }
        /^\| `/ {
            id = $2
            gsub(/[ `]/, "", id)
            if (NF != 6 || id !~ /^(Test[A-Za-z0-9]+|1\.0)(\/[A-Za-z0-9_]+)?$/ ||
                trimmed($3) !~ /^(MUST|SHOULD|RECOMMENDED|MAY)$/) {
                tell("is no row of case, level, counterpart, remark")
                next
            }
            if (id in rows) { tell("has two rows") }
            rows[id] = 1
            if (trimmed($4) == "n.a." && trimmed($5) == "") { tell("has no counterpart and says not why") }
            if (trimmed($4) == "n.a." && id in claimed) { tell("has a counterpart in " claimed[id]) }
            if (trimmed($4) != "n.a." && !(id in claimed)) { tell("no test is its counterpart") }
        }
        END {
            for (id in claimed) {
                if (!(id in rows)) { printf "%s: names %s, which %s does not have\n", claimed[id], id, page }
            }
        }' "$scratch/claims" "$page" | sort
)

if [ -n "$junit" ]; then
    results_of "$junit" >"$scratch/results"
    while read -r file; do
        ran "$file"
        [ "${outcome[$file]}" = passed ] ||
            finding "$file: its test $(test_of "$file") did not run and pass: ${outcome[$file]}"
    done < <(cut -d' ' -f2 "$scratch/claims" | sort -u)
fi

rows=$(grep -cE '^\| `(Test|1\.0)' "$page" || true)
conclude "$rows cases"
