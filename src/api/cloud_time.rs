//! The cloud's own time, read off its answers.
//!
//! The clock of this machine may be wrong, and that of the machine before it was wrong in another way:
//! two clocks that the cloud accepts can be ten minutes apart. So what is signed, and what is concluded
//! from the time that has passed, goes by the cloud's clock where that is known.

use std::sync::{Mutex, PoisonError};

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::model::Clock;

/// A difference that is worth a word in the log; below it are the seconds that headers are cut to.
const NOTABLE: SignedDuration = SignedDuration::from_secs(5);

/// Tells the cloud's time, from its last answer on by a clock that nobody can set.
pub(super) struct CloudTime {
    clock: Clock,
    heard: Mutex<Option<(Timestamp, Instant)>>,
}

impl CloudTime {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            heard: Mutex::default(),
        }
    }

    /// Takes the `Date` of an answer that the API itself has given.
    pub(super) fn hear(&self, date: &str) {
        let Ok(date) = DateTimeParser::new().parse_timestamp(date) else {
            return;
        };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let off = date.duration_since(self.clock.now());
        if heard.is_none() && off.abs() > NOTABLE {
            let seconds = off.as_secs();
            tracing::debug!(
                seconds,
                "the cloud's clock is not this machine's: the cloud's counts"
            );
        }
        *heard = Some((date, Instant::now()));
    }

    /// Returns the cloud's time, once it has said it.
    pub(super) fn told(&self) -> Option<Timestamp> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let (date, at) = heard?;
        let since = SignedDuration::try_from(at.elapsed()).ok()?;
        date.checked_add(since).ok()
    }

    /// Returns the cloud's time, or this machine's where the cloud has not said it yet.
    pub(super) fn now(&self) -> Timestamp {
        self.told().unwrap_or_else(|| self.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clouds_time_counts_once_it_is_known() {
        let wrong: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let time = CloudTime::new(Clock::fixed(wrong));
        assert_eq!((time.now(), time.told()), (wrong, None));
        time.hear("no date");
        assert_eq!(time.told(), None);
        time.hear("Sat, 31 Jan 2026 12:04:50 GMT");
        let ahead = time.now().duration_since(wrong).as_secs();
        assert!((290..300).contains(&ahead), "{ahead}");
    }
}
