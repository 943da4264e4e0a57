//! The difference between what is wanted and what is.

use crate::model::{Attributes, FieldPath, Value};
use crate::schema::{Change, Field, Read, Shape, Unset};

use super::{FieldChange, How};

/// Holds the three things that a field is compared between.
pub(super) struct Sides<'a> {
    /// What the files say, defaults filled in.
    pub(super) desired: &'a Attributes,
    /// What was last applied.
    pub(super) applied: &'a Attributes,
    /// What the cloud shows; nothing for a plan made offline.
    pub(super) observed: Option<&'a Attributes>,
}

/// Holds how the sides differ.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// The fields that are to be changed, in the order of the table.
    pub(super) changes: Vec<FieldChange>,
    /// The values that the files no longer set, and that stay in the cloud all the same.
    pub(super) kept: Vec<(FieldPath, Value)>,
}

/// Finds out how the sides differ.
///
/// A field that the cloud shows is compared with the cloud, any other with what was last applied. A
/// field that is not wanted counts where gwplan itself set it before, and where its presence is a
/// fact ([`Field::is_presence`]): what the cloud fills in, and what else others add, is left alone.
pub(super) fn diff(fields: &[Field], sides: &Sides<'_>) -> Difference {
    let mut found = Difference::default();
    diff_fields(fields, sides, &FieldPath::root(), &mut found);
    found
}

fn diff_fields(fields: &[Field], sides: &Sides<'_>, at: &FieldPath, found: &mut Difference) {
    for field in fields {
        let path = at.child(field.key);
        // That the files say "" is not that they say nothing: it is a value that is enforced.
        let desired = sides.desired.get(field.key);
        let applied = meaningful(sides.applied.get(field.key));
        let shown = sides.observed.filter(|_| field.read != Read::Unlisted);
        let current = shown.map_or(applied, |observed| meaningful(observed.get(field.key)));
        match (&field.shape, desired, current) {
            (Shape::Object(inner), Some(Value::Map(desired)), Some(Value::Map(current))) => {
                let empty = Attributes::new();
                let sides = Sides {
                    desired,
                    applied: applied.and_then(Value::as_map).unwrap_or(&empty),
                    observed: shown.is_some().then_some(current),
                };
                diff_fields(inner, &sides, &path, found);
            }
            (Shape::Tags, desired, current) => {
                diff_tags(
                    field,
                    [desired, applied, current],
                    &path,
                    &mut found.changes,
                );
            }
            (_, Some(_), current) if current != meaningful(desired) => {
                let change = change(field, path, [current, desired, applied]);
                found.changes.push(change);
            }
            (_, None, Some(current)) => diff_unset(field, sides, path, current, found),
            _ => {}
        }
    }
}

/// Decides about a value that is there and that the files don't set.
fn diff_unset(
    field: &Field,
    sides: &Sides<'_>,
    path: FieldPath,
    current: &Value,
    found: &mut Difference,
) {
    let applied = meaningful(sides.applied.get(field.key));
    let partner = partner(field);
    let speaks = |side: &Attributes| partner.is_some_and(|partner| side.contains_key(partner));
    let is_ours = applied.is_some();
    match field.unset() {
        // It is still wanted, but not by this field's word.
        Unset::TakenAway
            if speaks(sides.desired)
                && (!is_ours || is_set_within(partner, field, sides.desired)) => {}
        Unset::TakenAway if speaks(sides.desired) => found.kept.push((path, current.clone())),
        Unset::Kept if is_ours => found.kept.push((path, current.clone())),
        Unset::TakenAway if !is_ours && (!field.is_presence() || speaks(sides.applied)) => {}
        unset if is_ours || unset == Unset::TakenAway => {
            let change = change(field, path, [Some(current), None, applied]);
            found.changes.push(change);
        }
        _ => {}
    }
}

/// Returns the key of the other field that is about the same thing.
pub(super) fn partner(field: &Field) -> Option<&'static str> {
    match field.change {
        Change::Presence { partner, .. } => Some(partner),
        _ => None,
    }
}

/// Tells whether the other field about the same thing says inside what this one said.
fn is_set_within(partner: Option<&str>, field: &Field, desired: &Attributes) -> bool {
    let partner = partner.and_then(|partner| desired.get(partner)?.as_map());
    partner.is_some_and(|inner| inner.contains_key(field.key))
}

/// Empty text means "not set" on the wire, and in what the cloud is known to have.
pub(super) fn meaningful(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| value.as_text() != Some(""))
}

fn diff_tags(
    field: &Field,
    sides: [Option<&Value>; 3],
    path: &FieldPath,
    changes: &mut Vec<FieldChange>,
) {
    let empty = Attributes::new();
    let [desired, applied, current] =
        sides.map(|side| side.and_then(Value::as_map).unwrap_or(&empty));
    for (key, value) in desired {
        if current.get(key) != Some(value) {
            changes.push(change(
                field,
                path.child(key),
                [current.get(key), Some(value), applied.get(key)],
            ));
        }
    }
    for (key, value) in current {
        if !desired.contains_key(key) && applied.contains_key(key) {
            changes.push(change(
                field,
                path.child(key),
                [Some(value), None, applied.get(key)],
            ));
        }
    }
}

fn change(
    field: &Field,
    path: FieldPath,
    [before, after, applied]: [Option<&Value>; 3],
) -> FieldChange {
    let how = match field.change {
        Change::InPlace(call) | Change::AfterCreate(call) => How::InPlace(call.to_owned()),
        Change::OnlyToTrue(call) if after.and_then(Value::as_bool) == Some(true) => {
            How::InPlace(call.to_owned())
        }
        Change::Presence {
            add,
            remove,
            change,
            partner: _,
        } => How::InPlace(match (before, after) {
            (None, _) => add.to_owned(),
            (_, None) => remove.to_owned(),
            _ => change.to_owned(),
        }),
        Change::OnlyToTrue(_) | Change::Replace | Change::Local => How::Replace,
    };
    FieldChange {
        path,
        before: before.cloned(),
        after: after.cloned(),
        how,
        // What was never applied may be what the cloud filled in: nothing proves that others did it, but
        // where the cloud never fills anything in.
        drifted: (applied.is_some() || field.is_never_filled_in()) && before != applied,
    }
}
