#!/usr/bin/env bash
# Applies the very plan that was approved, and nothing else:
#
#     apply.sh [ARGUMENT OF gwplan plan…]
#
# GWPLAN_DIGEST is the digest of the approved plan. Where it is empty, GWPLAN_FORGE (github or
# gitlab) says where approved-digest.sh finds it: in the comment on the request that was merged.
# GWPLAN_APPROVED_PLAN may name that plan's plan.json: a refusal then tells what has changed since.
# By default approved-plan.sh looks for it among what the request's pipeline has kept.
# GWPLAN_OVERRIDE_POLICY is the reason for which a plan that policies deny is applied all the same.
# Arguments that choose resources must be those of the plan that was approved.
set -euo pipefail
here=$(dirname "$0")
source "$here/common.sh"
need jq

fresh

override=${GWPLAN_OVERRIDE_POLICY:-}
# A job that is run again after it has done its work has nothing to do, and needs no digest. (A plan
# that policies deny is an error, so there is no asking beforehand where they are overridden.)
if [[ -z $override ]]; then
    detailed "$GWPLAN" --quiet plan --format json --detailed-exitcode "$@" >"$ARTIFACTS/plan.json"
    plan_outputs "$ARTIFACTS/plan.json"
    if [[ $code == 0 ]]; then
        say "nothing to apply: the cloud matches the files"
        exit 0
    fi
fi

digest=${GWPLAN_DIGEST:-} approved=${GWPLAN_APPROVED_PLAN:-}
if [[ -z $digest && -n ${GWPLAN_FORGE:-} ]]; then
    found=$("$here/approved-digest.sh" "$GWPLAN_FORGE") || found=
    read -r digest number head <<<"$found"
    if [[ -n $digest && -z $approved ]]; then
        approved=$ARTIFACTS/approved-plan.json
        "$here/approved-plan.sh" "$GWPLAN_FORGE" "$number" "$head" "$digest" "$approved" || approved=
    fi
fi
if [[ -z $digest ]]; then
    "$GWPLAN" plan "$@" || true
    die "there are changes, and no approved plan is known" \
        "read the plan above; if it is right, run this again with its digest"
fi
[[ $digest =~ ^[0-9a-f]{64}$ ]] || die "this is not a digest of a plan: $digest"

options=(--expect-digest "$digest" --lock-timeout "${GWPLAN_LOCK_TIMEOUT:-10m}")
[[ -z $override ]] || options+=(--override-policy "$override")
[[ -z $approved ]] || options+=(--approved-plan "$approved")
exec "$GWPLAN" apply "${options[@]}" "$@"
