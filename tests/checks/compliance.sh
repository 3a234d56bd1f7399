#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/compliance.md tells the truth: its rows are well formed, what it names exists, every MUST and
# SHOULD that is done has a test whose comment names its id (see compliance_tags.awk), what is not
# done has a reason, and tests name no id that is not there. With a JUnit file of ctest: the tests
# that it relies on ran and passed. With --remote-write first, the same of
# docs/compliance-remote-write.md; that is what compliance_remote_write.sh is for.
# Usage: compliance.sh [<source-dir> [<junit.xml>]]
#        compliance.sh --write [<source-dir>]   writes the column of tests
is_writing=false
page=docs/compliance.md
own_name=compliance.sh
while [[ ${1:-} == --* ]]; do
    case $1 in
    --write) is_writing=true ;;
    --remote-write)
        page=docs/compliance-remote-write.md
        own_name=compliance_remote_write.sh
        ;;
    *) exit 2 ;;
    esac
    shift
done
checks=$(cd "$(dirname "$0")" && pwd)
. "$checks/common.sh"
. "$checks/ran.sh"
tags_awk=$checks/compliance_tags.awk
junit=${2:+$(realpath "$2")}
groups='GEN|API|NOOP|SDK|INST|VIEW|AGG|EXPH|ASYNC|TIME|CARD|EXM|RDR|EXP|PRD|FLT|CONC|DM|STD|MEM|ENV|RES|ATTR|ERR|OBS|PERF|VER'
if [ "$page" != docs/compliance.md ]; then
    groups='RW1|RW2|HTTP|RETRY|QUEUE|CONV|PROM|RWOBS'
fi
cd "$source_dir"
[ -f "$page" ] || {
    finding "$page: is missing"
    conclude "nothing"
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Each claim once, "<id> <file>". Headers prove nothing by themselves, and the checks' own files
# speak of ids without testing what they stand for.
project_files | grep -E '^tests/.*\.(c|sh)$' |
    grep -vE '^tests/(lib/|support/|checks/(compliance|compliance_remote_write|sender_suite|ran|can_fail)\.sh$)' >"$scratch/files"
xargs awk -v groups="$groups" -f "$tags_awk" <"$scratch/files" | sort -u >"$scratch/claims"

# The page with the column of tests as the claims have it.
awk -F'|' -v OFS='|' -v groups="$groups" '
    NR == FNR {
        split($0, claim, " ")
        sub(/^tests\//, "", claim[2])
        files[claim[1]] = files[claim[1]] " `" claim[2] "`"
        next
    }
    $2 ~ "^ (" groups ")-[0-9]+ $" && NF == 9 {
        id = $2
        gsub(/ /, "", id)
        $7 = files[id] " "
    }
    { print }' "$scratch/claims" "$page" >"$scratch/page"

if $is_writing; then
    cat "$scratch/page" >"$page"
    printf 'compliance.sh: wrote the tests of %s claims\n' "$(wc -l <"$scratch/claims")"
    exit 0
fi

while read -r line; do
    finding "$line"
done < <(
    diff "$page" "$scratch/page" | sed -nE \
        's/^> \| ([A-Z0-9]+-[0-9]+) .*/'"${page//\//\\/}"': \1: the column of tests is stale; run tests\/checks\/'"$own_name"' --write/p' || true
    awk -F'|' -v page="$page" -v groups="$groups" '
        NR == FNR { split($0, claim, " "); claimed[claim[1]] = claimed[claim[1]] " " claim[2]; next }
        function tell(what) { printf "%s: %s: %s\n", page, id, what }
        function trimmed(field) { gsub(/^ +| +$/, "", field); return field }
        /^\|/ && $2 !~ /^ (id|case|---) $/ && $2 !~ /^ `/ {
            id = trimmed($2)
            level = trimmed($3)
            state = trimmed($5)
            remark = trimmed($8)
            if (NF != 9 || id !~ "^(" groups ")-[0-9][0-9]+$" || trimmed($4) == "" ||
                level !~ /^(MUST|SHOULD|MAY|FACT)( D)?$/ || state !~ /^(done|partly|no|n\.a\.)$/) {
                tell("is no row of id, level, what is asked, state, code, tests, remark")
                next
            }
            if (id in rows) { tell("has two rows") }
            rows[id] = 1
            if (state != "done" && remark == "") { tell("is not done and says not why") }
            if (level ~ /^MAY/ && remark == "") { tell("does not say what tacho does") }
            if (state == "done" && trimmed($6) == "") { tell("is done, but no file does it") }
            if (state == "done" && level ~ /^(MUST|SHOULD)/ && !(id in claimed)) {
                tell("is done, but no test names it")
            }
        }
        END {
            for (id in claimed) {
                if (!(id in rows)) {
                    printf "%s: names %s, which %s does not have\n",
                        substr(claimed[id], 2), id, page
                }
            }
            count = split(groups, group, "|")
            for (id in rows) { split(id, part, "-"); has[part[1]] = 1 }
            for (i = 1; i <= count; i++) {
                if (!(group[i] in has)) { printf "%s: has no row of %s\n", page, group[i] }
            }
        }' "$scratch/claims" "$page" | sort
)

# Files that rows name as code.
while read -r file; do
    [ -e "$file" ] || finding "$page: names $file, which does not exist"
done < <(awk -F'|' 'NF == 9 { print $6 }' "$page" | grep -oE '`[^`]+`' | tr -d '`' | sort -u)

# --- what ran ---

# A failed test proves nothing, whatever else does; a skipped one is made good by another.
judge() {
    local id=$1 file passed=false
    shift
    for file in "$@"; do
        [ -n "${outcome[$file]:-}" ] || ran "$file"
        case ${outcome[$file]} in
        passed) passed=true ;;
        skipped) ;;
        failed) finding "$id: $file: its test $(test_of "$file") failed" ;;
        missing) finding "$id: $file: its test $(test_of "$file") did not run" ;;
        esac
    done
    $passed || finding "$id: no test that proves it ran and passed"
}

if [ -n "$junit" ]; then
    results_of "$junit" >"$scratch/results"
    [ -s "$scratch/results" ] || finding "$junit: holds no test"
    while read -r id files; do
        # shellcheck disable=SC2086
        judge "$id" $files
    done < <(awk -F'|' '
        NR == FNR { split($0, claim, " "); files[claim[1]] = files[claim[1]] " " claim[2]; next }
        $3 ~ /^ (MUST|SHOULD)/ && $5 ~ /^ done $/ {
            gsub(/ /, "", $2)
            if ($2 in files) { print $2 files[$2] }
        }' "$scratch/claims" "$page")
fi

rows=$(grep -cE '^\| ('"$groups"')-[0-9]' "$page" || true)
conclude "$rows requirements"
