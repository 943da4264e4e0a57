#!/usr/bin/env bash
# Plans, and writes the plan into one comment on the request that this pipeline runs for:
#
#     review.sh [ARGUMENT OF gwplan review…]
#
# With GWPLAN_OFFLINE=true it plans from the files and the state alone, as it does anyhow for requests from
# forks, whose pipelines are given no credentials. $GWPLAN_ARTIFACTS takes the plan in every form, and
# outputs.env with the digest, whether there are changes, and their risk.
set -euo pipefail
source "$(dirname "$0")/common.sh"
need jq

fresh
options=(--artifacts "$ARTIFACTS")
[[ ${GWPLAN_OFFLINE:-} != true ]] || options+=(--offline)
code=0
"$GWPLAN" review "${options[@]}" "$@" || code=$?
# Also a plan that policies deny has a digest, for who overrides them.
[[ ! -e $ARTIFACTS/plan.json ]] || plan_outputs "$ARTIFACTS/plan.json"
exit "$code"
