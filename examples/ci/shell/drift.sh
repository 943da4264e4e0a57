#!/usr/bin/env bash
# Compares the cloud with the state, and changes nothing:
#
#     drift.sh
#
# Exits with 0 whether there is drift or not: outputs.env in $GWPLAN_ARTIFACTS says which, and
# drift.txt beside it tells what has changed. With GWPLAN_FORGE (github or gitlab), one issue with
# the label GWPLAN_DRIFT_LABEL is opened, kept up to date, and closed when the drift is gone.
set -euo pipefail
here=$(dirname "$0")
source "$here/common.sh"

fresh
detailed "$GWPLAN" drift --detailed-exitcode >"$ARTIFACTS/drift.txt"
cat "$ARTIFACTS/drift.txt"
drift=false
[[ $code == 0 ]] || drift=true
outputs "drift=$drift"
if [[ -n ${GWPLAN_FORGE:-} ]]; then
    "$here/drift-issue.sh" "$GWPLAN_FORGE" "$drift" "$ARTIFACTS/drift.txt"
fi
