//! What a terminal must not find in our output.

use std::borrow::Cow;

use crate::model::{visible, visible_json};

/// How a colour begins.
const COLOUR: &str = "\u{1b}[";

/// Writes out whatever a terminal would carry out instead of showing, and what turns the direction of text.
///
/// Names, ids, messages and what the cloud shows can be anybody's words. Each view writes them out where it
/// puts them in; this is the one way out of the program, which no view can forget. Lines, tabs and the plain
/// colours that we use ourselves pass. JSON says the same as before, and so it gets JSON's escapes.
pub(super) fn seen(text: &str) -> Cow<'_, str> {
    if text.starts_with(['{', '[']) {
        let shown = visible_json(text);
        // What only looks like JSON is written out as text is.
        return match in_text(&shown) {
            Cow::Borrowed(_) => shown,
            Cow::Owned(text) => Cow::Owned(text),
        };
    }
    in_text(text)
}

fn in_text(text: &str) -> Cow<'_, str> {
    if matches!(visible(text), Cow::Borrowed(_)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\t', '\u{1b}']).unwrap_or(rest.len());
        out += &visible(&rest[..end]);
        rest = &rest[end..];
        let Some(first) = rest.chars().next() else {
            break;
        };
        let passes = if first == '\u{1b}' { colour(rest) } else { 1 };
        out += &rest[..passes];
        if passes == 0 {
            out += &visible(&rest[..1]);
        }
        rest = &rest[passes.max(1)..];
    }
    if out == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

/// Returns how long a plain colour at the start of a text is; 0 where there is none.
///
/// Others could hide text, in black or backwards or as nothing.
fn colour(text: &str) -> usize {
    let Some((numbers, _)) = text
        .strip_prefix(COLOUR)
        .and_then(|rest| rest.split_once('m'))
    else {
        return 0;
    };
    let plain = |number: &str| {
        number.is_empty()
            || number.len() <= 2
                && matches!(
                    number.parse::<u8>(),
                    Ok(0..=4 | 22..=24 | 31..=37 | 39 | 91..=97)
                )
    };
    if numbers.split(';').all(plain) {
        COLOUR.len() + numbers.len() + 1
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_carries_out_is_written_out() {
        for (text, expected) in [
            ("a\tb\nc é 🚀 gateway", "a\tb\nc é 🚀 gateway"),
            (
                "\u{1b}[1m\u{1b}[36mhint\u{1b}[0m: x",
                "\u{1b}[1m\u{1b}[36mhint\u{1b}[0m: x",
            ),
            ("\u{1b}[1;31mx\u{1b}[m", "\u{1b}[1;31mx\u{1b}[m"),
            ("\u{1b}[8mx\u{1b}[30m", "\\u{1b}[8mx\\u{1b}[30m"),
            ("\u{1b}[38;5;0mx", "\\u{1b}[38;5;0mx"),
            ("\u{1b}[2Jm", "\\u{1b}[2Jm"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}", "\\u{1b}"),
            ("\u{1b}[é", "\\u{1b}[é"),
            ("\u{9b}2J\u{202e}x\r\u{7f}", "\\u{9b}2J\\u{202e}x\\r\\u{7f}"),
            (
                "{\"a\": \"\u{9b}\u{7f}\u{e0041}\"}",
                r#"{"a": "\u009b\u007f\udb40\udc41"}"#,
            ),
            ("[a] \u{1b}]0;x\u{7}", "[a] \\u{1b}]0;x\\u{7}"),
        ] {
            assert_eq!(seen(text), expected);
        }
    }
}
