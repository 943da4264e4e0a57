//! Text of others, with our own secrets taken out.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde_json::Value as Json;

use super::secret::Secret;

/// What stands where a secret stood.
const MASK: &str = "***";

/// Shorter secrets are left alone: a text of a few letters stands in other words too, and nobody hands
/// out keys that short.
const SHORTEST: usize = 8;

/// Takes known secrets out of what others say.
///
/// A server or a proxy can answer with what it was sent: a page that shows the request's headers, an error
/// that quotes them. What it says reaches terminals, logs and comments, so the secrets of a request are
/// taken out of its answer before anything else sees it.
#[derive(Debug, Default)]
pub struct Scrub(Vec<Secret>);

impl Scrub {
    /// Takes the secrets over that an answer could hold.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long = secrets.into_iter().filter(|one| one.len() >= SHORTEST);
        let mut secrets: Vec<&str> = long.collect();
        // One can be part of another, and then the longer one goes first.
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        Self(secrets.into_iter().map(Secret::new).collect())
    }

    /// Masks the secrets in a text, as they are and as pages and addresses spell them.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.0.is_empty() {
            return Cow::Borrowed(text);
        }
        let spelled = decoded(text);
        if self.is_in(&spelled) {
            // Where a secret was spelled otherwise, all of the text is shown as it reads.
            return Cow::Owned(self.masked(&spelled));
        }
        if self.is_in(text) {
            return Cow::Owned(self.masked(text));
        }
        Cow::Borrowed(text)
    }

    /// Masks the secrets in all texts of a JSON value, the keys included.
    pub fn json(&self, json: &mut Json) {
        match json {
            Json::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Json::Object(map) => {
                for value in map.values_mut() {
                    self.json(value);
                }
                if map
                    .keys()
                    .any(|key| matches!(self.text(key), Cow::Owned(_)))
                {
                    let entries = std::mem::take(map).into_iter();
                    *map = entries
                        .map(|(key, value)| (self.text(&key).into_owned(), value))
                        .collect();
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.expose()))
    }

    fn masked(&self, text: &str) -> String {
        let secrets = self.0.iter();
        secrets.fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), MASK)
        })
    }
}

/// Reads the spellings of ASCII that HTML, URLs and JSON have: `&#43;`, `&#x2b;`, `%2B`, `\u002b`, `\/`.
///
/// Secrets are of ASCII, and of that only what has a meaning in these languages is ever spelled so.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '%', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '%', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match spelled(rest) {
            Some((c, length)) => {
                out.push(c);
                rest = &rest[length..];
            }
            None => {
                // All three are one byte long.
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads one spelled character at the start of a text, and how many bytes spell it.
fn spelled(text: &str) -> Option<(char, usize)> {
    let number = |digits: &str, base| {
        let code = u8::from_str_radix(digits, base).ok()?;
        code.is_ascii().then_some(char::from(code))
    };
    if let Some(rest) = text.strip_prefix("&#") {
        // An entity of ASCII is `&#x0000002b;` at most.
        let end = rest.find(';').filter(|end| *end <= 9)?;
        let c = match rest[..end].strip_prefix(['x', 'X']) {
            Some(digits) => number(digits, 16),
            None => number(&rest[..end], 10),
        }?;
        return Some((c, "&#;".len() + end));
    }
    if let Some(rest) = text.strip_prefix('%') {
        return Some((number(rest.get(..2)?, 16)?, 3));
    }
    if let Some(rest) = text.strip_prefix("\\u") {
        return Some((number(rest.get(..4)?, 16)?, 6));
    }
    let named = [
        ("&amp;", '&'),
        ("&plus;", '+'),
        ("&sol;", '/'),
        ("&equals;", '='),
        ("\\/", '/'),
    ];
    let mut named = named.into_iter();
    let (name, c) = named.find(|(name, _)| text.starts_with(name))?;
    Some((c, name.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "a/token+with=signs";

    #[test]
    fn a_secret_is_masked_however_it_is_spelled() {
        let scrub = Scrub::new([SECRET, "token+with", "short"]);
        for text in [
            "a/token+with=signs",
            "a%2Ftoken%2bwith%3Dsigns",
            "a&#47;token&#x2B;with&equals;signs",
            "a\\/token\\u002bwith\\u003dsigns",
            "a&sol;token&plus;with&#0061;signs",
        ] {
            let page = format!("<p>100% & \\ {text}: short é</p>");
            assert_eq!(scrub.text(&page), "<p>100% & \\ ***: short é</p>", "{text}");
        }
    }

    #[test]
    fn a_text_without_secrets_stays_as_it_is() {
        for text in [
            "100% &#47; %2F \\u002f",
            "%",
            "&#",
            "\\",
            "%é",
            "&#x110000;",
            "\\u00",
        ] {
            assert!(matches!(Scrub::new([SECRET]).text(text), Cow::Borrowed(_)));
            assert_eq!(Scrub::new([]).text(text), text);
        }
    }

    #[test]
    fn all_texts_of_a_json_value_are_masked() {
        let mut json = json!({ SECRET: [1, { "a": SECRET }], "b": ["safe", SECRET] });
        Scrub::new([SECRET]).json(&mut json);
        assert_eq!(
            json,
            json!({ "***": [1, { "a": "***" }], "b": ["safe", "***"] })
        );
    }
}
