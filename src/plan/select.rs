//! Which part of a plan is asked for.

use std::collections::BTreeSet;

use crate::model::{Address, Diagnostic, Fault};

use super::{Inputs, Plan, Precedence};

/// Leaves out what was not asked for.
///
/// A target brings what must end well before it; an excluded step takes with it what comes after
/// it. Both follow the order of the plan itself, so they hold for creates and deletes alike.
pub(super) fn narrow(plan: &mut Plan, inputs: &Inputs<'_>) -> Result<(), Fault> {
    let selection = inputs.selection;
    for address in selection
        .targets
        .iter()
        .chain(&selection.excludes)
        .chain(&selection.replace)
    {
        if !inputs.desired.contains_key(address) && !inputs.state.resources.contains_key(address) {
            return Err(
                Fault::new(format!("neither the files nor the state hold {address}"))
                    .hint("`gwplan state list` lists what the state holds"),
            );
        }
    }
    let mut targets = selection.targets.iter();
    if let Some(both) = targets.find(|one| selection.excludes.contains(one)) {
        return Err(Fault::new(format!(
            "{both} is asked for by --target and left out by --exclude"
        ))
        .hint("give one of the two"));
    }
    if selection.targets.is_empty() && selection.excludes.is_empty() {
        return Ok(());
    }
    plan.partial = true;
    let keep = kept(plan, &selection.targets, &selection.excludes);
    let mut new_positions = vec![None; plan.steps.len()];
    let mut steps = Vec::new();
    for (at, step) in plan.steps.drain(..).enumerate() {
        if keep[at] {
            new_positions[at] = Some(steps.len());
            steps.push(step);
        }
    }
    for step in &mut steps {
        step.after_steps = step
            .after_steps
            .iter()
            .filter_map(|one| {
                let step = new_positions[one.step]?;
                Some(Precedence { step, ..*one })
            })
            .collect();
    }
    plan.steps = steps;
    let selected = |address: &Address| {
        (selection.targets.is_empty() || selection.targets.contains(address))
            && !selection.excludes.contains(address)
    };
    plan.bookkeeping.retain(|(address, _)| selected(address));
    let steps: BTreeSet<&Address> = plan.steps.iter().map(|step| &step.address).collect();
    // What stands in the way of a step that was left out stands in nobody's way.
    plan.diagnostics.retain(|diagnostic| {
        let about = diagnostic.about.as_ref();
        about.is_none_or(|address| steps.contains(address) || selected(address))
    });
    let left_out: Vec<Diagnostic> = selection
        .replace
        .iter()
        .filter(|address| !steps.contains(address))
        .map(left_out)
        .collect();
    plan.diagnostics.extend(left_out);
    Ok(())
}

/// Warns that a replacement that was asked for is not in the part that was asked for.
fn left_out(address: &Address) -> Diagnostic {
    let summary = format!("{address} is not replaced: this part of the plan leaves it out");
    Diagnostic::warning("replace-left-out", summary)
        .about(address)
        .help(format!("add `--target {address}`, or take the `--target` and `--exclude` away that leave it out"))
}

/// Tells for each step whether it stays.
fn kept(plan: &Plan, targets: &[Address], excludes: &[Address]) -> Vec<bool> {
    let count = plan.steps.len();
    let mut keep: Vec<bool> = plan
        .steps
        .iter()
        .map(|step| targets.is_empty() || targets.contains(&step.address))
        .collect();
    let mut queue: Vec<usize> = (0..count).filter(|at| keep[*at]).collect();
    while let Some(at) = queue.pop() {
        for Precedence { step: before, .. } in &plan.steps[at].after_steps {
            if !keep[*before] {
                keep[*before] = true;
                queue.push(*before);
            }
        }
    }
    let mut followers = vec![Vec::new(); count];
    for (at, step) in plan.steps.iter().enumerate() {
        for Precedence { step: before, .. } in &step.after_steps {
            followers[*before].push(at);
        }
    }
    let mut dropped: Vec<usize> = (0..count)
        .filter(|at| excludes.contains(&plan.steps[*at].address))
        .collect();
    let mut gone = vec![false; count];
    while let Some(at) = dropped.pop() {
        if !std::mem::replace(&mut gone[at], true) {
            dropped.extend(&followers[at]);
        }
    }
    keep.iter()
        .zip(gone)
        .map(|(keep, gone)| *keep && !gone)
        .collect()
}
