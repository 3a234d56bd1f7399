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

# notices <check> <pattern that it should print> [<argument of the check>...]
notices() {
    local check=$1 pattern=$2 output rc=0
    shift 2
    count=$((count + 1))
    output=$(bash "$checks_dir/$check.sh" "$copy" "$@" 2>&1) || rc=$?
    if [ "$rc" = 77 ]; then
        printf '%s\n' "$output"
    elif [ "$rc" != 1 ] || ! grep -qE "$pattern" <<<"$output"; then
        finding "$check.sh does not notice '$pattern': it returned $rc and said: $(head -n 3 <<<"$output")"
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
notices headers 'tacho/lonely.h: .*size_t'
echo 'static int tacho_unused;' >>"$copy/api/include/tacho/status.h"
notices headers 'tacho/status.h: '

# place, include, what should be said
while read -r place include; do
    printf '#include %s\n' "$include" >>"$copy/$place"
    notices includes "$place: must not include $include"
done <<'TEXT'
api/src/noop.c "base/alloc.h"
api/src/noop.c "tacho/sdk/resource.h"
api/src/noop.c <curl/curl.h>
api/include/tacho/meter.h "tacho/sdk/resource.h"
sdk/src/base/alloc.h "attributes/attribute_set.h"
sdk/src/storage/storage.h "pipeline/pipeline.h"
sdk/src/reader/reader.h "tacho/exporters/memory.h"
exporters/prometheus/names.h "http/transport.h"
exporters/console/console.c "storage/storage.h"
exporters/include/tacho/exporters/memory.h "base/alloc.h"
TEXT
mkdir "$copy/sdk/src/other"
echo 'int tachoi_other;' >"$copy/sdk/src/other/other.c"
notices includes 'sdk/src/other/other.c: in a folder'

sed -i '/tacho_version;/d' "$copy/api/tacho_api.map"
notices symbols 'api: tacho_version is declared'
sed -i 's/^\( *\)tacho_version;/\1tacho_version;\n\1tacho_versions;/' "$copy/api/tacho_api.map"
notices symbols 'api: tacho_versions is in a version script'
sed -i 's/^\( *\)tacho_version;/\1tacho_version;\n\1tacho_bound_gauge_record;/' \
    "$copy/api/tacho_api.map"
notices symbols 'tacho_api.map: is not sorted'
library tacho_api 'int tacho_more(void); int tacho_more(void) { return 1; }'
notices symbols 'libtacho_api.so: tacho_more is exported' "$scratch/build"
notices symbols 'libtacho_api.so: tacho_version is in api/tacho_api.map but not' "$scratch/build"
library tacho_sdk 'int tacho_more(void); int tacho_more(void) { return 2; }'
notices symbols 'tacho_more: is defined in two object files' "$scratch/build"
rm -rf "$scratch/build"

sed -i '/SPDX/d' "$copy/api/src/noop.c"
notices licence 'api/src/noop.c: no SPDX line'
printf '#!/bin/sh\n' >"$copy/examples/script"
notices licence 'examples/script: no SPDX line'

echo '/* edited */' >>"$copy/proto/generated/remote_write_v1.pb-c.c"
notices generated 'remote_write_v1.pb-c.c'

echo '__attribute__((constructor)) void tachoi_begin(void);' >>"$copy/sdk/src/base/alloc.c"
notices forbidden 'sdk/src/base/alloc.c: has a constructor'
printf 'void tacho_judge(int a) {\n    assert(a);\n}\n' >>"$copy/sdk/src/base/alloc.c"
notices forbidden 'sdk/src/base/alloc.c: tacho_judge asserts'
echo 'void tachoi_end(void) { exit(1); }' >>"$copy/exporters/prometheus/names.c"
notices forbidden 'exporters/prometheus/names.c: calls exit'
for call in 'exit(int)' 'rand(int)' 'setlocale(int)' 'sigaction(int)' 'curl_global_cleanup(int)'; do
    name=${call%%(*}
    library tacho_api "void $call; void tachoi_call(void); void tachoi_call(void) { $name(1); }"
    notices forbidden "libtacho_api.a:tacho_api.o: calls $name" "$scratch/build"
done

echo 'int   tachoi_untidy ;' >>"$copy/api/src/noop.c"
notices format 'api/src/noop.c:.*clang-format'

conclude "$count broken copies"
