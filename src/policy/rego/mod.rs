//! Policies in Rego, held against a plan in Terraform's shape.
//!
//! They are what conftest runs: packages `main` and `gwplan`, rules `deny`, `violation` and `warn`, or
//! with a word of their own behind these, as in `deny_public`. Nothing that is wrong with a policy is
//! passed over: a policy that can't be told to hold is an error.

mod answers;
mod engine;
mod syntax;
mod wire;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use regorus::Value;
use serde_json::Value as Json;

use crate::model::{Diagnostic, Location, SourceFile, has_errors};

use super::{Finding, Level, sort};
use engine::Loaded;
use syntax::{Module, Rule};
pub use wire::{receive, send, serve};

/// The packages whose rules are in force.
const PACKAGES: &[&str] = &["gwplan", "main"];

/// How long all policies together may take, reading them included.
const PATIENCE: Duration = Duration::from_secs(30);

/// The stack of the thread that they run on: functions may call one another deep.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Holds what a project has of policies in Rego.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The files in Rego.
    pub files: Vec<Arc<SourceFile>>,
    /// What they find under `data`: an object.
    pub data: Json,
}

/// Holds what policies say, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is against them.
    pub findings: Vec<Finding>,
    /// What is wrong with them; with an error among it, nothing that they find is complete.
    pub diagnostics: Vec<Diagnostic>,
}

/// Holds policies against their input, a document in JSON.
pub fn evaluate(bundle: &Bundle, input: String) -> Outcome {
    let bundle = bundle.clone();
    bounded(move || evaluate_here(&bundle, &input))
}

/// Checks policies without holding them against anything.
pub fn check(bundle: &Bundle) -> Vec<Diagnostic> {
    let bundle = bundle.clone();
    let checked = bounded(move || Outcome {
        diagnostics: load(&bundle).1,
        ..Outcome::default()
    });
    checked.diagnostics
}

/// Does the work on a thread of its own, and gives it up where it takes too long: what bounds a policy
/// while it runs does not bound what comes before.
fn bounded(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    let (done, answer) = channel();
    let thread = thread::Builder::new().stack_size(STACK_BYTES);
    // Nobody waits for the answer any more once it is late.
    let started = thread.spawn(move || done.send(work()).ok());
    let outcome = started
        .map_err(|_| RecvTimeoutError::Disconnected)
        .and_then(|_| answer.recv_timeout(PATIENCE));
    outcome.unwrap_or_else(|error| {
        let summary = match error {
            RecvTimeoutError::Timeout => {
                format!("the policies took longer than {}s", PATIENCE.as_secs())
            }
            RecvTimeoutError::Disconnected => "the policies could not be run".to_owned(),
        };
        Outcome {
            diagnostics: vec![Diagnostic::error("policy", summary).help("simplify them")],
            ..Outcome::default()
        }
    })
}

fn load(bundle: &Bundle) -> (Option<(Loaded, Vec<Module>)>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let loaded = engine::load(bundle, &mut diagnostics);
    if let Some((_, modules)) = &loaded {
        syntax::check(modules, &mut diagnostics);
        tell_what_is_idle(modules, &mut diagnostics);
    }
    (loaded, diagnostics)
}

fn evaluate_here(bundle: &Bundle, input: &str) -> Outcome {
    let (loaded, diagnostics) = load(bundle);
    let mut outcome = Outcome {
        diagnostics,
        ..Outcome::default()
    };
    let Some((mut loaded, modules)) = loaded.filter(|_| !has_errors(&outcome.diagnostics)) else {
        return outcome;
    };
    let input = match Value::from_json_str(input) {
        Ok(input) => input,
        Err(error) => {
            let summary = format!("policies can't read the plan: {error:#}");
            outcome
                .diagnostics
                .push(Diagnostic::error("policy", summary));
            return outcome;
        }
    };
    let deadline = Instant::now() + PATIENCE / 3;
    for question in questions(&modules) {
        let answer = loaded
            .ask(&question.path(), &input)
            .and_then(|value| answers::read(&question, &value));
        match answer {
            Ok(mut findings) => {
                engine::attribute(bundle, &question, &input, deadline, &mut findings);
                outcome.findings.extend(findings);
            }
            Err(fault) => outcome.diagnostics.push(*fault),
        }
    }
    sort(&mut outcome.findings);
    outcome
}

