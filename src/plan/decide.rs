//! What is to be done about each resource.

use std::collections::BTreeSet;

use crate::model::{
    Address, Attributes, Desired, Diagnostic, Fault, FieldPath, Identity, Observed, Phase, Value,
};
use crate::schema::ResourceSchema;
use crate::state::{Record, Status};

use super::diff::{Sides, diff};
use super::{Action, FieldChange, Goal, How, Inputs, Plan, Reason, Step};

/// Decides about every address that the files or the state hold; the steps come out by address.
pub(super) fn decide(inputs: &Inputs<'_>) -> Result<Plan, Fault> {
    let mut plan = Plan {
        refreshed: inputs.snapshot.is_some(),
        ..Plan::default()
    };
    let addresses: BTreeSet<&Address> = inputs
        .desired
        .keys()
        .chain(inputs.state.resources.keys())
        .collect();
    for address in addresses {
        let desired = inputs
            .desired
            .get(address)
            .filter(|_| inputs.goal == Goal::Converge);
        match (desired, inputs.state.resources.get(address)) {
            (Some(desired), None) => plan.steps.push(create(desired, Reason::New)),
            (Some(desired), Some(record)) => keep(inputs, desired, record, &mut plan)?,
            (None, Some(record)) => leave(inputs, address, record, &mut plan),
            (None, None) => {}
        }
    }
    warn_of_namesakes(inputs, &mut plan);
    Ok(plan)
}

/// Says what is known about a recorded resource.
enum Sight<'a> {
    /// The cloud shows it.
    Seen(&'a Observed),
    /// The cloud says it is not there.
    Gone,
    /// The cloud was not asked.
    NotAsked,
}

fn sight<'a>(inputs: &Inputs<'a>, record: &Record) -> Sight<'a> {
    let Some(snapshot) = inputs.snapshot else {
        return Sight::NotAsked;
    };
    let identity = record.identity();
    match snapshot.found.get(&identity) {
        Some(observed) => Sight::Seen(observed),
        None if snapshot.gone.contains(&identity) => Sight::Gone,
        None => Sight::NotAsked,
    }
}

/// Decides about a resource that the files and the state hold.
fn keep(
    inputs: &Inputs<'_>,
    desired: &Desired,
    record: &Record,
    plan: &mut Plan,
) -> Result<(), Fault> {
    let schema = schema_of(inputs, &desired.address, record)?;
    let sight = sight(inputs, record);
    if matches!(sight, Sight::Gone) {
        plan.steps.push(create(desired, Reason::Gone));
        return Ok(());
    }
    let (phase, word) = match &sight {
        Sight::Seen(observed) => (Some(observed.phase), observed.status.clone()),
        _ => (None, record.cloud_status.clone()),
    };
    match (record.status, phase) {
        (Status::Creating | Status::Tainted, Some(Phase::Failed)) | (Status::Tainted, _) => {
            guard(inputs, &desired.address, record, "replace", plan);
            plan.steps.push(replace(
                desired,
                record,
                &sight,
                Reason::Failed(word),
                Vec::new(),
            ));
        }
        (Status::Creating, _) => {
            let after = record.applied.clone();
            plan.steps.push(Step {
                after,
                ..existing(
                    Action::AwaitCreate,
                    Reason::Unfinished,
                    &desired.address,
                    record,
                    &sight,
                )
            });
        }
        (Status::Deleting, Some(Phase::Leaving) | None) => {
            plan.steps.push(replace(
                desired,
                record,
                &sight,
                Reason::Unfinished,
                Vec::new(),
            ));
        }
        (Status::Ready | Status::Deleting, _) => {
            note_state_in_cloud(&desired.address, phase, &word, plan);
            compare(inputs, schema, desired, record, &sight, plan);
        }
    }
    Ok(())
}

