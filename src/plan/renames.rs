//! Resources that leave the files while others of their names come in: likely the same ones, under new keys.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Address, Diagnostic};

use super::decide::name_of;
use super::{Inputs, Plan, Reason, Step};

/// Holds an address that left the files, and the one that it likely has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LikelyMove<'a> {
    /// The address before.
    pub from: &'a Address,
    /// The address after.
    pub to: &'a Address,
}

/// Finds them by the kind, the region and the name in the cloud.
///
/// Other settings may differ: a default tag can change with the key. Where several would do, the one that
/// differs in nothing goes first.
pub fn likely_moves(plan: &Plan) -> Vec<LikelyMove<'_>> {
    let of = |reason: Reason| plan.steps.iter().filter(move |step| step.reason == reason);
    let mut came: BTreeMap<_, Vec<&Step>> = BTreeMap::new();
    for step in of(Reason::New) {
        if let Some(name) = name_of(&step.after) {
            came.entry((step.address.kind(), &step.region, name))
                .or_default()
                .push(step);
        }
    }
    let mut taken = BTreeSet::new();
    let left = of(Reason::LeftTheFiles).filter_map(|old| {
        let key = (old.address.kind(), &old.region, name_of(&old.before)?);
        let alike = came.get(&key)?.iter();
        let mut alike: Vec<&&Step> = alike.filter(|new| !taken.contains(&new.address)).collect();
        alike.sort_by_key(|new| new.after != old.before);
        let new = alike.first()?;
        taken.insert(&new.address);
        Some(LikelyMove {
            from: &old.address,
            to: &new.address,
        })
    });
    left.collect()
}

/// Warns of them, at the block that came in.
pub(super) fn hint(inputs: &Inputs<'_>, plan: &mut Plan) {
    let hints = likely_moves(plan)
        .into_iter()
        .map(|LikelyMove { from, to }| {
            let desired = inputs.desired.get(to);
            let location = desired.and_then(|desired| desired.location.clone());
            let summary = format!("{from} will be destroyed, and {to}, of the same name, created");
            Diagnostic::warning("likely-move", summary)
            .help(format!(
                "if only the key was renamed, this keeps it: moved: [{{ from: {from}, to: {to} }}]"
            ))
            .about(to)
            .at(location)
        });
    let hints: Vec<Diagnostic> = hints.collect();
    plan.diagnostics.extend(hints);
}
