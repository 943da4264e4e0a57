//! What keeps a resource from being destroyed, and what is lost when it is.

use std::collections::BTreeMap;

use crate::model::{Address, Attributes, Desired, Diagnostic, FieldPath, Observed, Value};
use crate::schema::check::MAX_NEW_TAGS_PER_CALL;
use crate::schema::{Change, Field, Need, ResourceSchema, Shape, field};
use crate::state::Record;

use super::{Inputs, Loss, Plan, PlannedCall};

/// Says what is about to be destroyed.
#[derive(Clone, Copy)]
pub(super) struct Doomed<'a> {
    pub(super) address: &'a Address,
    pub(super) record: &'a Record,
    pub(super) before: &'a Attributes,
    /// What is about to be done to it, in a word.
    pub(super) verb: &'static str,
}

/// Refuses to destroy what `preventDestroy` protects.
///
/// Where the files don't say, the record does: so taking a resource out of the YAML lifts nothing.
pub(super) fn check_prevent_destroy(inputs: &Inputs<'_>, doomed: Doomed<'_>, plan: &mut Plan) {
    let Doomed {
        address,
        record,
        verb,
        ..
    } = doomed;
    let desired = inputs.desired.get(address);
    if !desired.map_or(record.prevent_destroy, |desired| desired.prevent_destroy) {
        return;
    }
    let help = match desired {
        Some(_) => {
            "set `lifecycle.preventDestroy: false` here, or undo the change that asks for this"
        }
        None => {
            "the state remembers the protection: put the resource back into the YAML, set `lifecycle.preventDestroy: false`, apply that, and then take it out"
        }
    };
    plan.diagnostics.push(
        Diagnostic::error(
            "protected",
            format!("the plan would {verb} {address}, which `preventDestroy` protects"),
        )
        .help(help)
        .about(address)
        .at(place(desired)),
    );
}

/// Returns the calls that lift the cloud's own protection; refuses where the YAML doesn't lift it.
pub(super) fn lift_delete_guard(
    inputs: &Inputs<'_>,
    schema: &ResourceSchema,
    doomed: Doomed<'_>,
    plan: &mut Plan,
) -> Vec<PlannedCall> {
    let Doomed {
        address,
        before,
        verb,
        ..
    } = doomed;
    let Some(lifting) = lifting_call(schema, before) else {
        return Vec::new();
    };
    let desired = inputs.desired.get(address);
    if desired.is_some_and(|desired| guard_of(schema, &desired.attributes).is_none()) {
        return vec![lifting];
    }
    let key = schema.delete_guard.unwrap_or_default();
    let help = match desired {
        Some(_) => format!(
            "set `{key}: false` here to have it lifted first, or undo the change that asks for this"
        ),
        None => format!(
            "put it back into the YAML with `{key}: false`, apply that, and then take it out"
        ),
    };
    plan.diagnostics.push(
        Diagnostic::error(
            "protected",
            format!("the plan would {verb} {address}, but the cloud's `{key}` is on"),
        )
        .help(help)
        .about(address)
        .at(place(desired)),
    );
    Vec::new()
}

/// Returns the cloud's own protection, where it is on.
fn guard_of(schema: &ResourceSchema, attributes: &Attributes) -> Option<&'static Field> {
    let guard = field(schema.fields, schema.delete_guard?)?;
    let is_on = attributes.get(guard.key).and_then(Value::as_bool) == Some(true);
    is_on.then_some(guard)
}

/// Returns the call that lifts the cloud's own protection, where it is on.
pub(super) fn lifting_call(
    schema: &ResourceSchema,
    attributes: &Attributes,
) -> Option<PlannedCall> {
    let guard = guard_of(schema, attributes)?;
    match guard.change {
        Change::AfterCreate(call) | Change::InPlace(call) => Some(PlannedCall {
            action: call.to_owned(),
            paths: vec![FieldPath::from_iter([guard.key])],
        }),
        _ => None,
    }
}

