# Shared by the scripts beside it, which read it with `source`.
# shellcheck shell=bash

# The program, and the folder that takes what a run leaves behind.
GWPLAN=${GWPLAN:-gwplan}
ARTIFACTS=${GWPLAN_ARTIFACTS:-gwplan-artifacts}

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "error: $1"
    [[ -z ${2:-} ]] || say "hint: $2"
    exit 1
}

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || die "$tool is not installed on this runner"
    done
}

# Makes the folder, without what an earlier run has left there: an old plan must not be taken for
# this one. What else is in it stays.
fresh() {
    mkdir -p "$ARTIFACTS"
    (cd "$ARTIFACTS" && rm -f plan.gwplan plan.txt plan.md plan.json plan.html plan-summary.json \
        approved-plan.json drift.txt outputs.env)
}

# Runs a command of gwplan's and keeps in `code` how it ended; an error ends the script.
detailed() {
    code=0
    "$@" || code=$?
    [[ $code == 0 || $code == 2 ]] || exit "$code"
}

# Tells the jobs that follow: `outputs KEY=VALUE…`.
outputs() {
    printf '%s\n' "$@" >>"$ARTIFACTS/outputs.env"
    [[ -z ${GITHUB_OUTPUT:-} ]] || printf '%s\n' "$@" >>"$GITHUB_OUTPUT"
}

# Tells what a plan in Terraform's JSON says.
plan_outputs() {
    # A plan that was made offline has no digest.
    outputs "digest=$(jq -r '.gwplan.digest // ""' "$1")" \
        "changes=$(jq -r '.gwplan.changes' "$1")" \
        "risk=$(jq -r '.gwplan.verdict.risk // "none"' "$1")"
}

# Speaks to the forge's API: `api METHOD PATH [JSON]`. FORGE is github or gitlab. The token goes
# through a pipe: what a command is called with, others on the machine can read.
api() {
    local method=$1 path=$2 base token header accept options=()
    case $FORGE in
    github)
        base=${GITHUB_API_URL:-https://api.github.com}
        token=${GITHUB_TOKEN:?is needed to speak to GitHub}
        header="Authorization: Bearer $token" accept=application/vnd.github+json
        # Its downloads are elsewhere; curl takes this header no further.
        options+=(--location)
        ;;
    gitlab)
        base=${CI_API_V4_URL:?is set by GitLab CI}
        token=${GITLAB_TOKEN:?is needed to speak to GitLab}
        header="PRIVATE-TOKEN: $token" accept=application/json
        ;;
    *) die "no such forge: $FORGE" "it is github or gitlab" ;;
    esac
    options+=(--silent --show-error --fail --globoff --request "$method" --header @- --header "Accept: $accept"
        --connect-timeout 10 --max-time 60)
    # What is read can be asked for again; what is written might then be there twice.
    [[ $method != GET ]] || options+=(--retry 3)
    if [[ -n ${3:-} ]]; then
        options+=(--header "Content-Type: application/json" --data-binary "@$3")
    fi
    curl "${options[@]}" "$base$path" <<<"$header"
}

# Reads all pages of a list, as one array. The path must have a query.
api_pages() {
    local page=1 found answer=
    while :; do
        found=$(api GET "$1&per_page=100&page=$page")
        answer+=$found
        [[ $(jq length <<<"$found") == 100 ]] || break
        page=$((page + 1))
    done
    jq -s add <<<"$answer"
}
