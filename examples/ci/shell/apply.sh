#!/usr/bin/env bash
# Applies the very plan that was approved, and nothing else:
#
#     apply.sh [ARGUMENT OF gwplan plan…]
#
# GWPLAN_DIGEST is the digest of the approved plan. Where it is empty, GWPLAN_FORGE (github or
# gitlab) says where approved-digest.sh finds it: in the comment on the request that was merged.
# GWPLAN_APPROVED_PLAN may name that plan's plan.json: a refusal then tells what has changed since.
# Arguments that choose resources must be those of the plan that was approved.
set -euo pipefail
here=$(dirname "$0")
source "$here/common.sh"
need jq

rm -rf "$ARTIFACTS"
mkdir -p "$ARTIFACTS"

# A job that is run again after it has done its work has nothing to do, and needs no digest.
detailed "$GWPLAN" --quiet plan --format json --detailed-exitcode "$@" >"$ARTIFACTS/plan.json"
plan_outputs "$ARTIFACTS/plan.json"
if [[ $code == 0 ]]; then
    say "nothing to apply: the cloud matches the files"
    exit 0
fi

digest=${GWPLAN_DIGEST:-}
if [[ -z $digest && -n ${GWPLAN_FORGE:-} ]]; then
    digest=$("$here/approved-digest.sh" "$GWPLAN_FORGE") || digest=
fi
if [[ -z $digest ]]; then
    "$GWPLAN" plan "$@" || true
    die "there are changes, and no approved plan is known" \
        "read the plan above; if it is right, run this again with its digest"
fi
[[ $digest =~ ^[0-9a-f]{64}$ ]] || die "this is no digest of a plan: $digest"

options=(--expect-digest "$digest" --lock-timeout "${GWPLAN_LOCK_TIMEOUT:-10m}")
[[ -z ${GWPLAN_APPROVED_PLAN:-} ]] || options+=(--approved-plan "$GWPLAN_APPROVED_PLAN")
exec "$GWPLAN" apply "${options[@]}" "$@"
