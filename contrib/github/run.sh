#!/bin/sh
# SPDX-License-Identifier: MIT
# The work of the action: fetches the program, signs, sends, and tells the job what became of it.
set -eu

: "${INPUT_IMAGE:?the input image is missing}"
report=${INPUT_REPORT:-espota-report.md}
image=$INPUT_IMAGE

output() {
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

fail() {
    echo "::error title=espota-c::$*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d "${RUNNER_TEMP:-/tmp}/espota-c.XXXXXX")
key=
trap 'rm -rf "$place"; [ -z "$key" ] || rm -f "$key"' EXIT
trap 'exit 1' INT TERM

# The static program of the release that is named in "pinned", with its checksum: whoever could put
# another file there could not put it here.
fetch_release() {
    case $(uname -sm) in
    "Linux x86_64") cpu=x86_64 ;;
    "Linux aarch64" | "Linux arm64") cpu=aarch64 ;;
    "Linux armv"[67]*) cpu=armv6 ;;
    *) fail "there is no static program for $(uname -sm): set build to source or installed" ;;
    esac
    read -r sum file url <<LINE
$(grep -- "-linux-$cpu.tar.gz " "$here/pinned")
LINE
    [ -n "$url" ] ||
        fail "this copy of the action is of no release: use one that is, or set build to source"
    curl -fsSL --retry 3 -o "$place/$file" "$url/$file" || fail "cannot fetch $url/$file"
    [ "$(sha256sum "$place/$file" | cut -d ' ' -f 1)" = "$sum" ] ||
        fail "$url/$file is not what this action was made for: its SHA-256 is another"
    tar -xzf "$place/$file" -C "$place"
    PATH=$place/${file%.tar.gz}/bin:$PATH
}

build_source() {
    root=$(cd "$here/../.." && pwd)
    # shellcheck source=tests/support/packages.sh
    . "$root/tests/support/packages.sh"
    # shellcheck disable=SC2086  # a list of words
    need_packages $BUILD_PACKAGES >&2
    { cmake -S "$root" -B "$place/build" -DBUILD_TESTING=OFF -DESPOTA_STUB=OFF &&
        cmake --build "$place/build" -j "$(nproc)" &&
        cmake --install "$place/build" --prefix "$place/installed"; } >&2
    PATH=$place/installed/bin:$PATH
}

case ${INPUT_BUILD:-release} in
release) fetch_release ;;
source) build_source ;;
installed) ;;
*) fail "build is neither release, source nor installed, but '$INPUT_BUILD'" ;;
esac
command -v espota-c >/dev/null 2>&1 ||
    fail "espota-c is not installed: install its package in a step before, or leave build at release"

# A password that is empty is none.
[ -n "${ESPOTA_PASSWORD:-}" ] || unset ESPOTA_PASSWORD

if [ -n "${INPUT_PRIVATE_KEY:-}" ]; then
    key=$(mktemp)
    printf '%s\n' "$INPUT_PRIVATE_KEY" >"$key"
    unset INPUT_PRIVATE_KEY
    espota-c sign --privatekey "$key" --bin "$image" --out "$image.signed"
    image=$image.signed
    output signed-path "$image"
fi
[ -n "${INPUT_TARGETS:-}" ] || exit 0

set --
while IFS= read -r option; do
    [ -z "$option" ] || set -- "$@" "$option"
done <<LINES
${INPUT_OPTIONS:-}
LINES

# What is there afterwards is of this run: an upload that never began writes none.
[ ! -f "$report" ] || rm -f "$report"
events=$(mktemp)
code=0
printf '%s\n' "$INPUT_TARGETS" |
    espota-c upload --targets - --json --report "$report" "$@" "$image" >"$events" || code=$?
# The summary is the last line: its counts are numbers behind their names.
count() {
    sed -n 's/.*"event":"summary".*"'"$1"'":\([0-9]*\).*/\1/p' "$events"
}
ok=$(count ok)
failed=$(count failed)
unknown=$(count unknown)
rm -f "$events"
output ok "${ok:-0}"
output failed "$((${failed:-0} + ${unknown:-0}))"
if [ -f "$report" ]; then
    output report "$report"
    case $report in
    *.md) cat "$report" >>"${GITHUB_STEP_SUMMARY:-/dev/null}" ;;
    esac
fi
exit "$code"
