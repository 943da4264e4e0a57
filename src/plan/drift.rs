//! What others changed in the cloud since the last apply.

use serde::{Deserialize, Serialize};

use crate::model::{Address, Attributes, FieldPath, Observed, Value};
use crate::schema::{Field, Read, Shape};
use crate::state::{State, Status};

use super::diff::meaningful;
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
    /// The value that was last applied.
    pub applied: Value,
    /// The value now, if it is set.
    pub now: Option<Value>,
}

/// Compares the state with the cloud, the files aside; resources that are as applied are left out.
///
/// Only what gwplan applied counts: what the cloud fills in, and what others add, is no drift.
pub fn drift(state: &State, snapshot: &Snapshot, schemas: Schemas<'_>) -> Vec<Drift> {
    let mut found = Vec::new();
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
        if gone || !fields.is_empty() {
            found.push(Drift {
                address: address.clone(),
                id: record.id.clone(),
                gone,
                fields,
            });
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
        let Some(was) = meaningful(applied.get(field.key)) else {
            continue;
        };
        let now = meaningful(observed.get(field.key));
        let path = at.child(field.key);
        match (&field.shape, was, now) {
            (Shape::Object(inner), Value::Map(was), Some(Value::Map(now))) => {
                compare(inner, was, now, &path, found);
            }
            (Shape::Tags, Value::Map(was), now) => {
                let empty = Attributes::new();
                let now = now.and_then(Value::as_map).unwrap_or(&empty);
                for (key, value) in was
                    .iter()
                    .filter(|(key, value)| now.get(*key) != Some(value))
                {
                    found.push(DriftedField {
                        path: path.child(key),
                        applied: value.clone(),
                        now: now.get(key).cloned(),
                    });
                }
            }
            (_, was, now) if now != Some(was) => {
                found.push(DriftedField {
                    path,
                    applied: was.clone(),
                    now: now.cloned(),
                });
            }
            _ => {}
        }
    }
}
