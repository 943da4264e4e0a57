//! States of Terraform, as far as resources of ours stand in them.

use serde_json::{Map, Value as Json};
use thiserror::Error;

use crate::model::{Attributes, Value};
use crate::schema::{Field, ResourceSchema, Shape, Whole};

/// The one format that is read; every Terraform since 0.12 and every `OpenTofu` writes it.
const VERSION: u64 = 4;

/// Holds what of a Terraform state is ours.
#[derive(Debug, Default)]
pub struct TerraformState {
    /// The resources, in the order of the state.
    pub resources: Vec<TerraformResource>,
    /// How many resources are of other types, or only read by Terraform.
    pub others: usize,
    /// The addresses of instances that can't be taken over, each with the reason.
    pub unusable: Vec<(String, &'static str)>,
}

/// Describes one resource of a Terraform state.
#[derive(Debug)]
pub struct TerraformResource {
    /// The table of its kind.
    pub schema: &'static ResourceSchema,
    /// The address in Terraform.
    pub address: String,
    /// The words of that address that tell it from others, for a name of ours.
    pub name: String,
    /// The id in the cloud.
    pub id: String,
    /// The attributes, as Terraform has them.
    pub attributes: Attributes,
}

/// Says why bytes are no Terraform state that can be read.
#[derive(Debug, Error)]
pub enum TerraformError {
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// It is JSON of some other form.
    #[error("it is JSON, but no Terraform state: {0}")]
    NotAState(&'static str),
    /// It is what `OpenTofu` writes with encryption switched on.
    #[error("it is encrypted")]
    Encrypted,
    /// It only says where the state is.
    #[error("it holds no state, only the settings of the backend {0:?}")]
    Elsewhere(String),
    /// It is of a format that is not read.
    #[error("it has version {0}, and only version {VERSION} is read")]
    OtherVersion(u64),
}

impl TerraformError {
    /// Says what to do next.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NotJson(_) | Self::NotAState(_) => {
                "name the state itself: `terraform state pull > FILE` writes it"
            }
            Self::Encrypted => {
                "`tofu state pull > FILE` writes it in the clear; delete the file afterwards"
            }
            Self::Elsewhere(_) => "`terraform state pull > FILE` fetches the state from there",
            Self::OtherVersion(_) => {
                "`terraform state pull > FILE` of Terraform 0.12 or newer writes that version"
            }
        }
    }
}

