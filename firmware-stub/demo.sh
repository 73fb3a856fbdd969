#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds everything, makes a key, starts a device in a process on this machine, signs an image,
# uploads it and shows that the device checks and boots it. Asks nothing; leaves nothing behind but the build.
#
#   sh firmware-stub/demo.sh [--board lx106]
#
# With --board the device is an ESP8266's processor, emulated, whose program has lwIP on an emulated
# network card: it restarts into the program that it took.
set -eu

board=
case ${1:-} in
"") ;;
--board) board=${2:-} ;;
*) board=unknown ;;
esac
case $board in
"" | lx106) ;;
*) echo "usage: sh firmware-stub/demo.sh [--board lx106]" >&2; exit 2 ;;
esac

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

# The emulated device: built here, with the demo's key and password on its chip.
board_prepare() {
    quietly sh "$root/tests/target/boards/sources.sh" "$build/device-sources"
    for lwip in "$build"/device-sources/lwip-*; do break; done
    quietly cmake -S "$root/tests/target/boards" -B "$build/$board" -DBOARD="$board" \
        -DLWIP="$lwip" -DBEARSSL="$build/device-sources/bearssl" -DZLIB="$build/device-sources/zlib"
    quietly cmake --build "$build/$board" -j "$(nproc 2>/dev/null || echo 2)"
}

board_files() {
    quietly env PYTHONPATH="$root/tests/support" python3 "$root/tests/target/boards.py" demo \
        "$build/$board" "$work/public.key" "$work/password" "$work"
}

# The emulator's own network reaches it, through a port of this machine that is free now.
board_start() {
    port=$(python3 -c 'import socket
s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    (
        cd "$work"
        exec qemu-system-xtensa -M lx60-nommu -cpu lx106 -m 4M -display none -monitor none \
            -serial stdio -semihosting-config enable=on,target=native -kernel "$build/$board/loader" \
            -netdev "user,id=n0,net=10.78.0.0/24,host=10.78.0.1,hostfwd=udp:127.0.0.1:$port-10.78.0.2:8266" \
            -net nic,netdev=n0,model=open_eth,macaddr=52:54:00:12:34:56 </dev/null
    ) >"$work/device.log" 2>&1 &
    device=$!
}

# shellcheck disable=SC2086  # a list of words
need_packages $BUILD_PACKAGES ${board:+$LX106_PACKAGES python3 openssl}
work=$(mktemp -d)

echo "Building espota-c and the device in $build"
quietly cmake -S "$root" -B "$build" -DBUILD_TESTING=OFF
quietly cmake --build "$build" -j "$(nproc 2>/dev/null || echo 2)" \
    --target espota-c espota-stub espota-demo-image
[ -z "$board" ] || board_prepare
upload=$build/src/cli/espota-c
stub=$build/firmware-stub/port/posix/espota-stub

image=$work/blink.bin
[ -n "$board" ] || quietly "$build/firmware-stub/espota-demo-image" "$image"
(
    umask 077
    od -An -N12 -tx1 /dev/urandom | tr -d ' ' >"$work/password"
)

say "espota-c keygen --out private.key --pub public.key"
"$upload" keygen -q --out "$work/private.key" --pub "$work/public.key" || fail "the key"
[ -z "$board" ] || board_files
say "espota-c sign --privatekey private.key --bin blink.bin --out blink.bin.signed"
"$upload" sign -q --privatekey "$work/private.key" --bin "$image" --out "$image.signed" ||
    fail "the signature"
"$upload" verify --publickey "$work/public.key" --bin "$image.signed" 2>"$work/log" ||
    fail "the signature is not good"
sed "s|$work/||;s/^/  /" "$work/log"

if [ -n "$board" ]; then
    say "An emulated $board starts from its flash chip, with lwIP, a password and the public key:"
    board_start
    wait_for 'version 1 up'
    sed 's/^/  device | /' "$work/device.log"
    set -- --host "127.0.0.1:$port"
else
    say "A device with an empty flash chip, a password and the public key starts on this machine:"
    name=blink-$$
    "$stub" --bind 127.0.0.1 --port 0 --hostname "$name" --mdns --password-file "$work/password" \
        --publickey "$work/public.key" --flash "$work/flash.bin" --uploads 1 2>"$work/device.log" &
    device=$!
    wait_for ' listens on '
    sed 's/^/  device | /' "$work/device.log"
    port=$(sed -n 's/.* listens on 127\.0\.0\.1:\([0-9]*\) .*/\1/p' "$work/device.log")

    # The one that was started above vouches for its announcement: hence --yes.
    say "espota-c discover --name $name"
    if found; then
        cat "$work/found"
        set -- --name "$name" --yes
    else
        echo "  Multicast does not work on this machine: its address is taken instead."
        set -- --host "127.0.0.1:$port"
    fi
fi
seen=$(wc -l <"$work/device.log")

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
if [ -n "$board" ]; then
    wait_for 'version 2 up'
    tail -n "+$((seen + 1))" "$work/device.log" | sed 's/^/  device | /'
    echo "  It has checked the signature, restarted, and its loader has copied the program that now runs."
else
    wait "$device" || fail "the device ended with an error"
    device=
    tail -n "+$((seen + 1))" "$work/device.log" | sed 's/^/  device | /'

    say "Switched on again, it starts from what is on its flash chip:"
    "$stub" --boot --flash "$work/flash.bin" 2>"$work/device.log" || fail "it does not boot"
    sed 's/^/  device | /' "$work/device.log"
    size=$(($(wc -c <"$image")))
    head -c "$size" "$work/flash.bin" | cmp -s - "$image" || fail "the flash does not hold blink.bin"
    echo "  These are the $size bytes of blink.bin, byte for byte."
fi

say "For a device of your own, with its password in a file that only you can read:"
echo "  $upload upload --host 192.168.1.50 --password-file password.txt sketch.bin"
