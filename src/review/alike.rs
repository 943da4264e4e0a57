//! What is told once, since it is the same for many.
//!
//! A new default tag makes the same change to each gateway of a fleet. A reader needs that change once,
//! and the list of the addresses that it befalls.

use std::collections::BTreeMap;

use crate::plan::{Drift, Step};

use super::{Bill, Item};

/// How many that are the same are told as one: two of them are read faster one by one.
const FROM: usize = 3;

/// Puts together what is the same by some key; each group stands where its first member stood.
fn together<'t, T>(things: &[&'t T], key: impl Fn(&T) -> Option<String>) -> Vec<Vec<&'t T>> {
    let keys: Vec<Option<String>> = things.iter().map(|thing| key(thing)).collect();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for key in keys.iter().flatten() {
        *numbers.entry(key).or_default() += 1;
    }
    let mut groups: Vec<Vec<&'t T>> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (thing, key) in things.iter().zip(&keys) {
        let key = key.as_deref();
        match key.filter(|key| numbers.get(key).is_some_and(|number| *number >= FROM)) {
            None => groups.push(vec![thing]),
            Some(key) => match places.get(key) {
                Some(place) => groups[*place].push(thing),
                None => {
                    places.insert(key, groups.len());
                    groups.push(vec![thing]);
                }
            },
        }
    }
    groups
}

/// Puts together the items that are told in the same words but for their address, where they are, and
/// what is lost of each.
pub(super) fn items<'t, 'a>(items: &[&'t Item<'a>]) -> Vec<Vec<&'t Item<'a>>> {
    together(items, |item| item_key(item))
}

/// Puts together the drifts that are the same but for the gateway.
pub fn drifts(drifts: &[Drift]) -> Vec<Vec<&Drift>> {
    let drifts: Vec<&Drift> = drifts.iter().collect();
    together(&drifts, |drift| {
        let Drift {
            address: _,
            id: _,
            gone,
            fields,
        } = drift;
        serde_json::to_string(&(gone, fields)).ok()
    })
}

/// Writes down all of an item that a reader is told of it and that isn't told of each; nothing for one that
/// stands alone.
fn item_key(item: &Item<'_>) -> Option<String> {
    let Item {
        step,
        risk,
        // Each is listed by itself, with its line.
        group: _,
        block: _,
        fields: _,
        // The same for a kind.
        guard: _,
        billed: _,
        moved_from,
        likely_move,
        attributes,
        lifts_protection: _,
        growth,
        bill,
        portrait: _,
    } = item;
    let Step {
        address,
        action,
        reason,
        region: _,
        existing: _,
        before: _,
        after: _,
        changes,
        calls,
        calls_before_delete,
        create_before_destroy,
        owned,
        namesakes: _,
        seen: _,
        losses: _,
        depends_on: _,
        prevent_destroy: _,
        ignore_changes: _,
        successor,
        after_steps: _,
    } = step;
    if moved_from.is_some() || likely_move.is_some() || successor.is_some() {
        return None;
    }
    // What a replacement is made with is told only where no field says what is new about it.
    let attributes = Some(attributes).filter(|_| !step.changes_resource());
    let growth: Vec<_> = growth
        .iter()
        .map(|one| (one.unit, &one.before, &one.after))
        .collect();
    let reasons = (
        address.kind(),
        action,
        reason,
        risk.word(),
        bill.map(Bill::word),
    );
    let work = (
        changes,
        calls,
        calls_before_delete,
        create_before_destroy,
        owned,
    );
    serde_json::to_string(&(reasons, work, attributes, growth)).ok()
}
