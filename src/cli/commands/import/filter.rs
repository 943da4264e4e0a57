//! Which of many gateways are taken over.

use std::convert::Infallible;
use std::str::FromStr;

use clap::Args;

use crate::model::{Observed, Value};

/// What `import --all` takes; everything, where nothing is said.
#[derive(Debug, Default, Args)]
pub(super) struct FilterArgs {
    /// Takes only gateways of this name, in which `*` stands for any text; with --all.
    #[arg(long, value_name = "GLOB", requires = "all")]
    name: Option<String>,
    /// Takes only gateways with this tag; with --all, and may be repeated: then all of them count.
    #[arg(long = "tag", value_name = "KEY[=VALUE]", requires = "all")]
    tags: Vec<Tag>,
}

/// A tag that a gateway must have, of whatever value where none is named.
#[derive(Clone, Debug)]
struct Tag {
    key: String,
    value: Option<String>,
}

impl FromStr for Tag {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        Ok(Self {
            key: key.to_owned(),
            value,
        })
    }
}

impl FilterArgs {
    /// Tells whether a gateway is one of those that are asked for.
    pub(super) fn takes(&self, observed: &Observed) -> bool {
        let name = observed.attributes.get("name").and_then(Value::as_text);
        let named = |glob: &str| fits(glob, name.unwrap_or_default());
        self.name.as_deref().is_none_or(named) && self.tags.iter().all(|tag| tag.is_on(observed))
    }
}

impl Tag {
    fn is_on(&self, observed: &Observed) -> bool {
        let Some(Value::Map(tags)) = observed.attributes.get("tags") else {
            return false;
        };
        let Some(value) = tags.get(&self.key) else {
            return false;
        };
        let wanted = self.value.as_deref();
        wanted.is_none_or(|wanted| value.as_text() == Some(wanted))
    }
}

/// Tells whether a name fits a pattern in which `*` stands for any text, none included.
fn fits(glob: &str, name: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else {
        return glob == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').map_or(("", rest), |both| both);
    for part in middle.split('*') {
        // The earliest place leaves the most for the parts that follow.
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (glob, name) in [
            ("edge", "edge"),
            ("*", ""),
            ("edge-*", "edge-1"),
            ("*-prod", "edge-prod"),
            ("e*g*p*d", "edge-prod"),
            ("a**b", "ab"),
        ] {
            assert!(fits(glob, name), "{glob} {name}");
        }
        for (glob, name) in [
            ("edge", "edge-1"),
            ("edge-*", "edge"),
            ("*-prod", "edge-prod-2"),
            ("ab*ba", "aba"),
            ("a*x*b", "ab"),
        ] {
            assert!(!fits(glob, name), "{glob} {name}");
        }
    }
}
