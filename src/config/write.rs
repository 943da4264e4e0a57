//! Desired resources to YAML, for people to go on with.

use crate::model::{Address, Attributes, FieldPath, Value};
use crate::schema::{Field, ResourceSchema, Shape};

use super::express::Expressed;
use super::scalar::scalar;

/// Holds one resource that is to be written.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The table of its kind.
    pub schema: &'static ResourceSchema,
    /// Its address.
    pub address: &'a Address,
    /// What the comment above it says.
    pub note: &'a str,
    /// What is said of it.
    pub says: &'a Expressed,
}

/// Writes a gateways file: the resources in the order given, each with its comment, and the keys of
/// each in the order of its table.
pub fn write(entries: &[Entry<'_>]) -> String {
    let mut lines = Lines::default();
    let mut collection = None;
    for entry in entries {
        if collection == Some(entry.schema.collection) {
            lines.0.push('\n');
        } else {
            collection = Some(entry.schema.collection);
            lines.push(0, &format!("{}:", entry.schema.collection));
        }
        lines.entry(entry);
    }
    lines.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, depth: usize, line: &str) {
        self.0.push_str(&"  ".repeat(depth));
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        // A line break would end the comment.
        let note: String = entry
            .note
            .chars()
            .map(|c| {
                if c.is_control() || c.is_whitespace() {
                    ' '
                } else {
                    c
                }
            })
            .collect();
        self.push(1, &format!("# {note}"));
        self.push(1, &format!("{}:", scalar(entry.address.name())));
        let says = entry.says;
        if let Some(region) = &says.region {
            self.push(2, &format!("region: {}", text(region)));
        }
        self.fields(entry.schema.fields, &says.attributes, 2);
        if !says.ignore_changes.is_empty() {
            self.push(2, "lifecycle:");
            self.push(3, "ignoreChanges:");
            for path in &says.ignore_changes {
                self.push(4, &format!("- {}", scalar(&FieldPath::to_string(path))));
            }
        }
    }

    fn fields(&mut self, fields: &[Field], attributes: &Attributes, depth: usize) {
        for field in fields {
            let Some(value) = attributes.get(field.key) else {
                continue;
            };
            match (&field.shape, value) {
                (_, Value::Map(map)) if map.is_empty() => {
                    self.push(depth, &format!("{}: {{}}", field.key));
                }
                (Shape::Object(inner), Value::Map(map)) => {
                    self.push(depth, &format!("{}:", field.key));
                    self.fields(inner, map, depth + 1);
                }
                (_, value) => self.value(field.key, value, depth),
            }
        }
    }

    fn value(&mut self, key: &str, value: &Value, depth: usize) {
        let key = scalar(key);
        match value {
            Value::Bool(flag) => self.push(depth, &format!("{key}: {flag}")),
            Value::Int(number) => self.push(depth, &format!("{key}: {number}")),
            Value::Text(written) => self.push(depth, &format!("{key}: {}", text(written))),
            Value::Map(map) => {
                self.push(depth, &format!("{key}:"));
                for (key, value) in map {
                    self.value(key, value, depth + 1);
                }
            }
            Value::List(items) => {
                self.push(depth, &format!("{key}:"));
                for item in items.iter().filter_map(Value::as_text) {
                    self.push(depth + 1, &format!("- {}", text(item)));
                }
            }
        }
    }
}

/// Writes a value, whose `${` stands for itself.
fn text(value: &str) -> String {
    scalar(&value.replace("${", "$${"))
}
