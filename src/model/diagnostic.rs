//! Diagnostics: what is wrong, where, and what to do about it.

use std::borrow::Cow;

use super::address::Address;
use super::source::Location;

/// Tells how bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is taken, but is likely not what was meant.
    Warning,
}

impl Severity {
    /// Returns the word that names it: `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Names the rule that a diagnostic comes from, in kebab case.
///
/// Rule ids are stable: pipelines filter on them.
pub type Rule = &'static str;

/// Reports one fault of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The stable id of the rule.
    pub rule: Rule,
    /// What is wrong, in one line.
    pub summary: String,
    /// What is allowed, and what to do; may be empty.
    pub help: String,
    /// The resource that it is about, if it is about one.
    pub about: Option<Address>,
    /// Where it is, if it has a place.
    pub location: Option<Location>,
    /// Other places that belong to it, each with a word on why.
    pub related: Vec<(Location, String)>,
}

impl Diagnostic {
    /// Reports an error.
    pub fn error(rule: Rule, summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            summary: printable(summary.into()),
            help: String::new(),
            about: None,
            location: None,
            related: Vec::new(),
        }
    }

    /// Reports a warning.
    pub fn warning(rule: Rule, summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, summary)
        }
    }

    /// Says what is allowed and what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = printable(help.into());
        self
    }

    /// Says which resource it is about.
    #[must_use]
    pub fn about(mut self, address: &Address) -> Self {
        self.about = Some(address.clone());
        self
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }

    /// Points at another place that belongs to it.
    #[must_use]
    pub fn related(mut self, location: Location, note: impl Into<String>) -> Self {
        self.related.push((location, note.into()));
        self
    }
}

/// Tells whether a character changes the direction of the text around it, so that what is shown is
/// not what is written.
pub fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Writes control characters out, since what is quoted from a file must not move the cursor or look
/// like something else, and shortens what is too long to be read.
fn printable(text: String) -> String {
    const MAX_CHARS: usize = 1000;
    let mut shown = text;
    if let Some((end, _)) = shown.char_indices().nth(MAX_CHARS) {
        shown.truncate(end);
        shown.push('…');
    }
    visible(&shown).into_owned()
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
/// letters without a shape, spaces of no width, tags. What joins emoji, and chooses their form, is part of how they look.
pub fn is_invisible(c: char) -> bool {
    let joins = matches!(c, '\u{200C}' | '\u{200D}');
    let format = matches!(c, '\u{00AD}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}');
    format && !joins
}

/// Tells whether any of the diagnostics is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Sorts diagnostics by file and place, so that the same input gives the same output.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_cached_key(|diagnostic| {
        let place = diagnostic.location.as_ref().map(|location| {
            let start = location.start();
            (location.file().path().to_owned(), start.line, start.column)
        });
        (
            place,
            diagnostic.severity,
            diagnostic.rule,
            diagnostic.summary.clone(),
        )
    });
}
