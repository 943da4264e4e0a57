//! The JSON Schema of the YAML files, draft 2020-12, for editors.

use serde_json::{Map, Value as Json, json};

use super::check::MAX_TAGS;
use super::meta::META;
use super::project::PROJECT;
use super::{Change, Field, Literal, Need, ResourceSchema, Shape, Text, Whole};
use crate::model::{MAX_NAME_CHARS, Value};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Returns the schema of the files that describe resources.
pub fn resources(schemas: &[&ResourceSchema]) -> Json {
    let mut properties = Map::new();
    for schema in schemas {
        let tables = [schema.fields, META];
        let resource = object(&tables, true);
        let collection = json!({
            "description": schema.doc,
            "type": "object",
            "propertyNames": { "pattern": format!("^[A-Za-z0-9][A-Za-z0-9_-]{{0,{}}}$", MAX_NAME_CHARS - 1) },
            "additionalProperties": resource,
        });
        properties.insert(schema.collection.to_owned(), collection);
    }
    document("gwplan: desired state", &properties)
}

/// Returns the schema of the project file.
pub fn project(schemas: &[&ResourceSchema]) -> Json {
    let mut properties = fields(&[PROJECT], true);
    let tables: Vec<&[Field]> = schemas
        .iter()
        .map(|schema| schema.fields)
        .chain([META])
        .collect();
    let mut defaults = object(&tables, false);
    defaults["description"] =
        json!("What is merged into every resource, map by map; a resource's own keys win.");
    properties.insert("defaults".to_owned(), defaults);
    document("gwplan: project", &properties)
}

fn document(title: &str, properties: &Map<String, Json>) -> Json {
    json!({
        "$schema": DRAFT,
        "title": title,
        "type": "object",
        "properties": properties,
        // Keys that begin with x- hold anchors and notes.
        "patternProperties": { "^x-": true },
        "additionalProperties": false,
    })
}

fn object(tables: &[&[Field]], complete: bool) -> Json {
    let required: Vec<&str> = tables
        .iter()
        .copied()
        .flatten()
        .filter(|field| complete && matches!(field.need, Need::Required))
        .map(|field| field.key)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": fields(tables, complete),
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn fields(tables: &[&[Field]], complete: bool) -> Map<String, Json> {
    let mut properties = Map::new();
    for field in tables.iter().copied().flatten() {
        properties
            .entry(field.key)
            .or_insert_with(|| property(field, complete));
    }
    properties
}

fn property(field: &Field, complete: bool) -> Json {
    let mut schema = shape(&field.shape, complete);
    schema["description"] = json!(description(field));
    if let Need::Default(literal) = field.need {
        schema["default"] = match literal {
            Literal::Bool(flag) => json!(flag),
            Literal::Int(number) => json!(number),
            Literal::Text(text) => json!(text),
        };
    }
    schema
}

/// Tells what the field is for, and what a change of it means: that is worth knowing while typing.
fn description(field: &Field) -> String {
    match field.change {
        Change::Replace => format!("{} A change replaces the gateway.", field.doc),
        Change::OnlyToTrue(_) => {
            format!("{} A change back to false replaces the gateway.", field.doc)
        }
        Change::InPlace(_) | Change::AfterCreate(_) | Change::Presence { .. } | Change::Local => {
            field.doc.to_owned()
        }
    }
}

fn shape(shape: &Shape, complete: bool) -> Json {
    match shape {
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Whole(Whole { min, max, .. }) => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Shape::Text(Text { min, max, prefix }) => {
            let mut schema = json!({ "type": "string", "minLength": min, "maxLength": max });
            if let Some(prefix) = prefix {
                schema["pattern"] = json!(format!("^{prefix}[A-Za-z0-9]+$"));
            }
            schema
        }
        // Plain 2.5 is a number to an editor, while gwplan takes it as it is written; no known word
        // looks like one, so text alone is right here.
        Shape::Choice(choice) => json!({ "type": "string", "enum": choice.known }),
        Shape::Object(inner) => object(&[inner], complete),
        Shape::Tags => json!({
            "type": "object",
            "maxProperties": MAX_TAGS,
            "propertyNames": { "minLength": 1, "maxLength": 127 },
            "additionalProperties": { "type": ["string", "number", "boolean"], "maxLength": 255 },
        }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
    }
}

/// Returns the default as a person would write it.
pub(super) fn default_text(field: &Field) -> Option<String> {
    match field.need {
        Need::Default(literal) => Some(match literal.value() {
            Value::Text(text) => text,
            other => other.to_string(),
        }),
        Need::RegionOfCall => Some("the region of the call".to_owned()),
        Need::Required | Need::Optional => None,
    }
}
