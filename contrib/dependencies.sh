#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the libraries that espota-c is made of, as archives, for a system whose own packages bring
# none: Windows, and a Linux program that needs nothing of the machine that it runs on. They come
# from the source packages of the Debian (or Ubuntu) that this runs on, with that system's fixes and
# checked by its keys, and what is built is the same bytes wherever it is built.
#
#   prefix=$(sh contrib/dependencies.sh windows-x86_64)
#
# $prefix/libraries is a table for those who pack the program: name, version, licence, source and its
# SHA-256 ("-": it came with the compiler), a tab between two. $prefix/licenses has the texts,
# $prefix/sources what a licence asks to be handed on.
set -eu
export LC_ALL=C

usage() {
    cat <<'USAGE'
usage: sh contrib/dependencies.sh TARGET
  TARGET  windows-x86_64, linux-musl-x86_64, linux-musl-aarch64 or linux-musl-armv6
Puts them into the folder TARGET of ESPOTA_DEPENDENCIES, or of espota-c below XDG_CACHE_HOME
(~/.cache), and prints it. What is there and still of these versions and this recipe is kept. ZIG is how zig is
called, for musl: otherwise "zig", or "python3 -m ziglang" (pip install ziglang).
USAGE
}

fail() {
    echo "dependencies.sh: $*" >&2
    exit 1
}

# A wrapper carries what each object must be compiled with: some libraries record their flags.
wrap() {
    name=$1
    shift
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$work/bin/$name"
    chmod +x "$work/bin/$name"
}

zig_target() {
    openssl_dir=/etc/ssl
    ca_fallback=ON
    if [ -z "${ZIG:-}" ]; then
        ZIG=zig
        command -v zig >/dev/null 2>&1 || ZIG="python3 -m ziglang"
    fi
    compiler="$ZIG cc -target $1-linux-musl -g0 -fno-sanitize=undefined"
    host=$1-linux-musl
    cpu=$1
    system=Linux
    ar="$ZIG ar"
    ranlib="$ZIG ranlib"
}

target=${1:-}
case $target in
-h | --help) usage; exit 0 ;;
windows-x86_64)
    openssl_target=mingw64
    # where certificates are looked for, if at all: only administrators write there
    openssl_dir="C:/Program Files/Common Files/SSL"
    ca_fallback=OFF
    host=x86_64-w64-mingw32
    cpu=x86_64
    system=Windows
    # beside each other in one program, so they must agree on how many sockets a set holds
    compiler="$host-gcc -D_WIN32_WINNT=0x0A00 -DFD_SETSIZE=4096"
    ar=$host-ar
    ranlib=$host-ranlib
    mingw="mingw-w64-x86-64-dev"
    gcc="gcc-mingw-w64-x86-64-win32-runtime"
    ;;
linux-musl-x86_64) openssl_target=linux-x86_64; zig_target x86_64 ;;
linux-musl-aarch64) openssl_target=linux-aarch64; zig_target aarch64 ;;
linux-musl-armv6)
    openssl_target=linux-armv4
    zig_target armv6
    # the first Raspberry Pis and the Zero
    compiler="$ZIG cc -target arm-linux-musleabihf -mcpu=arm1176jzf_s -g0 -fno-sanitize=undefined"
    host=arm-linux-musleabihf
    ;;
*) usage >&2; exit 2 ;;
esac
packages=$(dirname "$0")/source_packages.sh
# shellcheck source=contrib/source_packages.sh
. "$packages"
prefix=${ESPOTA_DEPENDENCIES:-${XDG_CACHE_HOME:-$HOME/.cache}/espota-c}/$target
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)

# What a library needs no other for comes first. Each is built by the function of its name.
libraries="zlib openssl jansson libmicrohttpd curl"

licence_of() {
    case $1 in
    zlib) echo "Zlib LICENSE" ;;
    openssl) echo "Apache-2.0 LICENSE.txt" ;;
    jansson) echo "MIT LICENSE" ;;
    libmicrohttpd) echo "LGPL-2.1-or-later COPYING" ;;
    curl) echo "curl COPYING" ;;
    esac
}

