#!/usr/bin/env bash
# Keeps one issue about drift:
#
#     drift-issue.sh github|gitlab true|false FILE
#
# true opens it, or writes FILE into the open one; false closes it. It is found by its label,
# GWPLAN_DRIFT_LABEL, and by its title, which names the environment.
set -euo pipefail
source "$(dirname "$0")/common.sh"
need curl jq
FORGE=${1:?github or gitlab} drift=${2:?true or false} file=${3:?the report}

label=${GWPLAN_DRIFT_LABEL:-gwplan-drift}
title="The cloud has drifted from what gwplan applied"
[[ -z ${GWPLAN_ENV:-} ]] || title+=" ($GWPLAN_ENV)"
case $FORGE in
github)
    issues=/repos/${GITHUB_REPOSITORY:?}/issues open=open closed='{"state":"closed"}' change=PATCH
    page=${GITHUB_SERVER_URL:-}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}
    ;;
gitlab)
    issues=/projects/${CI_PROJECT_ID:?}/issues open=opened closed='{"state_event":"close"}' change=PUT
    page=${CI_JOB_URL:-}
    ;;
*) die "no such forge: $FORGE" "it is github or gitlab" ;;
esac

query=$(jq -rn --arg name "$label" --arg open "$open" '"state=\($open)&labels=\($name | @uri)"')
number=$(api_pages "$issues?$query" | jq -r --arg title "$title" '
    # GitHub lists pull requests among the issues.
    [.[] | select(.title == $title and (.pull_request | not)) | .iid // .number] | min // empty')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ $drift == false ]]; then
    [[ -n $number ]] || exit 0
    printf '%s' "$closed" >"$work/body"
    api "$change" "$issues/$number" "$work/body" >/dev/null
    say "the drift is gone: issue $number is closed"
    exit 0
fi

# Indented, the report is code, whatever it holds: no value from the cloud can become markup or
# call anybody. Forges cut what is longer.
{
    printf 'Others have changed in the cloud what gwplan manages, as %s found:\n\n' "${page:-a run}"
    head -c 50000 "$file" | sed 's/^/    /'
    printf '\n\n%s\n' "Take it over into the files, or apply the files again. This issue closes itself when the drift is gone."
} >"$work/text"
jq -n --arg title "$title" --rawfile body "$work/text" --arg name "$label" --arg forge "$FORGE" '
    if $forge == "github" then {title: $title, body: $body, labels: [$name]}
    else {title: $title, description: $body, labels: $name} end' >"$work/body"
if [[ -n $number ]]; then
    api "$change" "$issues/$number" "$work/body" >/dev/null
    say "issue $number tells of the drift"
else
    number=$(api POST "$issues" "$work/body" | jq -r '.iid // .number')
    say "issue $number was opened about the drift"
fi
