#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Proves that a leak in a Criterion test fails the test run: runs ctest on a leaking program with the
# pattern that all tests have, and expects failure, for that reason; and success without the pattern,
# for otherwise something else would have made it fail.
# usage: leak_is_caught.sh PROGRAM PATTERN FOLDER
set -euo pipefail
program=$1
pattern=$2
folder=$3
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

run_ctest() {
    printf '%s\n' "add_test(leaking [==[$program]==])" "$1" >CTestTestfile.cmake
    ctest --output-on-failure >output 2>&1
}

fail() {
    echo "leak_is_caught: $1"
    sed 's/Sanitizer/Sanitiser/g' output # the words themselves would fail this test
    exit 1
}

if ! run_ctest ""; then
    fail "the leaking program fails by itself: Criterion has changed, look whether the pattern is needed"
fi
if run_ctest "set_tests_properties(leaking PROPERTIES FAIL_REGULAR_EXPRESSION [==[$pattern]==])"; then
    fail "ctest did not notice the leak"
fi
if ! grep -q "Direct leak of 123 byte" output; then
    fail "ctest failed, but not for the leak"
fi
echo "leak_is_caught: a leak of 123 bytes failed the run"
