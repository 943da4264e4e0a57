//! How many steps are about to send something at once.
//!
//! A step has a slot from the look at its resource until its request is answered, and gives it back while it
//! waits for the cloud. So the line in front of each request is short, and what was looked at is fresh when
//! the request leaves; how many steps wait for the cloud has no bound but the user's.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long the line in front of a request is, in seconds at the pace of the client.
const LINE: usize = 5;
/// A part of the slots has to be free before steps begin: so they begin, and are looked at, together. A fifth of
/// the usual hundred fills calls of the tag service, which take ten.
const BUNCHES: usize = 5;
/// How many are about to send at once where there is no pace.
const UNPACED: usize = 100;

/// Gives slots to steps.
#[derive(Clone)]
pub(super) struct Slots {
    permits: Arc<Semaphore>,
    /// How many steps begin together: their looks go into one call.
    bunch: usize,
}

impl Slots {
    /// Has as many slots as are asked for, by default those of a line of five seconds.
    pub(super) fn new(asked: Option<usize>, requests_per_second: u32) -> Self {
        let paced = usize::try_from(requests_per_second).unwrap_or(UNPACED) * LINE;
        let by_default = if paced == 0 { UNPACED } else { paced };
        let count = asked.unwrap_or(by_default).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(count)),
            bunch: (count / BUNCHES).max(1),
        }
    }

    /// Waits until a bunch of slots is free, or as many as are wanted if that is less, and takes them.
    pub(super) async fn take_bunch(&self, wanted: usize) -> Vec<Slot> {
        let count = u32::try_from(self.bunch.min(wanted)).unwrap_or(u32::MAX);
        let permits = Arc::clone(&self.permits).acquire_many_owned(count).await;
        // The semaphore is never closed.
        let mut permits = permits.ok();
        let one_by_one = std::iter::from_fn(|| permits.as_mut()?.split(1));
        one_by_one
            .map(|permit| Slot {
                permits: Arc::clone(&self.permits),
                held: Mutex::new(Some(permit)),
            })
            .collect()
    }
}

/// The slot of one step, which has it or will take it again.
pub(super) struct Slot {
    permits: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Slot {
    /// Takes the slot if the step has it not.
    pub(super) async fn take(&self) {
        if self.held().is_some() {
            return;
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        *self.held() = permit.ok();
    }

    /// Gives the slot back, to be taken again before the step sends once more.
    pub(super) fn give_back(&self) {
        drop(self.held().take());
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn steps_begin_in_bunches_and_what_waits_has_no_slot() {
        let slots = Slots::new(None, 20);
        let mut begun = slots.take_bunch(1000).await;
        assert_eq!(begun.len(), 20);
        for _ in 1..BUNCHES {
            begun.extend(slots.take_bunch(1000).await);
        }
        assert_eq!((begun.len(), slots.permits.available_permits()), (100, 0));
        for slot in &begun[..7] {
            slot.give_back();
        }
        let next = slots.take_bunch(7).await;
        assert_eq!(next.len(), 7);
        begun[0].give_back();
        assert_eq!(slots.permits.available_permits(), 0, "it had none");
    }

    #[tokio::test]
    async fn at_least_one_step_can_go_on() {
        for (asked, rate, count) in [(Some(1), 20, 1), (Some(0), 0, 1), (None, 0, UNPACED)] {
            let slots = Slots::new(asked, rate);
            assert_eq!(slots.permits.available_permits(), count);
            assert_eq!(slots.take_bunch(1).await.len(), 1);
        }
    }
}
