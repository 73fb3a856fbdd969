#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes everything that a release is made of, from what is committed, checks that it runs, writes the
# checksums and signs them. What stands in the folder afterwards is uploaded as it is.
set -eu

usage() {
    cat <<'USAGE'
usage: sh contrib/release.sh VERSION --key FILE [--out DIR] [--url URL] [--only PARTS]
  --key FILE    the private key (PEM; RSA or ECDSA) that signs SHA256SUMS
  --out DIR     where everything goes, a folder that is not there yet; release-VERSION
  --url URL     where the files will be fetched from; the release's page on GitHub
  --only PARTS  some of them, with commas: source,deb,rpm,static,windows,manifests
Needs what tests/run.sh --full installs. ZIG is how zig is called: "zig", or "python3 -m ziglang".
Environment: ESPOTA_RELEASE_ARCHS and ESPOTA_RELEASE_CPUS name the packages and static programs to make.
USAGE
}

fail() {
    echo "release.sh: $*" >&2
    exit 1
}

all="source deb rpm static windows manifests"
parts=$all
version=
key=
out=
url=
while [ $# -gt 0 ]; do
    case $1 in
    --key) key=${2:?--key needs a file}; shift ;;
    --out) out=${2:?--out needs a folder}; shift ;;
    --url) url=${2:?--url needs an address}; shift ;;
    --only) parts=$(echo "${2:?--only needs a list}" | tr , ' '); shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) [ -z "$version" ] || { usage >&2; exit 2; }; version=$1 ;;
    esac
    shift
done
if [ -z "$version" ] || [ -z "$key" ]; then
    usage >&2
    exit 2
fi
for part in $parts; do
    case " $all " in
    *" $part "*) ;;
    *) fail "there is no part '$part': $all" ;;
    esac
done
wanted() {
    case " $parts " in
    *" $1 "*) return 0 ;;
    esac
    return 1
}
key=$(realpath "$key")
out=$(realpath -m "${out:-release-$version}")
url=${url:-https://github.com/espota-c/espota-c/releases/download/v$version}

# What would be released is what everybody can see, and says of itself what it is.
cd "$(dirname "$0")/.."
[ -z "$(git status --porcelain)" ] ||
    fail "there are changes that are not committed: commit them, or put them away"
stated=$(sed -n 's/^project(espota-c VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
[ "$stated" = "$version" ] || fail "CMakeLists.txt says $stated, not $version"
heading=$(awk 'NR > 1 && NF > 0 { print; exit }' CHANGES)
case $heading in
"$version" | "$version "*) ;;
*) fail "CHANGES begins with '$heading', not with $version" ;;
esac
openssl pkey -in "$key" -noout 2>/dev/null || fail "$key is no private key that can be read"
[ ! -e "$out" ] || fail "$out is there already: a release is made whole"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
mkdir -p "$out"
git archive --prefix="espota-c-$version/" HEAD >"$work/source.tar"
tar -xf "$work/source.tar" -C "$work"
tree=$work/espota-c-$version
: >"$work/report"

# report FILE WHAT: a line of what is said at the end.
report() {
    printf '%-52s %s\n' "$1" "$2" >>"$work/report"
}

# checked COMMAND...: whether the program does what can be tried without a device; says which it is.
checked() {
    rm -rf "$work/check"
    mkdir "$work/check"
    head -c 100000 /dev/zero >"$work/check/image.bin"
    (
        cd "$work/check" && "$@" --version &&
            "$@" keygen --out private.key --pub public.key &&
            "$@" sign --privatekey private.key --bin image.bin --out signed.bin &&
            "$@" verify --publickey public.key --bin signed.bin
    ) >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "this does not work: $*"
    }
    head -n 1 "$work/log"
}

# check FILE RUNNER PROGRAM...: tries it where the runner is there, and says where it was not.
check() {
    file=$1
    runner=$2
    shift 2
    if [ "$runner" = here ]; then
        said=$(checked "$@")
        report "$file" "ran on $(uname -sm): $said"
    elif command -v "$runner" >/dev/null 2>&1; then
        said=$(checked "$runner" "$@")
        report "$file" "ran under $runner: $said"
    else
        report "$file" "built, not run: there is no $runner here"
    fi
}

# How programs of another processor run here.
runner_of() {
    case $1 in
    "$(uname -m)") echo here ;;
    x86_64) echo qemu-x86_64-static ;;
    aarch64) echo qemu-aarch64-static ;;
    *) echo qemu-arm-static ;;
    esac
}

make_source() {
    gzip -9nc "$work/source.tar" >"$out/espota-c-$version.tar.gz"
    report "espota-c-$version.tar.gz" "commit $(git rev-parse --short HEAD)"
}

make_deb() {
    for arch in ${ESPOTA_RELEASE_ARCHS:-amd64 arm64 armhf}; do
        echo "Building Debian's packages for $arch"
        ESPOTA_SYSROOT=$work/sysroot-$arch sh "$tree/contrib/linux/deb.sh" "$arch" "$out" \
            >"$work/log" 2>&1 || { tail -n 50 "$work/log" >&2; fail "the packages for $arch cannot be built"; }
        case $arch in
        amd64) cpu=x86_64 ;;
        arm64) cpu=aarch64 ;;
        *) cpu=armv7l ;;
        esac
        rm -rf "$work/root"
        dpkg-deb -x "$out/espota-c_${version}_$arch.deb" "$work/root"
        set -- "$work/root/usr/bin/espota-c"
        [ "$(runner_of "$cpu")" = here ] || set -- -L "$work/sysroot-$arch" "$@"
        check "espota-c_${version}_$arch.deb" "$(runner_of "$cpu")" "$@"
    done
}

