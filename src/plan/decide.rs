//! What is to be done about each resource.

use std::collections::BTreeSet;

use crate::model::{Address, Attributes, Desired, Diagnostic, Fault, FieldPath, Value};
use crate::schema::ResourceSchema;
use crate::schema::check::MAX_TAGS;

use super::drift::{Ignores, drift};
use super::guard::{calls_after_create, dependants};
use super::known::Known;
use super::{Action, Goal, Inputs, Plan, Reason, Step};
use super::{owners, renames, strays};

/// Decides about every address that the files or the state hold; the steps come out by address.
pub(super) fn decide(inputs: &Inputs<'_>) -> Result<Plan, Fault> {
    let mut plan = Plan {
        refreshed: inputs.snapshot.is_some(),
        ..Plan::default()
    };
    if let Some(snapshot) = inputs.snapshot {
        let ignores: Ignores<'_> = &|address| ignored_of(inputs, address);
        // What is ignored and differs from the files is told of by `Plan::ignored`.
        plan.drift = drift(inputs.state, snapshot, inputs.schemas, ignores).counted;
    }
    let dependants = dependants(inputs);
    let addresses: BTreeSet<&Address> = inputs
        .desired
        .keys()
        .chain(inputs.state.resources.keys())
        .collect();
    for address in addresses {
        let desired = inputs
            .desired
            .get(address)
            .filter(|_| inputs.goal == Goal::Converge);
        match (desired, inputs.state.resources.get(address)) {
            (Some(desired), None) => {
                let schema = schema_of(inputs, address, address.kind())?;
                plan.steps
                    .push(create(inputs, schema, desired, Reason::New));
            }
            (Some(desired), Some(record)) => {
                let schema = schema_of(inputs, address, &record.kind)?;
                Known::new(inputs, schema, address, record, &dependants).keep(desired, &mut plan);
            }
            (None, Some(record)) => {
                let schema = schema_of(inputs, address, &record.kind)?;
                Known::new(inputs, schema, address, record, &dependants).leave(&mut plan);
            }
            (None, None) => {}
        }
    }
    check_removed(inputs, &mut plan);
    strays::note(inputs, &mut plan);
    owners::note(inputs, &mut plan);
    check_room_for_owner(inputs, &mut plan);
    renames::hint(inputs, &mut plan);
    Ok(plan)
}

/// Returns the fields of a resource that the files leave to others.
fn ignored_of<'a>(inputs: &Inputs<'a>, address: &Address) -> &'a [FieldPath] {
    let desired = inputs.desired.get(address);
    desired.map_or(&[], |desired| desired.ignore_changes.as_slice())
}

/// Plans to make a resource as the files say.
pub(super) fn create(
    inputs: &Inputs<'_>,
    schema: &ResourceSchema,
    desired: &Desired,
    reason: Reason,
) -> Step {
    Step {
        address: desired.address.clone(),
        action: Action::Create,
        reason,
        region: desired.region.clone(),
        existing: None,
        before: Attributes::new(),
        after: desired.attributes.clone(),
        changes: Vec::new(),
        calls: calls_after_create(schema.fields, &desired.attributes, inputs.ownership),
        calls_before_delete: Vec::new(),
        create_before_destroy: false,
        owned: inputs.ownership,
        namesakes: Vec::new(),
        seen: None,
        losses: Vec::new(),
        depends_on: desired.depends_on.clone(),
        prevent_destroy: desired.prevent_destroy,
        ignore_changes: desired.ignore_changes.clone(),
        successor: None,
        after_steps: Vec::new(),
    }
}

/// Refuses to make what has so many tags that the owner tag has no room.
fn check_room_for_owner(inputs: &Inputs<'_>, plan: &mut Plan) {
    for step in plan.steps.iter().filter(|step| step.owned) {
        let tags = step.after.get("tags").and_then(Value::as_map);
        if tags.is_none_or(|tags| tags.len() < MAX_TAGS) {
            continue;
        }
        let address = &step.address;
        let location = inputs
            .desired
            .get(address)
            .and_then(|desired| desired.location.clone());
        plan.diagnostics.push(
            Diagnostic::error(
                "out-of-range",
                format!("{address} has {MAX_TAGS} tags, and gwplan's owner tag would be one more"),
            )
            .help(format!(
                "a resource takes up to {MAX_TAGS}: take one out, or set `provider.ownershipTag: false` in gwplan.yaml"
            ))
            .about(address)
            .at(location),
        );
    }
}

/// Refuses entries that give up what the files still want.
fn check_removed(inputs: &Inputs<'_>, plan: &mut Plan) {
    for removed in inputs.removed {
        let from = &removed.from;
        let diagnostic = if inputs.desired.contains_key(from) {
            Diagnostic::error(
                "bad-removed",
                format!("{from} is given up by `removed`, but the files still describe it"),
            )
            .help("take out one of the two")
        } else if inputs.state.resources.contains_key(from) {
            continue;
        } else {
            Diagnostic::warning("idle-removed", format!("there is no {from} to give up"))
                .help("the entry can go as soon as no other state needs it")
        };
        plan.diagnostics
            .push(diagnostic.about(from).at(removed.location.clone()));
    }
}

pub(super) fn name_of(attributes: &Attributes) -> Option<&str> {
    attributes.get("name").and_then(Value::as_text)
}

fn schema_of(
    inputs: &Inputs<'_>,
    address: &Address,
    kind: &str,
) -> Result<&'static ResourceSchema, Fault> {
    (inputs.schemas)(kind).ok_or_else(|| {
        Fault::new(format!(
            "{address} is of the kind {kind:?}, which this gwplan doesn't know"
        ))
        .hint("use the gwplan that wrote the state, or a newer one")
    })
}
