//! The order of the steps.

use std::collections::HashMap;

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::model::{Address, Fault};
use crate::state::State;

use super::{Action, Plan};

/// Fills in which steps each step comes after.
///
/// What is made comes after what it depends on. What is deleted comes after the deletes of what
/// depends on it, as the records say.
pub(super) fn link(plan: &mut Plan, state: &State) -> Result<(), Fault> {
    let positions: HashMap<&Address, usize> = plan
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| (&step.address, at))
        .collect();
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        if makes(step.action) {
            let before = step
                .depends_on
                .iter()
                .filter_map(|target| positions.get(target).copied());
            edges.extend(
                before
                    .filter(|before| makes(plan.steps[*before].action))
                    .map(|before| (before, at)),
            );
        }
        if deletes(step.action) {
            let record = state.resources.get(&step.address);
            let targets = record.into_iter().flat_map(|record| &record.depends_on);
            let after = targets.filter_map(|target| positions.get(target).copied());
            edges.extend(
                after
                    .filter(|after| deletes(plan.steps[*after].action))
                    .map(|after| (at, after)),
            );
        }
    }
    refuse_circles(plan, &edges)?;
    for (before, after) in edges {
        plan.steps[after].after_steps.push(before);
    }
    for step in &mut plan.steps {
        step.after_steps.sort_unstable();
        step.after_steps.dedup();
    }
    Ok(())
}

fn makes(action: Action) -> bool {
    action.makes() || action == Action::Update
}

fn deletes(action: Action) -> bool {
    matches!(
        action,
        Action::Delete | Action::AwaitDelete | Action::Forget
    )
}

/// The files' references are free of circles; those of a state that was edited may not be.
fn refuse_circles(plan: &Plan, edges: &[(usize, usize)]) -> Result<(), Fault> {
    let mut graph = DiGraph::<(), (), usize>::default();
    for _ in &plan.steps {
        graph.add_node(());
    }
    graph.extend_with_edges(
        edges
            .iter()
            .map(|(from, to)| (NodeIndex::new(*from), NodeIndex::new(*to))),
    );
    toposort(&graph, None).map(|_| ()).map_err(|cycle| {
        let address = &plan.steps[cycle.node_id().index()].address;
        Fault::new(format!(
            "the state's dependencies turn in a circle through {address}"
        ))
        .hint("mend `dependsOn` of its entry in the state file")
    })
}
