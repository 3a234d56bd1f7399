# SPDX-License-Identifier: Apache-2.0
# Owns what a JUnit file of ctest says of the tests that a page relies on. Sourced; needs $scratch.

# The names of the ctest tests that a file is, a pattern.
test_of() {
    local path=${1#tests/}
    path=${path%.*}
    printf '%s' "${path//\//.}"
}

# "<test> <status>" for each test of the JUnit file: run (and passed), fail, notrun, disabled.
results_of() {
    grep -oE '<testcase [^>]*>' "$1" |
        sed -nE 's/.* name="([^"]*)".* status="([^"]*)".*/\1 \2/p' | sort -u
}

# ran <file>: whether its test passed, failed, was skipped or is missing, by $scratch/results. One
# file may be several tests, called <test>_<what>.
declare -A outcome
ran() {
    local test statuses
    test=$(test_of "$1")
    statuses=$(awk -v test="$test" '
        $1 == test || index($1, test "_") == 1 && test ~ /^integration\./ { print $2 }' \
        "$scratch/results" | sort -u)
    case $statuses in
    '') outcome[$1]=missing ;;
    run) outcome[$1]=passed ;;
    *fail*) outcome[$1]=failed ;;
    *) outcome[$1]=skipped ;;
    esac
}
