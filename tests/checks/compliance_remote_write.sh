#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compliance.sh of docs/compliance-remote-write.md; see there.
# Usage: compliance_remote_write.sh [--write] [<source-dir> [<junit.xml>]]
exec bash "$(dirname "$0")/compliance.sh" --remote-write "$@"
