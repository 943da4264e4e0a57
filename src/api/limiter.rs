//! How fast requests leave, action by action.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::{Instant, sleep, sleep_until};

/// Paces the requests of each action; clones of a client share one.
pub(super) struct Limiter {
    quota: Option<Quota>,
    lanes: Mutex<HashMap<&'static str, Arc<Lane>>>,
}

/// Paces the requests of one action.
#[derive(Default)]
struct Lane {
    /// Held by the one task that waits for the next place: who comes first goes first, and the
    /// others sleep instead of all waking up for one place.
    queue: tokio::sync::Mutex<()>,
    pace: Option<DefaultDirectRateLimiter>,
    paused_until: Mutex<Option<Instant>>,
}

impl Limiter {
    /// Allows so many requests a second for each action; 0 allows any number.
    ///
    /// A burst is never saved up, because the cloud counts requests in windows of a second and a
    /// burst followed by the steady pace would be counted together. The pace is 5 % slower than
    /// what is allowed: on the way some requests are held up and others not, and a window at the
    /// cloud would now and then count one too many if they left at exactly the allowed pace.
    pub(super) fn new(requests_per_second: u32) -> Self {
        let quota = (requests_per_second > 0)
            .then(|| Duration::from_secs(1).mul_f64(1.05) / requests_per_second)
            .and_then(Quota::with_period);
        Self {
            quota,
            lanes: Mutex::default(),
        }
    }

    /// Waits until a request of this action may leave.
    pub(super) async fn wait(&self, action: &'static str) {
        let lane = self.lane(action);
        let _turn = lane.queue.lock().await;
        // The pause may be prolonged while it is slept through.
        while let Some(until) = lane.pause().filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
        let Some(pace) = &lane.pace else { return };
        while let Err(not_yet) = pace.check() {
            sleep(not_yet.wait_time_from(DefaultClock::default().now())).await;
        }
    }

    /// Holds all requests of an action back for a while.
    pub(super) fn pause(&self, action: &'static str, pause: Duration) {
        let lane = self.lane(action);
        let until = Instant::now() + pause;
        let mut paused = lane
            .paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |before| before.max(until)));
    }

    fn lane(&self, action: &'static str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(action).or_insert_with(|| {
            Arc::new(Lane {
                pace: self.quota.map(RateLimiter::direct),
                ..Lane::default()
            })
        });
        Arc::clone(lane)
    }
}

impl Lane {
    fn pause(&self) -> Option<Instant> {
        *self
            .paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_window_holds_more_than_is_allowed() {
        let limiter = Limiter::new(100);
        let start = Instant::now();
        for _ in 0..11 {
            limiter.wait("a").await;
        }
        // Ten pauses of 10.5 ms after the first request.
        assert!(start.elapsed() >= Duration::from_millis(104));
    }

    #[tokio::test]
    async fn each_action_has_its_own_line() {
        let limiter = Limiter::new(1);
        let start = Instant::now();
        limiter.wait("a").await;
        limiter.wait("b").await;
        assert!(start.elapsed() < Duration::from_secs(1), "b waits for a");
    }

    #[tokio::test]
    async fn a_pause_holds_one_action_back() {
        let limiter = Limiter::new(0);
        let start = Instant::now();
        limiter.pause("a", Duration::from_millis(400));
        limiter.pause("a", Duration::from_millis(10));
        limiter.wait("b").await;
        assert!(start.elapsed() < Duration::from_millis(300), "b is held");
        limiter.wait("a").await;
        assert!(start.elapsed() >= Duration::from_millis(399));
    }
}
