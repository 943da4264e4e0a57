//! The order of the steps.
//!
//! A step has one or two halves: [`Half::Make`] and [`Half::Unmake`]. The halves of all steps are the
//! nodes of a graph, and these are its edges, each from what comes first:
//!
//! ```text
//! make a dependency      ──▶ make its dependent         by the files' `dependsOn`
//! unmake a dependent     ──▶ unmake its dependency      by the record's `dependsOn`
//! change a former one    ──▶ unmake its dependency      where the files drop the dependency
//! unmake the old one     ──▶ make the new one           in a replacement that deletes first
//! make the new one       ──▶ unmake the old one         in a replacement that creates first
//! ```
//!
//! The first two alone have no cycle, since references have none. A replacement that creates first, of
//! something that depends on one that deletes first, makes one: the dependent's old one would have to go
//! before its new one is made. Then the dependency creates first too, as Terraform does it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::model::{Address, Diagnostic, Fault};
use crate::state::{State, Status};

use super::{Action, Half, Plan, Precedence};

/// Fills in what each half of each step comes after.
///
/// # Errors
/// A fault where the state's dependencies have a cycle: those of the files are checked when they are read.
pub(super) fn link(plan: &mut Plan, state: &State) -> Result<(), Fault> {
    loop {
        let edges = edges(plan, state);
        let cycles = cycles(plan, &edges);
        if cycles.is_empty() {
            for (at, precedence) in edges {
                plan.steps[at].after_steps.push(precedence);
            }
            return Ok(());
        }
        // Each round turns at least one step round, and none back.
        if !create_first(plan, state, &cycles) {
            return Err(cycle_fault(plan, &cycles));
        }
    }
}

/// Lists what comes after what, without doubles: the later step, and what it waits for.
fn edges(plan: &Plan, state: &State) -> BTreeSet<(usize, Precedence)> {
    let steps = plan.steps.iter().enumerate();
    let positions: HashMap<&Address, usize> = steps
        .clone()
        .map(|(at, step)| (&step.address, at))
        .collect();
    let mut edges = BTreeSet::new();
    for (at, step) in steps {
        if step.has(Half::Make) {
            let targets = step.depends_on.iter().filter_map(|one| positions.get(one));
            for target in targets.filter(|target| plan.steps[**target].has(Half::Make)) {
                edges.insert((at, after(Half::Make, *target, Half::Make)));
            }
        }
        let record = state.resources.get(&step.address);
        for former in record.into_iter().flat_map(|record| &record.depends_on) {
            let Some(target) = positions.get(former).copied() else {
                continue;
            };
            let needs_it_no_more = if step.has(Half::Unmake) {
                Half::Unmake
            } else if step.depends_on.contains(former) {
                // It lives on, and so does its wish that the other one be there.
                continue;
            } else {
                Half::Make
            };
            if plan.steps[target].has(Half::Unmake) && !is_leaving(plan, target, state) {
                edges.insert((target, after(Half::Unmake, at, needs_it_no_more)));
            }
        }
    }
    edges
}

fn after(half: Half, step: usize, ended: Half) -> Precedence {
    Precedence { half, step, ended }
}

/// Tells whether the cloud is deleting the resource of a step already: no order can hold that up.
fn is_leaving(plan: &Plan, at: usize, state: &State) -> bool {
    let step = &plan.steps[at];
    let record = state.resources.get(&step.address);
    step.action == Action::AwaitDelete
        || step.action == Action::Replace
            && record.is_some_and(|record| record.status == Status::Deleting)
}

/// Finds the sets of steps whose halves wait for each other.
fn cycles(plan: &Plan, edges: &BTreeSet<(usize, Precedence)>) -> Vec<Vec<usize>> {
    let mut graph = DiGraph::<usize, (), usize>::default();
    let mut nodes: BTreeMap<(usize, Half), NodeIndex<usize>> = BTreeMap::new();
    for (at, step) in plan.steps.iter().enumerate() {
        for half in step.halves() {
            nodes.insert((at, *half), graph.add_node(at));
        }
        if let [first, second] = step.halves() {
            graph.add_edge(nodes[&(at, *first)], nodes[&(at, *second)], ());
        }
    }
    for (at, Precedence { half, step, ended }) in edges {
        graph.add_edge(nodes[&(*step, *ended)], nodes[&(*at, *half)], ());
    }
    let tangled = tarjan_scc(&graph).into_iter().filter(|nodes| {
        let [only] = nodes.as_slice() else {
            return true;
        };
        graph.contains_edge(*only, *only)
    });
    tangled
        .map(|nodes| {
            let steps: BTreeSet<usize> = nodes.iter().map(|node| graph[*node]).collect();
            steps.into_iter().collect()
        })
        .collect()
}

/// Lets the replacements of cycles create first that would have deleted first, and says so; tells
/// whether there was one.
fn create_first(plan: &mut Plan, state: &State, cycles: &[Vec<usize>]) -> bool {
    let mut turned = false;
    for cycle in cycles {
        let first = |at: &usize| plan.steps[*at].halves().first() == Some(&Half::Make);
        let dependent = cycle
            .iter()
            .find(|at| first(at) && plan.steps[**at].action == Action::Replace)
            .map(|at| plan.steps[*at].address.clone());
        for at in cycle {
            let replaced = plan.steps[*at].action == Action::Replace;
            if !replaced || plan.steps[*at].create_before_destroy || is_leaving(plan, *at, state) {
                continue;
            }
            let step = &mut plan.steps[*at];
            step.create_before_destroy = true;
            turned = true;
            let address = step.address.clone();
            let because = dependent.as_ref().map_or_else(String::new, |dependent| {
                format!(", because {dependent}, which depends on it, is")
            });
            plan.diagnostics.push(
                Diagnostic::warning(
                    "created-first",
                    format!("{address} is created anew before the old one is deleted{because}"),
                )
                .help(format!(
                    "both exist for a while; set `lifecycle.createBeforeDestroy: true` for {address} to say so in the files"
                ))
                .about(&address),
            );
        }
    }
    turned
}

fn cycle_fault(plan: &Plan, cycles: &[Vec<usize>]) -> Fault {
    let steps = cycles.iter().flatten();
    let names: BTreeSet<String> = steps
        .map(|at| plan.steps[*at].address.to_string())
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    Fault::new(format!(
        "the dependencies in the state have a cycle: {}",
        names.join(", ")
    ))
    .hint("correct `dependsOn` of one of these entries in the state file")
}

#[cfg(test)]
mod tests;
