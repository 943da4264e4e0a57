//! Ctrl-C and its kin.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::backend::Lock;
use crate::model::Fault;

use super::terminal::Terminal;

/// How long the last word of a process that ends at a signal may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// Whether somebody listens who brings the work to an end.
static LISTENED: AtomicBool = AtomicBool::new(false);

/// SIGINT, SIGTERM and SIGHUP (a terminal or connection that closes).
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to catch them; needs a runtime.
    fn catch() -> Result<Self, Fault> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(deaf)?,
            terminate: signal(SignalKind::terminate()).map_err(deaf)?,
            hangup: signal(SignalKind::hangup()).map_err(deaf)?,
        })
    }

    /// Waits for the next of them.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

fn deaf(error: io::Error) -> Fault {
    Fault::new("signals can't be listened to").because(error)
}

/// Begins to listen to signals.
///
/// The first turns the returned flag to true; the second ends the process at once, and the next run
/// finds out how far this one came.
pub(super) fn listen() -> Result<watch::Receiver<bool>, Fault> {
    let mut signals = Signals::catch()?;
    LISTENED.store(true, Ordering::SeqCst);
    let (asked, stop) = watch::channel(false);
    tokio::spawn(async move {
        signals.next().await;
        asked.send(true).ok();
        signals.next().await;
        leave();
    });
    Ok(stop)
}

/// The lock that is held while nothing is begun yet.
static HELD: Mutex<Option<Weak<dyn Lock>>> = Mutex::new(None);

/// Lets a lock go when the process ends at a signal.
pub(super) fn let_go_at_first(lock: &Arc<dyn Lock>) {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    *held = Some(Arc::downgrade(lock));
}

/// Ends the process at the first signal that comes before somebody listens, while there is nothing
/// yet to bring to an end.
///
/// Needs no runtime, and stays on guard: what once caught signals can't hand them back to the system.
pub(super) fn leave_at_first(terminal: Terminal) -> Result<(), Fault> {
    static ON_GUARD: AtomicBool = AtomicBool::new(false);
    if ON_GUARD.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(deaf)?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::catch()?
    };
    let guard = async move {
        loop {
            signals.next().await;
            if !LISTENED.load(Ordering::SeqCst) {
                let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(lock) = held.as_ref().and_then(Weak::upgrade) {
                    lock.let_go();
                }
                say_goodbye(terminal);
                leave();
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(guard))
        .map_err(deaf)?;
    Ok(())
}

/// Says why the process ends, as far as that takes no longer than a moment.
///
/// A stderr that nobody reads, or that another thread has locked, must not keep the process alive.
fn say_goodbye(terminal: Terminal) {
    let (said, told) = mpsc::channel();
    std::thread::spawn(move || {
        terminal.end_line();
        terminal.status(
            "interrupted before anything was started: run the same command again to continue",
        );
        said.send(()).ok();
    });
    told.recv_timeout(GOODBYE).ok();
}

#[expect(
    clippy::disallowed_methods,
    reason = "the user asked for it, and nothing must be waited for"
)]
fn leave() {
    std::process::exit(130);
}
