//! A plan as its reader needs it: how dangerous it is, what is dangerous first, and why.
//!
//! [`Review`] is the one value that all faces of a plan are rendered from. It decides what is told and
//! in which order; `view` decides how it looks.

mod alike;
mod destination;
mod growth;
mod outline;
mod risk;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{Address, Attributes, Counts, FieldPath, Severity, SourceLine};
use crate::plan::{
    Action, FieldChange, LikelyMove, Loss, Plan, Reason, Schemas, Step, likely_moves,
};
use crate::policy::Finding;
use crate::schema::{Trait, strip_defaults};

pub use alike::drifts as alike_drifts;
pub use destination::Destination;
pub use growth::{Bill, Growth};
pub use outline::{Difference, Entry, Fields, Outline, Shift};
pub use risk::Risk;

/// Holds what a reader is told about a plan.
#[derive(Debug)]
pub struct Review<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What it is for, where that is known.
    pub destination: Option<&'a Destination>,
    /// How dangerous it is as a whole.
    pub verdict: Verdict,
    /// What is to be done, the most dangerous first.
    pub items: Vec<Item<'a>>,
    /// What the project's policies say.
    pub policy: &'a [Finding],
    /// The plan's digest, in hexadecimal digits; nothing for a plan that was made without asking the
    /// cloud, since no such plan can be approved.
    pub digest: Option<&'a str>,
    /// The command line that applies this very plan; nothing where it can't be applied, or where there
    /// is nothing to apply.
    pub command: Option<&'a str>,
}

/// Holds what a review is made of beside the plan.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What the plan is for, where that is known.
    pub destination: Option<&'a Destination>,
    /// The plan's digest, in hexadecimal digits.
    pub digest: &'a str,
    /// The command line that applies this very plan.
    pub command: Option<&'a str>,
    /// What the project's policies say.
    pub policy: &'a [Finding],
    /// The tables of fields.
    pub schemas: Schemas<'a>,
}

/// Says how dangerous a plan is as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is to be done.
    pub counts: Counts,
    /// The highest risk among all that is to be done.
    pub risk: Risk,
    /// How many resources bear each risk.
    pub tally: BTreeMap<Risk, usize>,
    /// How many resources are replaced.
    pub replaced: usize,
    /// How many resources live on, and are paid for, without being managed.
    pub given_up: usize,
    /// How many resources that stay carry less than before.
    pub shrunk: usize,
    /// How many resources that stay are changed so that they cost something else, by the direction.
    pub bills: BTreeMap<Bill, usize>,
    /// How many resources that stay are protected less than before.
    pub lifted: usize,
    /// How many public addresses are lost for good, as far as is known.
    pub addresses_lost: usize,
    /// Whether public addresses may be lost of which nothing is known.
    pub unknown_addresses: bool,
    /// What keeps the plan from being applied.
    pub barrier: Option<Barrier>,
}

/// Says what keeps a plan from being applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// It has this many errors.
    Errors(usize),
    /// Policies deny it, for this many reasons.
    Policy(usize),
}

/// Puts steps together that are told in one place; in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What is destroyed, replaced, or loses the way in.
    Danger,
    /// What is changed while it lives.
    Update,
    /// What is made.
    Create,
    /// What is under way already.
    Wait,
    /// What is dropped from the state alone.
    Forget,
}

/// Tells about one step.
#[derive(Debug)]
pub struct Item<'a> {
    /// The step.
    pub step: &'a Step,
    /// What is at stake.
    pub risk: Risk,
    /// Where it is told.
    pub group: Group,
    /// The address that it had until now, where it gets another one.
    pub moved_from: Option<&'a Address>,
    /// The address that is likely the same resource's: one goes while the other comes in with its name.
    pub likely_move: Option<LikelyMove<'a>>,
    /// Where its block stands in the files, or stood at the last apply.
    pub block: Option<&'a SourceLine>,
    /// What a resource is made with, what every new one has left out; empty where none is made.
    pub attributes: Attributes,
    /// Whether what stays is protected less than before.
    pub lifts_protection: bool,
    /// What there is more or less of afterwards.
    pub growth: Vec<Growth>,
    /// In which direction what is paid goes; nothing where it stays the same.
    pub bill: Option<Bill>,
    /// What a person knows a resource by that is destroyed or made; empty for any other.
    pub portrait: Vec<Trait>,
    /// The flag that keeps the cloud from deleting a resource of the kind.
    guard: Option<&'static str>,
    fields: Option<&'a BTreeMap<FieldPath, SourceLine>>,
    /// The paths of the fields that are paid for.
    billed: &'static [&'static str],
}

impl Item<'_> {
    /// Returns the line that gives a field its value.
    pub fn line_of(&self, path: &FieldPath) -> Option<&SourceLine> {
        self.fields?.get(path)
    }

    /// Tells whether a change is one that a reader must not miss: of what is paid, or of what protects.
    pub fn is_at_stake(&self, change: &FieldChange) -> bool {
        risk::is_billed(&change.path, self.billed) || change.lifts_protection(self.guard)
    }

    /// Tells whether the resource is the same one afterwards, and carries less.
    fn shrinks(&self) -> bool {
        self.stays() && self.growth.iter().any(Growth::shrinks)
    }

    fn stays(&self) -> bool {
        matches!(self.step.action, Action::Update | Action::AwaitCreate)
    }
}

