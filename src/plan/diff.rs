//! The difference between what is wanted and what is.

use crate::model::{Attributes, FieldPath, Value};
use crate::schema::{Change, Field, Read, Shape};

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

/// Lists the fields that differ, in the order of the table.
///
/// A field that the cloud shows is compared with the cloud, any other with what was last applied. A
/// field that is not wanted counts only where gwplan itself set it before: what the cloud fills in,
/// and what others add, is left alone.
pub(super) fn diff(fields: &[Field], sides: &Sides<'_>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    diff_fields(fields, sides, &FieldPath::root(), &mut changes);
    changes
}

fn diff_fields(
    fields: &[Field],
    sides: &Sides<'_>,
    at: &FieldPath,
    changes: &mut Vec<FieldChange>,
) {
    for field in fields {
        let path = at.child(field.key);
        let desired = meaningful(sides.desired.get(field.key));
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
                diff_fields(inner, &sides, &path, changes);
            }
            (Shape::Tags, desired, current) => {
                diff_tags(field, [desired, applied, current], &path, changes);
            }
            (_, Some(desired), current) if current != Some(desired) => {
                changes.push(change(field, path, [current, Some(desired), applied]));
            }
            (_, None, Some(_))
                if has_wanted_partner(field, sides.desired) || stays_unset(field) => {}
            (_, None, Some(current)) if applied.is_some() => {
                changes.push(change(field, path, [Some(current), None, applied]));
            }
            _ => {}
        }
    }
}

/// Tells whether another field asks for the thing that this one was about.
fn has_wanted_partner(field: &Field, desired: &Attributes) -> bool {
    match field.change {
        Change::Presence { partner, .. } => desired.contains_key(partner),
        _ => false,
    }
}

/// A number can be changed in place, but no call takes "none" for it: it is left as it is.
fn stays_unset(field: &Field) -> bool {
    matches!(
        (&field.shape, field.change),
        (Shape::Whole(_), Change::InPlace(_))
    )
}

/// Empty text means "not set", in YAML and on the wire alike.
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
        // What was never applied may be what the cloud filled in: nothing proves that others did it.
        drifted: applied.is_some() && before != applied,
    }
}
