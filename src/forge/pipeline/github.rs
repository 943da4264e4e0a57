//! What GitHub Actions says.

use std::path::PathBuf;

use crate::forge::{Forge, Merge};

use super::event::Event;
use super::{Lookup, Origin, Pipeline, get, token};

/// Where GitHub's own API is.
pub(super) const API: &str = "https://api.github.com";
/// Where GitHub's own pages are.
pub(super) const SITE: &str = "https://github.com";

/// Says how to come by a token.
pub(super) const TOKEN_HINT: &str = "give the step `env: GITHUB_TOKEN: ${{ github.token }}` and the job `permissions: pull-requests: write`; --dry-run needs none";

/// Tells whether this is a workflow of GitHub Actions.
pub(super) fn runs_us(lookup: Lookup<'_>) -> bool {
    get(lookup, "GITHUB_ACTIONS").as_deref() == Some("true")
}

/// Reads the environment and the event.
pub(super) fn detect(lookup: Lookup<'_>, event: Option<&str>) -> Pipeline {
    let get = |name: &str| get(lookup, name);
    let event = Event::read(event.unwrap_or_default());
    let repository = get("GITHUB_REPOSITORY");
    let site = get("GITHUB_SERVER_URL").unwrap_or(SITE.to_owned());
    let page = repository
        .as_ref()
        .map(|repository| format!("{}/{repository}", site.trim_end_matches('/')));
    let run = page.as_ref().zip(get("GITHUB_RUN_ID"));
    let reference = get("GITHUB_REF").unwrap_or_default();
    let request = event.number().or_else(|| {
        let number = reference.strip_prefix("refs/pull/")?.split('/').next()?;
        number.parse().ok()
    });
    let bot = get("GITHUB_ACTOR").as_deref() == Some("dependabot[bot]");
    let name = get("GITHUB_EVENT_NAME").unwrap_or_default();
    let origin = match event.origin(&name, &reference) {
        Origin::Own if bot => Origin::Dependabot,
        origin => origin,
    };
    // Of a request, this is a merge that nobody keeps: only what is on a branch was merged.
    let branch = reference.strip_prefix("refs/heads/").map(str::to_owned);
    let merge = get("GITHUB_SHA").zip(branch);
    Pipeline {
        merge: merge.map(|(commit, branch)| Merge { commit, branch }),
        forge: Forge::GitHub,
        runner: None,
        api: get("GITHUB_API_URL").unwrap_or(API.to_owned()),
        api_is_wish: false,
        // GITHUB_SHA is a merge that nobody keeps, or the base: no link may lead there.
        head: event.head(),
        origin,
        run: run.map(|(page, run)| format!("{page}/actions/runs/{run}")),
        page,
        repository,
        request,
        summary: get("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        workspace: get("GITHUB_WORKSPACE").map(PathBuf::from),
        token: token(lookup, &["GWPLAN_FORGE_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"]),
    }
}