fn place(desired: Option<&Desired>) -> Option<crate::model::Location> {
    desired.and_then(|desired| desired.location.clone())
}

/// Holds who depends on each resource that the files describe.
pub(super) type Dependants<'a> = BTreeMap<&'a Address, Vec<&'a Address>>;

/// Turns the files' references round, once for all that is destroyed.
pub(super) fn dependants<'a>(inputs: &Inputs<'a>) -> Dependants<'a> {
    let mut found = Dependants::new();
    for desired in inputs.desired.values() {
        for target in &desired.depends_on {
            found.entry(target).or_default().push(&desired.address);
        }
    }
    found
}

/// Tells what is lost for good when a resource is destroyed or replaced.
pub(super) fn losses(
    dependants: &Dependants<'_>,
    schema: &ResourceSchema,
    address: &Address,
    record: &Record,
    observed: Option<&Observed>,
) -> Vec<Loss> {
    let mut losses = vec![Loss::Id(record.id.clone())];
    losses.extend(addresses_lost(schema, record, observed));
    if let Some(dependants) = dependants.get(address) {
        losses.push(Loss::Dependants(
            dependants.iter().copied().cloned().collect(),
        ));
    }
    losses
}

/// Tells which public addresses are lost for good.
pub(super) fn addresses_lost(
    schema: &ResourceSchema,
    record: &Record,
    observed: Option<&Observed>,
) -> Vec<Loss> {
    match observed {
        Some(observed) => observed
            .addresses
            .iter()
            .cloned()
            .map(Loss::Address)
            .collect(),
        None if has_network(schema, record) => vec![Loss::UnknownAddresses],
        None => Vec::new(),
    }
}

/// Tells whether a resource had the thing by which the public network reaches it, as far as is recorded.
fn has_network(schema: &ResourceSchema, record: &Record) -> bool {
    let mut fields = schema.fields.iter();
    fields.any(|field| {
        let recorded = [&record.applied, &record.observed];
        matches!(field.change, Change::Presence { .. })
            && recorded.iter().any(|side| side.contains_key(field.key))
    })
}

/// Returns the calls that follow a create: they set what the create can't carry.
///
/// `owned` says that the create carries the owner tag: that takes the room of one tag.
pub(super) fn calls_after_create(
    fields: &[Field],
    attributes: &Attributes,
    owned: bool,
) -> Vec<PlannedCall> {
    let mut calls = tags_beyond_the_create(fields, attributes, owned);
    for field in fields {
        let Change::AfterCreate(call) = field.change else {
            continue;
        };
        let fresh = match &field.need {
            Need::Default(literal) => Some(literal.value()),
            _ => None,
        };
        let wanted = attributes.get(field.key);
        if wanted.is_none() || wanted == fresh.as_ref() {
            continue;
        }
        let path = FieldPath::from_iter([field.key]);
        match calls.iter_mut().find(|planned| planned.action == call) {
            Some(planned) => planned.paths.push(path),
            None => calls.push(PlannedCall {
                action: call.to_owned(),
                paths: vec![path],
            }),
        }
    }
    calls
}

/// The tags that one call has no room for.
fn tags_beyond_the_create(
    fields: &[Field],
    attributes: &Attributes,
    owned: bool,
) -> Vec<PlannedCall> {
    let room = MAX_NEW_TAGS_PER_CALL - usize::from(owned);
    let mut calls = Vec::new();
    for field in fields {
        let (Shape::Tags, Change::InPlace(call)) = (&field.shape, field.change) else {
            continue;
        };
        let tags = attributes.get(field.key).and_then(Value::as_map);
        let beyond = tags.into_iter().flat_map(Attributes::keys).skip(room);
        let paths: Vec<FieldPath> = beyond
            .map(|tag| FieldPath::from_iter([field.key, tag]))
            .collect();
        if !paths.is_empty() {
            calls.push(PlannedCall {
                action: call.to_owned(),
                paths,
            });
        }
    }
    calls
}
