//! Addresses: the names under which resources live in YAML and state.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name part of an address, in characters.
///
/// The address travels in a tag value, which the tag service limits to 255 characters.
pub const MAX_NAME_CHARS: usize = 100;

/// Names one resource: its kind and its YAML key, as in `gateway.prod-ingress`.
///
/// It outlives a rename of the resource in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    kind: String,
    name: String,
}

/// Says why a text is not an address.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// The kind is missing.
    #[error("`{0}` is not an address: {advice}", advice = self.advice())]
    NoKind(String),
    /// The name part holds characters that an address can't hold.
    #[error("`{0}` is not a valid name for an address: {advice}", advice = self.advice())]
    BadName(String),
}

impl AddressError {
    /// Says what to write instead.
    pub fn advice(&self) -> String {
        match self {
            Self::NoKind(text) => format!("write KIND.NAME, for example gateway.{text}"),
            Self::BadName(_) => format!(
                "use letters, digits, `-` and `_`, begin with a letter or a digit, and stay within {MAX_NAME_CHARS} characters"
            ),
        }
    }
}

impl Address {
    /// Builds an address from its two parts.
    ///
    /// # Errors
    /// `AddressError::BadName` where the name holds anything but ASCII letters, digits, `-`, `_`.
    pub fn new(kind: &str, name: &str) -> Result<Self, AddressError> {
        let body = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let valid = name.chars().all(body)
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().count() <= MAX_NAME_CHARS;
        if !valid {
            return Err(AddressError::BadName(name.to_owned()));
        }
        Ok(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Returns the kind, for example `gateway`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the YAML key, for example `prod-ingress`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            Some((kind, name)) if !kind.is_empty() => Self::new(kind, name),
            _ => Err(AddressError::NoKind(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_prints() {
        let address: Address = "gateway.prod-ingress_2".parse().expect("valid");
        assert_eq!(address.to_string(), "gateway.prod-ingress_2");
        assert_eq!(
            (address.kind(), address.name()),
            ("gateway", "prod-ingress_2")
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "prod",
            ".prod",
            "gateway.",
            "gateway.a b",
            "gateway.-a",
            "gateway.a.b",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
        assert!(Address::new("gateway", &"a".repeat(MAX_NAME_CHARS + 1)).is_err());
    }
}
