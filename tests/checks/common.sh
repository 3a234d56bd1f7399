# SPDX-License-Identifier: Apache-2.0
# Owns what the checks share. Sourced with the source folder as $1, by default this one. A check
# prints each finding on a line of its own and returns 1; where a tool is missing it says so and
# returns 77 (skipped).
set -euo pipefail
export LC_ALL=C
source_dir=$(cd "${1:-$(dirname "$0")/../..}" && pwd)
findings=0

finding() {
    printf '%s\n' "$*"
    findings=$((findings + 1))
}

conclude() {
    if [ "$findings" -gt 0 ]; then
        printf '%s: %d finding(s)\n' "$(basename "$0")" "$findings"
        exit 1
    fi
    printf '%s: nothing found in %s\n' "$(basename "$0")" "$1"
    exit 0
}

skip() {
    printf '%s: skipped, %s\n' "$(basename "$0")" "$1"
    exit 77
}

# The project's files relative to the source folder, one per line: what git knows or would add, or
# everything but build folders where this is no git tree.
project_files() {
    if [ -e "$source_dir/.git" ] && command -v git >/dev/null; then
        git -c safe.directory='*' -C "$source_dir" ls-files --cached --others --exclude-standard |
            while read -r file; do
                [ ! -f "$source_dir/$file" ] || printf '%s\n' "$file"
            done
    else
        (cd "$source_dir" && find . -type f -not -path './build/*' | cut -c3-)
    fi | sort -u
}

# Files written by hand in C.
c_files() {
    project_files | grep -E '\.[ch]$' | grep -v '^proto/generated/' || true
}

# Files of that name in a build folder, but for those that tests leave in it.
built_files() {
    find "$1" -path "$1/tests" -prune -o -name "$2" -print | sort
}

# A source without comments and with empty strings; fewer lines than the file.
code_of() {
    "${CC:-cc}" -fpreprocessed -E -P -x c "$source_dir/$1" 2>/dev/null |
        sed -E 's/"([^"\\]|\\.)*"/""/g'
}
