# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Owns getting programs out of Debian's packages without installing them: with lists and folders of
# its own, so that nothing of the system's apt changes, no service starts, and a plain user can do
# it. To be sourced after common.sh. Mirrors and proxies are those that the system's apt is set up
# for.

# Seconds after which one download is given up, and for which a failed one is not tried again.
DEBIAN_TIMEOUT=300
DEBIAN_PATIENCE=1800

# debian_unpack FOLDER SUITE PACKAGE...: the packages' files are in FOLDER, from earlier or now.
# SUITE is sid, or `system` for that of this machine. False, with the reason in DEBIAN_REASON, if
# they cannot be had. Several processes may call it at once.
debian_unpack() {
    local folder=$1
    DEBIAN_REASON=
    [ ! -d "$folder" ] || return 0
    if ! command -v apt-get >/dev/null; then
        DEBIAN_REASON="there is no apt-get here"
        return 1
    fi
    mkdir -p "$(dirname "$folder")"
    exec 9>"$folder.lock"
    flock 9
    local rc=0
    if [ ! -d "$folder" ]; then
        debian_download_and_unpack "$@" || rc=1
    fi
    exec 9>&-
    return "$rc"
}

# Whether a download failed not long ago: without a network each test would wait for it again.
debian_has_just_failed() {
    [ -e "$1" ] && (($(date +%s) - $(stat -c %Y "$1") < DEBIAN_PATIENCE))
}

debian_download_and_unpack() {
    local folder=$1 suite=$2 work=$1.download log=$1.log package
    shift 2
    if debian_has_just_failed "$folder.failed"; then
        DEBIAN_REASON="its download failed a short while ago ($log)"
        return 1
    fi
    say "Unpacking Debian's $* ($suite) into $folder; nothing is installed"
    rm -rf "$work" "$folder.failed"
    mkdir -p "$work/packages" "$work/root"
    if debian_download "$work" "$suite" "$@" >"$log" 2>&1; then
        for package in "$work"/packages/*.deb; do
            dpkg -x "$package" "$work/root" >>"$log" 2>&1 || break
            package=
        done
        if [ -z "$package" ]; then
            mv "$work/root" "$folder"
            rm -rf "$work"
            return 0
        fi
    fi
    DEBIAN_REASON="it cannot be downloaded: $(grep -E '^[EW]:' "$log" | head -n 1 || true) ($log)"
    rm -rf "$work"
    : >"$folder.failed"
    return 1
}

# debian_source SUITE: a line of sources.list for that suite of the mirror that the system uses.
debian_source() {
    local mirror suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    read -r mirror suite < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
        'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null) ||
        read -r mirror suite < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
            'Created-By: Packages' 2>/dev/null | grep -v security) || true
    [ -n "$mirror" ] || {
        echo "E: the system's apt names no mirror of Debian"
        return 1
    }
    [ "$1" = system ] || suite=$1
    [ -r "$keyring" ] || {
        echo "E: $keyring is missing"
        return 1
    }
    echo "deb [signed-by=$keyring] $mirror $suite main"
}

# debian_download WORK SUITE PACKAGE...: into WORK/packages.
debian_download() (
    cd "$1" || return 1
    local options=(-q -o "Dir::Etc::SourceList=$1/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
        -o "Dir::State=$1/state" -o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1/cache"
        -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::http::Timeout=30
        -o Acquire::https::Timeout=30 -o APT::Sandbox::User=)
    mkdir -p state lists/partial cache/archives/partial
    debian_source "$2" >sources.list || {
        cat sources.list
        return 1
    }
    shift 2
    timeout "$DEBIAN_TIMEOUT" apt-get "${options[@]}" --error-on=any update || return 1
    cd packages || return 1
    timeout "$DEBIAN_TIMEOUT" apt-get "${options[@]}" download "$@"
)
