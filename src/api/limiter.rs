//! How fast requests leave, action by action.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The cloud counts the requests of an action by the second.
const WINDOW: Duration = Duration::from_secs(1);

/// How much longer than the cloud's second a request counts that is not answered yet. Nobody knows when
/// it arrives, and one that is held up on the way comes closer to those behind it.
const DOUBT: Duration = Duration::from_millis(50);

/// Paces the requests of each action; clones of a client share one.
///
/// No more requests of an action leave than the cloud allows, whatever the network does to them. A request
/// arrives before its answer does. So the one that comes `limit` places after another leaves a second after
/// the answer to that one: they arrive at least a second apart, and no second of the cloud's can count both.
/// Only where an answer takes longer than [`DOUBT`] does the time since the request left have to do.
///
/// Within the second, requests are spread evenly. Others use the account too, and a burst would leave
/// nothing to them.
pub(super) struct Limiter {
    limit: usize,
    lanes: Mutex<HashMap<&'static str, Arc<Lane>>>,
}

/// Paces the requests of one action.
#[derive(Default)]
struct Lane {
    /// Held by the one task that waits for the next place: who comes first goes first, and the
    /// others sleep instead of all waking up for one place. It holds the time of that place.
    queue: tokio::sync::Mutex<Option<Instant>>,
    places: Mutex<Places>,
    paused_until: Mutex<Option<Instant>>,
}

/// Remembers the last requests of an action, as many as the cloud allows in a second.
#[derive(Default)]
struct Places {
    /// The number of the first one that is remembered.
    first: u64,
    last: VecDeque<Place>,
}

/// Says when a request left, and when it was answered or given up.
#[derive(Clone, Copy)]
struct Place {
    left: Instant,
    answered: Option<Instant>,
}

/// Holds a request's place in the line from the moment it may leave; dropped when the answer is there.
#[derive(Debug)]
pub struct Turn(Option<Ticket>);

struct Ticket {
    lane: Arc<Lane>,
    number: u64,
}

impl Limiter {
    /// Allows so many requests a second for each action; 0 allows any number.
    pub(super) fn new(requests_per_second: u32) -> Self {
        Self {
            limit: usize::try_from(requests_per_second).unwrap_or(usize::MAX),
            lanes: Mutex::default(),
        }
    }

    /// Waits until a request of this action may leave.
    pub(super) async fn wait(&self, action: &'static str) -> Turn {
        let lane = self.lane(action);
        let mut next = lane.queue.lock().await;
        // What is waited for may move while it is slept through: a pause is prolonged, an answer comes.
        while let Some(at) = lane.opens(*next, self.limit)
            && at > Instant::now()
        {
            sleep_until(at).await;
        }
        if self.limit == 0 {
            return Turn(None);
        }
        let gap = WINDOW.div_f64(f64::from(u32::try_from(self.limit).unwrap_or(u32::MAX)));
        let left = Instant::now();
        // Timers are late. What is lost by that is made up for by the next place, so that the pace stays
        // what it should be; but no more than half a gap, or a line that was idle would save up a burst.
        let due = next.map_or(left, |due| due.max(left - gap / 2));
        *next = Some(due + gap);
        let number = lane.places().take(left, self.limit);
        let lane = Arc::clone(&lane);
        Turn(Some(Ticket { lane, number }))
    }

    /// Holds all requests of an action back for a while.
    pub(super) fn pause(&self, action: &'static str, pause: Duration) {
        let lane = self.lane(action);
        let until = Instant::now() + pause;
        let mut paused = lane.paused_until();
        *paused = Some(paused.map_or(until, |before| before.max(until)));
    }

    fn lane(&self, action: &'static str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lanes.entry(action).or_default())
    }
}

