#!/usr/bin/env bash
# Plans, and keeps the plan in every form that a pipeline shows:
#
#     plan.sh [ARGUMENT OF gwplan plan…]
#
# In $GWPLAN_ARTIFACTS (gwplan-artifacts): plan.gwplan for `gwplan apply FILE`, plan.txt, plan.md,
# plan.json (Terraform's plan JSON), plan-summary.json (the counts for GitLab's merge requests), and
# outputs.env with the digest, whether there are changes, and their risk.
# GitHub and GitLab have `gwplan review` for this, which also comments on the request.
set -euo pipefail
source "$(dirname "$0")/common.sh"
need jq

fresh

"$GWPLAN" plan --out "$ARTIFACTS/plan.gwplan" "$@" >"$ARTIFACTS/plan.txt"
cat "$ARTIFACTS/plan.txt"
for form in json:plan.json markdown:plan.md json-summary:plan-summary.json; do
    "$GWPLAN" --quiet show "$ARTIFACTS/plan.gwplan" --format "${form%%:*}" >"$ARTIFACTS/${form#*:}"
done
plan_outputs "$ARTIFACTS/plan.json"
