#!/usr/bin/env bash
# Asks GitHub for a token that says which repository, branch and environment this job runs for:
#
#     oidc-token.sh AUDIENCE FILE
#
# gwplan exchanges it for the keys of a role (TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN_FILE).
# Exits with 3 where GitHub gives none: a request from a fork, or a job without
# `permissions: id-token: write`.
set -euo pipefail
source "$(dirname "$0")/common.sh"
need curl jq
audience=${1:?the audience} file=${2:?the file}

if [[ -z ${ACTIONS_ID_TOKEN_REQUEST_URL:-} || -z ${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-} ]]; then
    say "this job is given no OIDC token"
    exit 3
fi
umask 077
mkdir -p "$(dirname "$file")"
encoded=$(jq -rn --arg audience "$audience" '$audience | @uri')
token=$(curl --silent --show-error --fail --retry 3 --connect-timeout 10 --max-time 60 \
    --header @- "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$encoded" \
    <<<"Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" | jq -er .value)
echo "::add-mask::$token"
printf '%s' "$token" >"$file"
