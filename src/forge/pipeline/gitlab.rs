//! What GitLab CI says.

use std::path::PathBuf;

use crate::forge::{Forge, Merge};

use super::{Lookup, Origin, Pipeline, get, token};

/// Where the API of GitLab's own site is.
const API: &str = "https://gitlab.com/api/v4";

/// Says how to come by a token.
pub(super) const TOKEN_HINT: &str = "set GITLAB_TOKEN to an access token with the scope `api` and at least the role Reporter (CI_JOB_TOKEN can't write notes); --dry-run needs none";

/// The sources of a pipeline that runs the project's own commits and is told no others. What a trigger, a
/// parent or another forge starts runs for whom they say, if they say it.
const OWN_SOURCES: &[&str] = &["push", "schedule", "web"];

/// Tells whether this is a job of GitLab CI.
pub(super) fn runs_us(lookup: Lookup<'_>) -> bool {
    get(lookup, "GITLAB_CI").is_some()
}

/// Reads the environment.
pub(super) fn detect(lookup: Lookup<'_>) -> Pipeline {
    let get = |name: &str| get(lookup, name);
    // The pipeline of a fork runs in the fork: the request is elsewhere.
    let target = get("CI_MERGE_REQUEST_PROJECT_ID");
    let request = get("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok());
    let origin = match (get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), &target) {
        (Some(source), Some(target)) if source == *target => Origin::Own,
        (Some(_), Some(_)) => Origin::Fork,
        (None, None) if request.is_none() && is_own(&get) => Origin::Own,
        _ => Origin::Unknown,
    };
    // A pipeline of merged results runs on a merge that nobody keeps.
    let head = get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| get("CI_COMMIT_SHA"));
    let merge = get("CI_COMMIT_SHA").zip(get("CI_COMMIT_BRANCH"));
    let mut pipeline = Pipeline {
        merge: merge.map(|(commit, branch)| Merge { commit, branch }),
        forge: Forge::GitLab,
        runner: None,
        api: get("CI_API_V4_URL").unwrap_or(API.to_owned()),
        api_is_wish: false,
        page: get("CI_MERGE_REQUEST_PROJECT_URL").or_else(|| get("CI_PROJECT_URL")),
        repository: target.or_else(|| get("CI_PROJECT_ID")),
        request,
        head,
        origin,
        run: get("CI_JOB_URL"),
        summary: None,
        workspace: get("CI_PROJECT_DIR").map(PathBuf::from),
        token: token(lookup, &["GWPLAN_FORGE_TOKEN", "GITLAB_TOKEN"]),
    };
    if request.is_none() {
        // The pipeline of a branch names the requests that would merge it.
        pipeline.request = open_request(&get);
    }
    pipeline
}

fn is_own(get: &impl Fn(&str) -> Option<String>) -> bool {
    get("CI_PIPELINE_SOURCE").is_some_and(|source| OWN_SOURCES.contains(&source.as_str()))
}

/// Returns the one request within the project that would merge the branch that is built.
fn open_request(get: &impl Fn(&str) -> Option<String>) -> Option<u64> {
    let open = get("CI_OPEN_MERGE_REQUESTS")?;
    let (project, number) = open.split_once('!')?;
    // Several are joined by commas, and no number holds one.
    (get("CI_PROJECT_PATH")? == project).then_some(())?;
    number.parse().ok()
}
