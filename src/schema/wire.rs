//! The wire form of attributes: the API's names in JSON.
//!
//! Objects keep their nesting, keys change to the API's names, and tags become the list of
//! `TagKey`/`TagValue` pairs that the API speaks.

use serde_json::{Map, Value as Json, json};

use crate::model::{Attributes, Value};

use super::{Change, Choice, Field, Shape, Whole};

/// Turns attributes into the body of a create; what the create can't carry is left out.
pub fn encode(fields: &[Field], attributes: &Attributes) -> Map<String, Json> {
    let mut body = Map::new();
    for field in fields
        .iter()
        .filter(|field| !matches!(field.change, Change::AfterCreate(_)))
    {
        if let (Some(name), Some(value)) = (field.wire, attributes.get(field.key)) {
            body.insert(name.to_owned(), encode_value(&field.shape, value));
        }
    }
    body
}

/// Turns one value into its wire form.
pub fn encode_value(shape: &Shape, value: &Value) -> Json {
    match (shape, value) {
        (Shape::Object(fields), Value::Map(map)) => Json::Object(encode(fields, map)),
        (Shape::Tags, Value::Map(tags)) => encode_tags(tags),
        (_, Value::Bool(flag)) => json!(flag),
        (_, Value::Int(number)) => json!(number),
        (_, Value::Text(text)) => json!(text),
        (shape, Value::List(items)) => items.iter().map(|item| encode_value(shape, item)).collect(),
        (shape, Value::Map(map)) => map
            .iter()
            .map(|(key, item)| (key.clone(), encode_value(shape, item)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

fn encode_tags(tags: &Attributes) -> Json {
    tags.iter()
        .map(|(key, value)| json!({ "TagKey": key, "TagValue": value.as_text().unwrap_or_default() }))
        .collect()
}

/// Reads attributes out of an answer.
///
/// What the table doesn't know is passed over, and so are null, empty text and numbers below the
/// field's range, which the API writes for "not set". A word that differs from a known one in case alone is read as the known one
/// (the vendor's pages write both `kong` and `Kong`).
pub fn decode(fields: &[Field], answer: &Map<String, Json>) -> Attributes {
    let mut attributes = Attributes::new();
    for field in fields {
        if let Some(value) = field
            .wire
            .and_then(|name| answer.get(name))
            .and_then(|json| decode_value(&field.shape, json))
        {
            attributes.insert(field.key.to_owned(), value);
        }
    }
    attributes
}

fn decode_value(shape: &Shape, json: &Json) -> Option<Value> {
    match (shape, json) {
        (Shape::Object(fields), Json::Object(map)) => Some(Value::Map(decode(fields, map))),
        (Shape::Tags, Json::Array(pairs)) => {
            Some(Value::Map(pairs.iter().filter_map(decode_tag).collect()))
        }
        (Shape::Choice(choice), Json::String(word)) if !word.is_empty() => {
            Some(Value::Text(known_spelling(choice, word).to_owned()))
        }
        (Shape::Text(_), Json::String(text)) if !text.is_empty() => Some(Value::Text(text.clone())),
        (Shape::Flag, Json::Bool(flag)) => Some(Value::Bool(*flag)),
        // The API writes 0 for a bandwidth that is not there.
        (Shape::Whole(Whole { min, .. }), Json::Number(number)) => number
            .as_i64()
            .filter(|number| number >= min)
            .map(Value::Int),
        (Shape::Texts | Shape::Choices(_), Json::Array(items)) => Some(Value::List(
            items
                .iter()
                .filter_map(Json::as_str)
                .map(Value::from)
                .collect(),
        )),
        _ => None,
    }
}

fn decode_tag(pair: &Json) -> Option<(String, Value)> {
    let key = pair.get("TagKey")?.as_str()?;
    let value = pair
        .get("TagValue")
        .and_then(Json::as_str)
        .unwrap_or_default();
    Some((key.to_owned(), value.into()))
}

fn known_spelling<'a>(choice: &Choice, word: &'a str) -> &'a str {
    choice
        .known
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(word))
        .unwrap_or(word)
}
