//! The rest of a plan that was begun: what may still be done under the approval of the whole.
//!
//! An approval names a plan by its digest, and a run that was cut off leaves another plan. So a run keeps in
//! the state what it begins ([`OpenPlan`]), and what is planned afterwards is held against that, step by step.

use std::collections::BTreeMap;

use crate::model::{Address, Desired};
use crate::state::{OpenPlan, OpenStep};

use super::saved::{desired_digest, sha256};
use super::{Action, Binding, FieldChange, How, Move, Plan, Reason, Selection, Step};

/// Notes what a run begins to carry out.
pub fn open_plan(
    plan: &Plan,
    desired: &BTreeMap<Address, Desired>,
    digest: String,
    scope: String,
) -> OpenPlan {
    let note = |step: &Step| OpenStep {
        action: step.action.word().to_owned(),
        digest: digest_alone(step),
        changes: step.changes.iter().map(sha256).collect(),
        calls: calls(step).collect(),
        made: made(step),
        wanted: desired.get(&step.address).map(desired_digest),
    };
    let steps = plan.steps.iter();
    OpenPlan {
        digest,
        scope,
        done: false,
        moves: plan.moves.iter().map(sha256).collect(),
        steps: steps
            .map(|step| (step.address.clone(), note(step)))
            .collect(),
    }
}

/// Digests what a plan is made against, and what part of the whole was asked for: the rest of a plan is one of
/// the same.
pub fn scope(plan: &Plan, binding: &Binding, selection: &Selection) -> String {
    // A state that was not there yet has no id, and it is in the state itself that this is kept.
    let binding = Binding {
        lineage: String::new(),
        ..binding.clone()
    };
    sha256(&(binding, selection, plan.partial))
}

/// Says what a plan does that is not the rest of the one that was begun; nothing where all of it is.
pub fn beyond(
    plan: &Plan,
    desired: &BTreeMap<Address, Desired>,
    open: &OpenPlan,
) -> Vec<(Address, &'static str)> {
    let is_new = |one: &&Move| !open.moves.contains(&sha256(*one));
    let moves = plan.moves.iter().filter(is_new);
    let moves = moves.map(|one| (one.to.clone(), "is moved, which was not approved"));
    let edited = open
        .steps
        .iter()
        .filter(|(address, begun)| desired.get(*address).map(desired_digest) != begun.wanted);
    let edited = edited.map(|(address, _)| (address.clone(), "was edited in the files since"));
    let mut found: Vec<_> = moves.chain(edited).collect();
    for step in &plan.steps {
        let address = &step.address;
        if found.iter().any(|(known, _)| known == address) {
            continue;
        }
        let why = match open.steps.get(address) {
            None => "was to stay as it is",
            Some(begun) if begun.digest == digest_alone(step) || goes_on(step, begun) => continue,
            Some(_) => "is not as the approved plan has left it",
        };
        found.push((address.clone(), why));
    }
    found
}

/// Digests a step without its neighbours: some of them are done by now.
fn digest_alone(step: &Step) -> String {
    sha256(&Step {
        after_steps: Vec::new(),
        losses: Vec::new(),
        ..step.clone()
    })
}

/// Digests the calls of a step that change a resource while it lives.
fn calls(step: &Step) -> impl Iterator<Item = String> + '_ {
    step.calls
        .iter()
        .chain(&step.calls_before_delete)
        .map(sha256)
}

/// Digests what a step makes, and what could be taken for it.
fn made(step: &Step) -> String {
    sha256(&(&step.after, &step.namesakes, step.owned))
}

/// Tells whether a step does what is left of one that was begun, and no more than that.
fn goes_on(step: &Step, begun: &OpenStep) -> bool {
    if !calls(step).all(|call| begun.calls.contains(&call)) {
        return false;
    }
    let was = |actions: &[Action]| actions.iter().any(|action| action.word() == begun.action);
    // What others have changed meanwhile was not approved, nor was a change that the step did not have.
    let is_own = |change: &FieldChange| {
        begun.changes.contains(&sha256(change)) || (!change.drifted && change.how != How::Replace)
    };
    match step.action {
        // Calls that follow a create, and the waiting itself.
        Action::AwaitCreate | Action::Update
            if was(&[Action::Create, Action::Replace, Action::AwaitCreate]) =>
        {
            step.deleted_successor().is_none() && step.changes.iter().all(is_own)
        }
        Action::Update => {
            let known = |change| begun.changes.contains(&sha256(change));
            was(&[Action::Update]) && step.changes.iter().all(known)
        }
        // The old one is gone, and the new one is not made yet.
        Action::Create => {
            was(&[Action::Replace])
                && matches!(step.reason, Reason::New | Reason::Unfinished)
                && made(step) == begun.made
        }
        // The old one is going, or the new one is there already and takes its place.
        Action::Replace => {
            was(&[Action::Replace])
                && (step.finishes_successor() || step.reason == Reason::Unfinished)
                && step.deleted_successor().is_none()
                && step.changes.iter().all(is_own)
                && (step.finishes_successor() || made(step) == begun.made)
        }
        Action::AwaitDelete | Action::Forget => {
            was(&[Action::Delete, Action::AwaitDelete]) && step.reason != Reason::Removed
        }
        Action::AwaitCreate | Action::Delete | Action::Record => false,
    }
}
