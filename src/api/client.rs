//! The client that everything else talks to the cloud through.

use std::collections::BTreeMap;

use crate::model::{Clock, Fault};

use super::call::Call;
use super::credentials::Credentials;
use super::error::Error;
use super::transport::{Sender, Settings, Transport, Turn};

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
        let transport = Transport::new(settings, clock);
        // Made now, so that a machine without certificates is told so as a fault of the machine.
        transport.http()?;
        Ok(Self {
            transport,
            credentials,
        })
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

    /// Does as [`Client::call`] does, for a request whose turn was waited for before.
    pub async fn call_in_turn<T>(
        &self,
        turn: Turn,
        region: &str,
        call: Call<T>,
    ) -> Result<T, Error> {
        let sender = Sender::Holder(&self.credentials);
        self.transport
            .call_in_turn(Some(turn), sender, region, &call)
            .await
    }

    /// Tells whether the token service can be asked: it is not where a file alone names the endpoint.
    pub fn reaches_tokens(&self) -> bool {
        self.transport.settings().reach_tokens()
    }

    /// Returns how many requests were sent for each action, tries again included.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.transport.calls()
    }
}
