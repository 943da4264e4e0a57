//! What can go wrong with a call, sorted by what can be done about it.

mod advice;
mod codes;

use std::fmt;

use crate::model::{Fault, visible};

use super::call::Effect;

/// Sorts errors by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Nothing was changed, and sending it again may help.
    Retryable,
    /// The cloud asked for fewer requests; nothing was changed.
    Throttled,
    /// The request may or may not have been carried out.
    Ambiguous,
    /// The resource is busy with something else.
    Conflict,
    /// The resource does not exist.
    Absent,
    /// The credentials are wrong or don't allow it.
    Denied,
    /// The request itself is wrong.
    Invalid,
    /// A limit of the account is reached, or the cloud has no room.
    Quota,
}

impl ErrorKind {
    /// Sorts the vendor's code of a failed call.
    pub fn of(code: &str, effect: Effect) -> Self {
        codes::kind(code, effect)
    }

    /// Returns the kind of a failure that says nothing about whether the request was carried out.
    pub(super) fn of_silence(effect: Effect) -> Self {
        match effect {
            Effect::Read | Effect::Repeatable => Self::Retryable,
            Effect::Create => Self::Ambiguous,
        }
    }

    /// Tells whether the same request may be sent again as it is.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Retryable | Self::Throttled)
    }
}

/// Reports why a call failed.
#[derive(Clone, Debug)]
pub struct Error {
    /// What can be done about it.
    pub kind: ErrorKind,
    /// The action that was called.
    pub action: &'static str,
    /// The vendor's error code, if the cloud answered with one.
    pub code: Option<String>,
    /// The vendor's message, or what went wrong on the way.
    pub message: String,
    /// The id under which the vendor finds the request.
    pub request_id: Option<String>,
}

impl Error {
    /// Reports a failure that the vendor has no code for.
    pub(super) fn plain(kind: ErrorKind, action: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            action,
            code: None,
            // Whatever it quotes of a server's or a proxy's words is on one line, and seen.
            message: visible(message.into().trim_end()).into_owned(),
            request_id: None,
        }
    }

    /// Reports an answer that leaves open what the cloud has done.
    pub fn ambiguous(action: &'static str, message: impl Into<String>) -> Self {
        Self::plain(ErrorKind::Ambiguous, action, message)
    }

    /// Says what to do next, where that is known.
    pub fn next_step(&self) -> Option<String> {
        advice::next_step(self)
    }

    /// Tells whether the cloud gave a code that the vendor documents nowhere.
    pub fn is_unheard_of(&self) -> bool {
        self.code
            .as_deref()
            .is_some_and(|code| !codes::is_documented(code))
    }

    /// Tells whether the cloud refuses the credentials themselves, whatever is asked with them.
    ///
    /// What they may not do, and a clock that is off, are other matters.
    pub fn is_unauthenticated(&self) -> bool {
        let others = [
            "AuthFailure.UnauthorizedOperation",
            "AuthFailure.SignatureExpire",
        ];
        self.code.as_deref().is_some_and(|code| {
            codes::is_under(code, "AuthFailure")
                && !others.iter().any(|other| codes::is_under(code, other))
        })
    }

    /// Tells whether the cloud takes the request for one that was signed too long ago, or in the future.
    pub(super) fn is_about_time(&self) -> bool {
        self.code
            .as_deref()
            .is_some_and(|code| codes::is_under(code, "AuthFailure.SignatureExpire"))
    }

    /// Says how often a call was tried that failed so in the end.
    #[must_use]
    pub fn after_tries(mut self, tries: u32) -> Self {
        if tries > 1 {
            self.message = format!("{} (tried {tries} times)", self.message.trim_end());
        }
        self
    }

    /// Names the field of the desired state that the vendor's code points at.
    pub fn field(&self) -> Option<&'static str> {
        advice::field(self.code.as_deref()?)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.action)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(self.message.trim_end())?;
        if let Some(id) = &self.request_id {
            write!(f, " (RequestId {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let fault = Self::new(error.to_string());
        match error.next_step() {
            Some(step) => fault.hint(step),
            None => fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_all_that_the_vendor_said() {
        let mut error = Error {
            kind: ErrorKind::Invalid,
            action: "CreateCloudNativeAPIGateway",
            code: Some("InvalidParameterValue.Name".to_owned()),
            message: "Invalid name.\n".to_owned(),
            request_id: Some("a02f30b2".to_owned()),
        };
        assert_eq!(
            error.to_string(),
            "CreateCloudNativeAPIGateway: InvalidParameterValue.Name: Invalid name. \
             (RequestId a02f30b2)"
        );
        assert_eq!(error.field(), Some("name"));
        error.code = None;
        error.request_id = None;
        assert_eq!(
            error.to_string(),
            "CreateCloudNativeAPIGateway: Invalid name."
        );
    }
}
