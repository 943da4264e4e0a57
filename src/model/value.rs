//! Attribute values, as YAML, state, plan and wire share them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::visible::visible;

/// The attributes of one resource, by their YAML keys, sorted.
pub type Attributes = BTreeMap<String, Value>;

/// Holds one attribute value.
///
/// There is no null: an attribute that is not set is absent from its map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// A sequence of values.
    List(Vec<Value>),
    /// Values by key, sorted.
    Map(Attributes),
}

impl Value {
    /// Returns the text, where the value is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, where the value is a number.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the truth value, where the value is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// Returns the inner map, where the value is a map.
    pub fn as_map(&self) -> Option<&Attributes> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Lays `over` on top of `self`: maps merge key by key, anything else is taken from `over`.
    pub fn merge(&mut self, over: Value) {
        match (self, over) {
            (Self::Map(base), Self::Map(over)) => merge_attributes(base, over),
            (base, over) => *base = over,
        }
    }
}

fn merge_attributes(base: &mut Attributes, over: Attributes) {
    for (key, value) in over {
        match base.get_mut(&key) {
            Some(existing) => existing.merge(value),
            None => {
                base.insert(key, value);
            }
        }
    }
}

/// Prints the value on one line, text in double quotes, as a plan shows it; nothing in it is unseen.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(&visible(&format!("{text:?}"))),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (index, (key, item)) in map.iter().enumerate() {
                    let comma = if index == 0 { " " } else { ", " };
                    write!(f, "{comma}{}: {item}", visible(key))?;
                }
                f.write_str(if map.is_empty() { "}" } else { " }" })
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, Value)]) -> Value {
        Value::Map(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        )
    }

    #[test]
    fn what_is_printed_can_be_seen() {
        let hostile = map(&[("k\u{202e}", "a\u{3164}\u{202e}\u{1b}[31m\n".into())]);
        assert_eq!(
            hostile.to_string(),
            r#"{ k\u{202e}: "a\u{3164}\u{202e}\u{1b}[31m\n" }"#
        );
    }

    #[test]
    fn merge_goes_key_by_key_and_the_upper_layer_wins() {
        let mut base = map(&[
            (
                "tags",
                map(&[("team", "edge".into()), ("env", "dev".into())]),
            ),
            ("number", 2.into()),
        ]);
        base.merge(map(&[
            ("tags", map(&[("env", "prod".into())])),
            ("name", "a".into()),
        ]));
        assert_eq!(
            base.to_string(),
            r#"{ name: "a", number: 2, tags: { env: "prod", team: "edge" } }"#
        );
    }
}