impl Lane {
    /// Returns when the next request may leave, as far as that is known; nothing for at once.
    fn opens(&self, next: Option<Instant>, limit: usize) -> Option<Instant> {
        let (paused, window) = (*self.paused_until(), self.places().opens(limit));
        [paused, next, window].into_iter().flatten().max()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn paused_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// Returns when the cloud counts the oldest of a full second no more.
    fn opens(&self, limit: usize) -> Option<Instant> {
        if limit == 0 || self.last.len() < limit {
            return None;
        }
        let oldest = self.last.front()?;
        let for_sure = oldest.answered.map(|answered| answered + WINDOW);
        let likely = oldest.left + WINDOW + DOUBT;
        Some(for_sure.map_or(likely, |for_sure| for_sure.min(likely)))
    }

    /// Takes the next place, and returns its number.
    fn take(&mut self, left: Instant, limit: usize) -> u64 {
        if self.last.len() >= limit {
            self.last.pop_front();
            self.first += 1;
        }
        let number = self.first + self.last.len() as u64;
        self.last.push_back(Place {
            left,
            answered: None,
        });
        number
    }

    fn place(&mut self, number: u64) -> Option<&mut Place> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.last.get_mut(at)
    }
}

impl Turn {
    /// Notes that the request leaves only now: it may have been written down since its turn came.
    pub(super) fn leaves(&self) {
        let Some(Ticket { lane, number }) = &self.0 else {
            return;
        };
        if let Some(place) = lane.places().place(*number) {
            place.left = Instant::now();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(place) = self.lane.places().place(self.number) {
            place.answered = Some(Instant::now());
        }
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ticket").field(&self.number).finish()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// Sends requests at the limiter's pace; returns when each arrives, if the way there takes as long as
    /// `there` says of its number, and the way back nothing.
    async fn arrivals(
        limit: u32,
        count: u64,
        there: impl Fn(u64) -> u64 + Send + Copy + 'static,
    ) -> Vec<Duration> {
        let (limiter, start) = (Limiter::new(limit), Instant::now());
        let mut answers = tokio::task::JoinSet::new();
        for number in 0..count {
            let turn = limiter.wait("a").await;
            answers.spawn(async move {
                turn.leaves();
                sleep(Duration::from_millis(there(number))).await;
                drop(turn);
                start.elapsed()
            });
        }
        let mut arrived = answers.join_all().await;
        arrived.sort();
        arrived
    }

    fn most_in_a_second(arrived: &[Duration]) -> usize {
        let counts = arrived.iter().map(|from| {
            let window = *from..*from + WINDOW;
            arrived.iter().filter(|at| window.contains(at)).count()
        });
        counts.max().unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_leave_as_fast_as_the_cloud_allows() {
        let arrived = arrivals(20, 1000, |_| 0).await;
        assert_eq!(most_in_a_second(&arrived), 20);
        let all = arrived.last().unwrap().as_secs_f64();
        assert!((49.9..50.2).contains(&all), "{all}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_counts_more_than_is_allowed_however_requests_are_held_up() {
        // Some are held up by 45 ms, those behind them are not: an even pace alone would let them collide.
        let arrived = arrivals(20, 1000, |number| number * 7919 % 46).await;
        assert!(most_in_a_second(&arrived) <= 20);
        // A slow network costs a twentieth at most.
        let slow = arrivals(20, 1000, |_| 400).await;
        assert!(most_in_a_second(&slow) <= 20);
        let all = slow.last().unwrap().as_secs_f64();
        assert!(all < 53.2, "{all}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_was_idle_saves_up_no_burst() {
        let (limiter, start) = (Limiter::new(20), Instant::now());
        limiter.wait("a").await;
        sleep(Duration::from_secs(10)).await;
        limiter.wait("a").await;
        limiter.wait("a").await;
        let since = start.elapsed();
        assert!(since >= Duration::from_millis(10_025), "{since:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn each_action_has_its_own_line() {
        let limiter = Limiter::new(1);
        let start = Instant::now();
        limiter.wait("a").await;
        limiter.wait("b").await;
        assert!(start.elapsed() < Duration::from_millis(1), "b waits for a");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_one_action_back() {
        let limiter = Limiter::new(0);
        let start = Instant::now();
        limiter.pause("a", Duration::from_millis(400));
        limiter.pause("a", Duration::from_millis(10));
        limiter.wait("b").await;
        assert!(start.elapsed() < Duration::from_millis(1), "b is held");
        limiter.wait("a").await;
        assert!(start.elapsed() >= Duration::from_millis(400));
    }
}
