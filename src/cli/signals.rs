//! Ctrl-C and its kin.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::model::Fault;

/// Begins to listen to SIGINT, SIGTERM and SIGHUP (a terminal or connection that closes).
///
/// The first turns the returned flag to true; the second ends the process at once, and the next run
/// finds out how far this one came.
pub(super) fn listen() -> Result<watch::Receiver<bool>, Fault> {
    let failed = |error| Fault::new("signals can't be listened to").because(error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let (asked, stop) = watch::channel(false);
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            if first {
                asked.send(true).ok();
            } else {
                leave();
            }
        }
    });
    Ok(stop)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the user asked twice, and nothing must be waited for"
)]
fn leave() {
    std::process::exit(130);
}