/// Reads a Terraform state.
///
/// # Errors
/// [`TerraformError`] says what it is instead; no input panics.
pub fn read_terraform(
    schemas: &[&'static ResourceSchema],
    bytes: &[u8],
) -> Result<TerraformState, TerraformError> {
    let json: Json = serde_json::from_slice(bytes).map_err(TerraformError::NotJson)?;
    let resources = resources_of(&json)?;
    let mut state = TerraformState::default();
    for resource in resources {
        let word = |key: &str| resource.get(key).and_then(Json::as_str).unwrap_or_default();
        let schema = schemas
            .iter()
            .find(|schema| schema.provider_type == word("type"))
            .filter(|_| word("mode") == "managed");
        let instances = resource.get("instances").and_then(Json::as_array);
        let instances = instances.map(Vec::as_slice).unwrap_or_default();
        match schema {
            Some(schema) => {
                for instance in instances {
                    read_instance(schema, resource, instance, &mut state);
                }
            }
            None => state.others += instances.len().max(1),
        }
    }
    Ok(state)
}

fn resources_of(json: &Json) -> Result<&Vec<Json>, TerraformError> {
    let Some(state) = json.as_object() else {
        return Err(TerraformError::NotAState("it is not an object"));
    };
    if state.contains_key("encrypted_data") {
        return Err(TerraformError::Encrypted);
    }
    if let Some(backend) = state.get("backend") {
        let kind = backend.get("type").and_then(Json::as_str);
        return Err(TerraformError::Elsewhere(
            kind.unwrap_or_default().to_owned(),
        ));
    }
    if state.contains_key("format_version") {
        return Err(TerraformError::NotAState(
            "it is the output of `terraform show -json`",
        ));
    }
    match state.get("version").and_then(Json::as_u64) {
        Some(VERSION) => {}
        Some(other) => return Err(TerraformError::OtherVersion(other)),
        None => return Err(TerraformError::NotAState("it has no version")),
    }
    state
        .get("resources")
        .and_then(Json::as_array)
        .ok_or(TerraformError::NotAState("it has no resources"))
}

fn read_instance(
    schema: &'static ResourceSchema,
    resource: &Json,
    instance: &Json,
    state: &mut TerraformState,
) {
    let (address, name) = names(resource, instance);
    let attributes = instance.get("attributes").and_then(Json::as_object);
    let id = attributes
        .and_then(|attributes| attributes.get("id"))
        .and_then(Json::as_str)
        .unwrap_or_default();
    match attributes {
        _ if instance
            .get("deposed")
            .is_some_and(|deposed| !deposed.is_null()) =>
        {
            state
                .unusable
                .push((address, "it is deposed: Terraform is about to delete it"));
        }
        Some(attributes) if !id.is_empty() => state.resources.push(TerraformResource {
            schema,
            address,
            name,
            id: id.to_owned(),
            attributes: read_fields(schema.fields, attributes),
        }),
        _ => state
            .unusable
            .push((address, "the state holds no id of it")),
    }
}

/// Returns an instance's address in Terraform, and the words in it that are names.
fn names(resource: &Json, instance: &Json) -> (String, String) {
    let word = |key: &str| resource.get(key).and_then(Json::as_str).unwrap_or_default();
    let (module, kind, name) = (word("module"), word("type"), word("name"));
    let mut address = format!("{kind}.{name}");
    let mut words: Vec<String> = module_words(module);
    words.push(name.to_owned());
    if !module.is_empty() {
        address = format!("{module}.{address}");
    }
    match instance.get("index_key") {
        Some(Json::String(key)) => {
            address = format!("{address}[{key:?}]");
            words.push(key.clone());
        }
        Some(Json::Number(index)) => {
            address = format!("{address}[{index}]");
            words.push(index.to_string());
        }
        _ => {}
    }
    (address, words.join("-"))
}

/// Drops the word `module` out of `module.edge["a"].module.inner`, which tells nothing.
fn module_words(module: &str) -> Vec<String> {
    let parts = module.split("module.").map(|part| part.trim_matches('.'));
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Reads attributes under the names that the vendor's provider gives them.
fn read_fields(fields: &[Field], written: &Map<String, Json>) -> Attributes {
    let mut attributes = Attributes::new();
    for field in fields {
        let value = field
            .wire
            .and_then(|name| written.get(&snake_case(name)))
            .and_then(|json| read_value(&field.shape, json));
        if let Some(value) = value {
            attributes.insert(field.key.to_owned(), value);
        }
    }
    attributes
}

/// Reads a value; null, empty text, 0 and an empty list are how Terraform writes "not set".
fn read_value(shape: &Shape, json: &Json) -> Option<Value> {
    match (shape, json) {
        (Shape::Flag, Json::Bool(flag)) => Some(Value::Bool(*flag)),
        (Shape::Whole(Whole { min, .. }), Json::Number(number)) => number
            .as_i64()
            .filter(|number| *number != 0 && number >= min)
            .map(Value::Int),
        (Shape::Text(_) | Shape::Choice(_), Json::String(text)) if !text.is_empty() => {
            Some(Value::Text(text.clone()))
        }
        (Shape::Object(fields), Json::Array(blocks)) => {
            let block = blocks.first()?.as_object()?;
            Some(Value::Map(read_fields(fields, block)))
        }
        (Shape::Tags, Json::Object(tags)) if !tags.is_empty() => {
            let pairs = tags
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())));
            Some(Value::Map(pairs.collect()))
        }
        _ => None,
    }
}

/// Turns `InternetMaxBandwidthOut` into `internet_max_bandwidth_out`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
