//! The interpreter: what it is given, how it is bounded, and what its errors say.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::Value as Json;

use crate::model::{Diagnostic, Location, SourceFile};

use super::syntax::{Module, read_modules};
use super::{Bundle, Finding, Question, answers};

/// How long one rule may take.
const RULE_LIMIT: Duration = Duration::from_secs(5);

/// How many steps are between two looks at the clock.
const STEPS: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// What is said of today's reading where a file is written as the language was before.
const OLD_SPELLINGS: &[&str] = &[
    "keyword is required",
    "must have a body or assignment",
    "shadow",
];

/// The most definitions of one rule that are told apart.
const MAX_DEFINITIONS: usize = 64;

/// Holds policies that have been read.
pub(super) struct Loaded {
    engine: Engine,
    files: Vec<Arc<SourceFile>>,
}

/// Reads policies; each file in the version of the language that it is written in.
pub(super) fn load(
    bundle: &Bundle,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Loaded, Vec<Module>)> {
    let known = diagnostics.len();
    let mut engine = new_engine();
    for file in &bundle.files {
        if let Err(fault) = add(&mut engine, file) {
            diagnostics.push(*fault);
        }
    }
    if diagnostics.len() > known {
        return None;
    }
    let read = read_data(&bundle.data).and_then(|data| {
        engine.add_data(data)?;
        engine.get_ast_as_json()
    });
    let modules = read.and_then(|ast| read_modules(&ast, &bundle.files));
    match modules {
        Ok(modules) => {
            let loaded = Loaded {
                engine,
                files: bundle.files.clone(),
            };
            Some((loaded, modules))
        }
        Err(error) => {
            diagnostics.push(explain(&format!("{error:#}"), &bundle.files));
            None
        }
    }
}

fn new_engine() -> Engine {
    let mut engine = Engine::new();
    // What `print` says is no part of the output.
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: RULE_LIMIT,
        check_interval: STEPS,
    });
    engine
}

/// Adds a file as the language is today, or else as it was before version 1 of its tools.
///
/// Where it is neither, the reading that came further is the one that was meant.
fn add(engine: &mut Engine, file: &Arc<SourceFile>) -> Result<(), Box<Diagnostic>> {
    let mut read = |old: bool| {
        engine.set_rego_v0(old);
        let added = engine.add_policy(file.path().to_owned(), file.text().to_owned());
        added.map_err(|error| {
            let error = format!("{error:#}");
            Box::new(explain(&error, std::slice::from_ref(file)))
        })
    };
    let Err(today) = read(false) else {
        return Ok(());
    };
    // The old reading is tried only where it can help: it talks to stderr about keywords of today.
    if !OLD_SPELLINGS
        .iter()
        .any(|says| today.summary.contains(says))
    {
        return Err(today);
    }
    let Err(before) = read(true) else {
        return Ok(());
    };
    let place = |fault: &Diagnostic| fault.location.as_ref().map(Location::start);
    Err(if place(&before) > place(&today) {
        before
    } else {
        today
    })
}

fn read_data(data: &Json) -> anyhow::Result<Value> {
    if data.is_null() {
        return Ok(Value::new_object());
    }
    Value::from_json_str(&data.to_string())
}

impl Loaded {
    /// Asks for the value of a rule.
    pub(super) fn ask(&mut self, path: &str, input: &Value) -> Result<Value, Box<Diagnostic>> {
        self.engine.set_input(input.clone());
        let asked = self.engine.eval_rule(path.to_owned());
        if let Ok(prints) = self.engine.take_prints() {
            for print in prints {
                tracing::debug!("{print}");
            }
        }
        asked.map_err(|error| {
            let fault = explain(&format!("{error:#}"), &self.files);
            Box::new(match fault.location {
                Some(_) => fault,
                None => Diagnostic {
                    summary: format!("{path}: {}", fault.summary),
                    ..fault
                },
            })
        })
    }
}

