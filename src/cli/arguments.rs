//! How arguments of several commands are read.

use std::time::Duration;

use clap::ValueEnum;
use jiff::SignedDuration;

/// The form of an output whose JSON is gwplan's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// JSON, on one line.
    Json,
}

/// The form of an output that shows a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For people.
    Text,
    /// Terraform's plan JSON, on one line; of a state, its state JSON.
    Json,
    /// The counts of creates, updates and deletes for GitLab's merge requests, on one line.
    JsonSummary,
}

/// Reads a duration as people write it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    parsed.ok_or_else(|| "write it like 2s, 500ms or 1m 30s".to_owned())
}
