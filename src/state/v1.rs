//! Version 1 of the state file.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::Address;

use super::{HistoryEntry, Intent, Record, State, StateError};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<R> {
    version: u64,
    lineage: String,
    serial: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cloud: Option<String>,
    resources: R,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    intents: BTreeMap<Address, Intent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<HistoryEntry>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<State, StateError> {
    let File {
        version: _,
        lineage,
        serial,
        cloud,
        resources: Resources(resources),
        intents,
        history,
    } = serde_json::from_slice::<File<Resources>>(bytes)?;
    let state = State {
        lineage,
        serial,
        cloud,
        resources,
        intents,
        history,
    };
    state.check()?;
    Ok(state)
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
    let State {
        lineage,
        serial,
        cloud,
        resources,
        intents,
        history,
    } = state;
    let file = File {
        version: 1,
        lineage: lineage.clone(),
        serial: *serial,
        cloud: cloud.clone(),
        resources,
        intents: intents.clone(),
        history: history.clone(),
    };
    let mut bytes = Vec::new();
    // Writing plain data to memory can't fail.
    if serde_json::to_writer_pretty(&mut bytes, &file).is_ok() {
        bytes.push(b'\n');
    }
    bytes
}
