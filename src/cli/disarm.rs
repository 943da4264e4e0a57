//! What the runner of a GitHub workflow must not find in our output.

use std::borrow::Cow;

/// How a command begins in its old form, which is read anywhere in a line.
const OLD: &str = "##[";
/// How a command begins, blanks before it aside.
const NEW: &str = "::";

/// Breaks whatever the runner of a GitHub workflow would take for a command and carry out.
///
/// It reads each line of stdout and of stderr, and names, descriptions, lines of the files and what the cloud
/// shows can be anybody's words. A fence (`::stop-commands::`) is no way out: the two streams reach the runner
/// in any order, so on either the other's lines would have to be fenced too. What breaks a text is a blank,
/// which whoever copies it sees; a mark of no width would go along unseen. JSON and HTML say the same as
/// before: there the sign is written as an escape.
pub(super) fn disarm(text: &str) -> Cow<'_, str> {
    let begins = |line: &str| line.trim_start().starts_with(NEW);
    if !text.contains(OLD) && !lines(text).any(begins) {
        return Cow::Borrowed(text);
    }
    let broken = match text.as_bytes() {
        // In JSON the sign stands within texts alone.
        [b'{' | b'[', ..] => "#\\u0023[",
        [b'<', b'!', ..] => "#&#35;[",
        _ => "## [",
    };
    let text = text.replace(OLD, broken);
    let mut out = String::with_capacity(text.len() + 1);
    for line in lines(&text) {
        let rest = line.trim_start();
        if let Some(rest) = rest.strip_prefix(NEW) {
            out += &line[..line.len() - rest.len() - NEW.len()];
            out += ": :";
            out += rest;
        } else {
            out += line;
        }
    }
    Cow::Owned(out)
}

/// Splits a text as the runner does: at a carriage return too.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_broken_wherever_the_runner_reads_them() {
        for (text, expected) in [
            ("a ##[x]y ###[z]", "a ## [x]y ### [z]"),
            ("::x::", ": :x::"),
            ("a\n \u{a0}::x::y\n", "a\n \u{a0}: :x::y\n"),
            ("a\r::x::\r\n::y::", "a\r: :x::\r\n: :y::"),
            (":::", ": ::"),
            ("a::b #[c] ## [d]", "a::b #[c] ## [d]"),
            ("{\"a\":\"##[x]\"}", "{\"a\":\"#\\u0023[x]\"}"),
            ("<!DOCTYPE html>##[x]", "<!DOCTYPE html>#&#35;[x]"),
        ] {
            assert_eq!(disarm(text), expected);
        }
    }

    #[test]
    fn json_says_the_same_as_before() {
        let json = serde_json::json!({ "##[a]": ["\\##[b]", "\n::c::"] });
        for text in [json.to_string(), format!("{json:#}")] {
            let read: serde_json::Value = serde_json::from_str(&disarm(&text)).unwrap();
            assert_eq!(read, json);
        }
    }
}
