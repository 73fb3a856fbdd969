#!/bin/sh
# SPDX-License-Identifier: MIT
# The work of the action: signs, sends, and tells the job what became of it.
set -eu

: "${INPUT_IMAGE:?the input image is missing}"
report=${INPUT_REPORT:-espota-report.md}
image=$INPUT_IMAGE

output() {
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

if ! command -v espota-c >/dev/null 2>&1; then
    echo "::error title=espota-c::espota-c is not installed: install its package in a step before" >&2
    exit 1
fi

# A password that is empty is none.
[ -n "${ESPOTA_PASSWORD:-}" ] || unset ESPOTA_PASSWORD

if [ -n "${INPUT_PRIVATE_KEY:-}" ]; then
    key=$(mktemp)
    trap 'rm -f "$key"' EXIT
    trap 'exit 1' INT TERM
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
