//! The one place that asks the system for the time.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time; tests put a fixed one in its place.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// Returns the system's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the system clock is read"
    )]
    ///
    /// A debug build adds the seconds of `GWPLAN_CLOCK_AHEAD`, which may be below zero: a test of clocks that
    /// go wrong can't set that of the machine.
    pub fn system() -> Self {
        #[cfg(debug_assertions)]
        if let Ok(ahead) = std::env::var("GWPLAN_CLOCK_AHEAD")
            && let Ok(ahead) = ahead.parse()
        {
            let ahead = jiff::SignedDuration::from_secs(ahead);
            return Self::from_fn(move || Timestamp::now() + ahead);
        }
        Self(Arc::new(Timestamp::now))
    }

    /// Returns a clock that stands still.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Arc::new(move || at))
    }

    /// Returns a clock that tells what a function says, so that a test can turn it.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the present time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
