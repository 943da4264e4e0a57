//! Names for resources that come from elsewhere.

use std::collections::{HashMap, HashSet};

use crate::model::{Address, MAX_NAME_CHARS};

/// Gives out addresses, each once.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<Address>,
    /// The last number that was tried for each name, so that many of one name cost no search.
    numbers: HashMap<(String, String), usize>,
}

impl Names {
    /// Begins with the addresses that are in use.
    pub fn new(taken: impl IntoIterator<Item = Address>) -> Self {
        Self {
            taken: taken.into_iter().collect(),
            numbers: HashMap::new(),
        }
    }

    /// Makes an address of a text, or of the fallback where the text holds nothing that an address
    /// can hold; one that is in use gets a number.
    pub fn choose(&mut self, kind: &str, text: &str, fallback: &str) -> Option<Address> {
        let base = [text, fallback]
            .into_iter()
            .map(slug)
            .find(|slug| !slug.is_empty())?;
        loop {
            let number = self
                .numbers
                .entry((kind.to_owned(), base.clone()))
                .or_default();
            *number += 1;
            let ending = match *number {
                1 => String::new(),
                number => format!("-{number}"),
            };
            // All of it is ASCII, so that bytes are characters.
            let room = MAX_NAME_CHARS.saturating_sub(ending.len());
            let short = base.get(..room).unwrap_or(&base);
            let address = Address::new(kind, &format!("{short}{ending}")).ok()?;
            if self.taken.insert(address.clone()) {
                return Some(address);
            }
        }
    }
}

/// Keeps letters, digits and `_`, and puts one `-` for anything between them.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            '_' if !slug.is_empty() => slug.push('_'),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_what_an_address_can_hold() {
        for (text, expected) in [
            ("gateway-prod", "gateway-prod"),
            ("edge  (live) #1!", "edge-live-1"),
            ("网关-prod", "prod"),
            ("网关", "gateway-0a1b"),
            ("", "gateway-0a1b"),
            ("--__a_b--", "a_b"),
        ] {
            let address = Names::default().choose("gateway", text, "gateway-0a1b");
            assert_eq!(address.expect("a name").name(), expected);
        }
    }

    #[test]
    fn a_name_in_use_gets_a_number_and_stays_within_the_limit() {
        let mut names = Names::new(["gateway.a".parse().expect("valid")]);
        let mut choose = |text: &str| {
            names
                .choose("gateway", text, "x")
                .expect("a name")
                .to_string()
        };
        assert_eq!(choose("a"), "gateway.a-2");
        assert_eq!(choose("a-2"), "gateway.a-2-2");
        assert_eq!(choose("a"), "gateway.a-3");
        let long = "b".repeat(200);
        assert_eq!(choose(&long).len(), "gateway.".len() + 100);
        assert!(choose(&long).ends_with("bb-2"));
    }

    #[test]
    fn nothing_at_all_makes_no_name() {
        assert_eq!(Names::default().choose("gateway", "网关", "-"), None);
    }
}
