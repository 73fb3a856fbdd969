#!/bin/sh
# SPDX-License-Identifier: MIT
# What an emulated device is made of beside our own code, from Debian's source packages: lwIP as the
# ESP8266 has it (2.1) and a newer one (2.2), BearSSL, and zlib for a loader that unpacks.
#
#   sh tests/target/boards/sources.sh FOLDER      FOLDER/lwip-2.1, lwip-2.2, bearssl, zlib
#
# What is there is kept. Where a version is not to be had (on a system whose keys do not know Debian's),
# its folder is not made: the tests that want it say so.
set -eu
export LC_ALL=C

fail() {
    echo "sources.sh: $*" >&2
    exit 1
}

[ $# -eq 1 ] || fail "usage: sh tests/target/boards/sources.sh FOLDER"
# shellcheck source=contrib/source_packages.sh
. "$(dirname "$0")/../../../contrib/source_packages.sh"
mkdir -p "$1"
to=$(cd "$1" && pwd)
[ ! -e "$to/complete" ] || [ ! -d "$to/zlib" ] || exit 0
for tool in apt-get dpkg-source; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing; on Debian: apt-get install dpkg-dev"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# take PACKAGE VERSION NAME
take() {
    library=$3
    (fetch "$1" "$2") || return 0
    rm -rf "${to:?}/$3"
    mv "$work/$1/source" "$to/$3"
    rm -rf "${work:?}/$1"
}

library=apt
sources_of_machine bookworm trixie
take lwip 2.1 lwip-2.1
take lwip 2.2 lwip-2.2
take bearssl 0 bearssl
take zlib 1: zlib
[ -d "$to/bearssl" ] || fail "no BearSSL"
[ -d "$to/zlib" ] || fail "no zlib"
[ -d "$to/lwip-2.1" ] || [ -d "$to/lwip-2.2" ] || fail "no lwIP"
: >"$to/complete"
