//! The client that everything else talks to the cloud through.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Clock, Fault};

use super::call::Call;
use super::credentials::Credentials;
use super::error::Error;
use super::limiter::Turn;
use super::transport::{Leave, Sender, Settings, Transport};
use super::wire::Wire;

/// Sends calls in the name of the credentials' holder.
///
/// Clones are cheap, and share connections, pace and counts.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    credentials: Credentials,
}

impl Client {
    /// Makes a client; nothing is sent yet.
    pub fn new(settings: Settings, credentials: Credentials, clock: Clock) -> Result<Self, Fault> {
        let transport = Transport::new(settings, None, clock);
        // Made now, so that a machine without certificates is told so as a fault of the machine.
        transport.http()?;
        Ok(Self {
            transport,
            credentials,
        })
    }

    /// Makes a client whose requests go over a wire of the caller's instead of the network.
    pub fn over(
        wire: Arc<dyn Wire>,
        settings: Settings,
        credentials: Credentials,
        clock: Clock,
    ) -> Self {
        Self {
            transport: Transport::new(settings, Some(wire), clock),
            credentials,
        }
    }

    /// Sends a call to a region and reads its answer.
    ///
    /// What failed in passing is sent again for a while, but a call that creates something is
    /// never sent again once it may have arrived: it fails as `Ambiguous`, and the caller has to
    /// look up what became of it. Dropping the future leaves the same doubt.
    pub async fn call<T>(&self, region: &str, call: Call<T>) -> Result<T, Error> {
        let sender = Sender::Holder(&self.credentials);
        self.transport.call(sender, region, &call).await
    }

    /// Waits for an action's turn; giving up meanwhile leaves no doubt, because nothing was sent.
    pub async fn turn(&self, action: &'static str) -> Turn {
        self.transport.turn(action).await
    }

    /// Sends a call whose turn was waited for, once, signed at the time that `leave` says.
    ///
    /// For requests that change the cloud: each try needs a record of its own, so the tries are the
    /// caller's. Keys that the cloud refuses are given up, so that the next try fetches new ones.
    pub async fn attempt<T>(
        &self,
        turn: Turn,
        region: &str,
        call: &Call<T>,
        leave: Leave<'_>,
    ) -> Result<T, Error> {
        turn.leaves();
        let transport = &self.transport;
        let answer = transport.attempt_at(&self.credentials, region, call, leave);
        let answer = answer.await;
        drop(turn);
        answer
    }

    /// Tells whether the token service can be asked: it is not where a file alone names the endpoint.
    pub fn reaches_tokens(&self) -> bool {
        self.transport.settings().reach_tokens()
    }

    /// Returns the pauses between the tries of a call that is sent by [`Client::attempt`].
    pub fn pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        self.transport.pauses()
    }

    /// Returns how many requests of each action may leave in a second; 0 is any number.
    pub fn requests_per_second(&self) -> u32 {
        self.transport.settings().requests_per_second
    }

    /// Returns for how long after its first try a call is tried again.
    pub fn retry_for(&self) -> Duration {
        self.transport.settings().retry_for
    }

    /// Tells whether a refusal may be one of keys that are renewed, or of a clock that is off, so that
    /// one more try may be answered otherwise.
    pub fn is_curable(&self, error: &Error) -> bool {
        (error.is_unauthenticated() && self.credentials.are_renewed())
            || (error.is_about_time() && self.cloud_time().is_some())
    }

    /// Returns the cloud's time, once an answer has said it.
    pub fn cloud_time(&self) -> Option<Timestamp> {
        self.transport.time().told()
    }

    /// Returns the time to sign with: the cloud's, or this machine's where that is not known yet.
    pub fn time(&self) -> Timestamp {
        self.transport.time().now()
    }

    /// Returns how many requests were sent for each action, tries again included.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.transport.calls()
    }
}
