//! What the engine tells while it works: the only way from the engine to a view.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Address, Counts};
use crate::plan::{Action, Half};

/// Takes events; it must not block.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// Tells one thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Work on a step began.
    Started {
        /// The resource.
        address: Address,
        /// What is being done.
        action: Action,
    },
    /// The cloud took a request on, and the state says so.
    Accepted {
        /// The resource.
        address: Address,
        /// Its id in the cloud.
        id: String,
        /// The task's id, where there is one.
        task_id: Option<String>,
        /// Whether it was a create or a delete.
        half: Half,
    },
    /// The cloud was asked again about a resource that is waited for.
    Waiting {
        /// The resource.
        address: Address,
        /// The cloud's status word, as last seen.
        status: String,
        /// Since the step began.
        elapsed: Duration,
    },
    /// A step ended well.
    Completed {
        /// The resource.
        address: Address,
        /// What was done.
        action: Action,
        /// Its id in the cloud.
        id: String,
        /// Since the step began.
        elapsed: Duration,
    },
    /// A step failed.
    Failed {
        /// The resource.
        address: Address,
        /// What was tried.
        action: Action,
        /// Why it failed.
        failure: Failure,
        /// Since the step began.
        elapsed: Duration,
    },
    /// Something went wrong on the way that the engine deals with itself.
    Trouble {
        /// What it comes from: troubles of one cause are told once a minute.
        cause: String,
        /// What went wrong, in a line.
        message: String,
    },
    /// The user asked to stop; nothing new is begun.
    Stopping,
}

/// Says why a step failed and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened.
    pub summary: String,
    /// What to do next; may be empty.
    pub help: String,
}

/// Holds how a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the steps that ended well have done.
    pub counts: Counts,
    /// The steps that ended well.
    pub done: Vec<(Address, Action)>,
    /// The steps that failed.
    pub failed: Vec<(Address, Failure)>,
    /// The steps that were begun and are not finished, since the run was interrupted.
    pub unfinished: Vec<Address>,
    /// The steps that were not begun, and why.
    pub not_started: Vec<(Address, String)>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
}

impl Report {
    /// Tells whether every step has ended well.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unfinished.is_empty() && self.not_started.is_empty()
    }
}
