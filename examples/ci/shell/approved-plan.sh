#!/usr/bin/env bash
# Gets the plan that a request's pipeline has kept, so that a refusal can tell what has changed since:
#
#     approved-plan.sh github|gitlab NUMBER COMMIT DIGEST FILE
#
# Only a plan of that very digest is taken. Nothing is approved by it, so where there is none (it has
# expired, or the token may not read it), the apply goes on without.
set -euo pipefail
source "$(dirname "$0")/common.sh"
need curl jq
FORGE=${1:?github or gitlab} number=${2:?the number of the request} head=${3:?its commit}
digest=${4:?the digest} file=${5:?the file}

case $FORGE in
github)
    need unzip
    artifacts=/repos/${GITHUB_REPOSITORY:?}/actions/artifacts
    id=$(api GET "$artifacts?name=${GWPLAN_ARTIFACT:-gwplan-plan}-$number&per_page=100" | jq -er --arg head "$head" '
        [.artifacts[] | select(.expired | not) | select(.workflow_run.head_sha == $head) | .id] | max // empty')
    api GET "$artifacts/$id/zip" >"$file.zip"
    unzip -p "$file.zip" plan.json >"$file"
    rm "$file.zip"
    ;;
gitlab)
    project=/projects/${CI_PROJECT_ID:?}
    pipelines=$(api GET "$project/merge_requests/$number/pipelines" | jq -r --arg head "$head" '
        [.[] | select(.sha == $head) | .id] | sort | reverse | .[]')
    id=
    for pipeline in $pipelines; do
        id=$(api GET "$project/pipelines/$pipeline/jobs?scope[]=success&per_page=100" | jq -r --arg name "${GWPLAN_JOB:-plan}" '
            [.[] | select(.name == $name) | .id] | max // empty')
        [[ -z $id ]] || break
    done
    [[ -n $id ]] || die "no job has kept a plan"
    api GET "$project/jobs/$id/artifacts/$ARTIFACTS/plan.json" >"$file"
    ;;
*) die "no such forge: $FORGE" "it is github or gitlab" ;;
esac
jq -e --arg digest "$digest" '.gwplan.digest == $digest' "$file" >/dev/null || die "the plan that was kept is another one"
