#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds everything, makes a key, starts a device in a process on this machine, signs an image,
# uploads it and shows that the device checks and boots it. Asks nothing; leaves nothing behind but the build.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${ESPOTA_BUILD:-$root/build/demo}
# shellcheck source=tests/support/packages.sh
. "$root/tests/support/packages.sh"

work=
device=
stop() {
    [ -z "$device" ] || kill "$device" 2>/dev/null || :
    [ -z "$work" ] || rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
    printf '\n%s\n' "$*"
}

fail() {
    echo "The demo failed: $*" >&2
    [ ! -s "$work/device.log" ] || sed 's/^/  device | /' "$work/device.log" >&2
    exit 1
}

# Quiet when it goes well, everything when it does not.
quietly() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "$*"
    }
}

# wait_for TEXT: until the device has said it.
wait_for() {
    tries=0
    until grep -q "$1" "$work/device.log"; do
        kill -0 "$device" 2>/dev/null || fail "the device ended before it said '$1'"
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "the device did not say '$1' within 30 seconds"
        sleep 0.1
    done
}

# An announcement through Avahi takes a second to be there.
found() {
    for _ in 1 2 3; do
        "$upload" discover --name "$name" >"$work/found" 2>/dev/null && return 0
    done
    return 1
}

# shellcheck disable=SC2086  # a list of words
need_packages $BUILD_PACKAGES
work=$(mktemp -d)

echo "Building espota-c and the device in $build"
quietly cmake -S "$root" -B "$build" -DBUILD_TESTING=OFF
quietly cmake --build "$build" -j "$(nproc 2>/dev/null || echo 2)" \
    --target espota-c espota-stub espota-demo-image
upload=$build/src/cli/espota-c
stub=$build/firmware-stub/port/posix/espota-stub

image=$work/blink.bin
quietly "$build/firmware-stub/espota-demo-image" "$image"
(
    umask 077
    od -An -N12 -tx1 /dev/urandom | tr -d ' ' >"$work/password"
)

say "espota-c keygen --out private.key --pub public.key"
"$upload" keygen -q --out "$work/private.key" --pub "$work/public.key" || fail "the key"
say "espota-c sign --privatekey private.key --bin blink.bin --out blink.bin.signed"
"$upload" sign -q --privatekey "$work/private.key" --bin "$image" --out "$image.signed" ||
    fail "the signature"
"$upload" verify --publickey "$work/public.key" --bin "$image.signed" 2>"$work/log" ||
    fail "the signature is not good"
sed "s|$work/||;s/^/  /" "$work/log"

say "A device with an empty flash chip, a password and the public key starts on this machine:"
name=blink-$$
"$stub" --bind 127.0.0.1 --port 0 --hostname "$name" --mdns --password-file "$work/password" \
    --publickey "$work/public.key" --flash "$work/flash.bin" --uploads 1 2>"$work/device.log" &
device=$!
wait_for ' listens on '
sed 's/^/  device | /' "$work/device.log"
port=$(sed -n 's/.* listens on 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$work/device.log")
seen=$(wc -l <"$work/device.log")

# The one that was started above vouches for its announcement: hence --yes.
say "espota-c discover --name $name"
if found; then
    cat "$work/found"
    set -- --name "$name" --yes
else
    echo "  Multicast does not work on this machine: its address is taken instead."
    set -- --host "127.0.0.1:$port"
fi

say "espota-c upload $* --password-file password blink.bin"
if "$upload" upload "$@" --password-file "$work/password" "$image" \
    2>"$work/log"; then
    fail "the device took an image without a signature"
fi
sed 's/^/  /' "$work/log"
echo "  Nobody signed that one, so the device did not take it."

say "espota-c upload $* --password-file password blink.bin.signed"
"$upload" upload "$@" --password-file "$work/password" "$image.signed" ||
    fail "the upload"
wait "$device" || fail "the device ended with an error"
device=
tail -n "+$((seen + 1))" "$work/device.log" | sed 's/^/  device | /'

say "Switched on again, it starts from what is on its flash chip:"
"$stub" --boot --flash "$work/flash.bin" 2>"$work/device.log" || fail "it does not boot"
sed 's/^/  device | /' "$work/device.log"
size=$(($(wc -c <"$image")))
head -c "$size" "$work/flash.bin" | cmp -s - "$image" || fail "the flash does not hold blink.bin"
echo "  These are the $size bytes of blink.bin, byte for byte."

say "For a device of your own, with its password in a file that only you can read:"
echo "  $upload upload --host 192.168.1.50 --password-file password.txt sketch.bin"
