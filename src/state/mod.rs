//! The recorded facts: what gwplan has made, as a value.
//!
//! [`encode`] and [`decode`] are the file's form; each old format has a module of its own that turns
//! it into [`State`]. [`Change`] is a step from one state to the next.

mod change;
mod history;
mod intent;
pub mod journal;
mod v1;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::model::{Address, Attributes, Identity, Observed, SourceLine};

pub use change::Change;
pub use history::{HistoryEntry, MAX_HISTORY, Override};
pub use intent::{Draft, Intent, Request};

/// The newest format, and the only one that is written.
pub const VERSION: u64 = 1;

/// The largest serial that is read: far above any that is reached, and far below where counting ends.
const MAX_SERIAL: u64 = u64::MAX / 2;

/// Holds everything that gwplan has made for one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// A random id that stays with the state for life.
    pub lineage: String,
    /// Grows by one with each write.
    pub serial: u64,
    /// Names the cloud that holds the resources; nothing before the first of them.
    pub cloud: Option<String>,
    /// The resources by address.
    pub resources: BTreeMap<Address, Record>,
    /// The requests whose outcome is not recorded, by the address that they are about.
    pub intents: BTreeMap<Address, Intent>,
    /// The latest runs that have changed something, the newest last.
    pub history: Vec<HistoryEntry>,
}

impl State {
    /// Begins an empty state with a lineage of its own.
    pub fn new() -> Self {
        Self {
            lineage: Uuid::new_v4().to_string(),
            serial: 0,
            cloud: None,
            resources: BTreeMap::new(),
            intents: BTreeMap::new(),
            history: Vec::new(),
        }
    }

    /// Returns the recorded resources that exist in the cloud, as far as is known.
    pub fn identities(&self) -> impl Iterator<Item = Identity> + '_ {
        self.resources.values().flat_map(Record::identities)
    }

    /// Checks what every state must be.
    ///
    /// One resource of the cloud under two addresses would be deleted for one while the other wants it.
    ///
    /// # Errors
    /// [`StateError::Twice`] and [`StateError::NoId`].
    pub fn check(&self) -> Result<(), StateError> {
        if self.serial > MAX_SERIAL {
            return Err(StateError::BadSerial(self.serial));
        }
        let mut seen = BTreeSet::new();
        for identity in self.identities() {
            if identity.id.is_empty() {
                return Err(StateError::NoId);
            }
            if !seen.insert(identity.clone()) {
                return Err(StateError::Twice(identity.id));
            }
        }
        Ok(())
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

/// Holds what is recorded about one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The kind's word, for example `gateway`.
    pub kind: String,
    /// The cloud's id.
    #[serde(rename = "gatewayId")]
    pub id: String,
    /// The id of the task that made it.
    pub task_id: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// The cloud's last known status word.
    pub cloud_status: String,
    /// The API region that holds it.
    pub region: String,
    /// The addresses that it was made after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// Whether destroying it is an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Where its block stood in the files at the last apply: once it is taken out, nothing else tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceLine>,
    /// The attributes as they were last applied.
    pub applied: Attributes,
    /// The attributes as the cloud last showed them.
    pub observed: Attributes,
    /// The one that is to take this one's place, while a replacement that creates first is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Box<Record>>,
}

/// Says where a recorded resource stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The cloud has taken the create on and has not finished it.
    Creating,
    /// It was ready when it was last seen.
    Ready,
    /// The cloud gave up on making it: it exists, but is of no use.
    Tainted,
    /// The cloud has taken the delete on and has not finished it.
    Deleting,
}

impl Status {
    /// Returns the word that names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Tainted => "tainted",
            Self::Deleting => "deleting",
        }
    }
}

impl Record {
    /// Returns the resource's name in the cloud's terms.
    pub fn identity(&self) -> Identity {
        Identity {
            region: self.region.clone(),
            id: self.id.clone(),
        }
    }

    /// Returns the names of the resource and of its successor.
    pub fn identities(&self) -> impl Iterator<Item = Identity> + '_ {
        let both = [Some(self), self.successor.as_deref()];
        both.into_iter().flatten().map(Self::identity)
    }

    /// Takes over what the cloud showed.
    pub fn observe(&mut self, observed: &Observed) {
        self.cloud_status.clone_from(&observed.status);
        self.observed.clone_from(&observed.attributes);
    }
}

