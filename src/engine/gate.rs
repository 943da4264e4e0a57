//! The one way out for requests that change the cloud.
//!
//! A process can be stopped at any moment and go on much later, when another run has taken its lock and
//! done its work. So each try of a request is written down before it leaves, with the very time that it is
//! signed with, and the lock is looked at right before it is handed to the network. What sleeps even after
//! that look is refused by the cloud, which takes no signature that is older than five minutes; whoever
//! takes over from a run that may be asleep waits for that before it concludes that nothing was made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::api::{Call, Client, Error, Leave, Turn};
use crate::backend::Hold;
use crate::crash;
use crate::model::{Address, Clock, Fault};
use crate::state::Change;

use super::record::Recorder;

/// How old the record of a try may be when it leaves; an older one is made anew. Far below the life of a
/// signature, so that a slow network does not spoil it.
const FRESH: Duration = Duration::from_mins(1);

/// Sends what changes the cloud, as long as the lock is this run's.
#[derive(Clone)]
pub struct Gate {
    client: Client,
    clock: Clock,
    hold: Hold,
    /// Writes each try down; requests of which no recovery has to know go without.
    recorder: Option<Recorder>,
}

impl Gate {
    /// Makes a gate for requests that need no record, such as the delete of what no record holds.
    pub fn new(client: Client, clock: Clock, hold: Hold) -> Self {
        Self {
            client,
            clock,
            hold,
            recorder: None,
        }
    }

    /// Makes a gate for requests that each leave after a record of their own.
    pub(super) fn recording(client: Client, clock: Clock, recorder: Recorder) -> Self {
        Self {
            client,
            clock,
            hold: recorder.hold().clone(),
            recorder: Some(recorder),
        }
    }

    /// Sends a call that is about these addresses, again where that is safe and may help.
    ///
    /// Where there are none, or the gate records nothing, no recovery will know of it.
    ///
    /// # Errors
    /// The outer one where a try can't be written down, or the lock is no longer this run's: the last try
    /// was not sent then, but one before it may have been.
    pub(super) async fn send<T>(
        &self,
        addresses: &[Address],
        region: &str,
        call: &Call<T>,
        turn: Option<Turn>,
    ) -> Result<Result<T, Error>, Fault> {
        let (mut turn, mut pauses) = (turn, self.client.pauses());
        let (mut tries, mut cured) = (0, false);
        let mut started = None;
        loop {
            let own = match turn.take() {
                Some(turn) => turn,
                None => self.client.turn(call.action).await,
            };
            let Some(answer) = self.attempt(addresses, region, call, own).await? else {
                continue;
            };
            tries += 1;
            let Err(error) = answer else {
                return Ok(answer);
            };
            let spent = started.get_or_insert_with(Instant::now).elapsed();
            if error.kind.is_passing()
                && let Some(pause) = pauses.next()
                && spent + pause <= self.client.retry_for()
            {
                sleep(pause).await;
            } else if !cured && self.client.is_curable(&error) {
                cured = true;
            } else {
                return Ok(Err(error.after_tries(tries)));
            }
        }
    }

    /// Writes one try down and sends it; nothing where it came too late to leave.
    async fn attempt<T>(
        &self,
        addresses: &[Address],
        region: &str,
        call: &Call<T>,
        turn: Turn,
    ) -> Result<Option<Result<T, Error>>, Fault> {
        let signed = self.client.time();
        // By both clocks: one of them stands still while the machine sleeps, the other can be set.
        let (began, wall) = (Instant::now(), self.clock.now());
        if let Some(recorder) = &self.recorder
            && !addresses.is_empty()
        {
            let sent = addresses.iter().map(|address| Change::Sent {
                address: address.clone(),
                at: signed,
                sender: Some(self.hold.id().to_owned()),
            });
            recorder.write(sent.collect()).await?;
        }
        crash::point("a request leaves");
        let held_back = AtomicBool::new(false);
        let may_leave = || {
            let slept = self.clock.now().duration_since(wall).unsigned_abs();
            let open = began.elapsed().max(slept) < FRESH && self.hold.check().is_ok();
            held_back.store(!open, Ordering::Relaxed);
            if open {
                crash::point("a request is let through");
            }
            open
        };
        let leave = Leave {
            signed,
            may_leave: &may_leave,
        };
        let answer = self.client.attempt(turn, region, call, leave).await;
        if held_back.load(Ordering::Relaxed) {
            self.hold.check()?;
            return Ok(None);
        }
        crash::point("an answer is there");
        Ok(Some(answer))
    }
}
