#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each check notices what it is there for: breaks a copy of the tree in one place after the other
# and wants the check to fail and to name the place.
# Usage: can_fail.sh [<source-dir> [<scratch-dir>]]
. "$(dirname "$0")/common.sh"
checks_dir=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d -p "${2:-${TMPDIR:-/tmp}}")
trap 'rm -rf "$scratch"' EXIT
copy=$scratch/tree
count=0

fresh_copy() {
    rm -rf "$copy"
    mkdir "$copy"
    (cd "$source_dir" && project_files | tar -cf - -T -) | tar -xf - -C "$copy"
}

# notices <check> <pattern>... [-- <argument of the check>...]: wants a line for each pattern, and a
# failure. Ends with a copy that is whole again.
notices() {
    local check=$1 output pattern rc=0
    local patterns=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        patterns+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    output=$(bash "$checks_dir/$check.sh" "$copy" "$@" 2>&1) || rc=$?
    if [ "$rc" = 77 ]; then
        printf '%s\n' "$output"
    else
        [ "$rc" = 1 ] || finding "$check.sh returned $rc for a broken tree"
        for pattern in "${patterns[@]}"; do
            count=$((count + 1))
            grep -qE "$pattern" <<<"$output" ||
                finding "$check.sh does not notice '$pattern'; it said: $(head -n 5 <<<"$output")"
        done
    fi
    fresh_copy
}

# library <name> <line of C>: a shared and a static library of that name, in the scratch folder.
library() {
    mkdir -p "$scratch/build"
    printf '%s\n' "$2" >"$scratch/build/source.c"
    "${CC:-cc}" -fPIC -c "$scratch/build/source.c" -o "$scratch/build/$1.o"
    "${CC:-cc}" -shared -nostdlib "$scratch/build/$1.o" -o "$scratch/build/lib$1.so"
    ar rc "$scratch/build/lib$1.a" "$scratch/build/$1.o"
}

fresh_copy

echo 'size_t tacho_lacks_its_include(void);' >"$copy/api/include/tacho/lonely.h"
echo 'static int tacho_unused;' >>"$copy/api/include/tacho/gauge.h"
notices headers 'tacho/lonely.h: .*size_t' 'tacho/gauge.h: .*tacho_unused'

# a member that only one of the modes has, and a gated word that is not gated
sed -i '/^typedef struct tacho_scope_options/a #ifdef TACHO_ENABLE_EXPERIMENTAL\n    int tacho_more;\n#endif' \
    "$copy/api/include/tacho/meter.h"
sed -i 's/^#ifdef TACHO_ENABLE_EXPERIMENTAL/#if 1/' "$copy/sdk/include/tacho/sdk/view.h"
notices headers 'tacho_scope_options.*differ' 'tacho_view_matching_mode.*without'

sed -i -e 's/The answer can change/The answer stays/' -e '/^TACHO_API bool tacho_gauge_enabled/i TACHO_API tacho_gauge *tacho_gauge_copy(tacho_gauge *gauge);' \
    "$copy/api/include/tacho/gauge.h"
sed -i 's/tacho_bound_gauge_record(tacho_bound_gauge \*bound, int64_t value)/tacho_bound_gauge_record(tacho_bound_gauge *bound, int64_t value, tacho_attributes attributes)/' \
    "$copy/api/include/tacho/bound.h"
notices documented 'gauge.h: does not say: The answer can change' \
    'makes an instrument without a meter: .*tacho_gauge_copy' 'a bound instrument takes attributes'

expected=()
while read -r place include; do
    mkdir -p "$(dirname "$copy/$place")"
    printf '#include %s\n' "$include" >>"$copy/$place"
    expected+=("$place: must not include $include")
done <<'TEXT'
api/src/noop.c "base/alloc.h"
api/src/table.c "tacho/sdk/resource.h"
api/src/status.c <curl/curl.h>
api/include/tacho/meter.h "tacho/sdk/resource.h"
sdk/src/base/alloc.h "attributes/attribute_set.h"
sdk/src/storage/storage.h "pipeline/pipeline.h"
sdk/src/reader/reader.h "tacho/exporters/memory.h"
sdk/src/provider/up.c "provider/../../../api/src/proxy.h"
exporters/prometheus/names.h "http/transport.h"
exporters/console/console.c "storage/storage.h"
exporters/include/tacho/exporters/memory.h "base/alloc.h"
TEXT
mkdir "$copy/sdk/src/other"
echo 'int tachoi_other;' >"$copy/sdk/src/other/other.c"
notices includes "${expected[@]}" 'sdk/src/other/other.c: in a folder'

