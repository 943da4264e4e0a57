#!/usr/bin/env bash
# Takes a released gwplan for this machine and checks it.
#
#     packaging/fetch-release.sh REPOSITORY TAG FOLDER
#
# REPOSITORY is OWNER/NAME on the server that GITHUB_SERVER_URL names. The program ends up in
# FOLDER/bin. Ends with status 3 where there is no such release, or none for this machine: then build
# it. What doesn't have its checksum, or isn't attested to be built by that repository, is an error.
set -euo pipefail

repository=$1
tag=$2
folder=$3
none=3

# Only a version has a release; a branch or a commit is built.
[[ $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || exit "$none"
case $(uname -s)-$(uname -m) in
    Linux-x86_64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64) target=aarch64-unknown-linux-musl ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    *) exit "$none" ;;
esac

base=${GITHUB_SERVER_URL:-https://github.com}/$repository/releases/download/$tag
archive=gwplan-$target.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Of the first file a refusal means that there is no release; of the second, that it is not whole.
status=$(curl --silent --show-error --location --retry 3 --output SHA256SUMS --write-out '%{http_code}' "$base/SHA256SUMS")
case $status in
    200) ;;
    404) exit "$none" ;;
    *)
        echo "the release $tag of $repository can't be read: status $status; try again, or name a gwplan by the input program" >&2
        exit 1
        ;;
esac
grep -F "  $archive" SHA256SUMS >wanted || exit "$none"
curl --silent --show-error --fail --location --retry 3 --output "$archive" "$base/$archive"
if command -v sha256sum >/dev/null; then
    sums=(sha256sum)
else
    sums=(shasum -a 256)
fi
if ! "${sums[@]}" --check wanted >/dev/null 2>&1; then
    echo "$archive of the release $tag does not have the checksum in SHA256SUMS: it is not used" >&2
    exit 1
fi
if command -v gh >/dev/null; then
    if ! gh attestation verify "$archive" --repo "$repository" >&2; then
        echo "$archive of the release $tag is not attested to be built by $repository: it is not used" >&2
        exit 1
    fi
else
    echo "gh is not on this machine: $archive was checked by its checksum alone" >&2
fi
tar -xzf "$archive"
case $folder in
    /*) ;;
    *) folder=$OLDPWD/$folder ;;
esac
mkdir -p "$folder/bin"
mv gwplan "$folder/bin/gwplan"
