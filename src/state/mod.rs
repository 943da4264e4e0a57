//! The recorded facts: what gwplan has made, as a value.
//!
//! [`encode`] and [`decode`] are the file's form; each old format has a module of its own that turns
//! it into [`State`]. [`Change`] is a step from one state to the next.

mod change;
mod check;
mod history;
mod intent;
pub mod journal;
mod v1;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::model::{
    ADDRESSES, Address, Attributes, FieldPath, Identity, Kinds, Observed, SourceLine, Value,
    visible,
};

pub use change::Change;
pub use check::Ledger;
pub use history::{HistoryEntry, MAX_HISTORY, OpenPlan, OpenStep, Override};
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
    /// The account that holds them, as far as it is known.
    pub account: Option<String>,
    /// The resources by address.
    pub resources: BTreeMap<Address, Record>,
    /// The requests whose outcome is not recorded, by the address that they are about.
    pub intents: BTreeMap<Address, Intent>,
    /// The latest runs that have changed something, the newest last.
    pub history: Vec<HistoryEntry>,
    /// The plan that the latest of them began, as long as not all of it is done.
    pub open_plan: Option<OpenPlan>,
}

impl State {
    /// Begins an empty state with a lineage of its own.
    pub fn new() -> Self {
        Self {
            lineage: Uuid::new_v4().to_string(),
            serial: 0,
            cloud: None,
            account: None,
            resources: BTreeMap::new(),
            intents: BTreeMap::new(),
            history: Vec::new(),
            open_plan: None,
        }
    }

    /// Returns the recorded resources that exist in the cloud, as far as is known.
    pub fn identities(&self) -> impl Iterator<Item = Identity> + '_ {
        self.resources.values().flat_map(Record::identities)
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
    /// The address that its owner tag names, where it was moved since: a move does not change the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_for: Option<Address>,
    /// The addresses that it was made after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// Whether destroying it is an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// The fields that are left alone; nothing in records of versions that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_changes: Option<Vec<FieldPath>>,
    /// Where its block stood in the files at the last apply: once it is taken out, nothing else tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceLine>,
    /// The attributes as they were last applied.
    pub applied: Attributes,
    /// The attributes as the cloud last showed them.
    pub observed: Attributes,
    /// What the cloud last showed and no file asks for: addresses and ports.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub outputs: Attributes,
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

    /// Returns the public addresses under which it was last reached.
    pub fn public_addresses(&self) -> Vec<&str> {
        let addresses = match self.outputs.get(ADDRESSES) {
            Some(Value::List(addresses)) => addresses.as_slice(),
            _ => &[],
        };
        addresses.iter().filter_map(Value::as_text).collect()
    }

    /// Takes over what the cloud showed.
    pub fn observe(&mut self, observed: &Observed) {
        self.cloud_status.clone_from(&observed.status);
        self.observed.clone_from(&observed.attributes);
        self.outputs.clone_from(&observed.outputs);
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
    #[error("{0} has an empty gatewayId")]
    NoId(Address),
    /// An id is none that the cloud gives.
    #[error("{address} has {}, which is not an id of a {}", quoted(id), address.kind())]
    BadId {
        /// The record's address.
        address: Address,
        /// What stands in the place of an id.
        id: String,
    },
    /// No gwplan knows such a kind.
    #[error("gwplan does not know the kind of {0}")]
    UnknownKind(Address),
    /// The address says one kind and its record another.
    #[error(
        "{address} holds a record of the kind {}: the two must be the same",
        quoted(kind)
    )]
    OtherKind {
        /// The address.
        address: Address,
        /// The record's kind.
        kind: String,
    },
    /// The checksum in its head is not that of what follows.
    #[error(
        "it was changed by something other than gwplan: its checksum does not fit what it holds"
    )]
    Altered,
    /// No gwplan counts that far.
    #[error("its serial {0} is larger than any that is ever reached")]
    BadSerial(u64),
    /// No gwplan wrote such a version.
    #[error("it has version {0}, which does not exist")]
    UnknownVersion(u64),
}

