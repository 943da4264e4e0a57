//! Numbered places where a test can have the program killed.
//!
//! The promise that nothing is lost is about the moments between two actions on the disk or the wire.
//! Each such moment has a point here. A debug build that is started with `GWPLAN_CRASH_AT=N` kills
//! itself by SIGKILL at the `N`th of them, and one that is started with `GWPLAN_CRASH_AT=N NAME` at the
//! `N`th of that name. `GWPLAN_STOP_AT` does the same with SIGSTOP: the program sleeps there until it is
//! continued. A release build has no trace of this.

/// Marks a moment at which the program may be killed or stopped.
#[cfg(debug_assertions)]
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::missing_panics_doc,
    reason = "no part of the product: it reads what a test asks for, and says where it struck"
)]
pub fn point(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    struct Asked {
        number: u64,
        only: String,
        signal: Signal,
    }
    static ASKED: LazyLock<Option<Asked>> = LazyLock::new(|| {
        let wishes = [
            ("GWPLAN_CRASH_AT", Signal::KILL),
            ("GWPLAN_STOP_AT", Signal::STOP),
        ];
        wishes.into_iter().find_map(|(variable, signal)| {
            let wish = std::env::var(variable).ok()?;
            let (number, only) = wish.split_once(' ').unwrap_or((&wish, ""));
            let (number, only) = (number.parse().ok()?, only.to_owned());
            Some(Asked {
                number,
                only,
                signal,
            })
        })
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let Some(asked) = &*ASKED else { return };
    if !asked.only.is_empty() && asked.only != name {
        return;
    }
    if PASSED.fetch_add(1, Ordering::Relaxed) + 1 != asked.number {
        return;
    }
    let number = asked.number;
    if asked.signal == Signal::STOP {
        eprintln!("stopped at point {number}: {name}");
        assert!(kill_process(getpid(), Signal::STOP).is_ok(), "it may");
        return;
    }
    eprintln!("killed at point {number}: {name}");
    assert!(kill_process(getpid(), asked.signal).is_ok(), "it may");
    // The signal is on its way; nothing more may be done until it arrives.
    loop {
        std::thread::park();
    }
}

/// Marks a moment at which a debug build may be killed.
#[cfg(not(debug_assertions))]
#[inline]
pub fn point(_name: &str) {}
