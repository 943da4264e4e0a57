//! Resources in the cloud that no record holds.

use std::collections::BTreeSet;

use crate::model::{Address, Diagnostic, Identity, Observed, Phase, named_owner, owned_address};
use crate::state::State;

use super::decide::name_of;
use super::{Action, Inputs, Plan, Snapshot, Step};

/// A resource that was made for this state, and that the state does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Stray<'a> {
    /// The resource.
    pub identity: &'a Identity,
    /// What the cloud shows of it.
    pub observed: &'a Observed,
}

/// Finds the resources whose owner tag names this state's lineage and that it does not hold, with the
/// addresses that they were made for.
pub fn strays<'a>(state: &State, snapshot: &'a Snapshot) -> Vec<(Address, Stray<'a>)> {
    owned_strays(&state.lineage, &state.identities().collect(), snapshot)
}

fn owned_strays<'a>(
    lineage: &str,
    recorded: &BTreeSet<Identity>,
    snapshot: &'a Snapshot,
) -> Vec<(Address, Stray<'a>)> {
    let unknown = snapshot.found.iter().filter(|(identity, observed)| {
        observed.phase != Phase::Leaving && !recorded.contains(identity)
    });
    let owned = unknown.filter_map(|(identity, observed)| {
        let address = owned_address(lineage, observed.owner.as_deref()?)?;
        Some((address, Stray { identity, observed }))
    });
    owned.collect()
}

/// Notes the resources that no record holds where the plan makes one that may be meant to be it.
pub(super) fn note(inputs: &Inputs<'_>, plan: &mut Plan) {
    let Some(snapshot) = inputs.snapshot else {
        return;
    };
    let recorded: BTreeSet<Identity> = inputs.state.identities().collect();
    let strays = owned_strays(&inputs.state.lineage, &recorded, snapshot);
    for (address, stray) in &strays {
        let planned = plan
            .steps
            .iter()
            .any(|step| step.address == *address && makes(step));
        plan.diagnostics.push(told(address, *stray, planned));
    }
    let told: BTreeSet<(&str, &Address)> = strays
        .iter()
        .map(|(address, stray)| (stray.identity.id.as_str(), address))
        .collect();
    warn_of_namesakes(inputs, &recorded, snapshot, &told, plan);
}

/// Tells of a resource that was made for an address; making a second one is refused.
fn told(address: &Address, stray: Stray<'_>, planned: bool) -> Diagnostic {
    let Identity { region, id } = stray.identity;
    if planned {
        Diagnostic::error(
            "stray",
            format!(
                "{address} would be made, but {id} in {region} was made for it already and is in no record"
            ),
        )
        .help(format!(
            "take it over: gwplan import {address} {id}; or see `gwplan orphans` for how to delete or release it"
        ))
    } else {
        Diagnostic::warning(
            "stray",
            format!("{id} in {region} was made for {address} and is in no record"),
        )
        .help("see `gwplan orphans` for how to take it over, delete or release it")
    }
    .about(address)
}

/// Warns where the cloud has a resource of the same name that the state doesn't hold; a create keeps them in
/// mind, and none of them is taken for what it makes.
fn warn_of_namesakes(
    inputs: &Inputs<'_>,
    recorded: &BTreeSet<Identity>,
    snapshot: &Snapshot,
    told: &BTreeSet<(&str, &Address)>,
    plan: &mut Plan,
) {
    let mut strangers: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for (identity, observed) in &snapshot.found {
        if let Some(name) = name_of(&observed.attributes)
            && !recorded.contains(identity)
            && observed.phase != Phase::Leaving
        {
            strangers.insert((&identity.region, name, &identity.id));
        }
    }
    for step in &mut plan.steps {
        if !makes(step) {
            continue;
        }
        let Some(name) = name_of(&step.after) else {
            continue;
        };
        let from = (step.region.as_str(), name, "");
        let ids: Vec<String> = strangers
            .range(from..)
            .take_while(|(region, stranger, _)| (*region, *stranger) == (from.0, name))
            .map(|(_, _, id)| (*id).to_owned())
            .collect();
        if step.action == Action::Create {
            let own = |id: &&String| told.contains(&(id.as_str(), &step.address));
            for id in ids.iter().filter(|id| !own(id)) {
                let identity = Identity {
                    region: step.region.clone(),
                    id: id.clone(),
                };
                let owner = snapshot.found.get(&identity);
                let owner = owner.and_then(|observed| observed.owner.as_deref());
                let diagnostic = lost_state(&step.address, id, owner, inputs.other_states)
                    .unwrap_or_else(|| namesake(&step.address, id, name));
                plan.diagnostics.push(diagnostic);
            }
        }
        let own = told.iter().filter(|(_, address)| **address == step.address);
        let own = own.map(|(id, _)| (*id).to_owned());
        // Whoever approves a create approves it beside these: they are part of the plan.
        step.namesakes = ids.into_iter().chain(own).collect();
        step.namesakes.sort_unstable();
        step.namesakes.dedup();
    }
}

/// Refuses a create where another state has made the same: most likely that state is this one, and was
/// lost, since it names the very address.
fn lost_state(
    address: &Address,
    id: &str,
    owner: Option<&str>,
    other_states: &BTreeSet<String>,
) -> Option<Diagnostic> {
    let (line, named) = named_owner(owner?)?;
    if named != *address || other_states.contains(line) {
        return None;
    }
    let summary = format!(
        "{address} would be created, but {id} was made for {address} by another state ({line})"
    );
    Some(
        Diagnostic::error("lost-state", summary)
            .help(format!(
                "if this project's state was lost, put it back, or take the gateway over: gwplan import {address} {id} --from-other-state; if it is another project's, say so in gwplan.yaml: state: {{ others: [{line}] }}"
            ))
            .about(address),
    )
}

/// Tells whether a step sends a create.
fn makes(step: &Step) -> bool {
    matches!(step.action, Action::Create | Action::Replace)
}

fn namesake(address: &Address, id: &str, name: &str) -> Diagnostic {
    let summary =
        format!("{address} will be created, but the cloud already has {id} of the name {name:?}");
    let help =
        format!("if that is the one that is meant, take it over: gwplan import {address} {id}");
    Diagnostic::warning("namesake", summary)
        .help(help)
        .about(address)
}
