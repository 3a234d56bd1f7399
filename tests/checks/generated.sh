#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The committed protobuf-c code is what protoc-c makes of the .proto files now.
# Usage: generated.sh [<source-dir>]
. "$(dirname "$0")/common.sh"

command -v protoc-c >/dev/null || skip "protoc-c is not here, so nothing can be compared"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
count=0
for message in "$source_dir"/proto/*.proto; do
    protoc-c --c_out="$fresh" --proto_path="$source_dir/proto" "$message"
    count=$((count + 1))
done
while read -r difference; do
    finding "proto/generated: $difference"
done < <(diff -rq "$source_dir/proto/generated" "$fresh" || true)
conclude "$count messages"
