//! What others changed in the cloud since the last apply.

use serde::{Deserialize, Serialize};

use crate::model::{Address, Attributes, FieldPath, Observed, Value};
use crate::schema::{Field, Read, Shape};
use crate::state::{State, Status};

use super::diff::{meaningful, partner};
use super::{Schemas, Snapshot};

/// Tells what others did to one recorded resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The resource.
    pub address: Address,
    /// Its id in the cloud.
    pub id: String,
    /// Whether it is not there any more.
    pub gone: bool,
    /// The fields that were changed: as last applied, and as they are now.
    pub fields: Vec<DriftedField>,
}

/// Tells what others did to one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftedField {
    /// The field.
    pub path: FieldPath,
    /// The value that was last applied, if there was one.
    pub applied: Option<Value>,
    /// The value now, if it is set.
    pub now: Option<Value>,
}

/// Holds what others did, by whether it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drifts {
    /// What counts.
    pub counted: Vec<Drift>,
    /// What `ignoreChanges` leaves to others.
    pub ignored: Vec<Drift>,
}

/// Tells which fields of a resource `ignoreChanges` leaves to others.
pub type Ignores<'a> = &'a dyn Fn(&Address) -> &'a [FieldPath];

/// Compares the state with the cloud; resources that are as applied are left out.
///
/// What gwplan applied counts, and what nobody but a person adds: a public network, a description.
/// What the cloud fills in is no drift, and no tags are that gwplan never set.
pub fn drift(
    state: &State,
    snapshot: &Snapshot,
    schemas: Schemas<'_>,
    ignores: Ignores<'_>,
) -> Drifts {
    let mut found = Drifts::default();
    for (address, record) in &state.resources {
        let identity = record.identity();
        // What gwplan itself was deleting is no work of others.
        let gone = snapshot.gone.contains(&identity) && record.status != Status::Deleting;
        let fields = match (snapshot.found.get(&identity), schemas(&record.kind)) {
            // What is still under way is no drift.
            (Some(observed), Some(schema)) if record.status == Status::Ready => {
                drifted_fields(schema.fields, &record.applied, observed)
            }
            _ => Vec::new(),
        };
        let paths = ignores(address);
        let (left_alone, counted): (Vec<_>, Vec<_>) = fields
            .into_iter()
            .partition(|field| field.path.is_within_any(paths));
        let about = |gone, fields| Drift {
            address: address.clone(),
            id: record.id.clone(),
            gone,
            fields,
        };
        if gone || !counted.is_empty() {
            found.counted.push(about(gone, counted));
        }
        if !left_alone.is_empty() {
            found.ignored.push(about(false, left_alone));
        }
    }
    found
}

fn drifted_fields(
    fields: &[Field],
    applied: &Attributes,
    observed: &Observed,
) -> Vec<DriftedField> {
    let mut found = Vec::new();
    compare(
        fields,
        applied,
        &observed.attributes,
        &FieldPath::root(),
        &mut found,
    );
    found
}

fn compare(
    fields: &[Field],
    applied: &Attributes,
    observed: &Attributes,
    at: &FieldPath,
    found: &mut Vec<DriftedField>,
) {
    for field in fields.iter().filter(|field| field.read != Read::Unlisted) {
        let was = applied.get(field.key);
        if was.is_none() && !counts_unset(field, applied) {
            continue;
        }
        let now = meaningful(observed.get(field.key));
        let path = at.child(field.key);
        match (&field.shape, was, now) {
            (Shape::Object(inner), Some(Value::Map(was)), Some(Value::Map(now))) => {
                compare(inner, was, now, &path, found);
            }
            (Shape::Tags, Some(Value::Map(was)), now) => {
                let empty = Attributes::new();
                let now = now.and_then(Value::as_map).unwrap_or(&empty);
                for (key, value) in was
                    .iter()
                    .filter(|(key, value)| now.get(*key) != Some(value))
                {
                    found.push(drifted(path.child(key), Some(value), now.get(key)));
                }
            }
            (_, was, now) if now != meaningful(was) => found.push(drifted(path, was, now)),
            _ => {}
        }
    }
}

/// Tells whether a value that gwplan never applied is the work of others.
fn counts_unset(field: &Field, applied: &Attributes) -> bool {
    let is_asked_for = partner(field).is_some_and(|partner| applied.contains_key(partner));
    field.is_never_filled_in() && !is_asked_for
}

fn drifted(path: FieldPath, was: Option<&Value>, now: Option<&Value>) -> DriftedField {
    DriftedField {
        path,
        applied: was.cloned(),
        now: now.cloned(),
    }
}
