#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and installs tacho into a scratch prefix, then builds a consumer against it in every way
# the README names: CMake package and pkg-config, shared and static, and an exporter of a third
# party that sees installed headers only. Arguments: source folder, scratch folder.
set -euo pipefail
source_dir=$1
scratch=$2/scratch
here=$(cd "$(dirname "$0")" && pwd)
prefix=$scratch/prefix
rm -rf "$scratch"
mkdir -p "$scratch"

step() { printf '== %s\n' "$*"; }

step "install into a scratch prefix"
cmake -G Ninja -S "$source_dir" -B "$scratch/build" -DCMAKE_BUILD_TYPE=Release \
    -DTACHO_BUILD_EXAMPLES=OFF -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_C_FLAGS= >"$scratch/configure.log"
cmake --build "$scratch/build" -j2 >"$scratch/build.log"
cmake --install "$scratch/build" >"$scratch/install.log"

for kind in "" _static; do
    step "CMake package, suffix '$kind'"
    cmake -G Ninja -S "$here/consumer" -B "$scratch/consumer$kind" -DCMAKE_C_FLAGS= \
        -DCMAKE_PREFIX_PATH="$prefix" -DKIND="$kind" >"$scratch/consumer$kind.log"
    cmake --build "$scratch/consumer$kind" >>"$scratch/consumer$kind.log"
    "$scratch/consumer$kind/consumer"
    "$scratch/consumer$kind/exporter"
done

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
step "pkg-config, shared"
# shellcheck disable=SC2046
cc -std=c11 -Wall -Werror "$here/consumer/consumer.c" -o "$scratch/pc_shared" \
    $(pkg-config --cflags --libs tacho-remote-write tacho-console tacho-memory) \
    -Wl,-rpath,"$prefix/lib"
"$scratch/pc_shared"

step "pkg-config, static"
# Only tacho itself is linked statically: the archives stand in a folder without the shared ones.
mkdir -p "$scratch/archives/pkgconfig"
cp "$prefix"/lib/*.a "$scratch/archives"
for file in "$prefix"/lib/pkgconfig/*.pc; do
    sed -e "s|^prefix=.*|prefix=$prefix|" -e "s|^libdir=.*|libdir=$scratch/archives|" "$file" \
        >"$scratch/archives/pkgconfig/${file##*/}"
done
export PKG_CONFIG_PATH=$scratch/archives/pkgconfig
# shellcheck disable=SC2046
cc -std=c11 -Wall -Werror "$here/consumer/consumer.c" -o "$scratch/pc_static" \
    $(pkg-config --static --cflags --libs tacho-remote-write tacho-console tacho-memory)
"$scratch/pc_static"
if ldd "$scratch/pc_static" | grep -q libtacho; then
    echo "the static program still needs a shared libtacho" >&2
    exit 1
fi

step "shared libraries stay loaded and find each other"
for library in "$prefix"/lib/libtacho_*.so; do
    readelf -d "$library" >"$scratch/dynamic"
    if ! grep -q NODELETE "$scratch/dynamic" || ! grep -q 'PATH.*ORIGIN' "$scratch/dynamic"; then
        echo "$library lacks NODELETE or a run path of \$ORIGIN" >&2
        exit 1
    fi
done
echo "1 passed, 0 failed"
