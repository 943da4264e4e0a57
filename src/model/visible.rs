//! Text from anywhere, shown so that all of it is seen.

use std::borrow::Cow;
use std::fmt::Write;

/// Tells whether a character changes the direction of the text around it, so that what is shown is
/// not what is written.
pub fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Writes out what can't be seen: control characters, line breaks among them, and what changes the
/// direction of text. So no text moves a cursor, begins a line, or looks like something else.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Escapes in finished JSON what can't be seen, so that JSON in a terminal does no more than in a file.
///
/// Such characters stand within JSON's strings alone, where an escape means the same. What lies below a
/// space is left: within strings every JSON writer escapes it, and between them it is how JSON is laid out.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| c >= ' ' && is_hidden(c);
    if !json.contains(hidden) {
        return Cow::Borrowed(json);
    }
    let mut units = [0; 2];
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Tells whether a character is shown as nothing, or moves what is shown around it.
fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Tells whether a character is no mark of its own: marks of direction, line and paragraph separators,
/// letters without a shape, spaces of no width, tags.
///
/// What joins emoji, and chooses their form, is part of how they look.
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{061C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_with_what_is_hidden_escaped() {
        let json =
            serde_json::json!({ "\u{202e}k": ["\u{1b}[2J\u{9b}2J\u{7f}\n", "\u{e0041}", "🚀 é"] });
        for text in [json.to_string(), format!("{json:#}")] {
            let shown = visible_json(&text);
            assert!(!shown.contains(|c| c != '\n' && is_hidden(c)), "{shown}");
            assert!(shown.contains("🚀 é"), "{shown}");
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
                json
            );
        }
    }
}
