//! Text from anywhere, shown so that all of it is seen.

use std::borrow::Cow;

/// Tells whether a character changes the direction of the text around it, so that what is shown is
/// not what is written.
pub fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Writes out what can't be seen: control characters, line breaks among them, and what changes the
/// direction of text. So no text moves a cursor, begins a line, or looks like something else.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| c.is_control() || is_invisible(c);
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let written = |c: char| {
        let escaped = hidden(c).then(|| c.escape_default().to_string());
        escaped.unwrap_or_else(|| c.to_string())
    };
    Cow::Owned(text.chars().map(written).collect())
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
