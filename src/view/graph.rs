//! What depends on what, as text that others draw.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Address, Desired};

/// Renders the dependencies in the language of Graphviz; an arrow leads to what is made first.
pub fn dot(desired: &BTreeMap<Address, Desired>) -> String {
    let mut out = "digraph gwplan {\n  rankdir = \"LR\"\n  node [shape = box]\n".to_owned();
    for address in desired.keys() {
        let _ = writeln!(out, "  \"{address}\"");
    }
    for (from, to) in arrows(desired) {
        let _ = writeln!(out, "  \"{from}\" -> \"{to}\"");
    }
    out.push_str("}\n");
    out
}

/// Renders the dependencies in the language of Mermaid, which GitHub and GitLab draw in markdown.
pub fn mermaid(desired: &BTreeMap<Address, Desired>) -> String {
    // An address may hold signs that mean something there, so that it can be no node's id.
    let numbers: BTreeMap<&Address, usize> = desired.keys().zip(0..).collect();
    let mut out = "flowchart LR\n".to_owned();
    for (address, number) in &numbers {
        let _ = writeln!(out, "  n{number}[\"{address}\"]");
    }
    for (from, to) in arrows(desired) {
        if let (Some(from), Some(to)) = (numbers.get(from), numbers.get(to)) {
            let _ = writeln!(out, "  n{from} --> n{to}");
        }
    }
    out
}

fn arrows(desired: &BTreeMap<Address, Desired>) -> impl Iterator<Item = (&Address, &Address)> {
    let all = desired.values();
    all.flat_map(|one| {
        one.depends_on
            .iter()
            .map(move |before| (&one.address, before))
    })
}
