//! The services that host pull requests: which one runs us, where it shows the files, and our comment.
//!
//! Nothing here knows what a plan is. A comment is text whose first line is a [`Marker`], by which the
//! next run finds it again.

mod approval;
mod client;
mod comments;
mod dialect;
mod error;
mod github;
mod gitlab;
mod links;
mod marker;
mod pipeline;

use std::fmt;

pub use approval::{Approval, Demand, Merge, find_approval};
pub use client::Settings;
pub use comments::{Comment, Comments, Posted, Request};
pub use error::{Error, ErrorKind};
pub use links::{Links, in_repository};
pub use marker::Marker;
pub use pipeline::{Lookup, Origin, Pipeline, Target, Wishes, event_file};

/// Names a service that hosts pull requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// GitHub, or a GitHub Enterprise Server.
    GitHub,
    /// GitLab, also one's own.
    GitLab,
}

impl Forge {
    /// Returns what it calls a request to merge.
    pub fn request(self) -> &'static str {
        match self {
            Self::GitHub => "pull request",
            Self::GitLab => "merge request",
        }
    }
}

impl fmt::Display for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
        })
    }
}
