#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds espota-c twice, plain and under the address and undefined-behaviour sanitizers, runs all
# tests of both and ends with ctest's summary. With --full it also installs and uses what is large:
# cross compilers, emulators, clang. What cannot run here says SKIPPED.
set -eu

usage() {
    echo "usage: sh tests/run.sh [--full | --slow] [-R REGEX]"
    echo "  --full    also the tests that need cross compilers, emulators and clang, and packages"
    echo "  --slow    --full, and what takes minutes more"
    echo "  -R REGEX  only the tests whose name matches"
}

full=
slow=
only=.
while [ $# -gt 0 ]; do
    case $1 in
    --full) full=yes ;;
    --slow) full=yes; slow=yes ;;
    -R) only=${2:?-R needs a regular expression}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/support/packages.sh
. "$root/tests/support/packages.sh"
# shellcheck disable=SC2086  # lists of words
need_packages $BUILD_PACKAGES $TEST_PACKAGES ${full:+$FULL_PACKAGES}

jobs=$(nproc 2>/dev/null || echo 2)
build=${ESPOTA_BUILD:-$root/build}
log=$(mktemp)
skipped=$(mktemp)
trap 'rm -f "$log" "$skipped"' EXIT

# build_in DIR OPTION...: quiet when it goes well, everything when it does not. $target: not all.
target=all
build_in() {
    dir=$1
    shift
    if ! { cmake -S "$root" -B "$dir" -DESPOTA_WERROR="${CI:+ON}" "$@" &&
        cmake --build "$dir" --target "$target" -j "$jobs"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "The build in $dir failed." >&2
        exit 1
    fi
}

zig=
esphome=
exe=
sources=
if [ -n "$full" ]; then
    need_zig "$build/zig"
    need_esphome "$build/their"
    echo "Building the program for Windows, and on a new machine its libraries"
    mkdir -p "$build/windows"
    zip=$(sh "$root/contrib/windows/build.sh" "$build/windows")
    unzip -qo "$zip" -d "$build/windows"
    exe=${zip%.zip}/espota-c.exe
    sources=$build/device-sources
    sh "$root/tests/target/boards/sources.sh" "$sources"
fi
echo "Building"
build_in "$build" -DESPOTA_TEST_FULL="${full:+ON}" -DESPOTA_TEST_SLOW="${slow:+ON}" -DESPOTA_ZIG="$zig" \
    -DESPOTA_ESPHOME="$esphome" -DESPOTA_EXE="$exe" -DESPOTA_DEVICE_SOURCES="$sources"
echo "Building under the sanitizers"
build_in "$build/sanitize" -DESPOTA_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug \
    -DESPOTA_ESPHOME="$esphome" -DESPOTA_TEST_PREFIX=sanitize_
if [ -n "$full" ]; then
    target=posix_tests
    echo "Building as for a system that has POSIX and no more"
    build_in "$build/posix" -DESPOTA_SYSTEM=POSIX -DESPOTA_TEST_PREFIX=posix_
    target=fuzz_tests
    echo "Building the fuzz targets with clang"
    build_in "$build/clang" -DCMAKE_C_COMPILER=clang -DESPOTA_FUZZ=ON -DESPOTA_WERROR=ON \
        -DESPOTA_TEST_PREFIX=clang_
    echo "Building them with clang's check of memory that was never written"
    build_in "$build/memory" -DCMAKE_C_COMPILER=clang -DESPOTA_MEMORY=ON -DCMAKE_BUILD_TYPE=Debug \
        -DESPOTA_TEST_PREFIX=memory_
fi

# One run over all builds, so that one summary stands at the end. Of clang's the fuzz tests.
mkdir -p "$build/all"
printf 'subdirs("%s" "%s"%s)\n' "$build" "$build/sanitize" "${full:+ \"$build/posix\" \"$build/clang/tests/fuzz\" \"$build/memory/tests/fuzz\"}" \
    >"$build/all/CTestTestfile.cmake"
cd "$build/all"

# Which cases were left out, and why, stands above the summary: ctest knows whole files only.
{
    code=0
    # Twice as many as there are cores: many only wait, for a slow link or for a device's time.
    ESPOTA_SKIP_LOG=$skipped ctest -j $((2 * jobs)) -R "$only" --output-on-failure --no-tests=error ||
        code=$?
    echo "$code" >"$log"
} | while IFS= read -r line; do
    case $line in
    [0-9]*"% tests passed, "*) sort -u "$skipped" ;;
    esac
    printf '%s\n' "$line"
done
exit "$(cat "$log")"