sed -i -e '/tacho_version;/d' -e 's/^\( *\)tacho_status_text;/&\n\1tacho_versions;\n\1tacho_empty;/' \
    "$copy/api/tacho_api.map"
notices symbols 'api: tacho_version is declared' 'api: tacho_versions is in a version script' \
    'tacho_api.map: is not sorted'
library tacho_api 'int tacho_more(void); int tacho_more(void) { return 1; }'
library tacho_sdk 'int tacho_more(void); int tacho_more(void) { return 2; }'
notices symbols 'libtacho_api.so: tacho_more is exported' \
    'libtacho_api.so: tacho_version is in api/tacho_api.map but not' \
    'tacho_more: is defined in two object files' -- "$scratch/build"
rm -rf "$scratch/build"

sed -i '/SPDX/d' "$copy/api/src/noop.c"
printf '#!/bin/sh\n' >"$copy/examples/script"
notices licence 'api/src/noop.c: no SPDX line' 'examples/script: no SPDX line'

echo '/* edited */' >>"$copy/proto/generated/remote_write_v1.pb-c.c"
notices generated 'remote_write_v1.pb-c.c'

echo '__attribute__((constructor)) void tachoi_begin(void);' >>"$copy/sdk/src/base/alloc.c"
printf 'void tacho_judge(int a) {\n    assert(a);\n}\n' >>"$copy/sdk/src/base/clock.c"
echo 'void tachoi_end(void) { exit(1); }' >>"$copy/exporters/prometheus/names.c"
notices forbidden 'sdk/src/base/alloc.c: has a constructor' \
    'sdk/src/base/clock.c: tacho_judge asserts' 'exporters/prometheus/names.c: calls exit'
library tacho_api 'void exit(int); int rand(void); char *setlocale(int, const char *);
int sigaction(int, void *, void *); void curl_global_cleanup(void); void tachoi_call(void);
void tachoi_call(void) {
    setlocale(0, ""); sigaction(1, 0, 0); curl_global_cleanup(); exit(rand());
}'
expected=()
for name in exit rand setlocale sigaction curl_global_cleanup; do
    expected+=("libtacho_api.a:tacho_api.o: calls $name")
done
notices forbidden "${expected[@]}" -- "$scratch/build"

echo 'int   tachoi_untidy ;' >>"$copy/api/src/noop.c"
notices format 'api/src/noop.c:.*clang-format'

sed -i 's/do not use$/do use/' "$copy/exporters/include/tacho/exporters/console.h"
sed -i 's/Semantic Versioning/Versioning/' "$copy/VERSIONING.md"
mkdir "$copy/api/include/tacho/unstable"
cp "$copy/api/include/tacho/bound.h" "$copy/api/include/tacho/unstable/bound.h"
echo '/* an aggregator */' >>"$copy/sdk/include/tacho/sdk/view.h"
sed -i '0,/^#ifdef TACHO_ENABLE_EXPERIMENTAL/s//#ifndef TACHO_DISABLED/' \
    "$copy/sdk/include/tacho/sdk/meter_provider.h"
notices promised 'console.h: does not say' 'VERSIONING.md: does not say' \
    'tacho/unstable/bound.h: .*stability' 'view.h: .*aggregator' 'tacho_meter_config: is declared'

sed -i '0,/\.boundary_count/s//.boundary_number/' "$copy/docs/guides/views.md"
printf '<!-- not compiled: -->\n```c\nint x\n```\n<!-- not compiled: short -->\ntext\n' >>"$copy/README.md"
sed -i '0,/tacho_meter_provider_set_global/s//tacho_meter_provider_install/' "$copy/README.md"
notices snippets 'docs/guides/views.md:[0-9]+:.*boundary_number' \
    'README.md:[0-9]+:.*tacho_meter_provider_install' \
    'README.md:[0-9]+: not compiled, but the comment gives no reason' \
    'README.md:[0-9]+: no C follows this comment'

# The page: each line damages one row, which the message names.
sed -i -E -e '/^\| SDK-01 /d' -e '/^\| SDK-02 /p' \
    -e 's/^(\| SDK-03 \|)[^|]*\|/\1 WISH |/' \
    -e '/^\| SDK-04 /s/`sdk/`sdk\/missing/' \
    -e '/^\| SDK-10 /s/\| done \|/| partly |/' \
    -e '/^\| SDK-08 /s/\| [^|]* \|$/| |/' \
    -e '/^\| SDK-11 /s/`unit/`unit\/stale/' "$copy/docs/compliance.md"
