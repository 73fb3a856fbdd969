#!/bin/sh
# SPDX-License-Identifier: MIT
# sysroot.sh ARCH FOLDER: unpacks Debian's packages of another architecture that building espota-c
# needs, and all that they need, into FOLDER: what a cross compiler links with and an emulator runs
# in. Neither the system nor its list of packages is touched, and root is not needed.
# FOLDER/var/lib/dpkg says which package each shared library is in.
set -eu

# Older libraries serve newer systems: this is the oldest release that is built for.
suite=${ESPOTA_SUITE:-bookworm}
mirror=${ESPOTA_MIRROR:-http://deb.debian.org/debian}

if [ $# -ne 2 ]; then
    echo "usage: sysroot.sh ARCH FOLDER" >&2
    exit 2
fi
arch=$1
folder=$2
# shellcheck source=tests/support/packages.sh
. "$(dirname "$0")/../../tests/support/packages.sh"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
info=$folder/var/lib/dpkg/info
if [ -f "$folder/complete" ]; then
    exit 0 # finished by an earlier run
fi
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/parts"
: >"$state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
    >"$state/sources.list"

# apt-get as a system of that architecture where nothing is installed yet.
foreign_apt() {
    apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
        -o APT::Install-Recommends=false -o APT::Sandbox::User="$(id -un)" \
        -o Debug::NoLocking=true -o Dir::State="$state" -o Dir::State::status="$state/status" \
        -o Dir::State::lists="$state/lists" -o Dir::Cache="$state" \
        -o Dir::Cache::archives="$state/archives" -o Dir::Etc::sourcelist="$state/sources.list" \
        -o Dir::Etc::sourceparts="$state/parts" -o Dir::Etc::preferencesparts="$state/parts" "$@"
}
foreign_apt update
# shellcheck disable=SC2086  # a list of words
foreign_apt install -y --download-only $LIBRARY_PACKAGES >/dev/null

# As Debian has it since 12: these are below usr, whatever the packages' paths say.
mkdir -p "$folder/usr" "$folder/var/lib/dpkg/info"
for name in bin sbin lib lib64; do
    mkdir -p "$folder/usr/$name"
    ln -sfn "usr/$name" "$folder/$name"
done
for deb in "$state"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$folder"
done
# A link to /lib/... means a file in here, not the host's.
find "$folder" -type l -lname '/*' | while IFS= read -r link; do
    up=$(dirname "${link#"$folder"/}" | sed 's,[^/][^/]*,..,g')
    ln -sfn "$up$(readlink "$link")" "$link"
done
# What dpkg-shlibdeps asks: which package is a library in, and since which version has it a symbol?
echo 1 >"$info/format" # names with their architecture
for deb in "$state"/archives/*.deb; do
    name=$(dpkg-deb -f "$deb" Package)
    [ "$(dpkg-deb -f "$deb" Multi-Arch)" != same ] || name=$name:$arch
    dpkg-deb -e "$deb" "$state/control"
    dpkg-deb -f "$deb" | sed '/^Package:/a Status: install ok installed'
    echo
    for part in symbols shlibs; do
        [ ! -f "$state/control/$part" ] || cp "$state/control/$part" "$info/$name.$part"
    done
    dpkg-deb --fsys-tarfile "$deb" | tar -t |
        sed -n "s|^\./\(usr/\)\{0,1\}\(.*[^/]\)\$|$folder/usr/\2|p" >"$info/$name.list"
    rm -r "$state/control"
done >"$folder/var/lib/dpkg/status"
touch "$folder/complete"
