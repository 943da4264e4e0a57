//! What policies are made of, as far as it can be known before they run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use serde_json::Value as Json;

use crate::model::{Diagnostic, Location, SourceFile};

use super::engine::has_builtin;

/// Holds a file of policies.
pub(super) struct Module {
    pub(super) file: Arc<SourceFile>,
    pub(super) package: String,
    pub(super) rules: Vec<Rule>,
    /// The paths that are imported, by the name that they have here.
    imports: BTreeMap<String, String>,
}

/// Holds one definition of a rule.
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) is_function: bool,
    /// Where it begins and ends, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    calls: Vec<Call>,
}

struct Call {
    path: Vec<String>,
    start: usize,
    end: usize,
}

impl Rule {
    /// Marks the rule's name.
    pub(super) fn location(&self, file: &Arc<SourceFile>) -> Location {
        let length = self.name.len();
        let text = file.text().get(self.start..).unwrap_or_default();
        // A default stands before the name.
        let at = text.find(&self.name).unwrap_or_default();
        Location::new(file, self.start + at, self.start + at + length)
    }
}

/// Reads the interpreter's syntax tree.
pub(super) fn read_modules(ast: &str, files: &[Arc<SourceFile>]) -> anyhow::Result<Vec<Module>> {
    let ast: Json = serde_json::from_str(ast)?;
    let modules = ast.as_array().context("the syntax tree is not a list")?;
    modules
        .iter()
        .map(|module| read_module(module, files))
        .collect()
}

fn read_module(module: &Json, files: &[Arc<SourceFile>]) -> anyhow::Result<Module> {
    let shown = module["source"]["file"].as_str().context("no file")?;
    let file = files.iter().find(|file| file.path() == shown);
    let file = file.context("an unknown file")?;
    let ast = &module["ast"];
    let package = path_of(&ast["package"]["refr"]).context("no package")?;
    let rules = ast["rules"].as_array().context("no rules")?;
    let imports = ast["imports"].as_array().into_iter().flatten();
    Ok(Module {
        file: Arc::clone(file),
        package: package.join("."),
        rules: rules
            .iter()
            .map(read_rule)
            .collect::<Option<_>>()
            .context("a rule of an unknown form")?,
        imports: imports
            .filter_map(|import| read_import(import, file.text()))
            .collect(),
    })
}

fn read_import(import: &Json, text: &str) -> Option<(String, String)> {
    let path = path_of(&import["refr"])?;
    let alias = bytes(&import["as"]).and_then(|(start, end)| text.get(start..end));
    let name = alias.map(str::to_owned).or_else(|| path.last().cloned())?;
    let path = path.strip_prefix(&["data".to_owned()])?;
    Some((name, path.join(".")))
}

fn read_rule(rule: &Json) -> Option<Rule> {
    let (head, whole, is_function) = if let Some(rule) = rule.get("Default") {
        let function = rule["args"].as_array().is_some_and(|args| !args.is_empty());
        (&rule["refr"], rule, function)
    } else {
        let rule = rule.get("Spec")?;
        let (sort, head) = rule["head"].as_object()?.iter().next()?;
        (&head["refr"], rule, sort == "Func")
    };
    let (start, end) = span(whole)?;
    let mut calls = Vec::new();
    find_calls(whole, &mut calls);
    Some(Rule {
        name: root_of(head)?.to_owned(),
        is_function,
        start,
        end,
        calls,
    })
}

fn span(node: &Json) -> Option<(usize, usize)> {
    bytes(&node["span"])
}

fn bytes(span: &Json) -> Option<(usize, usize)> {
    let at = |key: &str| usize::try_from(span[key].as_u64()?).ok();
    Some((at("start")?, at("end")?))
}

/// Returns the name that a reference begins with.
fn root_of(reference: &Json) -> Option<&str> {
    let (sort, node) = reference.as_object()?.iter().next()?;
    match sort.as_str() {
        "Var" => node["value"].as_str(),
        "RefDot" | "RefBrack" => root_of(&node["refr"]),
        _ => None,
    }
}

