//! What can go wrong between us and a forge.

use std::fmt;
use std::time::Duration;

use crate::model::Fault;

/// Sorts errors by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The token is wrong, or does not allow it, or what is asked for is hidden from it.
    Denied,
    /// The forge asked for fewer requests.
    Throttled,
    /// The request is locked, or its repository is archived.
    Locked,
    /// The comment is longer than the forge takes.
    TooLong,
    /// What is asked for is not there any more.
    Gone,
    /// There is no connection, or the forge is out of order; nothing was changed.
    Unreachable,
    /// It is not known whether the request was carried out.
    Lost,
    /// The forge sends us to another host, where the token has no business.
    Redirected,
    /// The forge answers what was not foreseen.
    Unexpected,
}

/// Reports why a request to a forge failed.
#[derive(Clone, Debug)]
pub struct Error {
    /// What can be done about it.
    pub kind: ErrorKind,
    message: String,
    hint: Option<String>,
    /// How long the forge wants to be left alone, if it said so.
    pub(super) wait: Option<Duration>,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            wait: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to do next, where that is known.
    pub fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let Error { message, hint, .. } = error;
        let fault = Self::new(message);
        match hint {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }
}
