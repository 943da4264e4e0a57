//! The file in which GitHub tells what has set a workflow off.
//!
//! It names the request that the workflow runs for, and where the code comes from that it then is likely to
//! have in hand. What it doesn't tell is not guessed: [`Origin::Unknown`] is planned without credentials.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Origin;

/// The events by which a workflow runs another's code only if it was merged: they come from who can write
/// to the repository, and name none but its own commits.
const OWN_EVENTS: &[&str] = &["push", "schedule"];
/// How the branches begin in which requests wait for their merge, those of forks among them.
const QUEUE: &str = "refs/heads/gh-readonly-queue/";

/// Holds of an event what tells about a pull request.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Event {
    pull_request: Option<PullRequest>,
    workflow_run: Option<WorkflowRun>,
    issue: Option<Issue>,
}

/// The run of another workflow, whose end has set this one off. This one has the repository's secrets,
/// whoever has set the other one off.
#[derive(Debug, Deserialize)]
struct WorkflowRun {
    /// What has set the other one off.
    event: Option<String>,
    head_sha: Option<String>,
    /// Nothing where the repository was deleted.
    head_repository: Option<Repository>,
    repository: Option<Repository>,
    /// Always empty for a fork.
    pull_requests: Option<Vec<Numbered>>,
}

#[derive(Debug, Deserialize)]
struct Numbered {
    number: u64,
    base: Side,
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

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: Option<String>,
    id: Option<u64>,
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
        let ran = self.workflow_run.as_ref().and_then(WorkflowRun::request);
        request.or(ran).or(commented.map(|issue| issue.number))
    }

    /// Returns the commit that is to be merged.
    pub(super) fn head(&self) -> Option<String> {
        match (&self.pull_request, &self.workflow_run) {
            (Some(request), _) => request.head.sha.clone(),
            (None, Some(run)) => run.head_sha.clone(),
            (None, None) => None,
        }
    }

    /// Says where that commit comes from, given the event's name and the reference that it is about.
    pub(super) fn origin(&self, name: &str, reference: &str) -> Origin {
        match (&self.pull_request, &self.workflow_run) {
            (Some(PullRequest { head, base, .. }), _) => {
                of_sides(head.repo.as_ref(), base.repo.as_ref())
            }
            (None, Some(run)) => run.origin(),
            (None, None) if is_own(name) && !reference.starts_with(QUEUE) => Origin::Own,
            // Comments, checks, dispatches, queues: whose code the workflow then fetches is not told.
            (None, None) => Origin::Unknown,
        }
    }
}

impl WorkflowRun {
    /// Returns the number of the one request that the run was for.
    fn request(&self) -> Option<u64> {
        let [request] = self.pull_requests.as_deref()? else {
            return None;
        };
        // In a fork, requests to what it was copied from are named too.
        let id = |repository: &Option<Repository>| repository.as_ref().and_then(|one| one.id);
        (id(&request.base.repo) == id(&self.repository)).then_some(request.number)
    }

    fn origin(&self) -> Origin {
        match of_sides(self.head_repository.as_ref(), self.repository.as_ref()) {
            Origin::Own => {
                let event = self.event.as_deref().unwrap_or_default();
                let tells = event == "pull_request" || is_own(event);
                if tells { Origin::Own } else { Origin::Unknown }
            }
            origin => origin,
        }
    }
}

fn of_sides<'a>(head: Option<&'a Repository>, base: Option<&'a Repository>) -> Origin {
    let name = |side: Option<&'a Repository>| side?.full_name.as_deref();
    if name(head).is_some() && name(head) == name(base) {
        Origin::Own
    } else {
        Origin::Fork
    }
}

fn is_own(event: &str) -> bool {
    OWN_EVENTS.contains(&event)
}