make_rpm() {
    command -v rpmbuild >/dev/null 2>&1 || fail "rpmbuild is missing; on Debian: apt-get install rpm"
    echo "Building RPM's packages"
    { cmake -S "$tree" -B "$work/rpm" -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
        cmake --build "$work/rpm" -j "$(nproc)" &&
        cpack --config "$work/rpm/CPackConfig.cmake" -G RPM -B "$work/rpms"; } >"$work/log" 2>&1 ||
        { tail -n 50 "$work/log" >&2; fail "the packages for RPM cannot be built"; }
    cp "$work"/rpms/*.rpm "$out"
    for rpm in "$work"/rpms/*.rpm; do
        report "$(basename "$rpm")" "built, not installed"
    done
}

make_static() {
    for cpu in ${ESPOTA_RELEASE_CPUS:-x86_64 aarch64 armv6}; do
        echo "Building the static program for $cpu"
        sh "$tree/contrib/linux/static.sh" "$cpu" "$out" >"$work/log" 2>&1 ||
            { tail -n 50 "$work/log" >&2; fail "the static program for $cpu cannot be built"; }
        name=espota-c-$version-linux-$cpu
        tar -xzf "$out/$name.tar.gz" -C "$work"
        check "$name.tar.gz" "$(runner_of "$cpu")" "$work/$name/bin/espota-c"
    done
}

make_windows() {
    echo "Building for Windows"
    zip=$(sh "$tree/contrib/windows/build.sh" "$out" 2>"$work/log") ||
        { tail -n 50 "$work/log" >&2; fail "the program for Windows cannot be built"; }
    [ -f "$zip" ] || fail "contrib/windows/build.sh made no zip: it printed '$zip'"
    report "$(basename "$zip")" "built, not run here (tests/run.sh --full runs it under Wine)"
}

# digest FILE COMMAND: its checksum; empty where this run did not make it.
digest() {
    [ ! -f "$out/$1" ] || "${2:-sha256sum}" "$out/$1" | cut -d ' ' -f 1
}

# Each template whose files were made, with their checksums.
make_manifests() {
    sha256=$(digest "espota-c-$version.tar.gz")
    sha512=$(digest "espota-c-$version.tar.gz" sha512sum)
    x86_64=$(digest "espota-c-$version-linux-x86_64.tar.gz")
    if [ -n "$sha256" ]; then
        for template in alpine/APKBUILD arch/PKGBUILD openwrt/Makefile; do
            fill "$template.in" "$template"
        done
        # the formula of the source is of its newest state alone
        fill homebrew/espota-c.rb homebrew/espota-c.rb
        sed -i "s|^  license .*|  url \"$url/espota-c-$version.tar.gz\"\n  sha256 \"$sha256\"\n&|" \
            "$out/manifests/homebrew/espota-c.rb"
    fi
    if [ -n "$x86_64" ]; then
        fill gitlab/example.gitlab-ci.yml gitlab/example.gitlab-ci.yml
        mkdir -p "$out/manifests"
        cp "$tree/contrib/container/Containerfile" "$out/manifests"
        cp -R "$tree/contrib/github" "$out/manifests/github"
        for cpu in x86_64 aarch64 armv6; do
            file=espota-c-$version-linux-$cpu.tar.gz
            [ ! -f "$out/$file" ] || echo "$(digest "$file") $file $url" >>"$out/manifests/github/pinned"
        done
    fi
    for zip in "$out"/*.zip; do
        [ ! -f "$zip" ] || sh "$tree/contrib/windows/packages.sh" "$zip" "$url" "$out/manifests" >/dev/null
    done
    report "manifests/" "filled in, not tried"
}

fill() {
    mkdir -p "$out/manifests/$(dirname "$2")"
    sed "s|@VERSION@|$version|g; s|@URL@|$url|g; s|@SHA256@|$sha256|g; s|@SHA512@|$sha512|g
        s|@SHA256_X86_64@|$x86_64|g" "$tree/contrib/$1" >"$out/manifests/$2"
}

for part in $all; do
    ! wanted "$part" || "make_$part"
done

cd "$out"
find . -type f ! -name SHA256SUMS | sed 's,^\./,,' | LC_ALL=C sort >"$work/files"
while IFS= read -r file; do
    sha256sum "$file"
done <"$work/files" >"$work/sums"
mv "$work/sums" SHA256SUMS
openssl dgst -sha256 -sign "$key" -out SHA256SUMS.sig SHA256SUMS
openssl pkey -in "$key" -pubout -out "$work/public.pem"
openssl dgst -sha256 -verify "$work/public.pem" -signature SHA256SUMS.sig SHA256SUMS >/dev/null
report "SHA256SUMS, SHA256SUMS.sig" "signed by $(openssl pkey -in "$key" -pubout -outform DER | sha256sum | cut -c 1-16)"

echo
echo "espota-c $version in $out:"
cat "$work/report"
