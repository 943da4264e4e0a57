//! In which direction a change goes: whether a resource carries less afterwards, and what it costs.

use std::cmp::Ordering;

use crate::plan::{Action, Step};
use crate::schema::{Quantity, ResourceSchema};

use super::risk::is_billed;

/// Tells how much of one thing a resource that stays, or is made anew, has before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// What is counted.
    pub unit: &'static str,
    /// How much there is, as people write it.
    pub before: String,
    /// How much there will be.
    pub after: String,
    /// How what will be compares with what is.
    pub ordering: Ordering,
    /// Whether less of it carries less.
    pub is_capacity: bool,
}

impl Growth {
    /// Tells whether the resource carries less afterwards.
    pub fn shrinks(&self) -> bool {
        self.is_capacity && self.ordering.is_lt()
    }
}

/// Says in which direction the bill of a resource goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bill {
    /// It costs more.
    Dearer,
    /// It costs less.
    Cheaper,
    /// It costs something else; nothing is known of the direction.
    Changes,
    /// It is new, and all that it costs with it.
    New,
}

impl Bill {
    /// Returns the word that names it for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dearer => "dearer",
            Self::Cheaper => "cheaper",
            Self::Changes => "changes",
            Self::New => "new",
        }
    }
}

/// Compares what there is of a resource before and after; what stays the same is left out.
pub(super) fn growth(step: &Step, schema: &ResourceSchema) -> Vec<Growth> {
    if step.changes.is_empty() {
        return Vec::new();
    }
    let differing = both(step, schema).into_iter();
    let differing = differing.map(|[before, after]| Growth {
        unit: after.unit,
        ordering: after.amount.cmp(&before.amount),
        is_capacity: after.is_capacity,
        before: before.shown,
        after: after.shown,
    });
    differing.filter(|growth| growth.ordering.is_ne()).collect()
}

/// Finds out in which direction the bill goes; nothing where what is paid stays the same.
pub(super) fn bill(step: &Step, schema: &ResourceSchema) -> Option<Bill> {
    if step.action == Action::Create {
        return Some(Bill::New);
    }
    let is_paid = |path| is_billed(path, schema.billed);
    let changes = step.changes.iter();
    let paid: Vec<_> = changes.filter(|change| is_paid(&change.path)).collect();
    if paid.is_empty() {
        return None;
    }
    let priced: Vec<[Quantity; 2]> = both(step, schema)
        .into_iter()
        .filter(|[before, after]| before.is_priced && after.is_priced)
        .collect();
    // One field that says nothing about the price is enough for nobody to know the sum.
    let measures = |path: &str| priced.iter().any(|[_, after]| after.fields.contains(&path));
    if !paid.iter().all(|change| measures(&change.path.to_string())) {
        return Some(Bill::Changes);
    }
    let orderings = priced
        .iter()
        .map(|[before, after]| after.amount.cmp(&before.amount));
    Some(match agreed(orderings) {
        Some(Ordering::Greater) => Bill::Dearer,
        Some(Ordering::Less) => Bill::Cheaper,
        _ => Bill::Changes,
    })
}

/// Pairs the quantities that are known before and after.
fn both(step: &Step, schema: &ResourceSchema) -> Vec<[Quantity; 2]> {
    let mut after = (schema.extent)(&step.after);
    let before = (schema.extent)(&step.before).into_iter();
    let pairs = before.filter_map(|before| {
        let at = after.iter().position(|one| one.unit == before.unit)?;
        Some([before, after.swap_remove(at)])
    });
    pairs.collect()
}

/// Returns the one direction in which all go that go anywhere; nothing where they disagree.
fn agreed(orderings: impl Iterator<Item = Ordering>) -> Option<Ordering> {
    let mut moving = orderings.filter(|ordering| ordering.is_ne());
    let first = moving.next()?;
    moving.all(|other| other == first).then_some(first)
}
