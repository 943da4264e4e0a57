//! The file in which GitHub tells what has set a workflow off.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Origin;

/// Holds of an event what tells about a pull request.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Event {
    pull_request: Option<PullRequest>,
    issue: Option<Issue>,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    number: u64,
    head: Side,
    base: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    sha: Option<String>,
    /// Nothing where the repository was deleted.
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Repository {
    full_name: String,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    /// There for the issue of a pull request alone.
    pull_request: Option<IgnoredAny>,
}

impl Event {
    /// Reads it; one of a shape that is not known tells nothing.
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Returns the number of the pull request.
    pub(super) fn number(&self) -> Option<u64> {
        let commented = self.issue.as_ref();
        let commented = commented.filter(|issue| issue.pull_request.is_some());
        let request = self.pull_request.as_ref().map(|request| request.number);
        request.or(commented.map(|issue| issue.number))
    }

    /// Returns the commit that is to be merged.
    pub(super) fn head(&self) -> Option<String> {
        self.pull_request.as_ref()?.head.sha.clone()
    }

    /// Says where that commit comes from.
    pub(super) fn origin(&self) -> Origin {
        match &self.pull_request {
            None => Origin::Unknown,
            Some(PullRequest { head, base, .. })
                if head.repo.is_some() && head.repo == base.repo =>
            {
                Origin::Own
            }
            Some(_) => Origin::Fork,
        }
    }
}
