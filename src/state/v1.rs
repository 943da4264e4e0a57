//! Version 1 of the state file.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::Address;

use super::{Record, State, StateError};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<R> {
    version: u64,
    lineage: String,
    serial: u64,
    resources: R,
}

pub(super) fn decode(bytes: &[u8]) -> Result<State, StateError> {
    let File {
        version: _,
        lineage,
        serial,
        resources: Resources(resources),
    } = serde_json::from_slice::<File<Resources>>(bytes)?;
    let state = State {
        lineage,
        serial,
        resources,
    };
    refuse_twins(&state)?;
    Ok(state)
}

/// One resource of the cloud under two addresses would be deleted for one while the other wants it.
fn refuse_twins(state: &State) -> Result<(), StateError> {
    let mut seen = BTreeSet::new();
    for identity in state.identities() {
        if identity.id.is_empty() {
            return Err(StateError::NoId);
        }
        if !seen.insert(identity.clone()) {
            return Err(StateError::Twice(identity.id));
        }
    }
    Ok(())
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
        resources,
    } = state;
    let file = File {
        version: 1,
        lineage: lineage.clone(),
        serial: *serial,
        resources,
    };
    let mut bytes = Vec::new();
    // Writing plain data to memory can't fail.
    if serde_json::to_writer_pretty(&mut bytes, &file).is_ok() {
        bytes.push(b'\n');
    }
    bytes
}