# The newest version that this machine's package lists know: asks nobody, so that a second run takes
# no time. A binary package that was only built again ("+b1") has the same source.
known_version() {
    case $1 in
    zlib) package=zlib1g-dev ;;
    openssl) package=libssl-dev ;;
    jansson) package=libjansson-dev ;;
    libmicrohttpd) package=libmicrohttpd-dev ;;
    curl) package=libcurl4-openssl-dev ;;
    esac
    apt-cache policy "$package" | sed -n 's/+b[0-9]*$//; s/^  Candidate: //p'
}

recipe() {
    cat "$0" "$packages" | sha256sum
    $compiler --version || true
    [ "$system" = Linux ] || dpkg-query -W "$mingw" "$gcc" || true
    for library in $libraries; do
        echo "$library $(known_version "$library")"
    done
}

exec 9>"$prefix/.lock"
command -v flock >/dev/null 2>&1 && flock 9
stamp=$(recipe 2>/dev/null | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$prefix/stamp" 2>/dev/null)" = "$stamp" ]; then
    echo "$prefix"
    exit 0
fi
for tool in apt-get dpkg-source make cmake perl ${compiler%% *}; do
    command -v "$tool" >/dev/null 2>&1 ||
        fail "$tool is missing; on Debian: apt-get install dpkg-dev make cmake perl, and the compiler"
done
$compiler --version >/dev/null 2>&1 || fail "this compiler does not work: $compiler"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$work/bin" "$work/out/lib/pkgconfig"
# Neither the clock nor where it is built leaves a trace in what is built.
wrap cc "$compiler" "-ffile-prefix-map=$work=."
wrap ar "$ar"
wrap ranlib "$ranlib"
PATH=$work/bin:$PATH
export PATH SOURCE_DATE_EPOCH=0 ZIG_LOCAL_CACHE_DIR="$work/zig"
jobs=$(nproc 2>/dev/null || echo 2)

# Its configure knows no Windows, for which Debian's source has no other way; of an archive it asks
# nothing that differs there.
zlib() {
    quietly env CC=cc AR=ar RANLIB=ranlib CHOST= uname=Linux ./configure --static --prefix="$out"
    quietly make -j "$jobs" libz.a
    quietly make install-libs
    cp zlib.h zconf.h "$out/include"
}

