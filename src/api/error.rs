//! What can go wrong with a call, sorted by what can be done about it.

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
