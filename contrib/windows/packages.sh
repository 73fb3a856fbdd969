#!/bin/sh
# SPDX-License-Identifier: MIT
# Fills in what winget, Scoop and Chocolatey want to know of the zip that build.sh made.
set -eu

if [ $# -ne 3 ]; then
    echo "usage: sh contrib/windows/packages.sh ZIP URL OUT" >&2
    echo "  URL  of the folder that ZIP will be in: https://…/releases/download/v1.0.0" >&2
    echo "  OUT  the folder for what is made: winget, scoop and chocolatey" >&2
    exit 2
fi
zip=$1
url=${2%/}
out=$3
here=$(cd "$(dirname "$0")" && pwd)

folder=$(basename "$zip" .zip)
version=${folder#espota-c-}
version=${version%-windows-x86_64}
case $folder in
espota-c-[0-9]*-windows-x86_64) ;;
*) echo "packages.sh: $zip is not named as build.sh names it: espota-c-VERSION-windows-x86_64.zip" >&2; exit 1 ;;
esac
case $url in
https://?*) ;;
*) echo "packages.sh: $url is no https address: programs are fetched from there" >&2; exit 1 ;;
esac
case $url in
*[!A-Za-z0-9.:/_~%+-]*) echo "packages.sh: $url has characters that an address has not" >&2; exit 1 ;;
esac
sha256=$(sha256sum "$zip" | cut -d ' ' -f 1)

find "$here/winget" "$here/scoop" "$here/chocolatey" -name '*.in' | sort |
    while IFS= read -r template; do
        file=$out/${template#"$here"/}
        file=${file%.in}
        mkdir -p "$(dirname "$file")"
        sed "s|@VERSION@|$version|g; s|@URL@|$url/$folder.zip|g; s|@FOLDER@|$folder|g
            s|@SHA256@|$sha256|g" "$template" >"$file"
        echo "$file"
    done
