//! Whom the owner tags of recorded resources name.

use crate::model::{Address, Diagnostic, owned_address};
use crate::state::Record;

use super::{Inputs, Plan};

/// Notes recorded resources whose owner tag names somebody else than their record.
///
/// Two records that got each other's addresses would be changed into each other, or destroyed.
pub(super) fn note(inputs: &Inputs<'_>, plan: &mut Plan) {
    let Some(snapshot) = inputs.snapshot else {
        return;
    };
    for (address, record) in &inputs.state.resources {
        let Some(observed) = snapshot.found.get(&record.identity()) else {
            continue;
        };
        let told = match observed.owner.as_deref() {
            Some(owner) => match owned_address(&inputs.state.lineage, owner) {
                Some(named) => of_another_address(inputs, address, record, &named),
                None => Some(of_another_state(address, record, owner)),
            },
            // What gwplan made itself has a task, and had the tag from its first moment.
            None if inputs.ownership && record.task_id.is_some() => Some(lost(address, record)),
            None => None,
        };
        plan.diagnostics
            .extend(told.map(|told| told.about(address)));
    }
}

/// Tells of a tag that names another address: an error where that address is used for something else.
fn of_another_address(
    inputs: &Inputs<'_>,
    address: &Address,
    record: &Record,
    named: &Address,
) -> Option<Diagnostic> {
    let moved_here = record.made_for.as_ref() == Some(named);
    let used = inputs.desired.contains_key(named) || inputs.state.resources.contains_key(named);
    if named == address || moved_here || !used {
        return None;
    }
    let id = &record.id;
    let summary = format!(
        "{id} is recorded as {address}, but its tag gwplan:owner says that it was made for {named}"
    );
    Some(Diagnostic::error("wrong-owner", summary).help(format!(
        "if the state is corrupt, restore a good one; if {id} is meant to be {address}, say so: gwplan state retag {address}"
    )))
}

fn of_another_state(address: &Address, record: &Record, owner: &str) -> Diagnostic {
    let id = &record.id;
    Diagnostic::warning(
        "other-owner",
        format!("{id}, recorded as {address}, carries the tag gwplan:owner of another state: {owner}"),
    )
    .help(format!(
        "two states may manage it: let one of them forget it with `gwplan state rm`; if it is this state's, `gwplan state retag {address}` says so"
    ))
}

fn lost(address: &Address, record: &Record) -> Diagnostic {
    Diagnostic::warning(
        "lost-owner",
        format!(
            "{}, recorded as {address}, has lost its tag gwplan:owner",
            record.id
        ),
    )
    .help(format!(
        "without it, it is not found again if the state is lost: gwplan state retag {address}"
    ))
}
