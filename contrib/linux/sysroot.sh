#!/bin/sh
# SPDX-License-Identifier: MIT
# sysroot.sh ARCH FOLDER [PACKAGE...]: unpacks Debian's packages of another architecture, and all
# that they need, into FOLDER: what a cross compiler links with and an emulator runs in. Neither the
# system nor its list of packages is touched, and root is not needed. Without PACKAGE it is what
# building espota-c needs. FOLDER/var/lib/dpkg says which package each shared library is in.
set -eu

# Older libraries serve newer systems: this is the oldest release that is built for.
suite=${ESPOTA_SUITE:-bookworm}
mirror=${ESPOTA_MIRROR:-http://deb.debian.org/debian}

if [ $# -lt 2 ]; then
    echo "usage: sysroot.sh ARCH FOLDER [PACKAGE...]" >&2
    exit 2
fi
arch=$1
folder=$2
shift 2
[ $# -gt 0 ] || set -- libc6-dev libssl-dev libcurl4-openssl-dev libjansson-dev libmicrohttpd-dev \
    libavahi-client-dev libavahi-compat-libdnssd-dev zlib1g-dev libbearssl-dev

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
foreign_apt install -y --download-only "$@" >/dev/null

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
