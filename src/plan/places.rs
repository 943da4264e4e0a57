//! Where the files speak of what a plan speaks of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Address, FieldPath, SourceLine};

use super::{Inputs, Plan};

/// Holds where the files speak of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Its block, or for one that has left the files, where its block stood at the last apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<SourceLine>,
    /// The fields that the plan speaks of, as far as the files set them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<FieldPath, SourceLine>,
}

/// Finds the places of everything that a plan speaks of.
pub(super) fn find(plan: &Plan, inputs: &Inputs<'_>) -> BTreeMap<Address, Places> {
    let mut found = BTreeMap::new();
    for step in &plan.steps {
        note(inputs, &step.address, None, &mut found);
        for change in &step.changes {
            note(inputs, &step.address, Some(&change.path), &mut found);
        }
    }
    for drift in &plan.drift {
        note(inputs, &drift.address, None, &mut found);
        for field in &drift.fields {
            note(inputs, &drift.address, Some(&field.path), &mut found);
        }
    }
    for (address, path) in &plan.ignored {
        note(inputs, address, Some(path), &mut found);
    }
    found
}

fn note(
    inputs: &Inputs<'_>,
    address: &Address,
    path: Option<&FieldPath>,
    found: &mut BTreeMap<Address, Places>,
) {
    let places = found.entry(address.clone()).or_insert_with(|| Places {
        block: block(inputs, address),
        fields: BTreeMap::new(),
    });
    if let Some(path) = path
        && let Some(line) = (inputs.locate)(address, path)
    {
        places.fields.insert(path.clone(), line);
    }
}

/// Finds the block of a resource, the entry that gives it up, or where its block stood.
fn block(inputs: &Inputs<'_>, address: &Address) -> Option<SourceLine> {
    let given_up = || {
        let entry = inputs.removed.iter().find(|entry| entry.from == *address)?;
        Some(entry.location.as_ref()?.line())
    };
    let stood = || inputs.state.resources.get(address)?.source.clone();
    let block = inputs
        .desired
        .get(address)
        .and_then(|desired| Some(desired.location.as_ref()?.line()));
    block.or_else(given_up).or_else(stood)
}