/// Compares a resource's attributes and plans what the difference needs.
fn compare(
    inputs: &Inputs<'_>,
    schema: &ResourceSchema,
    desired: &Desired,
    record: &Record,
    sight: &Sight<'_>,
    plan: &mut Plan,
) {
    let sides = Sides {
        desired: &desired.attributes,
        applied: &record.applied,
        observed: match sight {
            Sight::Seen(observed) => Some(&observed.attributes),
            _ => None,
        },
    };
    let mut changes = Vec::new();
    if desired.region != record.region {
        changes.push(FieldChange {
            path: FieldPath::from_iter(["region"]),
            before: Some(record.region.as_str().into()),
            after: Some(desired.region.as_str().into()),
            how: How::Replace,
        });
    }
    for change in diff(schema.fields, &sides) {
        if desired
            .ignore_changes
            .iter()
            .any(|ignored| change.path.is_within(ignored))
        {
            plan.ignored.push((desired.address.clone(), change.path));
        } else {
            changes.push(change);
        }
    }
    if changes.is_empty() {
        plan.unchanged.push(desired.address.clone());
        let updated = brought_up_to_date(desired, record, sight);
        if updated != *record {
            plan.bookkeeping.push((desired.address.clone(), updated));
        }
    } else if changes.iter().any(|change| change.how == How::Replace) {
        guard(inputs, &desired.address, record, "replace", plan);
        plan.steps
            .push(replace(desired, record, sight, Reason::Differs, changes));
    } else {
        let step = existing(
            Action::Update,
            Reason::Differs,
            &desired.address,
            record,
            sight,
        );
        plan.steps.push(Step {
            after: overlaid(&step.before, &desired.attributes),
            changes,
            depends_on: desired.depends_on.clone(),
            prevent_destroy: desired.prevent_destroy,
            ..step
        });
    }
}

/// Returns the record with what needs no call to the cloud.
fn brought_up_to_date(desired: &Desired, record: &Record, sight: &Sight<'_>) -> Record {
    let mut updated = record.clone();
    updated.depends_on.clone_from(&desired.depends_on);
    updated.prevent_destroy = desired.prevent_destroy;
    if let Sight::Seen(observed) = sight {
        updated.status = Status::Ready;
        updated.observe(observed);
    }
    updated
}

/// Decides about a resource that only the state holds, or that is to be destroyed.
fn leave(inputs: &Inputs<'_>, address: &Address, record: &Record, plan: &mut Plan) {
    let reason = match inputs.goal {
        Goal::Converge => Reason::LeftTheFiles,
        Goal::Destroy => Reason::Destroy,
    };
    let sight = sight(inputs, record);
    let action = match (&sight, record.status) {
        (Sight::Gone, _) => Action::Forget,
        (Sight::Seen(observed), _) if observed.phase == Phase::Leaving => Action::AwaitDelete,
        (Sight::NotAsked, Status::Deleting) => Action::AwaitDelete,
        _ => Action::Delete,
    };
    if action == Action::Delete {
        guard(inputs, address, record, "delete", plan);
    }
    plan.steps
        .push(existing(action, reason, address, record, &sight));
}

/// Refuses to destroy what `preventDestroy` protects.
///
/// Where the files don't say, the record does: so taking a resource out of the YAML lifts nothing.
fn guard(inputs: &Inputs<'_>, address: &Address, record: &Record, verb: &str, plan: &mut Plan) {
    let desired = inputs.desired.get(address);
    if !desired.map_or(record.prevent_destroy, |desired| desired.prevent_destroy) {
        return;
    }
    let help = match desired {
        Some(_) => {
            "set `lifecycle.preventDestroy: false` here, or undo the change that asks for this"
        }
        None => {
            "the state remembers the protection: put the resource back into the YAML, set `lifecycle.preventDestroy: false`, apply that, and then take it out"
        }
    };
    plan.diagnostics.push(
        Diagnostic::error(
            "protected",
            format!("the plan would {verb} {address}, which `preventDestroy` protects"),
        )
        .help(help)
        .at(desired.and_then(|desired| desired.location.clone())),
    );
}

