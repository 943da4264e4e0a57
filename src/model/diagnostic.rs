//! Diagnostics: what is wrong, where, and what to do about it.

use std::borrow::Cow;

use super::address::Address;
use super::rules::is_known;
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
        debug_assert!(is_known(rule), "{rule} has no entry in model::rules");
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

/// The most diagnostics that are told one by one: nobody reads more, and a fault can stand for each of
/// many thousand resources.
const MAX_TOLD: usize = 100;

/// Returns the diagnostics that are told one by one, errors before warnings where there are too many, and
/// behind them one that counts the rest.
pub fn told(diagnostics: &[Diagnostic]) -> Cow<'_, [Diagnostic]> {
    if diagnostics.len() <= MAX_TOLD {
        return Cow::Borrowed(diagnostics);
    }
    let of = |severity| move |one: &&Diagnostic| one.severity == severity;
    let count = |severity| diagnostics.iter().filter(of(severity)).count();
    let errors = count(Severity::Error).min(MAX_TOLD);
    let mut room = [
        (Severity::Error, errors),
        (Severity::Warning, MAX_TOLD - errors),
    ];
    let told = diagnostics.iter().filter(|one| {
        let mut places = room
            .iter_mut()
            .filter(|(severity, _)| *severity == one.severity);
        places.any(|(_, places)| {
            let free = *places > 0;
            *places -= usize::from(free);
            free
        })
    });
    let mut told: Vec<Diagnostic> = told.cloned().collect();
    told.push(rest(
        count(Severity::Error) - errors,
        diagnostics.len() - told.len(),
    ));
    Cow::Owned(told)
}

/// Stands for the diagnostics that are not told one by one, of which some may be errors.
fn rest(errors: usize, all: usize) -> Diagnostic {
    let rest = match (errors, all - errors) {
        (0, warnings) => {
            Diagnostic::warning("more", format!("{warnings} more warnings are not shown"))
        }
        (errors, 0) => Diagnostic::error("more", format!("{errors} more errors are not shown")),
        (errors, warnings) => Diagnostic::error(
            "more",
            format!("{errors} more errors and {warnings} more warnings are not shown"),
        ),
    };
    rest.help("fix those that are shown, then run it again; many often have one cause")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_are_told_and_the_rest_is_counted() {
        let many = |errors, warnings| {
            let warnings = (0..warnings).map(|n| Diagnostic::warning("recovery", n.to_string()));
            let errors = (0..errors).map(|n| Diagnostic::error("error", n.to_string()));
            warnings.chain(errors).collect::<Vec<_>>()
        };
        assert_eq!(&*told(&many(60, 40)), &*many(60, 40));
        for (errors, warnings, shown, last) in [
            (
                60_000,
                3,
                (100, 0),
                "59900 more errors and 3 more warnings are not shown",
            ),
            (150, 0, (100, 0), "50 more errors are not shown"),
            (70, 200, (70, 30), "170 more warnings are not shown"),
        ] {
            let all = many(errors, warnings);
            let told = told(&all);
            let (end, told) = told.split_last().unwrap();
            assert_eq!(told, many(shown.0, shown.1));
            assert_eq!(end.summary, last);
            assert_eq!(has_errors(std::slice::from_ref(end)), errors > shown.0);
        }
    }
}
