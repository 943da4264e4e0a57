//! Paths to attributes inside a resource.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{Attributes, Value};

/// Names one attribute inside a resource, as in `nodeConfig.number` or `tags["cost center"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// Returns the path to the resource itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a dotted path, as `lifecycle.ignoreChanges` holds them.
    ///
    /// A part that itself holds dots or spaces stands in brackets: `tags["a.b"]`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix("[\"") {
                let (segment, after) = quoted.split_once("\"]")?;
                segments.push(segment.to_owned());
                rest = after.strip_prefix('.').unwrap_or(after);
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                segments.push(rest[..end].to_owned());
                rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
            }
        }
        (!segments.is_empty() && !text.ends_with('.')).then_some(Self(segments))
    }

    /// Returns the path one level deeper.
    #[must_use]
    pub fn child(&self, key: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(key.into());
        Self(segments)
    }

    /// Returns the parts, outermost first.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Returns the enclosing path, or nothing at the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, parents) = self.0.split_last()?;
        Some(Self(parents.to_vec()))
    }

    /// Tells whether `self` is `other` or stands inside it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Tells whether `self` is one of `others` or stands inside one.
    pub fn is_within_any(&self, others: &[Self]) -> bool {
        others.iter().any(|other| self.is_within(other))
    }
}

impl<S: Into<String>> FromIterator<S> for FieldPath {
    fn from_iter<I: IntoIterator<Item = S>>(segments: I) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if segment.contains(['.', '[', ']', ' ', '"']) || segment.is_empty() {
                write!(f, "[{segment:?}]")?;
            } else if index == 0 {
                f.write_str(segment)?;
            } else {
                write!(f, ".{segment}")?;
            }
        }
        Ok(())
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no path to a field")))
    }
}

/// Sets or removes the value at a path; what encloses it is made where it is missing.
pub fn set(attributes: &mut Attributes, path: &FieldPath, value: Option<Value>) {
    let Some((last, parents)) = path.segments().split_last() else {
        return;
    };
    let mut map = attributes;
    for key in parents {
        let inner = map
            .entry(key.clone())
            .or_insert_with(|| Value::Map(Attributes::new()));
        match inner {
            Value::Map(inner) => map = inner,
            _ => return,
        }
    }
    match value {
        Some(value) => map.insert(last.clone(), value),
        None => map.remove(last),
    };
}

/// Finds the value at a path.
pub fn get<'a>(attributes: &'a Attributes, path: &FieldPath) -> Option<&'a Value> {
    let (first, rest) = path.segments().split_first()?;
    rest.iter().try_fold(attributes.get(first)?, |value, key| {
        value.as_map()?.get(key)
    })
}

/// Lists the values that are no maps, or empty ones, each with its path, in the order of the keys.
pub fn leaves(attributes: &Attributes) -> Vec<(FieldPath, &Value)> {
    fn gather<'a>(
        attributes: &'a Attributes,
        at: &FieldPath,
        found: &mut Vec<(FieldPath, &'a Value)>,
    ) {
        for (key, value) in attributes {
            let path = at.child(key);
            match value {
                Value::Map(map) if !map.is_empty() => gather(map, &path, found),
                _ => found.push((path, value)),
            }
        }
    }
    let mut found = Vec::new();
    gather(attributes, &FieldPath::root(), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_back_as_they_print() {
        for text in [
            "name",
            "nodeConfig.number",
            r#"tags["a.b"]"#,
            r#"tags["cost center"].x"#,
        ] {
            let path = FieldPath::parse(text).expect(text);
            assert_eq!(path.to_string(), text);
        }
        for text in ["", ".", "a..b", "a.", r#"a["b"#] {
            assert_eq!(FieldPath::parse(text), None, "{text:?}");
        }
    }
}