/// Says why bytes are no state.
#[derive(Debug, Error)]
pub enum StateError {
    /// It is not JSON, or not of the expected form.
    #[error("line {line}, column {column}: {message}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A newer gwplan wrote it.
    #[error("it has version {0}, and this gwplan reads up to version {VERSION}")]
    Newer(u64),
    /// One resource of the cloud stands under two addresses.
    #[error("{0} stands under two addresses: take one of the two records out")]
    Twice(String),
    /// A record has no id.
    #[error("a record has an empty gatewayId")]
    NoId,
    /// No gwplan counts that far.
    #[error("its serial {0} is larger than any that is ever reached")]
    BadSerial(u64),
    /// No gwplan wrote such a version.
    #[error("it has version {0}, which does not exist")]
    UnknownVersion(u64),
}

impl From<serde_json::Error> for StateError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let place = format!(" at line {line} column {column}");
        let message = error.to_string().replace(&place, "");
        Self::Malformed {
            line,
            column,
            message,
        }
    }
}

#[derive(Deserialize)]
struct Head {
    version: u64,
}

/// Reads a state in any format that was ever written.
///
/// # Errors
/// [`StateError`] says what is wrong and where; no input panics.
pub fn decode(bytes: &[u8]) -> Result<State, StateError> {
    let Head { version } = serde_json::from_slice(bytes)?;
    match version {
        1 => v1::decode(bytes),
        0 => Err(StateError::UnknownVersion(version)),
        _ => Err(StateError::Newer(version)),
    }
}

/// Writes a state in the newest format: sorted, indented, the same bytes for the same state.
pub fn encode(state: &State) -> Vec<u8> {
    v1::encode(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> State {
        let record = Record {
            kind: "gateway".to_owned(),
            id: "gateway-0a1b2c3d".to_owned(),
            task_id: Some("task-0a1b2c3d".to_owned()),
            status: Status::Ready,
            cloud_status: "Running".to_owned(),
            region: "ap-guangzhou".to_owned(),
            depends_on: vec!["gateway.base".parse().expect("valid")],
            prevent_destroy: true,
            source: None,
            applied: [("name".to_owned(), "网关".into())].into(),
            observed: Attributes::new(),
            successor: None,
        };
        let mut state = State::new();
        state.serial = 7;
        state
            .resources
            .insert("gateway.a".parse().expect("valid"), record);
        state
    }

    #[test]
    fn a_state_reads_back_as_it_was_written() {
        let state = sample();
        let bytes = encode(&state);
        assert_eq!(decode(&bytes).expect("valid"), state);
        assert_eq!(encode(&decode(&bytes).expect("valid")), bytes);
    }

    #[test]
    fn one_resource_under_two_addresses_and_an_address_twice_are_refused() {
        let mut state = sample();
        let record = state.resources.values().next().expect("one").clone();
        let twin = "gateway.b".parse().expect("valid");
        state.resources.insert(twin, record);
        assert!(matches!(decode(&encode(&state)), Err(StateError::Twice(_))));
        let text = String::from_utf8(encode(&state)).expect("text");
        let error = decode(text.replace("gateway.b", "gateway.a").as_bytes()).expect_err("refused");
        assert!(
            error.to_string().contains("gateway.a stands twice"),
            "{error}"
        );
        let text = String::from_utf8(encode(&sample())).expect("text");
        let empty = text.replace("gateway-0a1b2c3d", "");
        assert!(matches!(decode(empty.as_bytes()), Err(StateError::NoId)));
    }

    #[test]
    fn what_is_no_state_says_where_and_why() {
        let newer = br#"{"version": 2, "anything": []}"#;
        assert!(matches!(decode(newer), Err(StateError::Newer(2))));
        assert!(matches!(
            decode(br#"{"version": 0}"#),
            Err(StateError::UnknownVersion(0))
        ));
        let unknown_key = String::from_utf8(encode(&sample()))
            .expect("text")
            .replace("taskId", "tsakId");
        let error = decode(unknown_key.as_bytes())
            .expect_err("refused")
            .to_string();
        assert!(
            error.starts_with("line ") && error.contains("tsakId"),
            "{error}"
        );
        for bytes in [&b""[..], b"null", b"[]", b"\xff", b"{\"version\":1}"] {
            assert!(
                matches!(decode(bytes), Err(StateError::Malformed { .. })),
                "{bytes:?}"
            );
        }
    }
}
