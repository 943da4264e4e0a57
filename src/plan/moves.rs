//! Records that get another address.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Address, Diagnostic, Moved};
use crate::state::State;

use super::{Inputs, Move};

/// Holds what the `moved` entries come to.
pub(super) struct Resolved {
    pub(super) moves: Vec<Move>,
    /// The state after the moves.
    pub(super) state: State,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Works the `moved` entries out against the state.
///
/// Entries form chains (a → b, later b → c): a record goes to the end of its chain. A circle has no
/// end and is an error: the entries stay in the files, so every apply would go round once more. An
/// entry whose record is not there has done its work, or never had any: that is a hint.
pub(super) fn resolve(inputs: &Inputs<'_>) -> Resolved {
    let mut diagnostics = Vec::new();
    let next = next_addresses(inputs.moved, &mut diagnostics);
    let circles = circles(&next);
    diagnostics.extend(circles.iter().map(|circle| circle_fault(circle, inputs)));
    let mut moves = Vec::new();
    let mut taken: BTreeMap<&Address, &Address> = BTreeMap::new();
    for entry in inputs.moved {
        let Some(end) = end_of_chain(&entry.from, &next) else {
            continue;
        };
        if !inputs.state.resources.contains_key(&entry.from) {
            diagnostics.extend(unmatched(entry, end, inputs, &next));
            continue;
        }
        let leaves = next.contains_key(end);
        if inputs.state.resources.contains_key(end) && !leaves {
            diagnostics.push(occupied(entry, end, "the state holds that already"));
        } else if let Some(first) = taken.insert(end, &entry.from) {
            diagnostics.push(occupied(entry, end, &format!("{first} moves there too")));
        } else {
            moves.push(Move {
                from: entry.from.clone(),
                to: end.clone(),
            });
        }
    }
    moves.sort_by(|a, b| a.from.cmp(&b.from));
    let state = carry_out(inputs.state, &moves);
    Resolved {
        moves,
        state,
        diagnostics,
    }
}

/// Gives the records of a state their new addresses, all at once.
pub fn carry_out(state: &State, moves: &[Move]) -> State {
    let mut after = state.clone();
    let mut records = Vec::new();
    for Move { from, to } in moves {
        let record = after.resources.remove(from);
        records.extend(record.map(|record| (from, to, record)));
    }
    for (from, to, mut record) in records {
        let made_for = record.made_for.take().unwrap_or_else(|| from.clone());
        record.made_for = (made_for != *to).then_some(made_for);
        after.resources.insert(to.clone(), record);
    }
    let new: BTreeMap<&Address, &Address> =
        moves.iter().map(|Move { from, to }| (from, to)).collect();
    for record in after.resources.values_mut() {
        for target in &mut record.depends_on {
            if let Some(to) = new.get(target) {
                *target = (*to).clone();
            }
        }
    }
    after
}

fn next_addresses<'a>(
    moved: &'a [Moved],
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<&'a Address, &'a Address> {
    let mut next = BTreeMap::new();
    for entry in moved {
        if let Some(first) = next.insert(&entry.from, &entry.to)
            && *first != entry.to
        {
            let fault = Diagnostic::error(
                "bad-move",
                format!(
                    "{} is moved twice: to {first} and to {}",
                    entry.from, entry.to
                ),
            )
            .help("keep the one that is meant");
            diagnostics.push(fault.at(entry.location.clone()));
        }
    }
    next
}

fn end_of_chain<'a>(
    from: &'a Address,
    next: &BTreeMap<&'a Address, &'a Address>,
) -> Option<&'a Address> {
    let mut seen = BTreeSet::from([from]);
    let mut at = from;
    while let Some(further) = next.get(at) {
        if !seen.insert(further) {
            return None;
        }
        at = further;
    }
    Some(at)
}

