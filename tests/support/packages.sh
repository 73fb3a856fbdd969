# shellcheck shell=sh disable=SC2034  # sourced; the lists are for the sourcing script
# SPDX-License-Identifier: MIT
# Sourced by the scripts that a stranger runs: makes sure that Debian packages are there.
# Asks nothing; touches no network when everything is installed already.

# missing_packages NAME...: prints those that dpkg does not have installed. "a|b" is a where there is
# an a, and b in releases without: one of them is enough.
missing_packages() {
    for package in "$@"; do
        rest=$package
        while [ -n "$rest" ]; do
            state=$(dpkg-query -W -f '${db:Status-Status}' "${rest%%|*}" 2>/dev/null) || state=absent
            [ "$state" != installed ] || break
            case $rest in
            *"|"*) rest=${rest#*|} ;;
            *) rest= ;;
            esac
        done
        [ -n "$rest" ] || printf '%s ' "$package"
    done
}

# known_packages NAME...: the same with the b of "a|b" where this release has only that.
known_packages() {
    for package in "$@"; do
        first=${package%%|*}
        other=${package#*|}
        if ! apt-cache show "$first" >/dev/null 2>&1 && apt-cache show "$other" >/dev/null 2>&1; then
            first=$other
        fi
        printf '%s ' "$first"
    done
}

# need_packages NAME...: installs what is missing as root or with sudo; where it may not, says the
# one line to type and fails.
need_packages() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        echo "This is not Debian or Ubuntu: please see to it that these are installed: $*" >&2
        return 0
    fi
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "Some packages are missing. Please type this and start again:" >&2
            # shellcheck disable=SC2086  # a list of words
            missing=$(known_packages $missing)
            echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
            return 1
        fi
        as_root="sudo -n"
    fi
    echo "Installing: $missing"
    # shellcheck disable=SC2086,SC2046  # lists of words
    if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
        ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
            --no-install-recommends $(known_packages $missing) >/dev/null; then
        echo "apt-get could not install: $missing" >&2
        return 1
    fi
}

# need_zig DIR: a C compiler for other systems, from PyPI, where it is not in DIR yet. Leaves its path
# in $zig: "$zig" cc -target aarch64-macos, x86_64-linux-musl and so on; DIR has its caches as well.
need_zig() {
    ZIG_GLOBAL_CACHE_DIR=$1/cache
    export ZIG_GLOBAL_CACHE_DIR
    if ! "$1/bin/python3" -c 'import ziglang' 2>/dev/null; then
        echo "Installing: ziglang $ZIG_VERSION"
        if ! python3 -m venv "$1" ||
            ! "$1/bin/pip" install --quiet --disable-pip-version-check "ziglang==$ZIG_VERSION"; then
            echo "pip could not install ziglang $ZIG_VERSION in $1" >&2
            return 1
        fi
    fi
    zig=$("$1/bin/python3" -c 'import os, ziglang
print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))')
}

# need_esphome DIR: ESPHome's own uploader, from PyPI, where it is not in DIR yet. Leaves in $esphome the
# Python that runs it with DIR/esphome on PYTHONPATH. It is unpacked and not installed: it asks for a
# newer Python, for other parts of itself.
need_esphome() {
    if [ ! -d "$1/esphome/esphome" ]; then
        echo "Installing: esphome $ESPHOME_VERSION"
        if ! python3 -m venv "$1" ||
            ! "$1/bin/pip" install --quiet --disable-pip-version-check \
                "aioesphomeapi==$AIOESPHOMEAPI_VERSION" ||
            ! "$1/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$1/wheel" \
                --python-version 3.12 --only-binary=:all: "esphome==$ESPHOME_VERSION" ||
            ! python3 -m zipfile -e "$1"/wheel/esphome-*.whl "$1/esphome"; then
            echo "pip could not install esphome $ESPHOME_VERSION in $1" >&2
            return 1
        fi
    fi
    esphome=$1/bin/python3
}

# What building needs, and what the ordinary tests need beside it.
LIBRARY_PACKAGES="libc6-dev libssl-dev libcurl4-openssl-dev libjansson-dev libmicrohttpd-dev
    libavahi-client-dev libavahi-compat-libdnssd-dev zlib1g-dev libbearssl-dev"
BUILD_PACKAGES="gcc make cmake pkg-config $LIBRARY_PACKAGES"
TEST_PACKAGES="check python3 openssl procps iproute2 curl mandoc g++"
# An emulated ESP8266: its compiler, the machine, what fetches lwIP.
LX106_PACKAGES="gcc-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-misc dpkg-dev"
FULL_PACKAGES="clang clang-tidy clang-format libclang-rt-dev|libclang-common-14-dev shellcheck valgrind
    gcc-arm-none-eabi libnewlib-arm-none-eabi binutils-arm-none-eabi qemu-system-arm
    $LX106_PACKAGES
    softhsm2 libengine-pkcs11-openssl|pkcs11-provider dbus avahi-daemon avahi-utils nftables iptables
    nginx-light chromium|chromium-browser bash zsh fish rpm dpkg-dev debootstrap
    lintian rpmlint libglib2.0-dev python3-venv
    gcc-mingw-w64-x86-64-win32 perl zip unzip wine wine64
    qemu-user-static gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf buildah"
ZIG_VERSION=0.17.1
ESPHOME_VERSION=2026.10.0
AIOESPHOMEAPI_VERSION=46.23.0
