# shellcheck shell=sh disable=SC2034  # sourced; the lists are for the sourcing script
# SPDX-License-Identifier: MIT
# Sourced by the scripts that a stranger runs: makes sure that Debian packages are there.
# Asks nothing; touches no network when everything is installed already.

# missing_packages NAME...: prints those that dpkg does not have installed.
missing_packages() {
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=absent
        [ "$state" = installed ] || printf '%s ' "$package"
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
            echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
            return 1
        fi
        as_root="sudo -n"
    fi
    echo "Installing: $missing"
    # shellcheck disable=SC2086  # both are lists of words
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get -qq update &&
        apt-get -qq install -y --no-install-recommends "$@" >/dev/null' sh $missing || {
        echo "apt-get could not install: $missing" >&2
        return 1
    }
}

# What building needs, and what the ordinary tests need beside it.
BUILD_PACKAGES="gcc libc6-dev make cmake pkg-config libssl-dev libcurl4-openssl-dev libjansson-dev libmicrohttpd-dev zlib1g-dev libbearssl-dev"
TEST_PACKAGES="check python3 openssl procps iproute2 mandoc g++"
FULL_PACKAGES="clang clang-tidy libclang-rt-dev shellcheck gcc-arm-none-eabi libnewlib-arm-none-eabi
    binutils-arm-none-eabi qemu-system-arm valgrind zsh fish rpm nginx-light curl chromium"