# What only old programs speak is left out, and what is loaded: a program that is one file has no
# business to read a configuration or code from somewhere else. Keys may have any cipher that the
# default provider has.
openssl() {
    quietly ./Configure "$openssl_target" CC=cc AR=ar RANLIB=ranlib --prefix=/usr --libdir=lib \
        --openssldir="$openssl_dir" no-shared no-tests no-legacy no-engine no-module no-dso \
        no-autoload-config no-ui-console no-comp no-ssl3 no-dtls no-sctp no-srp no-srtp no-psk no-cms \
        no-cmp no-ts no-ct no-gost no-rfc3779 no-nextprotoneg no-idea no-seed no-bf no-cast no-rc2 \
        no-rc4 no-md2 no-md4 no-mdc2 no-whirlpool
    quietly make build_generated
    quietly make -j "$jobs" libcrypto.a libssl.a libcrypto.pc libssl.pc
    cp libcrypto.a libssl.a "$out/lib"
    cp libcrypto.pc libssl.pc "$out/lib/pkgconfig"
    mkdir -p "$out/include/openssl"
    cp include/openssl/*.h "$out/include/openssl"
}

# $library by its CMake files, with these options.
by_cmake() {
    quietly cmake -S . -B build -DCMAKE_SYSTEM_NAME="$system" -DCMAKE_SYSTEM_PROCESSOR="$cpu" \
        -DCMAKE_C_COMPILER=cc -DCMAKE_AR="$work/bin/ar" -DCMAKE_RANLIB="$work/bin/ranlib" \
        -DCMAKE_RC_COMPILER="$host-windres" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE=-O2 \
        -DCMAKE_FIND_ROOT_PATH="$out;/usr/$host" -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER \
        -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY \
        -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DPKG_CONFIG_EXECUTABLE=/bin/false \
        -DCMAKE_INSTALL_PREFIX="$out" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF "$@"
    quietly cmake --build build -j "$jobs"
    quietly cmake --install build
}

jansson() {
    by_cmake -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF
}

libmicrohttpd() {
    quietly ./configure --host="$host" --prefix="$out" --disable-shared --enable-static CC=cc AR=ar \
        RANLIB=ranlib CFLAGS=-O2 --disable-https --disable-doc --disable-examples --disable-curl \
        --disable-dependency-tracking --disable-postprocessor --disable-bauth --disable-dauth \
        --disable-httpupgrade
    quietly make -j "$jobs"
    quietly make install
    # handed on with a program that it is linked into: see the licence, section 6
    cp "$work/$library/debian"/* "$out/sources"
}

# HTTP only, and certificates checked by OpenSSL everywhere, against those the system trusts. A Linux
# program cannot know where they are: it looks where OpenSSL does, which SSL_CERT_FILE tells.
curl() {
    by_cmake -DHTTP_ONLY=ON -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF \
        -DCURL_USE_OPENSSL=ON -DOPENSSL_ROOT_DIR="$out" -DOPENSSL_USE_STATIC_LIBS=ON \
        -DCURL_ZLIB=OFF -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_CA_FALLBACK=$ca_fallback \
        -DCURL_USE_LIBSSH2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF -DCURL_DISABLE_SRP=ON \
        -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_COOKIES=ON \
        -DCURL_DISABLE_DOH=ON -DENABLE_UNIX_SOCKETS=OFF -DENABLE_THREADED_RESOLVER=ON
    # It lists the compiler's own libraries and where they lay.
    needs="-lssl -lcrypto"
    [ "$system" = Linux ] || needs="$needs -lcrypt32 -lbcrypt -lws2_32 -ladvapi32"
    sed -i "s|^Libs:.*|Libs: -L\${libdir} -lcurl|; s|^Libs.private:.*|Libs.private: $needs|" \
        "$out/lib/pkgconfig/libcurl.pc"
}

# One line of the table, and the licence's text.
tell() {
    read -r licence text <<LICENCE
$(licence_of "$library")
LICENCE
    source=$(cd "$work/$library/debian" && find . -name '*.orig.tar.*' ! -name '*.asc')
    source=${source#./}
    printf '%s\t%s\t%s\t%s\t%s\n' "$library" "$version" "$licence" "$source" \
        "$(sha256sum "$work/$library/debian/$source" | cut -d ' ' -f 1)" >>"$out/libraries"
    mkdir -p "$out/licenses"
    cp "$work/$library/source/$text" "$out/licenses/$library.txt"
}

# The same of what the compiler adds to each program.
tell_of_compiler() {
    if [ "$system" = Windows ]; then
        for package in "mingw-w64 $mingw ZPL-2.1" "gcc $gcc GPL-3.0-or-later WITH GCC-exception-3.1"; do
            read -r name from licence <<PACKAGE
$package
PACKAGE
            printf '%s\t%s\t%s\t-\t-\n' "$name" \
                "$(dpkg-query -W -f '${Version}' "$from" 2>/dev/null || echo unknown)" "$licence"
            cp "/usr/share/doc/$from/copyright" "$out/licenses/$name.txt"
        done
    else
        lib=$($ZIG env | sed -n 's/.*lib_dir[" ]*[:=] *"\(.*\)".*/\1/p')
        printf '%s\t%s\tMIT\t-\t-\n' musl "zig-$($ZIG version)" zig "$($ZIG version)"
        cp "$lib/libc/musl/COPYRIGHT" "$out/licenses/musl.txt"
        cp "$lib/../LICENSE" "$out/licenses/zig.txt"
    fi >>"$out/libraries"
}

out=$work/out
library=apt
mkdir -p "$out/include" "$out/sources"
# shellcheck disable=SC2119  # of no other release
sources_of_machine
for library in $libraries; do
    fetch "$library"
    echo "Building $library $version" >&2
    cd "$work/$library/source"
    "$library"
    tell
done
tell_of_compiler
# pkg-config finds the prefix from where its files are, so that it is the same wherever it lies.
sed -i "s|$out|\${pcfiledir}/../..|g; s|^prefix=/usr$|prefix=\${pcfiledir}/../..|" \
    "$out/lib/pkgconfig"/*.pc
if [ "$system" = Windows ]; then
    "$host-strip" --strip-debug --enable-deterministic-archives "$out/lib"/*.a
fi
cd "$out"
rm -rf bin share lib/cmake lib/*.la
echo "$stamp" >"$out/stamp"
rm -rf "${prefix:?}"/*
cp -R "$out"/* "$prefix"
echo "$prefix"
