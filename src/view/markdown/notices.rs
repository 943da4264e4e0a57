//! What is told about a plan beside its steps: policies, faults, and what it does otherwise than before.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::model::{Diagnostic, Severity};
use crate::policy::Finding;
use crate::review::Difference;

use super::super::words;
use super::budget::{Piece, Section, Weight};
use super::inert::{self, code};
use super::{Link, line_link, parts};

/// Tells what the project's policies say.
pub(super) fn policy(findings: &[Finding], link: Option<Link<'_>>) -> Section {
    let mut rules = BTreeSet::new();
    let pieces = findings.iter().map(|finding| {
        let is_first = rules.insert(&finding.rule);
        let mark = if finding.denies() { "⛔" } else { "⚠️" };
        let (rule, message) = (code(&finding.rule), inert::words(&finding.message));
        let mut text = format!("- {mark} {rule}: {message}");
        if let Some(address) = words::about(finding) {
            let _ = write!(text, " ({})", code(&address.to_string()));
        }
        if let Some(location) = &finding.location {
            let _ = write!(text, ", {}", line_link(&location.line(), link));
        }
        text.push('\n');
        Piece {
            weight: match (finding.denies(), is_first) {
                (true, true) => Weight::DeniedFirst,
                (true, false) => Weight::Denied,
                (false, _) => Weight::Warned,
            },
            text,
            number: 1,
            brief: is_first.then(|| format!("- {mark} {rule}\n")),
        }
    });
    Section {
        head: "\n**Policy**\n\n".to_owned(),
        pieces: pieces.collect(),
        tail: String::new(),
    }
}

/// Tells of one fault or warning.
pub(super) fn diagnostic(diagnostic: &Diagnostic, link: Option<Link<'_>>) -> Piece {
    let Diagnostic {
        severity,
        rule,
        summary,
        help,
        about: _,
        location,
        related: _,
    } = diagnostic;
    let is_error = *severity == Severity::Error;
    let mark = if is_error { "⛔" } else { "⚠️" };
    let mut text = format!("- {mark} {}", inert::words(summary));
    if let Some(location) = location {
        let _ = write!(text, ", {}", line_link(&location.line(), link));
    }
    let _ = writeln!(text, " ({})", code(rule));
    if !help.is_empty() {
        let _ = writeln!(text, "  <br>{}", inert::words(help));
    }
    Piece {
        weight: if is_error {
            Weight::Denied
        } else {
            Weight::Warned
        },
        text,
        number: 1,
        brief: None,
    }
}

/// Tells what has changed since the plan that was reviewed before.
pub(super) fn difference(difference: &Difference) -> Section {
    let Difference { shifts, partial } = difference;
    let pieces = shifts.iter().map(|(address, shift)| Piece {
        weight: Weight::Shifted,
        text: format!(
            "- {}: {}\n",
            code(&address.to_string()),
            parts(&words::shift(shift))
        ),
        number: 1,
        brief: None,
    });
    let pieces: Vec<Piece> = pieces.collect();
    let number = words::plural(pieces.len(), "step");
    let partial = if *partial {
        " More may have changed: the earlier plan is not known whole."
    } else {
        ""
    };
    Section {
        head: format!("\n**Changed since the last review: {number}.**{partial}\n\n"),
        pieces,
        tail: "\n".to_owned(),
    }
}
