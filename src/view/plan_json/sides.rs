//! The resources as they are before a plan and as it leaves them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::model::{Address, Attributes, Value, set_value_at, value_at};
use crate::plan::{Action, FieldChange, How, Plan, Step};
use crate::state::{Record, State};

use super::super::terraform::{record_values, value_json, values};

/// What the cloud gives a resource and no file can set.
const GIVEN: [&str; 4] = ["gatewayId", "taskId", "region", "status"];

/// Tells both sides of a plan; each change in it is the difference between the two.
///
/// What is told is made when it is asked for: of a large plan, all of it would be far more than the plan.
pub(super) struct Sides<'a> {
    /// The records; what was seen when the plan was made is newer than what is in the state.
    records: BTreeMap<&'a Address, &'a Record>,
    steps: BTreeMap<&'a Address, &'a Step>,
}

impl<'a> Sides<'a> {
    /// Prepares both sides from a state that the plan's moves have gone through.
    pub(super) fn of(plan: &'a Plan, moved: &'a State) -> Self {
        let seen = plan.bookkeeping.iter();
        let seen = seen.map(|(address, record)| (address, record));
        let steps = plan.steps.iter();
        Self {
            records: moved.resources.iter().chain(seen).collect(),
            steps: steps.map(|step| (&step.address, step)).collect(),
        }
    }

    /// Returns the addresses that either side may have, each once, in their order.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &'a Address> {
        let all: BTreeSet<&Address> = self
            .records
            .keys()
            .chain(self.steps.keys())
            .copied()
            .collect();
        all.into_iter()
    }

    /// Tells what is known of a resource that exists, as it was last seen.
    pub(super) fn before(&self, address: &Address) -> Option<Map<String, Json>> {
        let recorded = self.records.get(address).copied().map(record_values);
        let Some(step) = self.steps.get(address) else {
            return recorded;
        };
        let identity = step.existing.as_ref()?;
        let mut object = given(&step.before, recorded.as_ref());
        object.insert("gatewayId".to_owned(), json!(identity.id));
        object.insert("region".to_owned(), json!(identity.region));
        record_own(step, &mut object, |change| change.before.as_ref());
        Some(object)
    }

    /// Tells what is known of a resource that will exist.
    pub(super) fn after(&self, address: &Address) -> Option<Map<String, Json>> {
        let was = self.before(address);
        let Some(step) = self.steps.get(address) else {
            return was;
        };
        let mut object = match step.action {
            Action::Delete | Action::AwaitDelete | Action::Forget => return None,
            Action::Update | Action::Record => given(&step.after, was.as_ref()),
            Action::AwaitCreate => given(&awaited(step), was.as_ref()),
            Action::Create | Action::Replace => {
                let mut object = values(&step.after);
                object.insert("region".to_owned(), json!(step.region));
                object
            }
        };
        record_own(step, &mut object, |change| change.after.as_ref());
        Some(object)
    }
}

/// Adds what only gwplan knows, where the plan changes it: else a change of that alone would look like none.
fn record_own(
    step: &Step,
    object: &mut Map<String, Json>,
    side: impl Fn(&FieldChange) -> Option<&Value>,
) {
    let own = step
        .changes
        .iter()
        .filter(|change| change.how == How::Record);
    for change in own {
        let value = side(change).map_or(Json::Null, value_json);
        match change.path.segments() {
            [key] => {
                object.insert(key.clone(), value);
            }
            [outer, key] => {
                object.entry(outer.clone()).or_insert_with(|| json!({}))[key.as_str()] = value;
            }
            _ => {}
        }
    }
}

/// Returns what a resource will be whose create is under way: what it is, and what the calls after it set.
fn awaited(step: &Step) -> Attributes {
    let mut attributes = step.before.clone();
    for path in step.calls.iter().flat_map(|call| &call.paths) {
        let value = value_at(&step.after, path).cloned();
        set_value_at(&mut attributes, path, value);
    }
    attributes
}

/// Joins attributes with what the cloud gave the resource.
fn given(attributes: &Attributes, resource: Option<&Map<String, Json>>) -> Map<String, Json> {
    let mut object = values(attributes);
    for key in GIVEN {
        if let Some(value) = resource.and_then(|resource| resource.get(key)) {
            object.insert(key.to_owned(), value.clone());
        }
    }
    object
}
