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

/// Reads a duration as people write it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    parsed.ok_or_else(|| "write it like 2s, 500ms or 1m 30s".to_owned())
}

/// Reads a bound in bytes; less than the least has no room for anything.
pub(super) fn max_bytes(text: &str) -> Result<usize, String> {
    const LEAST: usize = 4096;
    match text.replace(['_', ','], "").parse() {
        Ok(bytes) if bytes >= LEAST => Ok(bytes),
        _ => Err(format!("write a number of bytes from {LEAST} on")),
    }
}
