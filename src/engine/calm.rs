//! Keeps troubles that come again and again from being told each time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::event::{Event, Sink};

/// How long a cause that was told is not told again.
const QUIET: Duration = Duration::from_mins(1);

/// Lets through one trouble of each cause a minute, with the number of those that were kept back.
pub(super) fn calm(events: Sink) -> Sink {
    let told = Mutex::new(Told::default());
    Arc::new(move |event| {
        let Event::Trouble { cause, message } = event else {
            return events(event);
        };
        let kept_back = {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.ask(&cause, Instant::now())
        };
        let message = match kept_back {
            None => return,
            Some(0) => message,
            Some(count) => format!("{message} ({count} more like it since this was last said)"),
        };
        events(Event::Trouble { cause, message });
    })
}

/// Remembers when each cause was told, and how often it was kept back since.
#[derive(Default)]
struct Told(BTreeMap<String, (Instant, u32)>);

impl Told {
    /// Returns how many of this cause were kept back since it was told, if it is its turn again.
    fn ask(&mut self, cause: &str, now: Instant) -> Option<u32> {
        match self.0.get_mut(cause) {
            Some((at, kept_back)) if now.duration_since(*at) < QUIET => {
                *kept_back += 1;
                None
            }
            before => {
                let kept_back = before.map_or(0, |(_, kept_back)| *kept_back);
                self.0.insert(cause.to_owned(), (now, 0));
                Some(kept_back)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_of_one_cause_are_told_once_a_minute_with_their_number() {
        let (begun, mut told) = (Instant::now(), Told::default());
        let mut heard = Vec::new();
        for second in 0..125 {
            let now = begun + Duration::from_secs(second);
            for cause in ["one", "other"] {
                heard.extend(told.ask(cause, now).map(|count| (cause, second, count)));
            }
        }
        let expected = |cause| [(cause, 0, 0), (cause, 60, 59), (cause, 120, 59)];
        heard.sort_unstable();
        assert_eq!(heard, [expected("one"), expected("other")].concat());
    }
}
