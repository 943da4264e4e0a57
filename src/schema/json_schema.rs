//! The JSON Schema of the YAML files, draft 2020-12, for editors.

use serde_json::{Map, Value as Json, json};

use super::check::MAX_TAGS;
use super::meta::{META, MOVED, MOVED_DOC, MOVED_KEY, REMOVED, REMOVED_DOC, REMOVED_KEY};
use super::project::{
    DEFAULTS_DOC, DEFAULTS_KEY, ENVIRONMENT, ENVIRONMENTS_DOC, ENVIRONMENTS_KEY, PROJECT, VARS_DOC,
    VARS_KEY,
};
use super::{Allowances, Change, Choice, Field, Literal, Need, ResourceSchema, Shape, Text, Whole};
use crate::model::{MAX_NAME_CHARS, Value};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Says what a schema is made for.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// Whether what is described must be whole, or may be a part that is laid over another.
    complete: bool,
    /// The words that the project allows besides those that are known.
    allow: &'a Allowances,
}

impl<'a> Scope<'a> {
    fn whole(self) -> Self {
        Self {
            complete: true,
            ..self
        }
    }

    /// Returns the words of a choice, those that only this project allows last.
    fn words(self, choice: &'a Choice) -> Vec<&'a str> {
        let allowed = choice.allow.and_then(|key| self.allow.get(key));
        let extra = allowed.into_iter().flatten().map(String::as_str);
        let extra = extra.filter(|word| !choice.known.contains(word));
        choice.known.iter().copied().chain(extra).collect()
    }
}

/// Returns the schema of the files that describe resources.
pub fn resources(schemas: &[&ResourceSchema], allow: &Allowances) -> Json {
    let complete = true;
    desired("gwplan: desired state", schemas, Scope { complete, allow })
}

/// Returns the schema of the files that an environment lays over the others.
pub fn overlay(schemas: &[&ResourceSchema], allow: &Allowances) -> Json {
    let complete = false;
    desired("gwplan: overlay", schemas, Scope { complete, allow })
}

fn desired(title: &str, schemas: &[&ResourceSchema], scope: Scope<'_>) -> Json {
    let mut properties = Map::new();
    for schema in schemas {
        let tables = [schema.fields, META];
        let resource = object(&tables, scope);
        let collection = json!({
            "description": schema.doc,
            "type": "object",
            "propertyNames": name(),
            "additionalProperties": resource,
        });
        properties.insert(schema.collection.to_owned(), collection);
    }
    for (key, doc, table) in [
        (MOVED_KEY, MOVED_DOC, MOVED),
        (REMOVED_KEY, REMOVED_DOC, REMOVED),
    ] {
        let entries = json!({
            "description": doc,
            "type": "array",
            "items": object(&[table], scope.whole()),
        });
        properties.insert(key.to_owned(), entries);
    }
    document(title, &properties)
}

/// Returns the schema of the project file.
pub fn project(schemas: &[&ResourceSchema], allow: &Allowances) -> Json {
    let complete = true;
    let scope = Scope { complete, allow };
    let mut properties = section(PROJECT, schemas, scope);
    let environments = json!({
        "description": ENVIRONMENTS_DOC,
        "type": "object",
        "propertyNames": name(),
        "additionalProperties": {
            "type": "object",
            "properties": section(ENVIRONMENT, schemas, scope),
            "additionalProperties": false,
        },
    });
    properties.insert(ENVIRONMENTS_KEY.to_owned(), environments);
    document("gwplan: project", &properties)
}

/// Describes what the project and an environment hold alike.
fn section(table: &[Field], schemas: &[&ResourceSchema], scope: Scope<'_>) -> Map<String, Json> {
    let mut properties = fields(&[table], scope);
    let tables: Vec<&[Field]> = schemas
        .iter()
        .map(|schema| schema.fields)
        .chain([META])
        .collect();
    let partial = Scope {
        complete: false,
        ..scope
    };
    let mut defaults = object(&tables, partial);
    defaults["description"] = json!(DEFAULTS_DOC);
    properties.insert(DEFAULTS_KEY.to_owned(), defaults);
    let vars = json!({
        "description": VARS_DOC,
        "type": "object",
        "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$" },
        "additionalProperties": { "type": ["string", "number", "boolean"] },
    });
    properties.insert(VARS_KEY.to_owned(), vars);
    properties
}

/// The pattern of names that become part of an address, or of a file's name.
fn name() -> Json {
    json!({ "pattern": format!("^[A-Za-z0-9][A-Za-z0-9_-]{{0,{}}}$", MAX_NAME_CHARS - 1) })
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
        "$defs": { "reference": { "type": "string", "pattern": "\\$\\{ *var\\." } },
    })
}

fn object(tables: &[&[Field]], scope: Scope<'_>) -> Json {
    let required: Vec<&str> = tables
        .iter()
        .copied()
        .flatten()
        .filter(|field| scope.complete && matches!(field.need, Need::Required))
        .map(|field| field.key)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": fields(tables, scope),
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn fields(tables: &[&[Field]], scope: Scope<'_>) -> Map<String, Json> {
    let mut properties = Map::new();
    for field in tables.iter().copied().flatten() {
        properties
            .entry(field.key)
            .or_insert_with(|| property(field, scope));
    }
    properties
}

fn property(field: &Field, scope: Scope<'_>) -> Json {
    let mut schema = shape(&field.shape, scope);
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

fn shape(shape: &Shape, scope: Scope<'_>) -> Json {
    match shape {
        Shape::Flag => or_reference(&json!({ "type": "boolean" })),
        Shape::Whole(Whole { min, max, .. }) => {
            or_reference(&json!({ "type": "integer", "minimum": min, "maximum": max }))
        }
        Shape::Text(Text { min, max, prefix }) => {
            let mut schema = json!({ "type": "string", "minLength": min, "maxLength": max });
            if let Some(prefix) = prefix {
                schema["pattern"] = json!(format!("^{prefix}[A-Za-z0-9]+$"));
                return or_reference(&schema);
            }
            schema
        }
        // Plain 2.5 is a number to an editor, while gwplan takes it as it is written; no known word
        // looks like one, so text alone is right here.
        Shape::Choice(choice) => {
            or_reference(&json!({ "type": "string", "enum": scope.words(choice) }))
        }
        Shape::Object(inner) => object(&[inner], scope),
        Shape::Tags => json!({
            "type": "object",
            "maxProperties": MAX_TAGS,
            "propertyNames": { "minLength": 1, "maxLength": 127 },
            "additionalProperties": { "type": ["string", "number", "boolean"], "maxLength": 255 },
        }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Choices(choice) => {
            let word = or_reference(&json!({ "type": "string", "enum": scope.words(choice) }));
            json!({ "type": "array", "items": word })
        }
    }
}

/// Lets a variable stand in for a value: an editor can't know what it stands for.
fn or_reference(schema: &Json) -> Json {
    json!({ "anyOf": [schema, { "$ref": "#/$defs/reference" }] })
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