fn note_state_in_cloud(address: &Address, phase: Option<Phase>, word: &str, plan: &mut Plan) {
    let (summary, help) = match phase {
        Some(Phase::Leaving) => (
            format!("{address} is being deleted, and not by gwplan"),
            "plan again when it is gone: then it is planned anew",
        ),
        Some(Phase::Failed) => (
            format!("the cloud says that {address} is {word}"),
            "look at it in the console; gwplan replaces only what it could not make",
        ),
        _ => return,
    };
    plan.diagnostics
        .push(Diagnostic::warning("cloud-status", summary).help(help));
}

/// Warns where the cloud has a resource of the same name that the state doesn't hold.
fn warn_of_namesakes(inputs: &Inputs<'_>, plan: &mut Plan) {
    let Some(snapshot) = inputs.snapshot else {
        return;
    };
    let recorded: BTreeSet<Identity> = inputs.state.identities().collect();
    let mut strangers: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for (identity, observed) in &snapshot.found {
        if let Some(name) = observed.attributes.get("name").and_then(Value::as_text)
            && !recorded.contains(identity)
            && observed.phase != Phase::Leaving
        {
            strangers.insert((identity.region.as_str(), name, identity.id.as_str()));
        }
    }
    for step in plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Create)
    {
        let Some(name) = step.after.get("name").and_then(Value::as_text) else {
            continue;
        };
        let from = (step.region.as_str(), name, "");
        for (_, _, id) in strangers
            .range(from..)
            .take_while(|(region, stranger, _)| (*region, *stranger) == (from.0, name))
        {
            plan.diagnostics.push(
                Diagnostic::warning(
                    "namesake",
                    format!(
                        "{} will be created, but the cloud already has {id} of the name {name:?}",
                        step.address
                    ),
                )
                .help("gwplan did not make that one: make sure that you want a second"),
            );
        }
    }
}

fn create(desired: &Desired, reason: Reason) -> Step {
    Step {
        address: desired.address.clone(),
        action: Action::Create,
        reason,
        region: desired.region.clone(),
        existing: None,
        before: Attributes::new(),
        after: desired.attributes.clone(),
        changes: Vec::new(),
        depends_on: desired.depends_on.clone(),
        prevent_destroy: desired.prevent_destroy,
        after_steps: Vec::new(),
    }
}

fn replace(
    desired: &Desired,
    record: &Record,
    sight: &Sight<'_>,
    reason: Reason,
    changes: Vec<FieldChange>,
) -> Step {
    let Step {
        existing, before, ..
    } = existing(
        Action::Replace,
        Reason::Differs,
        &desired.address,
        record,
        sight,
    );
    Step {
        action: Action::Replace,
        existing,
        before,
        changes,
        ..create(desired, reason)
    }
}

/// Begins a step about a resource that exists.
fn existing(
    action: Action,
    reason: Reason,
    address: &Address,
    record: &Record,
    sight: &Sight<'_>,
) -> Step {
    let before = match sight {
        // What the list doesn't show is known from the last apply.
        Sight::Seen(observed) => overlaid(&record.applied, &observed.attributes),
        _ => record.applied.clone(),
    };
    Step {
        address: address.clone(),
        action,
        reason,
        region: record.region.clone(),
        existing: Some(record.identity()),
        before,
        after: Attributes::new(),
        changes: Vec::new(),
        depends_on: record.depends_on.clone(),
        prevent_destroy: record.prevent_destroy,
        after_steps: Vec::new(),
    }
}

fn overlaid(base: &Attributes, over: &Attributes) -> Attributes {
    let mut merged = Value::Map(base.clone());
    merged.merge(Value::Map(over.clone()));
    match merged {
        Value::Map(map) => map,
        _ => Attributes::new(),
    }
}

fn schema_of(
    inputs: &Inputs<'_>,
    address: &Address,
    record: &Record,
) -> Result<&'static ResourceSchema, Fault> {
    (inputs.schemas)(&record.kind).ok_or_else(|| {
        Fault::new(format!(
            "the state's entry of {address} is of the kind {:?}, which this gwplan doesn't know",
            record.kind
        ))
        .hint("use the gwplan that wrote the state, or a newer one")
    })
}