printf '/* SDK-97, SDK-98..99 */\n' >"$copy/tests/unit/claims_test.c"
notices compliance 'SDK-01, which .* does not have' 'SDK-02: has two rows' 'SDK-03: is no row' \
    'names sdk/missing.*, which does not exist' 'SDK-10: is not done and says not why' \
    'SDK-08: does not say what tacho does' 'SDK-11: the column of tests is stale' \
    'claims_test.c: names SDK-97' 'claims_test.c: names SDK-98' 'claims_test.c: names SDK-99'
# A test that goes leaves its requirements behind; ids in running text or in code claim nothing.
find "$copy/tests" -name '*.[ch]' -exec sed -i -E 's/STD-0?2/STD, see 02/g' {} +
printf '/* proves STD-02 */\nstatic const char *text = "/* STD-02 */";\n' \
    >"$copy/tests/unit/claims_test.c"
notices compliance 'STD-02: is done, but no test names it'

# What ran: a result of each kind.
junit=$scratch/junit.xml
printf '<testsuite>\n' >"$junit"
find "$copy/tests" -name '*.c' -o -name '*.sh' | sed -E 's,.*/tests/,,; s,/,.,g; s,\.[a-z]+$,,' |
    sort -u | grep -vE '^unit\.(console|memory)_test$' |
    sed -E 's,(.*),<testcase name="\1" classname="\1" time="0" status="run">,' >>"$junit"
cat >>"$junit" <<'TEXT'
<testcase name="unit.console_test" classname="unit.console_test" time="0" status="fail">
<testcase name="unit.memory_testing" classname="unit.memory_testing" time="0" status="run">
TEXT
notices compliance 'STD-02: tests/unit/console_test.c: its test unit.console_test failed' \
    'MEM-01: tests/unit/memory_test.c: its test unit.memory_test did not run' -- "$junit"
sed -i 's/status="fail"/status="notrun"/; s/memory_testing/memory_test/' "$junit"
notices compliance '^STD-02: no test that proves it ran and passed' -- "$junit"
sed -i 's/status="notrun"/status="run"/' "$junit"
bash "$checks_dir/compliance.sh" "$copy" "$junit" >/dev/null ||
    finding "compliance.sh does not accept a tree in which all tests passed"

# The page of remote write, and the suite's cases on it.
page=docs/compliance-remote-write.md
sed -i -E -e '/^\| RW1-02 /d' -e '/^\| RW1-03 /s/`conformance/`stale/' "$copy/$page"
notices compliance_remote_write 'names RW1-02, which .* does not have' \
    'RW1-03: the column of tests is stale; run tests/checks/compliance_remote_write.sh'
sed -i -E -e '/^\| `1.0\/Up` /s/\| [^|]*\|$/| |/' -e '/^\| `1.0\/Gauge` /p' \
    -e '/^\| `1.0\/Summary` /d' -e '/^\| `1.0\/Headers` /s/`v1\.[a-z0-9_]+`/`v1.gone`/' \
    -e '/^\| `1.0\/Counter` /s/MUST/WISH/' "$copy/$page"
printf '/* cases: 1.0/Nothing, nonsense,\n * 1.0/Up */\nTest(a, b) {\n}\n' \
    >"$copy/tests/conformance/sender/claims_test.c"
printf '/* cases: 1.0/Gauge */\nTest(a, c,\n     .disabled = true) {\n}\n' \
    >>"$copy/tests/conformance/sender/claims_test.c"
notices sender_suite '1.0/Up: has no counterpart and says not why' '1.0/Gauge: has two rows' \
    'names 1.0/Summary, which' '1.0/Headers: the column of counterparts is stale' \
    '1.0/Counter: is no row' 'names 1.0/Nothing, which' 'a.b names nonsense, which is no case' \
    '1.0/Up: has a counterpart in' 'a.c is switched off'
sed -i -E 's,cases: 1.0/Gauge,proves nothing,' "$copy/tests/conformance/sender/sender_v1_test.c"
notices sender_suite '1.0/Gauge: no test is its counterpart'
sed -i -E '/sender_v1_test/s/status="run"/status="fail"/; /sender_retry_test/d' "$junit"
notices sender_suite 'sender_v1_test did not run and pass: failed' \
    'sender_retry_test did not run and pass: missing' -- "$junit"

conclude "$count kinds of damage"
