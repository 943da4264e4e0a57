//! What there is of a resource, and what becomes of that.

use crate::model::Value;
use crate::plan::{Action, FieldChange};
use crate::review::{Bill, Growth, Item, Risk};

use super::{Part, few, loss, risk};

/// Names what is at stake for one resource; of what is paid, with the direction.
pub(in crate::view) fn stake(item: &Item<'_>) -> &'static str {
    match (item.risk, item.bill) {
        (Risk::Cost, Some(bill)) => self::bill(bill),
        (other, _) => risk(other),
    }
}

fn bill(bill: Bill) -> &'static str {
    match bill {
        Bill::Dearer => "dearer",
        Bill::Cheaper => "cheaper",
        Bill::Changes => "changes the bill",
        Bill::New => "adds to the bill",
    }
}

/// Says what there is more or less of afterwards, and in which direction the bill goes; nothing where the
/// size stays the same.
pub(in crate::view) fn growth(item: &Item<'_>) -> Option<String> {
    let told = |verb: &str, fits: &dyn Fn(&&Growth) -> bool| {
        let growth = item.growth.iter().filter(fits);
        let parts: Vec<String> = growth
            .map(
                |Growth {
                     unit,
                     before,
                     after,
                     ..
                 }| format!("{before} → {after} {unit}"),
            )
            .collect();
        (!parts.is_empty()).then(|| format!("{verb}: {}", parts.join(", ")))
    };
    let shrinks = told("shrinks", &|one| one.shrinks());
    let grows = told("grows", &|one| one.is_capacity && one.ordering.is_gt());
    let sized: Vec<String> = shrinks.into_iter().chain(grows).collect();
    let direction = item
        .bill
        .filter(|bill| matches!(bill, Bill::Dearer | Bill::Cheaper));
    let said: Vec<String> = sized
        .into_iter()
        .chain(direction.map(|bill| self::bill(bill).to_owned()))
        .collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// Says what a person knows a resource by that is destroyed, as in `name edge, size 2 × 1c2g`; nothing
/// for any other.
pub(in crate::view) fn portrait(item: &Item<'_>) -> Vec<Part> {
    if item.risk != Risk::Destroy {
        return Vec::new();
    }
    let mut parts = Vec::new();
    for (at, (what, value)) in item.portrait.iter().enumerate() {
        let lead = if at > 0 { ", " } else { "" };
        parts.extend([Part::Words(lead), Part::Words(what), Part::Words(" ")]);
        parts.push(Part::Word(value.clone()));
    }
    parts
}

/// How many fields stand for all that change, in a line that says what changes.
const GIST_FIELDS: usize = 3;
/// The longest values that such a line shows, in characters.
const GIST_CHARS: usize = 24;

/// Says in a few words which fields change, or what is made; empty where the headline says it all.
pub(in crate::view) fn gist(item: &Item<'_>) -> String {
    let changes = &item.step.changes;
    if changes.is_empty() && item.step.action == Action::Create {
        let traits: Vec<&str> = item
            .portrait
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        return traits.join(", ");
    }
    few(changes, GIST_FIELDS, gist_of_change)
}

fn gist_of_change(change: &FieldChange) -> String {
    let shown = |value: &Option<Value>| match value {
        Some(value) => value.to_string(),
        None => "not set".to_owned(),
    };
    let (before, after) = (shown(&change.before), shown(&change.after));
    let fits = [&before, &after]
        .iter()
        .all(|text| text.chars().count() <= GIST_CHARS);
    if fits {
        format!("{} {before} → {after}", change.path)
    } else {
        change.path.to_string()
    }
}

/// Says of one resource among several what is not the same for all of them.
pub(in crate::view) struct Of {
    /// What is said.
    pub(in crate::view) parts: Vec<Part>,
    /// Whether it is about what is lost.
    pub(in crate::view) is_lost: bool,
}

/// Lists what is to be said of each resource where several are told at once: what it was, where its block
/// stood, and what is lost.
pub(in crate::view) fn of_each(item: &Item<'_>) -> Vec<Of> {
    let mut said = Vec::new();
    let portrait = portrait(item);
    if !portrait.is_empty() {
        said.push(Of {
            parts: portrait,
            is_lost: false,
        });
    }
    let losses = item.step.losses.iter().map(loss);
    let mut lost = Vec::new();
    for (at, loss) in losses.enumerate() {
        lost.push(Part::Words(if at > 0 { "; " } else { "lost for good: " }));
        lost.extend(loss);
    }
    if !lost.is_empty() {
        said.push(Of {
            parts: lost,
            is_lost: true,
        });
    }
    said
}
