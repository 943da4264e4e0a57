//! Variables: what `${var.NAME}` in a value stands for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_yaml::Value as Yaml;

use crate::files::Reach;
use crate::model::{Diagnostic, FieldPath, Location};
use crate::schema::suggest;

use super::document::Document;
use super::read::{Place, Reader};
use super::template::{Piece, Problem, is_variable_name, pieces};

/// Holds the variables of a run.
#[derive(Debug, Default)]
pub(super) struct Variables(BTreeMap<String, Variable>);

/// Holds one variable.
#[derive(Debug)]
pub(super) struct Variable {
    /// The value, with its type.
    value: Yaml,
    /// The value as it was written, so that 2.10 stays 2.10 where text is wanted.
    text: String,
    /// Where it was set; nothing for one of the command line.
    pub(super) location: Option<Location>,
    used: AtomicBool,
}

/// Holds what a value comes to once its variables are filled in.
pub(super) enum Expanded<'v> {
    /// Text in which variables stand, or none.
    Text(String),
    /// One variable and nothing around it: its type counts.
    Variable(&'v Variable),
}

impl Expanded<'_> {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Variable(variable) => variable.text.clone(),
        }
    }

    pub(super) fn to_value(&self) -> Yaml {
        match self {
            Self::Text(text) => Yaml::String(text.clone()),
            Self::Variable(variable) => variable.value.clone(),
        }
    }

    /// Tells where the variable was set that stands alone in the value.
    pub(super) fn origin(&self) -> Option<&Location> {
        match self {
            Self::Text(_) => None,
            Self::Variable(variable) => variable.location.as_ref(),
        }
    }
}

impl Variables {
    /// Takes the variables of a map over; they win over those that are there.
    pub(super) fn take_map(
        &mut self,
        yaml: &Yaml,
        place: Place<'_>,
        path: &FieldPath,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Yaml::Mapping(mapping) = yaml else {
            Reader::new(diagnostics).wrong_type("a map of names to values", yaml, place, path);
            return;
        };
        for (index, (key, value)) in mapping.iter().enumerate() {
            let mut reader = Reader::new(diagnostics);
            let Some(name) = reader.key(key, index, place) else {
                continue;
            };
            let place = place.under(name);
            if !is_variable_name(name) {
                let fault = Diagnostic::error(
                    "bad-variable",
                    format!("`{name}` is not a valid name for a variable"),
                )
                .help("use letters, digits, `-` and `_`, and begin with a letter or `_`");
                diagnostics.push(fault.at(Some(place.at_key())));
                continue;
            }
            let Some(text) = reader.scalar(value, place, &path.child(name)) else {
                continue;
            };
            let value = match value {
                Yaml::String(_) => Yaml::String(text.clone()),
                other => other.clone(),
            };
            self.insert(name, value, text, Some(place.at_key()));
        }
    }

    /// Takes the variables of files over; they win over those that are there.
    pub(super) fn take_files(
        &mut self,
        reach: &Reach,
        files: &[PathBuf],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for path in files {
            let document = Document::read_named(reach, path);
            match document.parsed {
                Ok(parsed) => {
                    let place = Place::root(&document.file, &parsed.root);
                    self.take_map(&parsed.value, place, &FieldPath::root(), diagnostics);
                }
                Err(faults) => diagnostics.extend(faults),
            }
        }
    }

    /// Takes the variables of the command line over; they win over those that are there.
    pub(super) fn take_given(&mut self, given: &[(String, String)]) {
        for (name, text) in given {
            let read: Result<Yaml, _> = serde_yaml::from_str(text);
            let value = match read {
                Ok(value @ (Yaml::Number(_) | Yaml::Bool(_))) => value,
                _ => Yaml::String(text.clone()),
            };
            self.insert(name, value, text.clone(), None);
        }
    }

    fn insert(&mut self, name: &str, value: Yaml, text: String, location: Option<Location>) {
        let variable = Variable {
            value,
            text,
            location,
            used: AtomicBool::new(false),
        };
        self.0.insert(name.to_owned(), variable);
    }

    /// Fills the variables of a text in, or says all that is wrong with them.
    pub(super) fn expand(&self, written: &str) -> Result<Expanded<'_>, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut text = String::new();
        let mut only = None;
        let found = pieces(written);
        let alone = found.len() == 1;
        for piece in found {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Reference { name, spelled } => match self.0.get(name) {
                    Some(variable) => {
                        variable.used.store(true, Ordering::Relaxed);
                        text.push_str(&variable.text);
                        only = Some(variable);
                    }
                    None => problems.push(self.unknown(name, spelled)),
                },
                Piece::Broken(problem) => problems.push(problem),
            }
        }
        match only {
            _ if !problems.is_empty() => Err(problems),
            Some(variable) if alone => Ok(Expanded::Variable(variable)),
            _ => Ok(Expanded::Text(text)),
        }
    }

    fn unknown(&self, name: &str, spelled: &str) -> Problem {
        let help = match suggest(name, self.0.keys().map(String::as_str)) {
            Some(word) => format!("did you mean `${{var.{word}}}`?"),
            None => format!("set it under `vars` in gwplan.yaml, or pass --var {name}=VALUE"),
        };
        Problem {
            rule: "unknown-variable",
            spelled: spelled.to_owned(),
            summary: format!("there is no variable `{name}`"),
            help,
        }
    }

    /// Returns the names of the command line's variables that nothing has asked for.
    pub(super) fn unused(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, variable)| {
                variable.location.is_none() && !variable.used.load(Ordering::Relaxed)
            })
            .map(|(name, _)| name.as_str())
    }

    /// Returns the names of the variables that something has asked for.
    pub(super) fn used(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, variable)| variable.used.load(Ordering::Relaxed))
            .map(|(name, _)| name.as_str())
    }
}
