//! Version 1 of the state file.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use sha2::{Digest, Sha256};

use crate::model::{Address, Kinds, hex};

use super::{HistoryEntry, Intent, OpenPlan, Record, State, StateError};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File<R> {
    version: u64,
    /// The SHA-256 of all the rest; states of versions before it have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    lineage: String,
    serial: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cloud: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    resources: R,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    intents: BTreeMap<Address, Intent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<HistoryEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_plan: Option<OpenPlan>,
}

/// Reads a state; tells too whether its checksum fits, where it has one.
pub(super) fn decode(bytes: &[u8], kinds: Kinds) -> Result<(State, bool), StateError> {
    let File {
        version: _,
        checksum: written,
        lineage,
        serial,
        cloud,
        account,
        resources: Resources(resources),
        intents,
        history,
        open_plan,
    } = serde_json::from_slice::<File<Resources>>(bytes)?;
    let state = State {
        lineage,
        serial,
        cloud,
        account,
        resources,
        intents,
        history,
        open_plan,
    };
    let is_sound = written.is_none_or(|written| written == checksum(&file(&state)));
    state.check(kinds)?;
    Ok((state, is_sound))
}

/// Sums up what a state holds, not its bytes: line ends and indentation may change on the way through
/// version control.
fn checksum(file: &File<&BTreeMap<Address, Record>>) -> String {
    // Writing plain data to memory can't fail.
    hex(&Sha256::digest(
        serde_json::to_vec(file).unwrap_or_default(),
    ))
}

/// Returns what is written of a state, without its checksum.
fn file(state: &State) -> File<&BTreeMap<Address, Record>> {
    let State {
        lineage,
        serial,
        cloud,
        account,
        resources,
        intents,
        history,
        open_plan,
    } = state;
    File {
        version: 1,
        checksum: None,
        lineage: lineage.clone(),
        serial: *serial,
        cloud: cloud.clone(),
        account: account.clone(),
        resources,
        intents: intents.clone(),
        history: history.clone(),
        open_plan: open_plan.clone(),
    }
}

/// Holds the records by address; unlike a plain map it refuses an address that stands twice.
struct Resources(BTreeMap<Address, Record>);

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Records)
    }
}

struct Records;

impl<'de> Visitor<'de> for Records {
    type Value = Resources;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of addresses to records")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut entries: M) -> Result<Resources, M::Error> {
        let mut resources = BTreeMap::new();
        while let Some((address, record)) = entries.next_entry::<Address, Record>()? {
            match resources.entry(address) {
                Entry::Vacant(slot) => {
                    slot.insert(record);
                }
                Entry::Occupied(slot) => {
                    return Err(M::Error::custom(format!("{} stands twice", slot.key())));
                }
            }
        }
        Ok(Resources(resources))
    }
}

pub(super) fn encode(state: &State) -> Vec<u8> {
    let mut file = file(state);
    file.checksum = Some(checksum(&file));
    let mut bytes = Vec::new();
    // Writing plain data to memory can't fail.
    if serde_json::to_writer_pretty(&mut bytes, &file).is_ok() {
        bytes.push(b'\n');
    }
    bytes
}
