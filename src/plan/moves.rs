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
/// Entries form chains (a → b, later b → c): a record goes to the end of its chain. A chain that
/// comes back to its start has no end and is an error. An entry whose record is not there has done
/// its work, or never had any: that is a hint.
pub(super) fn resolve(inputs: &Inputs<'_>) -> Resolved {
    let mut diagnostics = Vec::new();
    let next = next_addresses(inputs.moved, &mut diagnostics);
    let mut moves = Vec::new();
    let mut taken: BTreeMap<&Address, &Address> = BTreeMap::new();
    for entry in inputs.moved {
        let Some(end) = end_of_chain(&entry.from, &next) else {
            diagnostics.push(circle(entry));
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
        records.extend(after.resources.remove(from).map(|record| (to, record)));
    }
    for (to, record) in records {
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

fn circle(entry: &Moved) -> Diagnostic {
    Diagnostic::error("bad-move", format!("the moves from {} come back to it", entry.from))
        .help("a chain of moves must end at an address that is in use: remove the oldest of these entries")
        .at(entry.location.clone())
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
