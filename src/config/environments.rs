//! The environments of a project: their names, what keeps them apart, and faults seen from several.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value as Yaml};

use crate::model::{Address, Diagnostic, FieldPath, Location, sort_diagnostics};
use crate::schema::project::ENVIRONMENTS_KEY;

use super::files::{PROJECT_FILE, tidy};
use super::read::{Place, Reader};
use super::template::is_template;

/// Points at one environment in gwplan.yaml.
#[derive(Clone, Copy)]
pub(super) struct Environment<'a> {
    pub(super) name: &'a str,
    pub(super) mapping: &'a Mapping,
    pub(super) place: Place<'a>,
}

/// Returns the state file of an environment that names none.
pub(super) fn default_state_path(name: &str) -> String {
    format!("state/{name}.json")
}

/// Finds the environments of a project, whether or not they are used.
pub(super) fn find<'a>(
    project: &'a Mapping,
    place: Place<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Environment<'a>> {
    let Some(yaml) = project.get(ENVIRONMENTS_KEY) else {
        return Vec::new();
    };
    let place = place.under(ENVIRONMENTS_KEY);
    let path = FieldPath::from_iter([ENVIRONMENTS_KEY]);
    let mut reader = Reader::new(diagnostics);
    let Yaml::Mapping(mapping) = yaml else {
        reader.wrong_type("a map of names to environments", yaml, place, &path);
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, (name, yaml)) in mapping.iter().enumerate() {
        let Some(name) = reader.key(name, index, place) else {
            continue;
        };
        let place = place.under(name);
        // Any kind's word would do: the name follows the rules of addresses, since it names a file.
        if Address::new("environment", name).is_err() {
            let summary = format!("`{name}` is not a valid name for an environment");
            let fault = Diagnostic::error("bad-address", summary)
                .help("use letters, digits, `-` and `_`, and begin with a letter or a digit");
            reader.push(fault.at(Some(place.at_key())));
            continue;
        }
        match yaml {
            Yaml::Mapping(mapping) => found.push(Environment {
                name,
                mapping,
                place,
            }),
            _ => reader.wrong_type("a map of keys", yaml, place, &path.child(name)),
        }
    }
    refuse_shared_states(&found, diagnostics);
    found
}

/// Two environments with one state would each delete what the other has made.
fn refuse_shared_states(environments: &[Environment<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let path = FieldPath::from_iter(["state", "path"]);
    let own = |environment: &Environment<'_>| {
        let state = environment.mapping.get("state");
        state.and_then(|state| state.get("path")).cloned()
    };
    let unset = environments.iter().filter(|e| own(e).is_none());
    // Those with a path of their own come second, so that the fault stands where one is written.
    let set = environments.iter().filter(|e| own(e).is_some());
    let mut first: BTreeMap<PathBuf, (&str, Location)> = BTreeMap::new();
    for environment in unset.chain(set) {
        let Environment { name, place, .. } = environment;
        let (written, location) = match own(environment) {
            // What the variables come to is known for one environment at a time only.
            Some(Yaml::String(written)) if is_template(&written) => continue,
            Some(Yaml::String(written)) => (written, place.locate(&path, false)),
            Some(_) => continue,
            None => (default_state_path(name), place.at_key()),
        };
        let file = tidy(Path::new(&written));
        let Some((other, earlier)) = first.get(&file) else {
            first.insert(file, (name, location));
            continue;
        };
        let summary = format!("the environments {other} and {name} have one state, {written}");
        let fault = Diagnostic::error("shared-state", summary)
            .help(format!(
                "each would delete what the other has made: without this path, the state of {name} is {}",
                default_state_path(name)
            ))
            .at(Some(location))
            .related(earlier.clone(), "first here");
        diagnostics.push(fault);
    }
}

/// Joins what was found in several environments: each fault once, with the names of the
/// environments that have it where not all of them do and its place does not tell.
pub fn join_environments(found: Vec<(String, Vec<Diagnostic>)>) -> Vec<Diagnostic> {
    let all = found.len();
    let mut joined: Vec<(Diagnostic, Vec<String>)> = Vec::new();
    let mut positions = BTreeMap::new();
    for (name, diagnostics) in found {
        for diagnostic in diagnostics {
            let place = diagnostic.location.as_ref().map(Location::label);
            let key = (place, diagnostic.rule, diagnostic.summary.clone());
            let position = *positions.entry(key).or_insert_with(|| {
                joined.push((diagnostic, Vec::new()));
                joined.len() - 1
            });
            let names = &mut joined[position].1;
            if names.last() != Some(&name) {
                names.push(name.clone());
            }
        }
    }
    let mut diagnostics: Vec<Diagnostic> = joined
        .into_iter()
        .map(|(diagnostic, names)| {
            let location = diagnostic.location.as_ref();
            let told = location.is_some_and(|location| location.file().path() == PROJECT_FILE);
            if names.len() == all || told {
                return diagnostic;
            }
            let noun = if names.len() == 1 {
                "environment"
            } else {
                "environments"
            };
            let seen = format!("seen in the {noun} {}", names.join(", "));
            let help = match diagnostic.help.as_str() {
                "" => seen,
                help => format!("{help} ({seen})"),
            };
            diagnostic.help(help)
        })
        .collect();
    sort_diagnostics(&mut diagnostics);
    diagnostics
}
