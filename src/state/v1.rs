//! Version 1 of the state file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
        resources,
    } = serde_json::from_slice::<File<BTreeMap<Address, Record>>>(bytes)?;
    Ok(State {
        lineage,
        serial,
        resources,
    })
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
