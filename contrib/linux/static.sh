#!/bin/sh
# SPDX-License-Identifier: MIT
# static.sh CPU OUT: makes OUT/espota-c-VERSION-linux-CPU.tar.gz, whose programs need nothing of the
# Linux that they run on: no libraries, no packages, no particular distribution. CPU is x86_64,
# aarch64 or armv6 (the first Raspberry Pis and the Zero, which Debian's armhf does not run on). The
# libraries come from ../dependencies.sh; the compiler is zig's, with the C library musl: ZIG is how
# it is called (zig, or python3 -m ziglang). Prints the archive's path.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: static.sh x86_64|aarch64|armv6 OUT" >&2
    exit 2
fi
cpu=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case $cpu in
x86_64 | aarch64) target="-target $cpu-linux-musl" ;;
armv6) target="-target arm-linux-musleabihf -mcpu=arm1176jzf_s" ;;
*)
    echo "static.sh: '$cpu' is neither x86_64, aarch64 nor armv6" >&2
    exit 2
    ;;
esac
mkdir -p "$2"
out=$(cd "$2" && pwd)
: "${SOURCE_DATE_EPOCH:=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)}"
export SOURCE_DATE_EPOCH
if [ -z "${ZIG:-}" ]; then
    ZIG=zig
    command -v zig >/dev/null 2>&1 || ZIG="python3 -m ziglang"
fi
export ZIG
libraries=$(sh "$here/../dependencies.sh" "linux-musl-$cpu")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# CMake takes programs, not commands.
mkdir "$work/bin"
tool() {
    printf '#!/bin/sh\nexec %s "$@"\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
tool cc "$ZIG cc $target -g0"
tool ar "$ZIG ar"
tool ranlib "$ZIG ranlib"

# What pkg-config finds is of the target alone.
export PKG_CONFIG_LIBDIR="$libraries/lib/pkgconfig"
cmake -S "$root" -B "$work/build" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$cpu" \
    -DESPOTA_PREFIX="$libraries" -DCMAKE_C_COMPILER="$work/bin/cc" -DCMAKE_AR="$work/bin/ar" \
    -DCMAKE_RANLIB="$work/bin/ranlib" -DCMAKE_FIND_ROOT_PATH="$libraries" \
    -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY \
    -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_EXE_LINKER_FLAGS="-static -s" -DESPOTA_STATIC=ON \
    -DESPOTA_SERVE=ON -DBUILD_TESTING=OFF -DESPOTA_WERROR="${ESPOTA_WERROR:-OFF}" >&2
cmake --build "$work/build" -j "$(nproc 2>/dev/null || echo 2)" >&2
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:.*=//p' "$work/build/CMakeCache.txt")
name=espota-c-$version-linux-$cpu
cmake --install "$work/build" --prefix "$work/$name" --component program >&2
doc=$work/$name/share/doc/espota-c
cp -R "$libraries/licenses" "$libraries/sources" "$doc"
{
    cat <<'TEXT'
The program contains these libraries, each linked into it as an archive (its licence is in the folder
licenses; espota-c.spdx.json says the same for programs):

TEXT
    awk -F '\t' '{ printf "  %-14s %-20s %s\n", $1, $2, $3 }' "$libraries/libraries"
    cat <<'TEXT'

libmicrohttpd is under the GNU Lesser General Public License, version 2.1 or later. You may change
it and link the program again, and may take the program apart to find the mistakes of such a change.
The folder sources has its source as it was built, with Debian's changes; that of espota-c lies where
this archive came from. To make the program of them, on Debian or Ubuntu: put your libmicrohttpd where
contrib/dependencies.sh builds its own (the function of that name), and call contrib/linux/static.sh.
TEXT
} >"$doc/LIBRARIES.txt"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mode=go-w \
    --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" | gzip -9n >"$work/tar.gz"
mv "$work/tar.gz" "$out/$name.tar.gz"
echo "$out/$name.tar.gz"
