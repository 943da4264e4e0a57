#!/usr/bin/env bash
# Prints the digest of the plan that was approved with the request whose merge made this commit, the
# number of that request, and the commit that it was merged at:
#
#     approved-digest.sh github|gitlab
#
# `gwplan review` has written it into its comment on the request. Four things must hold, else the
# script refuses:
#
# - exactly one request was merged as this commit, into this branch;
# - exactly one comment has the mark of this project and environment in its first line, and is by
#   the author that the pipeline comments as, so that nobody else can plant one. The author is
#   GWPLAN_AUTHOR: by default github-actions[bot], and on GitLab the user of GITLAB_TOKEN;
# - it was last changed before the merge: what changed later is not what was approved;
# - it names exactly one digest.
set -euo pipefail
source "$(dirname "$0")/common.sh"
need curl jq
FORGE=${1:?github or gitlab}

# Writes a path as the mark has it.
inert() {
    local LC_ALL=C text=$1 out='' at char
    for ((at = 0; at < ${#text}; at++)); do
        char=${text:at:1}
        if [[ $char == [A-Za-z0-9_./] || ($char == - && $out != *-) ]]; then
            out+=$char
        else
            out+=$(printf '%%%02X' "'$char")
        fi
    done
    printf '%s' "$out"
}

case $FORGE in
github)
    repository=/repos/${GITHUB_REPOSITORY:?} commit=${GITHUB_SHA:?} root=${GITHUB_WORKSPACE:?}
    branch=${GITHUB_REF_NAME:?}
    merged=$(api_pages "$repository/commits/$commit/pulls?state=closed" | jq --arg commit "$commit" --arg branch "$branch" '
        [.[] | select(.merged_at != null and .merge_commit_sha == $commit and .base.ref == $branch)]')
    ;;
gitlab)
    repository=/projects/${CI_PROJECT_ID:?} commit=${CI_COMMIT_SHA:?} root=${CI_PROJECT_DIR:?}
    branch=${CI_COMMIT_BRANCH:?}
    merged=$(api_pages "$repository/repository/commits/$commit/merge_requests?state=merged" | jq --arg commit "$commit" --arg branch "$branch" '
        [.[] | select(.state == "merged" and .target_branch == $branch
            # After a fast-forward the commit is the head of the request.
            and ([.merge_commit_sha, .squash_commit_sha, .sha] | index($commit)))]')
    ;;
*) die "no such forge: $FORGE" "it is github or gitlab" ;;
esac

count=$(jq length <<<"$merged")
[[ $count == 1 ]] || die "$count requests were merged as $commit into $branch, not one" \
    "changes that come without a request have to be approved by their digest"
number=$(jq -r '.[0] | .iid // .number' <<<"$merged")
head=$(jq -r '.[0] | .head.sha // .sha' <<<"$merged")
merged_at=$(jq -r '.[0].merged_at' <<<"$merged")

case $FORGE in
github)
    author=${GWPLAN_AUTHOR:-github-actions[bot]}
    comments=$(api_pages "$repository/issues/$number/comments?")
    ;;
gitlab)
    author=${GWPLAN_AUTHOR:-$(api GET /user | jq -r .username)}
    comments=$(api_pages "$repository/merge_requests/$number/notes?sort=asc")
    ;;
esac

root=$(cd "$root" && pwd -P)
folder=$(pwd -P)
[[ $folder == "$root" || $folder == "$root"/* ]] || die "$folder is not in the repository, $root"
folder=${folder#"$root"} folder=${folder#/}
mark="<!-- gwplan:review $(inert "${folder:-.}")${GWPLAN_ENV:+ $(inert "$GWPLAN_ENV")} -->"

ours=$(jq --arg mark "$mark" --arg author "$author" '
    [.[] | select((.user.login // .author.username) == $author and (.system | not))
        | .body |= gsub("\r"; "") | select((.body | split("\n")[0] | rtrimstr(" ")) == $mark)]' <<<"$comments")
count=$(jq length <<<"$ours")
[[ $count == 1 ]] || die "request $number has $count comments by $author that begin with \`$mark\`, not one" \
    "was \`gwplan review\` run for it, from the same folder and with the same environment?"

jq -e --arg merged "$merged_at" '
    # Seconds since 1970, of a time with or without fractions, in any zone.
    def seconds: capture("^(?<time>.{19})(\\.[0-9]+)?(Z|(?<sign>[+-])(?<hours>\\d\\d):?(?<minutes>\\d\\d))$")
        | (.time + "Z" | fromdate)
        - ((.sign // "+") + "1" | tonumber) * ((.hours // "0" | tonumber) * 3600 + (.minutes // "0" | tonumber) * 60);
    .[0].updated_at // .[0].created_at | seconds <= ($merged | seconds)' <<<"$ours" >/dev/null ||
    die "the comment on request $number was changed after the merge, at $merged_at" \
        "what it says now was not there to be approved"

digest=$(jq -r '.[0].body | split("\n")[] | capture("^Digest `(?<digest>[0-9a-f]{64})`").digest' <<<"$ours")
[[ $digest =~ ^[0-9a-f]{64}$ ]] || die "the comment on request $number names no plan to apply, or several" \
    "a plan without changes has none, and neither has one that was made offline"
say "request $number was merged with the approved plan $digest"
printf '%s %s %s\n' "$digest" "$number" "$head"
