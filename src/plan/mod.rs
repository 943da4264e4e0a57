//! What apply would do, decided ahead of it.
//!
//! Planning is pure: no I/O, no clock, no printing. The same inputs give the same plan, and the plan
//! leaves apply nothing to decide.

mod decide;
mod diff;
mod order;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Address, Attributes, Desired, Diagnostic, Fault, FieldPath, Identity, Observed, Value,
};
use crate::schema::ResourceSchema;
use crate::state::{Record, State};

/// Finds the schema of a kind.
pub type Schemas<'a> = &'a dyn Fn(&str) -> Option<&'static ResourceSchema>;

/// Holds what the cloud showed when it was asked.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The resources that the cloud showed, recorded or not, by identity.
    pub found: BTreeMap<Identity, Observed>,
    /// The recorded resources that the cloud says are not there.
    pub gone: BTreeSet<Identity>,
}

/// Says what the plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Make the cloud what the files say.
    Converge,
    /// Delete everything that the state holds.
    Destroy,
}

/// Holds everything that a plan is made of.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What the files say.
    pub desired: &'a BTreeMap<Address, Desired>,
    /// What is recorded.
    pub state: &'a State,
    /// What the cloud shows; nothing for a plan made offline.
    pub snapshot: Option<&'a Snapshot>,
    /// The tables of fields.
    pub schemas: Schemas<'a>,
    /// What the plan is for.
    pub goal: Goal,
}

/// Holds what apply would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done, by address.
    pub steps: Vec<Step>,
    /// The addresses that are as they should be.
    pub unchanged: Vec<Address>,
    /// Records that apply brings up to date without touching the cloud: what was seen, what it
    /// depends on, whether it is protected.
    pub bookkeeping: Vec<(Address, Record)>,
    /// Differences that `ignoreChanges` leaves alone.
    pub ignored: Vec<(Address, FieldPath)>,
    /// Whether the cloud was asked.
    pub refreshed: bool,
    /// What keeps the plan from being applied, and what to be aware of.
    pub diagnostics: Vec<Diagnostic>,
}

/// Describes what is to be done about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The resource.
    pub address: Address,
    /// What is to be done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The API region of the calls.
    pub region: String,
    /// The resource in the cloud, where there is one.
    pub existing: Option<Identity>,
    /// The attributes before; empty for a create.
    pub before: Attributes,
    /// The attributes after; empty for a delete.
    pub after: Attributes,
    /// What differs, field by field; only where the resource stays or is replaced.
    pub changes: Vec<FieldChange>,
    /// The addresses that the record will say it was made after.
    pub depends_on: Vec<Address>,
    /// Whether the record will say that destroying it is an error.
    pub prevent_destroy: bool,
    /// The positions in [`Plan::steps`] of the steps that must have ended well before this one.
    pub after_steps: Vec<usize>,
}

/// Says what is to be done about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed while it lives.
    Update,
    /// It is deleted and made anew.
    Replace,
    /// It is deleted.
    Delete,
    /// A create that the cloud has taken on already is waited for.
    AwaitCreate,
    /// A delete that the cloud has taken on already is waited for.
    AwaitDelete,
    /// It is gone already; its record is dropped.
    Forget,
}

/// Says why a step is in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The files have it and the state doesn't.
    New,
    /// The state has it, but the cloud says it is not there.
    Gone,
    /// The state has it and the files don't.
    LeftTheFiles,
    /// Everything is to be destroyed.
    Destroy,
    /// The cloud gave up on it, with this status word.
    Failed(String),
    /// Its attributes differ.
    Differs,
    /// A run before was cut off while the cloud was at work.
    Unfinished,
}

/// Describes the change of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub path: FieldPath,
    /// The value before, if it was set.
    pub before: Option<Value>,
    /// The value after, if it will be set.
    pub after: Option<Value>,
    /// How the cloud takes the change.
    pub how: How,
}

/// Says how the cloud takes a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The named API call makes it while the resource lives.
    InPlace(&'static str),
    /// Only a new resource can have it.
    Replace,
}

/// Counts what a plan does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Resources to be made, replacements among them.
    pub add: usize,
    /// Resources to be changed while they live.
    pub change: usize,
    /// Resources to be deleted, replacements among them.
    pub destroy: usize,
    /// Resources whose create or delete is waited for.
    pub resume: usize,
    /// Records to be dropped.
    pub forget: usize,
}

impl Plan {
    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Counts what is to be done.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            match step.action {
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Replace => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Action::Delete => counts.destroy += 1,
                Action::AwaitCreate | Action::AwaitDelete => counts.resume += 1,
                Action::Forget => counts.forget += 1,
            }
        }
        counts
    }

    /// Finds a step by its address.
    pub fn step(&self, address: &Address) -> Option<&Step> {
        let at = self
            .steps
            .binary_search_by(|step| step.address.cmp(address))
            .ok()?;
        self.steps.get(at)
    }
}

/// Makes the plan.
///
/// # Errors
/// A fault where the state can't be planned with: a kind that this gwplan doesn't know, or recorded
/// dependencies that turn in a circle.
pub fn plan(inputs: &Inputs<'_>) -> Result<Plan, Fault> {
    let mut plan = decide::decide(inputs)?;
    order::link(&mut plan, inputs.state)?;
    Ok(plan)
}
