//! Calls: an action, its body, and how its answer is read.

use std::fmt;

use serde_json::Value as Json;

/// Names a service of the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// The microservice engine, which holds the gateways.
    Tse,
    /// The tag service.
    Tag,
    /// The security token service.
    Sts,
}

impl Service {
    /// Returns the name in hosts and signatures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tse => "tse",
            Self::Tag => "tag",
            Self::Sts => "sts",
        }
    }

    /// Returns the API version that gwplan speaks.
    pub fn version(self) -> &'static str {
        match self {
            Self::Tse => "2020-12-07",
            Self::Tag | Self::Sts => "2018-08-13",
        }
    }
}

/// Says what it means to send a call twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// It changes something, and sent twice it changes the same thing.
    Repeatable,
    /// Sent twice it makes two resources: it is never sent again once it may have arrived.
    Create,
}

/// Reads the `Response` object of an answer.
pub type Reader<T> = fn(Json) -> Result<T, serde_json::Error>;

/// Describes one request and how its answer is read.
pub struct Call<T> {
    /// The service.
    pub service: Service,
    /// The action, as the vendor's page names it.
    pub action: &'static str,
    /// The body.
    pub body: Json,
    /// What it means to send it twice.
    pub effect: Effect,
    /// Reads the answer's `Response` object.
    pub read: Reader<T>,
}

impl<T> Call<T> {
    /// Puts a call together.
    pub fn new(
        service: Service,
        action: &'static str,
        body: Json,
        effect: Effect,
        read: Reader<T>,
    ) -> Self {
        Self {
            service,
            action,
            body,
            effect,
            read,
        }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action, super::answer::redacted(&self.body))
    }
}
