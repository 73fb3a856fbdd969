# shellcheck shell=sh disable=SC2154  # $work and $library are of the script that sources it
# SPDX-License-Identifier: MIT
# Sourced by the scripts that build something from source packages: fetches them from where this
# machine's packages come from, checked by its keys, through package lists of its own. What the
# machine itself knows and has installed stays untouched. The sourcing script sets $work, a folder of
# its own, and fail, which says why and ends; $library is what it is at, for messages.

# quietly COMMAND...: says what it said only if it failed.
quietly() {
    "$@" >"$work/log" 2>&1 9>&- || {
        tail -n 50 "$work/log" >&2
        fail "$library: this failed: $*"
    }
}

# sources_of_machine [RELEASE...]: apt with lists of its own: the machine's sources, asked for source
# packages; of Debian these releases, too. Its keys check them.
sources_of_machine() {
    mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/apt/none"
    # shellcheck disable=SC2016  # apt's variables
    for origin in Debian Ubuntu Raspbian; do
        apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
            "Created-By: Packages" "Origin: $origin"
    done | awk '!seen[$0]++' >"$work/apt/sources.list"
    [ -s "$work/apt/sources.list" ] || fail "apt knows no package lists: run apt-get update"
    for release in "$@"; do
        # The archive itself, not its updates: the line whose release is one word.
        awk -v release="$release" '$2 ~ /\/debian\/?$/ && $3 !~ /-/ && $4 == "main" && $3 != release &&
            !done++ { print $1, $2, release, $4 }' "$work/apt/sources.list" >>"$work/apt/more"
    done
    [ ! -s "$work/apt/more" ] || awk '!seen[$0]++' "$work/apt/more" >>"$work/apt/sources.list"
    cat >"$work/apt/apt.conf" <<CONF
Dir::State::Lists "$work/apt/lists";
Dir::Cache "$work/apt";
Dir::Etc::SourceList "$work/apt/sources.list";
Dir::Etc::SourceParts "$work/apt/none";
APT::Sandbox::User "root"; // who may not read here
CONF
    export APT_CONFIG="$work/apt/apt.conf"
    quietly apt-get update
}

# fetch PACKAGE [VERSION]: unpacks the newest, or the newest that begins with VERSION, in
# $work/PACKAGE/source and leaves which one in $version. A mirror may have a file of a version and not
# the next, so an older one is taken where the newest is not whole. OpenSSL's fixes come to Debian as
# releases of OpenSSL: its newest archive is enough.
fetch() {
    mkdir -p "$work/$1/debian"
    cd "$work/$1/debian" || exit
    for version in $(apt-cache showsrc --only-source "$1" 2>/dev/null | sed -n 's/^Version: //p' |
        grep "^${2:-}" | sort -uVr); do
        if apt-get -q source --download-only --only-source "$1=$version" >"$work/log" 2>&1; then
            quietly dpkg-source -x ./*.dsc ../source
            return
        fi
        rm -f ./*
        echo "$1 $version: the source package is not whole here" >&2
        if [ "$1" = openssl ] && apt-get -q source --tar-only --only-source "$1=$version" >"$work/log" 2>&1; then
            mkdir ../source
            tar xf ./*.orig.tar.gz --strip-components=1 -C ../source
            return
        fi
    done
    cat "$work/log" >&2
    fail "$1: no source package to be had"
}