/// Finds the circles, each once, whatever leads into it.
fn circles<'a>(next: &BTreeMap<&'a Address, &'a Address>) -> Vec<Vec<&'a Address>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in next.keys() {
        let mut way = Vec::new();
        let mut at = Some(*start);
        while let Some(address) = at
            && seen.insert(address)
        {
            way.push(address);
            at = next.get(address).copied();
        }
        if let Some(entry) = way.iter().position(|address| Some(*address) == at) {
            found.push(way.split_off(entry));
        }
    }
    found
}

fn circle_fault(circle: &[&Address], inputs: &Inputs<'_>) -> Diagnostic {
    let names: Vec<String> = circle.iter().map(ToString::to_string).collect();
    let summary = match names.as_slice() {
        [alone] => format!("{alone} is moved to itself"),
        _ => format!(
            "the moves form a cycle: {} → {}",
            names.join(" → "),
            names.first().map_or("", String::as_str)
        ),
    };
    let mut fault = Diagnostic::error("bad-move", summary).help(way_out(circle, inputs));
    let place = |address: &&Address| {
        let mut entries = inputs.moved.iter();
        entries
            .find(|entry| entry.from == **address)
            .and_then(|entry| entry.location.clone())
    };
    let mut places = circle.iter().filter_map(place);
    fault = fault.at(places.next());
    for further in places {
        fault = fault.related(further, "goes on here");
    }
    fault
}

/// Says how to get what the entries of a circle were written for.
fn way_out(circle: &[&Address], inputs: &Inputs<'_>) -> String {
    let records = &inputs.state.resources;
    if circle.len() == 1 || !circle.iter().all(|address| records.contains_key(*address)) {
        return "remove the entries that are done, so that the last of them ends at the address in use"
            .to_owned();
    }
    format!(
        "each apply would swap the records again: remove the entries, and swap once with {}",
        exchange(circle, inputs).join(", then ")
    )
}

/// Returns the commands that take the records of a circle one step on: the first steps aside, and
/// each of the others takes the place that has just become free.
fn exchange(circle: &[&Address], inputs: &Inputs<'_>) -> Vec<String> {
    let [first, others @ ..] = circle else {
        return Vec::new();
    };
    let spare = spare(first, inputs);
    let mut places = vec![spare.clone(), first.to_string()];
    places.extend(others.iter().rev().map(ToString::to_string));
    places.push(spare);
    let steps = places.windows(2);
    steps
        .filter_map(|step| match step {
            [to, from] => Some(format!("`gwplan state mv {from} {to}`")),
            _ => None,
        })
        .collect()
}

/// Finds an address that nothing has.
fn spare(like: &Address, inputs: &Inputs<'_>) -> String {
    let endings =
        std::iter::once(String::new()).chain((2_u32..).map(|number| format!("-{number}")));
    let mut names = endings.map(|ending| format!("{}.spare{ending}", like.kind()));
    let taken = |name: &str| {
        let mut held = inputs.state.resources.keys().chain(inputs.desired.keys());
        held.any(|address| address.to_string() == name)
    };
    names.find(|name| !taken(name)).unwrap_or_default()
}

fn occupied(entry: &Moved, end: &Address, why: &str) -> Diagnostic {
    Diagnostic::error("bad-move", format!("{} can't move to {end}: {why}", entry.from))
        .help("one address holds one resource: choose another address, or forget one of them with `gwplan state rm`")
        .at(entry.location.clone())
}

/// A middle link of a chain is there for those who are further behind: it deserves no hint.
fn unmatched(
    entry: &Moved,
    end: &Address,
    inputs: &Inputs<'_>,
    next: &BTreeMap<&Address, &Address>,
) -> Option<Diagnostic> {
    if next.values().any(|to| **to == entry.from) {
        return None;
    }
    let summary = if inputs.state.resources.contains_key(end) {
        format!("the move from {} to {end} is done", entry.from)
    } else {
        format!("there is no {} to move to {end}", entry.from)
    };
    let hint = Diagnostic::warning("idle-move", summary)
        .help("the entry can go as soon as no other state needs it");
    Some(hint.at(entry.location.clone()))
}
