//! What the Terraform-shaped faces of plan and state share.

use serde_json::{Map, Value as Json, json};

use crate::model::{Address, Attributes, Value};
use crate::plan::Schemas;
use crate::state::Record;

/// The version of Terraform whose formats are followed; tools of that ecosystem check it.
pub(super) const TERRAFORM_VERSION: &str = "1.9.0";
/// The address under which tools see the provider of the resources: three parts, as they split it, and
/// with the host and namespace of what is built in, since no registry has it.
pub(super) const PROVIDER: &str = "terraform.io/builtin/gwplan";
/// The provider's name in a configuration.
pub(super) const PROVIDER_KEY: &str = "gwplan";
/// The version of the resources' schema.
pub(super) const SCHEMA_VERSION: u64 = 0;
/// The version of Terraform's state JSON.
pub(super) const STATE_FORMAT: &str = "1.0";

/// Renders attributes as a JSON object.
pub(super) fn values(attributes: &Attributes) -> Map<String, Json> {
    attributes
        .iter()
        .map(|(key, value)| (key.clone(), value_json(value)))
        .collect()
}

/// Renders one value as JSON.
pub(super) fn value_json(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::List(items) => items.iter().map(value_json).collect(),
        Value::Map(map) => Json::Object(values(map)),
    }
}

/// Renders one resource as Terraform's state and planned values show it.
pub(super) fn resource(
    address: &Address,
    schemas: Schemas<'_>,
    values: &Map<String, Json>,
) -> Json {
    json!({
        "address": address.to_string(),
        "mode": "managed",
        "type": resource_type(address, schemas),
        "name": address.name(),
        "provider_name": PROVIDER,
        "schema_version": SCHEMA_VERSION,
        "values": values,
        "sensitive_values": {},
    })
}

/// Returns the resource type under which tools see a kind.
pub(super) fn resource_type(address: &Address, schemas: Schemas<'_>) -> String {
    schemas(address.kind()).map_or_else(
        || address.kind().to_owned(),
        |schema| schema.terraform_type.to_owned(),
    )
}

/// Returns what is known about a recorded resource, the cloud's word over the applied one.
pub(super) fn record_values(record: &Record) -> Map<String, Json> {
    let mut merged = Value::Map(record.applied.clone());
    merged.merge(Value::Map(record.observed.clone()));
    let mut object = merged.as_map().map(values).unwrap_or_default();
    object.insert("gatewayId".to_owned(), json!(record.id));
    object.insert("taskId".to_owned(), json!(record.task_id));
    object.insert("region".to_owned(), json!(record.region));
    object.insert("status".to_owned(), json!(record.status.word()));
    object
}
