//! Numbered places where a test can have the program killed.
//!
//! The promise that nothing is lost is about the moments between two actions on the disk or the wire.
//! Each such moment has a point here. A debug build that is started with `GWPLAN_CRASH_AT=N` kills
//! itself by SIGKILL at the `N`th of them, and one that is started with `GWPLAN_CRASH_AT=N NAME` at the
//! `N`th of that name; a release build has no trace of this.

/// Marks a moment at which the program may be killed.
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
    static ASKED: LazyLock<Option<(u64, String)>> = LazyLock::new(|| {
        let asked = std::env::var("GWPLAN_CRASH_AT").ok()?;
        let (number, only) = asked.split_once(' ').unwrap_or((&asked, ""));
        Some((number.parse().ok()?, only.to_owned()))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let Some((asked, only)) = &*ASKED else { return };
    if !only.is_empty() && only != name {
        return;
    }
    if PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *asked {
        eprintln!("killed at point {asked}: {name}");
        let killed =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal is on its way; nothing more may be done until it arrives.
        assert!(killed.is_ok(), "a process may kill itself");
        loop {
            std::thread::park();
        }
    }
}

/// Marks a moment at which a debug build may be killed.
#[cfg(not(debug_assertions))]
#[inline]
pub fn point(_name: &str) {}
