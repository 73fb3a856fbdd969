#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh ARCH OUT: makes Debian's packages for arm64, armhf or amd64 and puts them into OUT. On
# another architecture than its own it needs that one's cross compiler (gcc-aarch64-linux-gnu,
# gcc-arm-linux-gnueabihf) and takes the libraries from sysroot.sh. Debian's armhf is ARMv7: for the
# first Raspberry Pis see static.sh.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: deb.sh arm64|armhf|amd64 OUT" >&2
    exit 2
fi
arch=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
case $arch in
arm64) triplet=aarch64-linux-gnu cpu=aarch64 ;;
armhf) triplet=arm-linux-gnueabihf cpu=armv7l ;;
amd64) triplet=x86_64-linux-gnu cpu=x86_64 ;;
*)
    echo "deb.sh: '$arch' is neither arm64, armhf nor amd64" >&2
    exit 2
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

set -- -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF -DESPOTA_SERVE=ON -DESPOTA_STUB=ON \
    -DESPOTA_AVAHI=ON -DESPOTA_DNSSD=ON -DESPOTA_WERROR="${ESPOTA_WERROR:-OFF}"
if [ "$(dpkg --print-architecture)" != "$arch" ]; then
    if ! command -v "$triplet-gcc" >/dev/null 2>&1; then
        echo "deb.sh: $triplet-gcc is missing; on Debian: apt-get install gcc-$triplet" >&2
        exit 1
    fi
    sysroot=${ESPOTA_SYSROOT:-$work/sysroot}
    sh "$here/sysroot.sh" "$arch" "$sysroot"
    sysroot=$(cd "$sysroot" && pwd)
    set -- "$@" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$cpu \
        -DCMAKE_C_COMPILER=$triplet-gcc -DCMAKE_LIBRARY_ARCHITECTURE=$triplet \
        -DCMAKE_SYSROOT="$sysroot" -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER \
        -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY \
        -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DESPOTA_DEBIAN_ARCH="$arch" \
        -DCPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS="$sysroot/usr/lib/$triplet"
    # what pkg-config, dpkg-query and dpkg-shlibdeps look at in place of this system
    export PKG_CONFIG_SYSROOT_DIR="$sysroot" DPKG_ADMINDIR="$sysroot/var/lib/dpkg" \
        PKG_CONFIG_LIBDIR="$sysroot/usr/lib/$triplet/pkgconfig:$sysroot/usr/share/pkgconfig" \
        DEB_HOST_ARCH="$arch"
fi
cmake -S "$root" -B "$work/build" "$@" >&2
cmake --build "$work/build" -j "$(nproc 2>/dev/null || echo 2)" >&2
cpack --config "$work/build/CPackConfig.cmake" -G DEB -B "$work/packages" >&2
cp "$work"/packages/*.deb "$out"