/// Names a rule that is in force, with all its definitions.
struct Question<'a> {
    package: &'a str,
    name: &'a str,
    level: Level,
    definitions: Vec<(&'a Arc<SourceFile>, &'a Rule)>,
}

impl Question<'_> {
    /// Returns the path by which the rule is asked for.
    fn path(&self) -> String {
        format!("data.{}", self.id())
    }

    /// Returns the rule's id, as findings name it.
    fn id(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }

    /// Returns where the rule is defined first.
    fn location(&self) -> Option<Location> {
        let (file, rule) = self.definitions.first()?;
        Some(rule.location(file))
    }
}

/// Returns the level of a rule of this name, if the name makes it one that is asked for.
fn level_of(name: &str) -> Option<Level> {
    let is = |word: &str| {
        name.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    if is("deny") || is("violation") {
        return Some(Level::Deny);
    }
    is("warn").then_some(Level::Warn)
}

/// Gathers the rules that are in force.
fn questions(modules: &[Module]) -> Vec<Question<'_>> {
    let mut questions: Vec<Question<'_>> = Vec::new();
    let in_force = |module: &&Module| PACKAGES.contains(&module.package.as_str());
    for module in modules.iter().filter(in_force) {
        for rule in module.rules.iter().filter(|rule| !rule.is_function) {
            let Some(level) = level_of(&rule.name) else {
                continue;
            };
            let known = questions
                .iter_mut()
                .find(|known| (known.package, known.name) == (&module.package, &rule.name));
            let definition = (&module.file, rule);
            match known {
                Some(question) => question.definitions.push(definition),
                None => questions.push(Question {
                    package: &module.package,
                    name: &rule.name,
                    level,
                    definitions: vec![definition],
                }),
            }
        }
    }
    questions
}

/// Warns of what looks like a policy and is none.
fn tell_what_is_idle(modules: &[Module], diagnostics: &mut Vec<Diagnostic>) {
    let packages = "only the packages `main` and `gwplan` are asked";
    for module in modules {
        let named = module.rules.iter().find(|r| level_of(&r.name).is_some());
        let in_force = PACKAGES.contains(&module.package.as_str());
        let (what, rule) = match named {
            Some(rule) if rule.is_function => ("is a function, which gwplan does not call", rule),
            Some(rule) if !in_force => ("is not in force", rule),
            _ => continue,
        };
        let summary = format!("the rule {}.{} {what}", module.package, rule.name);
        let warning = Diagnostic::warning("idle-policy", summary).help(packages);
        diagnostics.push(warning.at(Some(rule.location(&module.file))));
    }
    for package in PACKAGES {
        let mut own = modules.iter().filter(|m| m.package == *package).peekable();
        let Some(first) = own.peek().copied() else {
            continue;
        };
        let mut rules = own.flat_map(|module| &module.rules);
        if !rules.any(|rule| level_of(&rule.name).is_some()) {
            let summary = format!("no rule of the package {package} is asked for");
            let warning = Diagnostic::warning("idle-policy", summary)
                .help("name it `deny`, `violation` or `warn`, or with such a word and `_` before its own name");
            diagnostics.push(warning.at(Some(Location::new(&first.file, 0, 0))));
        }
    }
    let none = !modules
        .iter()
        .any(|m| PACKAGES.contains(&m.package.as_str()));
    if let Some(module) = modules.first().filter(|_| none) {
        let summary = "no policy is in force";
        let warning = Diagnostic::warning("idle-policy", summary).help(packages);
        diagnostics.push(warning.at(Some(Location::new(&module.file, 0, 0))));
    }
}

#[cfg(test)]
mod tests;
