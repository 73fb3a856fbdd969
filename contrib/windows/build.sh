#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes, on Debian or Ubuntu, the zip that Windows's users unpack: one espota-c.exe that needs nothing
# beside the system, its manual as text, licences, a bill of materials, and what the licence of
# libmicrohttpd asks for. The same source gives the same bytes, wherever it lies.
set -eu
export LC_ALL=C.UTF-8 TZ=UTC
umask 022

usage() {
    cat <<'USAGE'
usage: sh contrib/windows/build.sh [OUT]
  OUT  the folder for espota-c-VERSION-windows-x86_64.zip; otherwise the one you are in
Prints the zip's path. The libraries come from contrib/dependencies.sh, which keeps what it built.
Needs gcc-mingw-w64-x86-64-win32 mandoc pkg-config zip, and for the libraries dpkg-dev make cmake
perl.
USAGE
}

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

case ${1:-} in
-h | --help) usage; exit 0 ;;
-*) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }
mkdir -p "${1:-.}"
out=$(cd "${1:-.}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
host=x86_64-w64-mingw32
for tool in $host-gcc cmake make mandoc pkg-config zip; do
    command -v "$tool" >/dev/null 2>&1 ||
        fail "$tool is missing; on Debian: apt-get install gcc-mingw-w64-x86-64-win32 cmake make mandoc pkg-config zip"
done
: "${SOURCE_DATE_EPOCH:=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)}"
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
prefix=$(sh "$root/contrib/dependencies.sh" windows-x86_64)

if ! { cmake -S "$root" -B "$work/build" --toolchain "$root/contrib/windows/toolchain.cmake" \
    -DESPOTA_PREFIX="$prefix" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF -DESPOTA_SERVE=ON \
    -DESPOTA_WERROR="${CI:+ON}" &&
    cmake --build "$work/build" -j "$(nproc)" &&
    cmake --install "$work/build" --prefix "$work/stage" --strip --component program; } >"$work/log" 2>&1; then
    cat "$work/log" >&2
    fail "it did not build"
fi
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$work/build/CMakeCache.txt")
name=espota-c-$version-windows-x86_64
place=$work/$name
mkdir -p "$place/doc" "$place/licenses" "$place/sources"
exe=$place/espota-c.exe
cp "$work/stage/bin/espota-c.exe" "$exe"

# What Windows itself has, so that there is nothing to install beside it.
system=" ADVAPI32 BCRYPT CRYPT32 IPHLPAPI KERNEL32 MSVCRT NTDLL OLE32 SHELL32 USER32 WS2_32 "
for dll in $($host-objdump -p "$exe" | sed -n 's/^\tDLL Name: //p' | tr '[:lower:]' '[:upper:]'); do
    case $system in
    *" ${dll%.DLL} "*) ;;
    *) fail "espota-c.exe needs $dll, which is no DLL of Windows's own" ;;
    esac
done
size=$(wc -c <"$exe")
[ "$size" -lt 6000000 ] || fail "espota-c.exe has $size bytes: it was to stay below 6 MB"

for page in "$work/stage"/share/man/man[157]/*; do
    text=${page##*/}
    # a character over another is how terminals of old showed bold
    mandoc -T utf8 -O width=100 "$page" | sed 's/.\x08//g' >"$place/doc/${text%.*}.txt"
done
cp "$root/README.md" "$root/README.vi.md" "$root/CHANGES" "$root/LICENSE" "$place"
cp "$work/build/espota-c.spdx.json" "$place"
cp "$prefix/licenses"/* "$place/licenses"
cp -R "$root/contrib/arduino" "$root/contrib/platformio" "$place"

# Whoever changes libmicrohttpd may link the program again: here is its source and that of the rest.
cp "$prefix/sources"/* "$place/sources"
(cd "$root" && find CMakeLists.txt LICENSE README.md README.vi.md CHANGES src include firmware-stub \
    man completions contrib tests ! -type d ! -path '*/__pycache__/*') | sort >"$work/files"
tar -C "$root" -c --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode=u+w,go-w,a+r --transform="s|^|espota-c-$version/|" -T "$work/files" |
    gzip -9n >"$place/sources/espota-c-$version.tar.gz"
{
    cat <<'TEXT'
espota-c.exe contains these libraries, each linked into it as an archive (its licence is in the
folder licenses; espota-c.spdx.json says the same for programs):

TEXT
    awk -F '\t' '{ printf "  %-14s %-20s %s\n", $1, $2, $3 }' "$prefix/libraries"
    cat <<'TEXT'

libmicrohttpd is under the GNU Lesser General Public License, version 2.1 or later. You may change
it and link espota-c.exe again, and may take the program apart to find the mistakes of such a change.
The folder sources has its source as it was built, with Debian's changes, and that of espota-c; the
other libraries are Debian's source packages of the versions above. To make the program of them, on
Debian or Ubuntu: unpack espota-c's, put your libmicrohttpd where contrib/dependencies.sh builds its
own (the function of that name), and call

    sh contrib/windows/build.sh
TEXT
} >"$place/LIBRARIES.txt"

find "$place" -type d -exec chmod 755 {} +
find "$place" -type f -exec chmod 644 {} +
chmod 755 "$exe"
find "$place" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
rm -f "$out/$name.zip"
(cd "$work" && find "$name" -type f | LC_ALL=C sort | zip -q -X -9 "$out/$name.zip" -@)
echo "$out/$name.zip"