/// Finds which definition of a rule each finding comes from, by asking each of them alone.
///
/// What can't be told apart, or not until the deadline, keeps no place: a wrong one is worse.
pub(super) fn attribute(
    bundle: &Bundle,
    question: &Question<'_>,
    input: &Value,
    deadline: Instant,
    findings: &mut [Finding],
) {
    let definitions = &question.definitions;
    if findings.is_empty() || definitions.len() > MAX_DEFINITIONS {
        return;
    }
    if let [(file, rule)] = definitions.as_slice() {
        for finding in findings {
            finding.location = Some(rule.location(file));
        }
        return;
    }
    for (at, (file, rule)) in definitions.iter().enumerate() {
        if Instant::now() >= deadline {
            return;
        }
        let others = definitions.iter().enumerate();
        let others: Vec<_> = others.filter(|(n, _)| *n != at).map(|(_, d)| d).collect();
        let files = bundle.files.iter().map(|file| {
            let own = others.iter().filter(|(other, _)| Arc::ptr_eq(other, file));
            let text = own.fold(file.text().to_owned(), |text, (_, rule)| {
                blank(&text, rule.start, rule.end)
            });
            SourceFile::new(file.path(), text)
        });
        let alone = Bundle {
            files: files.collect(),
            data: bundle.data.clone(),
        };
        let loaded = load(&alone, &mut Vec::new());
        let answer = loaded.and_then(|(mut loaded, _)| loaded.ask(&question.path(), input).ok());
        let found = answer.and_then(|value| answers::read(question, &value).ok());
        let found = found.unwrap_or_default().into_iter();
        for known in found.filter(|known| !known.is_rest) {
            let same = |finding: &&mut Finding| {
                !finding.is_rest
                    && finding.message == known.message
                    && finding.address == known.address
            };
            for finding in findings.iter_mut().filter(same) {
                finding.location.get_or_insert_with(|| rule.location(file));
            }
        }
    }
}

/// Puts blanks in the place of what stands between two bytes, so that nothing else moves.
fn blank(text: &str, start: usize, end: usize) -> String {
    let (Some(before), Some(inside), Some(after)) =
        (text.get(..start), text.get(start..end), text.get(end..))
    else {
        return text.to_owned();
    };
    let blank = inside
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    format!("{before}{}{after}", blank.collect::<String>())
}

/// Turns an error of the interpreter into a diagnostic at its place.
///
/// It says `--> FILE:LINE:COLUMN`, the line, and at last `error: WHAT`.
pub(super) fn explain(error: &str, files: &[Arc<SourceFile>]) -> Diagnostic {
    let first = error.split("\n--> ").nth(1).unwrap_or_default();
    let place = first.lines().next().unwrap_or_default();
    let says = first.split_once("\nerror: ").map(|(_, says)| says);
    let says = says.and_then(|says| says.lines().next()).unwrap_or(error);
    let location = files.iter().find_map(|file| {
        let (line, column) = place
            .strip_prefix(file.path())?
            .strip_prefix(':')?
            .split_once(':')?;
        let (line, column) = (line.parse().ok()?, column.trim().parse().ok()?);
        let start = byte_at(file, line, column);
        Some(Location::new(file, start, start + 1))
    });
    let (says, help) = match says.trim().trim_end_matches(':') {
        late if late.starts_with("execution exceeded time limit") => (
            format!("the policy took longer than {}s", RULE_LIMIT.as_secs()),
            "simplify it: a loop over all pairs of a large plan is slow",
        ),
        recursion if recursion.starts_with("recursion detected") => (
            "the rule depends on itself".to_owned(),
            "Rego has no recursion",
        ),
        "expecting `package` Missing package declaration." => (
            "the policy names no package".to_owned(),
            "begin it with `package main`",
        ),
        says => (says.to_owned(), ""),
    };
    Diagnostic::error("policy", says).help(help).at(location)
}

/// Returns the byte of a column as the interpreter counts it: bytes, and four for a tab.
fn byte_at(file: &SourceFile, line: usize, column: usize) -> usize {
    let mut counted = 1;
    let mut at = file.line_start(line);
    for sign in file.line(line).chars() {
        if counted >= column {
            break;
        }
        counted += if sign == '\t' { 4 } else { sign.len_utf8() };
        at += sign.len_utf8();
    }
    at
}

/// Tells whether the interpreter has a function of this name.
pub(super) fn has_builtin(name: &str) -> bool {
    // Called without arguments, one that is there asks for them.
    let asked = Engine::new().eval_query(format!("{name}()"), false);
    name == "print"
        || asked.map_or_else(
            |error| !format!("{error:#}").contains("could not find function"),
            |_| true,
        )
}
