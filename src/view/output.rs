//! Values of a record, for scripts.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::model::Address;
use crate::state::Record;

use super::terraform::{record_values, values};

/// Says why there is no such value.
#[derive(Debug, Error)]
pub enum OutputError {
    /// Nothing stands at the path.
    #[error("there is no `{path}`")]
    Missing {
        /// The path.
        path: String,
        /// The keys that stand where the first wrong one was looked for.
        known: Vec<String>,
    },
    /// What stands there holds others, and can't be one text.
    #[error("it holds other values: {}", .0.join(", "))]
    Many(Vec<String>),
}

/// Returns all that is recorded of a resource: its ids, its attributes, and what the cloud alone says.
pub fn document(address: &Address, record: &Record) -> Json {
    let mut all = values(&record.outputs);
    all.extend(record_values(record));
    all.insert("address".to_owned(), json!(address));
    all.insert("cloudStatus".to_owned(), json!(record.cloud_status));
    Json::Object(all)
}

/// Finds the value at a path of keys with dots between, and of numbers in lists.
pub fn find<'a>(value: &'a Json, path: &str) -> Result<&'a Json, OutputError> {
    let missing = || OutputError::Missing {
        path: path.to_owned(),
        known: keys(value),
    };
    match value {
        Json::Object(map) => {
            if let Some(found) = map.get(path) {
                return Ok(found);
            }
            // A tag's key may hold dots itself.
            let mut ways = path
                .match_indices('.')
                .map(|(at, _)| (&path[..at], &path[at + 1..]));
            let way = ways.find_map(|(key, rest)| Some((map.get(key)?, rest)));
            let (inner, rest) = way.ok_or_else(missing)?;
            find(inner, rest)
        }
        Json::Array(items) => {
            let (number, rest) = path
                .split_once('.')
                .map_or((path, None), |(a, b)| (a, Some(b)));
            let item = number
                .parse()
                .ok()
                .and_then(|number: usize| items.get(number));
            let item = item.ok_or_else(missing)?;
            rest.map_or(Ok(item), |rest| find(item, rest))
        }
        _ => Err(missing()),
    }
}

fn keys(value: &Json) -> Vec<String> {
    match value {
        Json::Object(map) => map.keys().cloned().collect(),
        Json::Array(items) => (0..items.len()).map(|number| number.to_string()).collect(),
        _ => Vec::new(),
    }
}

/// Renders one value as it is; a list of them, one a line.
pub fn raw(value: &Json) -> Result<String, OutputError> {
    if let Json::Array(items) = value
        && items
            .iter()
            .all(|item| !item.is_object() && !item.is_array())
    {
        return Ok(items.iter().map(|item| plain(item) + "\n").collect());
    }
    match value {
        Json::Object(_) | Json::Array(_) => Err(OutputError::Many(keys(value))),
        one => Ok(plain(one) + "\n"),
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Renders values as lines that a shell can read, such as `GATEWAY_ID=gateway-dde03755`; `path` is where
/// they stand.
pub fn env(value: &Json, path: &str) -> String {
    let mut out = String::new();
    assign(&mut out, &variable(path), value);
    out
}

fn assign(out: &mut String, name: &str, value: &Json) {
    let within = |key: &str| {
        let key = variable(key);
        if name.is_empty() {
            key
        } else {
            format!("{name}_{key}")
        }
    };
    match value {
        Json::Object(map) => map
            .iter()
            .for_each(|(key, value)| assign(out, &within(key), value)),
        Json::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                assign(out, &within(&number.to_string()), item);
            }
        }
        one => {
            // No shell takes the byte that can't be quoted, and no text of a state holds it.
            let plain = plain(one);
            let quoted = shlex::try_quote(&plain).unwrap_or_default();
            let _ = writeln!(out, "{name}={quoted}");
        }
    }
}

/// Spells a key as variables of the environment are: `publicIpAddresses` becomes `PUBLIC_IP_ADDRESSES`.
fn variable(key: &str) -> String {
    let mut name = String::new();
    for character in key.chars() {
        if character.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(if character.is_ascii_alphanumeric() {
            character.to_ascii_uppercase()
        } else {
            '_'
        });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Json {
        json!({
            "gatewayId": "gateway-1", "publicIpAddresses": ["203.0.113.1", "203.0.113.2"],
            "nodeConfig": { "number": 2 }, "tags": { "a.b": "it's" }, "taskId": null,
        })
    }

    #[test]
    fn a_value_is_found_by_its_path() {
        let document = document();
        for (path, raw) in [
            ("gatewayId", "gateway-1\n"),
            ("nodeConfig.number", "2\n"),
            ("publicIpAddresses.1", "203.0.113.2\n"),
            ("publicIpAddresses", "203.0.113.1\n203.0.113.2\n"),
            ("tags.a.b", "it's\n"),
            ("taskId", "\n"),
        ] {
            assert_eq!(super::raw(find(&document, path).unwrap()).unwrap(), raw);
        }
        for (path, known) in [
            ("gatewayid", "gatewayId"),
            ("nodeConfig.x", "number"),
            ("publicIpAddresses.2", "0 1"),
            ("gatewayId.x", ""),
        ] {
            match find(&document, path) {
                Err(OutputError::Missing { known: keys, .. }) => {
                    assert!(keys.join(" ").contains(known), "{path}: {keys:?}");
                }
                other => panic!("{path}: {other:?}"),
            }
        }
        assert!(super::raw(&document["nodeConfig"]).is_err());
    }

    #[test]
    fn a_shell_reads_the_lines_of_variables() {
        let text = env(&document(), "");
        for line in [
            "GATEWAY_ID=gateway-1",
            "PUBLIC_IP_ADDRESSES_1=203.0.113.2",
            "NODE_CONFIG_NUMBER=2",
            "TAGS_A_B=\"it's\"",
        ] {
            assert!(text.lines().any(|own| own == line), "{line}: {text}");
        }
        let one = find(&document(), "nodeConfig.number").unwrap().clone();
        assert_eq!(env(&one, "nodeConfig.number"), "NODE_CONFIG_NUMBER=2\n");
    }
}
