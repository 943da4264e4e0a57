//! The resources as they are before a plan and as it leaves them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::model::{Address, Attributes, Value, set_value_at, value_at};
use crate::plan::{Action, FieldChange, How, Plan, Step};
use crate::state::State;

use super::super::terraform::{record_values, value_json, values};

/// What is known about each resource, by address.
pub(super) type Resources = BTreeMap<Address, Map<String, Json>>;

/// What the cloud gives a resource and no file can set.
const GIVEN: [&str; 4] = ["gatewayId", "taskId", "region", "status"];

/// Holds both sides of a plan; each change in it is the difference between the two.
pub(super) struct Sides {
    /// The resources that exist, as they were last seen.
    pub(super) before: Resources,
    /// The resources that will exist.
    pub(super) after: Resources,
}

impl Sides {
    /// Works both sides out from a state that the plan's moves have gone through.
    pub(super) fn of(plan: &Plan, moved: &State) -> Self {
        let before = before(plan, moved);
        let after = after(plan, &before);
        Self { before, after }
    }
}

fn before(plan: &Plan, moved: &State) -> Resources {
    let recorded = moved.resources.iter();
    // What was seen when the plan was made is newer than what is recorded.
    let seen = plan.bookkeeping.iter();
    let mut before: Resources = recorded
        .chain(seen.map(|(address, record)| (address, record)))
        .map(|(address, record)| (address.clone(), record_values(record)))
        .collect();
    for step in &plan.steps {
        let recorded = before.remove(&step.address);
        if let Some(identity) = &step.existing {
            let mut object = given(&step.before, recorded.as_ref());
            object.insert("gatewayId".to_owned(), json!(identity.id));
            object.insert("region".to_owned(), json!(identity.region));
            record_own(step, &mut object, |change| change.before.as_ref());
            before.insert(step.address.clone(), object);
        }
    }
    before
}

fn after(plan: &Plan, before: &Resources) -> Resources {
    let mut after = before.clone();
    for step in &plan.steps {
        let was = after.remove(&step.address);
        let mut object = match step.action {
            Action::Delete | Action::AwaitDelete | Action::Forget => continue,
            Action::Update | Action::Record => given(&step.after, was.as_ref()),
            Action::AwaitCreate => given(&awaited(step), was.as_ref()),
            Action::Create | Action::Replace => {
                let mut object = values(&step.after);
                object.insert("region".to_owned(), json!(step.region));
                object
            }
        };
        record_own(step, &mut object, |change| change.after.as_ref());
        after.insert(step.address.clone(), object);
    }
    after
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