/// Quotes a word that can be anything.
fn quoted(word: &str) -> String {
    format!("`{}`", visible(word))
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
/// [`StateError`] says what is wrong and where; no input panics. One that was changed by hand, or spoilt
/// on the disk, is [`StateError::Altered`].
pub fn decode(bytes: &[u8], kinds: Kinds) -> Result<State, StateError> {
    let (state, is_sound) = decode_edited(bytes, kinds)?;
    if is_sound {
        Ok(state)
    } else {
        Err(StateError::Altered)
    }
}

/// Reads a state that may have been changed by hand; tells too whether its checksum fits.
///
/// # Errors
/// Those of [`decode`], but for [`StateError::Altered`].
pub fn decode_edited(bytes: &[u8], kinds: Kinds) -> Result<(State, bool), StateError> {
    let Head { version } = serde_json::from_slice(bytes)?;
    match version {
        1 => v1::decode(bytes, kinds),
        0 => Err(StateError::UnknownVersion(version)),
        _ => Err(StateError::Newer(version)),
    }
}

/// Tells whether bytes are a state, if a spoilt one, or nothing at all: by the words that all of them hold.
pub fn may_be_one(bytes: &[u8]) -> bool {
    // Anywhere: an editor may have sorted what stands in it.
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    bytes.iter().all(|byte| *byte == 0) || (holds(b"\"lineage\"") && holds(b"\"serial\""))
}

/// Writes a state in the newest format: sorted, indented, the same bytes for the same state.
pub fn encode(state: &State) -> Vec<u8> {
    v1::encode(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdForm;

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
            ignore_changes: None,
            source: None,
            applied: [("name".to_owned(), "网关".into())].into(),
            observed: Attributes::new(),
            outputs: Attributes::new(),
            made_for: None,
            successor: None,
        };
        let mut state = State::new();
        state.serial = 7;
        state
            .resources
            .insert("gateway.a".parse().expect("valid"), record);
        state
    }

    pub(super) fn kinds(kind: &str) -> Option<IdForm> {
        (kind == "gateway").then_some(|id| id.starts_with("gateway-") && !id.contains('/'))
    }

    /// A state with one of everything that an address, a kind or an id stands in.
    fn full() -> State {
        let mut state = sample();
        let address: Address = "gateway.a".parse().expect("valid");
        let record = state.resources.get_mut(&address).expect("there");
        record.successor = Some(Box::new(Record {
            id: "gateway-11111111".to_owned(),
            ..record.clone()
        }));
        let identity = record.identity();
        let intent = Intent::new(Request::Delete { target: identity });
        state.intents.insert(address, intent);
        state
    }

    #[test]
    fn no_flip_of_a_bit_makes_another_state() {
        let state = full();
        let bytes = encode(&state);
        assert_eq!(decode(&bytes, kinds).expect("valid"), state);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                if let Ok(read) = decode(&flipped, kinds) {
                    assert_eq!(read, state, "bit {bit} of byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_state_without_a_checksum_is_read_and_gets_one() {
        let with = String::from_utf8(encode(&sample())).expect("text");
        let lines = with.lines().filter(|line| !line.contains("\"checksum\""));
        let without = lines.collect::<Vec<_>>().join("\r\n");
        assert!(!without.contains("checksum"));
        let state = decode(without.as_bytes(), kinds).expect("as versions before wrote it");
        assert_eq!(encode(&state), with.into_bytes());
    }

    #[test]
    fn a_hand_edit_is_refused_unless_it_is_asked_for_and_then_all_else_counts() {
        let text = String::from_utf8(encode(&sample())).expect("text");
        let edited = text.replace("Running", "Isolated");
        let refused = decode(edited.as_bytes(), kinds);
        assert!(matches!(refused, Err(StateError::Altered)), "{refused:?}");
        let (state, is_sound) = decode_edited(edited.as_bytes(), kinds).expect("accepted");
        assert!(!is_sound);
        assert_eq!(decode(&encode(&state), kinds).expect("valid"), state);
        let nonsense = text.replace("gateway.a", "gatewax.a");
        assert!(decode_edited(nonsense.as_bytes(), kinds).is_err());
    }

    #[test]
    fn what_an_address_says_is_what_its_record_says() {
        let text = String::from_utf8(encode(&full())).expect("text");
        let first = |from: &str, to: &str| {
            let edited = text.replacen(from, to, 1);
            assert_ne!(edited, text);
            decode_edited(edited.as_bytes(), kinds)
                .expect_err("refused")
                .to_string()
        };
        for (from, to, told) in [
            (
                "\"gateway.a\"",
                "\"gatewax.a\"",
                "does not know the kind of gatewax.a",
            ),
            (
                "\"kind\": \"gateway\"",
                "\"kind\": \"lake\"",
                "gateway.a holds a record of the kind `lake`",
            ),
            (
                "gateway-0a1b2c3d",
                "../../x",
                "gateway.a has `../../x`, which is not an id of a gateway",
            ),
            ("gateway-0a1b2c3d", "a\\u001bb", "gateway.a has `a\\u{1b}b`"),
            ("gateway-0a1b2c3d", "", "gateway.a has an empty gatewayId"),
            (
                "gateway-11111111",
                "gateway-0a1b2c3d",
                "stands under two addresses",
            ),
        ] {
            let error = first(from, to);
            assert!(error.contains(told), "{told} is missing in: {error}");
        }
    }

    /// Holds each change against the check that reads a state: the two agree on every one.
    #[test]
    fn a_change_is_taken_exactly_where_the_state_after_it_can_be_read() {
        let one = sample().resources.into_values().next().expect("one");
        let with = |edit: &dyn Fn(&mut Record)| {
            let mut record = one.clone();
            edit(&mut record);
            record
        };
        let records = [
            with(&|_| {}),
            with(&|record| record.id = String::new()),
            with(&|record| record.id = "../../x".to_owned()),
            with(&|record| record.kind = "lake".to_owned()),
            with(&|record| record.id = "gateway-b".to_owned()),
            with(&|record| record.successor = Some(Box::new(one.clone()))),
        ];
        for name in ["gateway.a", "gateway.b", "lake.a"] {
            let address: Address = name.parse().expect("valid");
            for record in &records {
                let mut state = sample();
                let mut ledger = Ledger::new(&state, kinds).expect("sound");
                let change = Change::recorded(&address, record.clone());
                let taken = ledger.take(std::slice::from_ref(&change), &state).is_ok();
                state.take(change);
                let read = decode(&encode(&state), kinds);
                assert_eq!(taken, read.is_ok(), "{name} {record:?}");
            }
        }
    }

    #[test]
    fn what_changes_together_is_checked_together_and_undone_together() {
        let [a, b]: [Address; 2] =
            ["gateway.a", "gateway.b"].map(|name| name.parse().expect("valid"));
        let mut state = sample();
        let one = state.resources[&a].clone();
        let other = Record {
            id: "gateway-b".to_owned(),
            ..one.clone()
        };
        state.resources.insert(b.clone(), other.clone());
        let mut ledger = Ledger::new(&state, kinds).expect("sound");
        let spoilt = [
            Change::forgotten(&a),
            Change::recorded(&b, one.clone()),
            Change::recorded(&a, one.clone()),
        ];
        assert!(matches!(
            ledger.take(&spoilt, &state),
            Err(StateError::Twice(_))
        ));
        let exchange = [
            Change::recorded(&b, one.clone()),
            Change::recorded(&a, other),
        ];
        ledger
            .take(&exchange, &state)
            .expect("nothing is left of what was refused");
        for change in exchange {
            state.take(change);
        }
        let moved = [
            Change::recorded(&"gateway.c".parse().expect("valid"), one),
            Change::forgotten(&b),
        ];
        ledger.take(&moved, &state).expect("moved");
    }

    #[test]
    fn a_state_reads_back_as_it_was_written() {
        let state = sample();
        let bytes = encode(&state);
        assert_eq!(decode(&bytes, kinds).expect("valid"), state);
        assert_eq!(encode(&decode(&bytes, kinds).expect("valid")), bytes);
    }

    #[test]
    fn one_resource_under_two_addresses_and_an_address_twice_are_refused() {
        let mut state = sample();
        let record = state.resources.values().next().expect("one").clone();
        let twin = "gateway.b".parse().expect("valid");
        state.resources.insert(twin, record);
        assert!(matches!(
            decode(&encode(&state), kinds),
            Err(StateError::Twice(_))
        ));
        let text = String::from_utf8(encode(&state)).expect("text");
        let error =
            decode(text.replace("gateway.b", "gateway.a").as_bytes(), kinds).expect_err("refused");
        assert!(
            error.to_string().contains("gateway.a stands twice"),
            "{error}"
        );
        let text = String::from_utf8(encode(&sample())).expect("text");
        let empty = text.replace("gateway-0a1b2c3d", "");
        assert!(matches!(
            decode(empty.as_bytes(), kinds),
            Err(StateError::NoId(_))
        ));
    }

    #[test]
    fn what_is_no_state_says_where_and_why() {
        let newer = br#"{"version": 2, "anything": []}"#;
        assert!(matches!(decode(newer, kinds), Err(StateError::Newer(2))));
        assert!(matches!(
            decode(br#"{"version": 0}"#, kinds),
            Err(StateError::UnknownVersion(0))
        ));
        let unknown_key = String::from_utf8(encode(&sample()))
            .expect("text")
            .replace("taskId", "tsakId");
        let error = decode(unknown_key.as_bytes(), kinds)
            .expect_err("refused")
            .to_string();
        assert!(
            error.starts_with("line ") && error.contains("tsakId"),
            "{error}"
        );
        for bytes in [&b""[..], b"null", b"[]", b"\xff", b"{\"version\":1}"] {
            assert!(
                matches!(decode(bytes, kinds), Err(StateError::Malformed { .. })),
                "{bytes:?}"
            );
        }
    }
}
