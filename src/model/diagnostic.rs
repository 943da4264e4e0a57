//! Diagnostics: what is wrong, where, and what to do about it.

use super::address::Address;
use super::source::Location;
use super::visible::visible;

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