/// Returns the names of a reference that is made of names alone.
fn path_of(reference: &Json) -> Option<Vec<String>> {
    let (sort, node) = reference.as_object()?.iter().next()?;
    match sort.as_str() {
        "Var" => Some(vec![node["value"].as_str()?.to_owned()]),
        "RefDot" => {
            let mut path = path_of(&node["refr"])?;
            path.push(node["field"].get(1)?.as_str()?.to_owned());
            Some(path)
        }
        "RefBrack" => {
            let mut path = path_of(&node["refr"])?;
            path.push(node["index"]["String"]["value"].as_str()?.to_owned());
            Some(path)
        }
        _ => None,
    }
}

fn find_calls(node: &Json, calls: &mut Vec<Call>) {
    match node {
        Json::Object(map) => {
            if let Some(call) = map.get("Call")
                && let Some(path) = path_of(&call["fcn"])
                && let Some((start, end)) = span(call)
            {
                calls.push(Call { path, start, end });
            }
            map.values().for_each(|inner| find_calls(inner, calls));
        }
        Json::Array(items) => items.iter().for_each(|inner| find_calls(inner, calls)),
        _ => {}
    }
}

impl Module {
    /// Returns the full path of what a call names, if that is a function of a policy.
    fn resolve(&self, path: &[String], functions: &BTreeSet<String>) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let within = |prefix: &str| {
            let parts = std::iter::once(prefix).chain(rest.iter().map(String::as_str));
            parts.collect::<Vec<_>>().join(".")
        };
        if first == "data" {
            return Some(rest.join("."));
        }
        if let Some(imported) = self.imports.get(first) {
            return Some(within(imported));
        }
        let own = format!("{}.{}", self.package, path.join("."));
        functions.contains(&own).then_some(own)
    }
}

/// Reports calls of what isn't there, and functions that call themselves: both may hide where a run does
/// not come by.
pub(super) fn check<'m>(modules: &'m [Module], diagnostics: &mut Vec<Diagnostic>) {
    let named = |module: &Module, rule: &Rule| format!("{}.{}", module.package, rule.name);
    let all = || {
        let rules = |module: &'m Module| module.rules.iter().map(move |rule| (module, rule));
        modules.iter().flat_map(rules)
    };
    let functions: BTreeSet<String> = all()
        .filter(|(_, rule)| rule.is_function)
        .map(|(module, rule)| named(module, rule))
        .collect();
    let mut builtins: BTreeMap<String, bool> = BTreeMap::new();
    let mut edges = Vec::new();
    for (module, rule) in all() {
        for call in &rule.calls {
            let target = module.resolve(&call.path, &functions);
            let name = call.path.join(".");
            let there = match &target {
                Some(target) => functions.contains(target),
                None => *builtins
                    .entry(name.clone())
                    .or_insert_with_key(|name| has_builtin(name)),
            };
            if !there {
                diagnostics.push(missing(&name, call, module, target.is_some()));
            }
            if let Some(target) = target.filter(|_| rule.is_function) {
                edges.push((named(module, rule), target));
            }
        }
    }
    for circle in circles(&edges) {
        let first = all().find(|(module, rule)| named(module, rule) == circle);
        let summary = format!("the function {circle} calls itself");
        let fault = Diagnostic::error("policy", summary).help("Rego has no recursion");
        diagnostics.push(fault.at(first.map(|(module, rule)| rule.location(&module.file))));
    }
}

fn missing(name: &str, call: &Call, module: &Module, own: bool) -> Diagnostic {
    let help = if own {
        "check its package, its name and the imports"
    } else {
        "policies see the plan and nothing else: there is no network, no clock and no environment; see docs/policy.md for what there is"
    };
    let summary = format!("there is no function {name}");
    let location = Location::new(&module.file, call.start, call.end);
    let location = location.part(name).unwrap_or(location);
    Diagnostic::error("policy", summary)
        .help(help)
        .at(Some(location))
}

/// Returns a name out of each circle of calls.
fn circles(edges: &[(String, String)]) -> Vec<&str> {
    let edges = edges.iter().map(|(from, to)| (from.as_str(), to.as_str()));
    let graph: DiGraphMap<&str, ()> = edges.collect();
    let mut circles: Vec<&str> = tarjan_scc(&graph)
        .into_iter()
        .filter(|group| group.len() > 1 || graph.contains_edge(group[0], group[0]))
        .filter_map(|group| group.into_iter().min())
        .collect();
    circles.sort_unstable();
    circles
}
