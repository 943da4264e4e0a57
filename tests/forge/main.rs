//! Pipelines as they say who they are, and comments on a fake GitHub and a fake GitLab.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

mod approval;
mod comments;
#[path = "../fakes/forge.rs"]
mod fake;
mod mishaps;
mod pipeline;
mod support;