impl<'a> Review<'a> {
    /// Reviews a plan.
    pub fn new(plan: &'a Plan, context: Context<'a>) -> Self {
        let Context {
            destination,
            digest,
            command,
            policy,
            schemas,
        } = context;
        let steps = plan.steps.iter();
        let former = plan.former_addresses();
        let likely = likely_moves(plan);
        let mut items: Vec<Item<'a>> = steps
            .map(|step| {
                let mut item = item(plan, step, &former, schemas);
                let own = |one: &&LikelyMove<'_>| [one.from, one.to].contains(&&step.address);
                item.likely_move = likely.iter().find(own).copied();
                item
            })
            .collect();
        // The steps come by address, and a stable sort keeps that order among equals.
        items.sort_by_key(|item| (item.group, Reverse(item.risk)));
        let verdict = verdict(plan, &items, policy);
        let applies = verdict.barrier.is_none() && !plan.is_empty() && plan.refreshed;
        Self {
            plan,
            destination,
            verdict,
            items,
            policy,
            digest: Some(digest).filter(|_| plan.refreshed),
            command: command.filter(|_| applies),
        }
    }

    /// Returns the environment that the plan is for, where the project has several.
    pub fn environment(&self) -> Option<&'a str> {
        self.destination?.environment.as_deref()
    }

    /// Returns the items of a group.
    pub fn group(&self, group: Group) -> impl Iterator<Item = &Item<'a>> {
        self.items.iter().filter(move |item| item.group == group)
    }

    /// Returns the items of a group, those together that are told as one; none of them is empty.
    pub fn blocks(&self, group: Group) -> Vec<Vec<&Item<'a>>> {
        let items: Vec<&Item<'a>> = self.group(group).collect();
        alike::items(&items)
    }
}

fn item<'a>(
    plan: &'a Plan,
    step: &'a Step,
    former: &BTreeMap<&Address, &'a Address>,
    schemas: Schemas<'_>,
) -> Item<'a> {
    let schema = schemas(step.address.kind());
    let billed = schema.map_or(&[][..], |schema| schema.billed);
    let guard = schema.and_then(|schema| schema.delete_guard);
    let growth = schema.map_or_else(Vec::new, |schema| growth::growth(step, schema));
    let shrinks = growth.iter().any(Growth::shrinks);
    let risk = Risk::of(step, billed, guard, shrinks);
    let group = match step.action {
        _ if risk.is_danger() => Group::Danger,
        Action::Create => Group::Create,
        Action::AwaitCreate | Action::AwaitDelete => Group::Wait,
        Action::Forget => Group::Forget,
        Action::Update | Action::Record | Action::Replace | Action::Delete => Group::Update,
    };
    let mut attributes = Attributes::new();
    if let (Action::Create | Action::Replace, Some(schema)) = (step.action, schema) {
        attributes.clone_from(&step.after);
        strip_defaults(schema.fields, &mut attributes, &step.region);
    }
    let stays = !matches!(step.action, Action::Replace | Action::Delete);
    let places = plan.places.get(&step.address);
    let portrayed = match (step.deleted_successor(), step.action) {
        (Some(successor), _) => Some(&successor.before),
        (None, Action::Delete) => Some(&step.before),
        (None, Action::Create) => Some(&step.after),
        (None, _) => None,
    };
    let portrait = schema.zip(portrayed);
    let portrait = portrait.map(|(schema, portrayed)| (schema.portrait)(portrayed));
    Item {
        step,
        risk,
        group,
        likely_move: None,
        moved_from: former.get(&step.address).copied(),
        block: places.and_then(|places| places.block.as_ref()),
        attributes,
        fields: places.map(|places| &places.fields),
        guard,
        lifts_protection: stays && step.lifts_protection(guard),
        growth,
        bill: schema.and_then(|schema| growth::bill(step, schema)),
        portrait: portrait.unwrap_or_default(),
        billed,
    }
}

fn verdict(plan: &Plan, items: &[Item<'_>], policy: &[Finding]) -> Verdict {
    let mut tally = BTreeMap::new();
    for item in items {
        *tally.entry(item.risk).or_default() += 1;
    }
    let mut bills = BTreeMap::new();
    for bill in items
        .iter()
        .filter(|item| item.stays())
        .filter_map(|item| item.bill)
    {
        *bills.entry(bill).or_default() += 1;
    }
    let quiet = if plan.is_empty() {
        Risk::None
    } else {
        Risk::Safe
    };
    let replaced = items.iter();
    let replaced = replaced.filter(|item| item.step.action == Action::Replace);
    let given_up = items.iter();
    let given_up = given_up.filter(|item| item.step.reason == Reason::Removed);
    let mut losses = items.iter().flat_map(|item| &item.step.losses);
    let errors = plan.diagnostics.iter();
    let errors = errors.filter(|one| one.severity == Severity::Error).count();
    let denials = policy.iter().filter(|finding| finding.denies()).count();
    Verdict {
        counts: plan.counts(),
        risk: tally.keys().max().copied().unwrap_or(quiet),
        tally,
        replaced: replaced.count(),
        given_up: given_up.count(),
        shrunk: items.iter().filter(|item| item.shrinks()).count(),
        bills,
        lifted: items.iter().filter(|item| item.lifts_protection).count(),
        addresses_lost: losses
            .clone()
            .filter(|loss| matches!(loss, Loss::Address(_)))
            .count(),
        unknown_addresses: losses.any(|loss| *loss == Loss::UnknownAddresses),
        barrier: match (errors, denials) {
            (0, 0) => None,
            (0, denials) => Some(Barrier::Policy(denials)),
            (errors, _) => Some(Barrier::Errors(errors)),
        },
    }
}
