//! The log, for those who ask for it.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::terminal::{Log, Terminal};

/// Begins to log to stderr: nothing at 0, requests at 1, bodies too at 2.
///
/// Only gwplan's own lines are let through: the libraries below log headers, and those hold tokens.
pub(super) fn start(verbosity: u8, terminal: Terminal) {
    let level = match verbosity {
        0 => return,
        1 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let own = Targets::new().with_target("gwplan", level);
    let lines = fmt::layer()
        .with_writer(move || Log(terminal))
        .with_ansi(false)
        .without_time()
        .with_filter(own);
    tracing_subscriber::registry().with(lines).init();
}
