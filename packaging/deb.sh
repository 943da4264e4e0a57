#!/usr/bin/env bash
# Makes a Debian package of a built gwplan, with its manual pages and completions.
#
#     packaging/deb.sh PROGRAM FOLDER
#
# PROGRAM is run, so it has to be one of this machine; the package is for this machine's architecture.
# Prints the package's path. Needs dpkg-deb and gzip.
set -euo pipefail

program=$1
folder=$2
root=$(cd "$(dirname "$0")/.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
# What dpkg-deb packs is what everybody may read.
umask 022
chmod 755 "$tree"

version=$("$program" --version | cut -d ' ' -f 2)
architecture=$(dpkg --print-architecture)
install -D -m 755 "$program" "$tree/usr/bin/gwplan"

manual=$tree/usr/share/man/man1
"$program" man --out "$manual"
gzip --best --no-name "$manual"/*

completions() {
    mkdir -p "$tree/$(dirname "$2")"
    "$program" completions "$1" >"$tree/$2"
}
completions bash usr/share/bash-completion/completions/gwplan
completions zsh usr/share/zsh/vendor-completions/_gwplan
completions fish usr/share/fish/vendor_completions.d/gwplan.fish

documents=$tree/usr/share/doc/gwplan
mkdir -p "$documents"
gzip --best --no-name --stdout "$root/CHANGELOG.md" >"$documents/changelog.gz"
{
    echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    echo
    echo "Files: *"
    echo "Copyright: the authors of gwplan"
    echo "License: Apache-2.0"
    echo " On Debian systems, the text is in /usr/share/common-licenses/Apache-2.0."
} >"$documents/copyright"

depends="ca-certificates"
# A static program needs nothing of the system's but its certificates.
if ldd "$program" >/dev/null 2>&1; then
    depends="$depends, libc6, libgcc-s1"
fi
mkdir "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<EOF
Package: gwplan
Version: $version
Architecture: $architecture
Maintainer: The gwplan authors <gwplan@example.invalid>
Section: admin
Priority: optional
Installed-Size: $(du -sk "$tree/usr" | cut -f 1)
Depends: $depends
Description: plan and apply Tencent Cloud cloud native API gateways
 gwplan keeps gateways as YAML files say. It shows a plan, and applies exactly
 what was reviewed, once, whatever crashes in between.
EOF

mkdir -p "$folder"
package=$folder/gwplan_${version}_$architecture.deb
dpkg-deb --root-owner-group --build -Zgzip "$tree" "$package" >/dev/null
echo "$package"
