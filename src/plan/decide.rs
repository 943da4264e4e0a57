//! What is to be done about each resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Address, Attributes, Desired, Diagnostic, Fault, FieldPath, Location, Observed, Phase, Value,
    set_value_at, value_at,
};
use crate::schema::check::MAX_TAGS;
use crate::schema::{Change, ResourceSchema, field_at};
use crate::state::{Record, Status};

use super::diff::{Sides, diff};
use super::drift::drift;
use super::guard::{
    Dependants, Doomed, addresses_lost, calls_after_create, check_prevent_destroy, dependants,
    lift_delete_guard, losses,
};
use super::{Action, FieldChange, Goal, How, Inputs, Plan, PlannedCall, Reason, Step};
use super::{owners, strays};

/// Decides about every address that the files or the state hold; the steps come out by address.
pub(super) fn decide(inputs: &Inputs<'_>) -> Result<Plan, Fault> {
    let mut plan = Plan {
        refreshed: inputs.snapshot.is_some(),
        ..Plan::default()
    };
    if let Some(snapshot) = inputs.snapshot {
        plan.drift = drift(inputs.state, snapshot, inputs.schemas);
    }
    let dependants = dependants(inputs);
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
            (Some(desired), None) => {
                let schema = schema_of(inputs, address, address.kind())?;
                plan.steps
                    .push(create(inputs, schema, desired, Reason::New));
            }
            (Some(desired), Some(record)) => {
                let schema = schema_of(inputs, address, &record.kind)?;
                Known::new(inputs, schema, address, record, &dependants).keep(desired, &mut plan);
            }
            (None, Some(record)) => {
                let schema = schema_of(inputs, address, &record.kind)?;
                Known::new(inputs, schema, address, record, &dependants).leave(&mut plan);
            }
            (None, None) => {}
        }
    }
    check_removed(inputs, &mut plan);
    strays::note(inputs, &mut plan);
    owners::note(inputs, &mut plan);
    check_room_for_owner(inputs, &mut plan);
    hint_at_renames(inputs, &mut plan);
    Ok(plan)
}

/// A recorded resource with what is known about it.
struct Known<'a> {
    inputs: &'a Inputs<'a>,
    schema: &'static ResourceSchema,
    address: &'a Address,
    record: &'a Record,
    sight: Sight<'a>,
    dependants: &'a Dependants<'a>,
}

/// Says what the cloud says about a recorded resource.
#[derive(Clone, Copy)]
enum Sight<'a> {
    /// It shows it.
    Seen(&'a Observed),
    /// It says that it is not there.
    Gone,
    /// It was not asked.
    NotAsked,
}

impl<'a> Known<'a> {
    fn new(
        inputs: &'a Inputs<'a>,
        schema: &'static ResourceSchema,
        address: &'a Address,
        record: &'a Record,
        dependants: &'a Dependants<'a>,
    ) -> Self {
        let identity = record.identity();
        let sight = match inputs.snapshot {
            Some(snapshot) if snapshot.gone.contains(&identity) => Sight::Gone,
            Some(snapshot) => snapshot
                .found
                .get(&identity)
                .map_or(Sight::NotAsked, Sight::Seen),
            None => Sight::NotAsked,
        };
        Self {
            inputs,
            schema,
            address,
            record,
            sight,
            dependants,
        }
    }

    fn observed(&self) -> Option<&'a Observed> {
        match self.sight {
            Sight::Seen(observed) => Some(observed),
            _ => None,
        }
    }

    /// Decides about a resource that the files want.
    fn keep(&self, desired: &Desired, plan: &mut Plan) {
        // Even where the old one is gone, its successor may be there and must not be lost.
        if self.record.successor.is_some() {
            let made = create(self.inputs, self.schema, desired, Reason::Unfinished);
            let mut step = Step {
                action: Action::Replace,
                create_before_destroy: true,
                ..self.over(made)
            };
            self.guard(&mut step, "replace", plan);
            plan.steps.push(step);
            return;
        }
        if matches!(self.sight, Sight::Gone) {
            // What gwplan itself was deleting is no work of others.
            let reason = match self.record.status {
                Status::Deleting => Reason::Unfinished,
                _ => Reason::Gone,
            };
            plan.steps
                .push(create(self.inputs, self.schema, desired, reason));
            return;
        }
        let phase = self.observed().map(|observed| observed.phase);
        let word = self
            .observed()
            .map_or(&self.record.cloud_status, |observed| &observed.status);
        match (self.record.status, phase) {
            (Status::Creating | Status::Tainted | Status::Deleting, Some(Phase::Failed))
            | (Status::Tainted, _) => {
                let step = self.replace(desired, Reason::Failed(word.clone()), Vec::new(), plan);
                plan.steps.push(step);
            }
            (Status::Creating, _) => {
                let calls = calls_after_create(
                    self.schema.fields,
                    &desired.attributes,
                    self.inputs.ownership,
                );
                let mut after = self.record.applied.clone();
                for path in calls.iter().flat_map(|planned| &planned.paths) {
                    set_value_at(
                        &mut after,
                        path,
                        value_at(&desired.attributes, path).cloned(),
                    );
                }
                let step = self.step(Action::AwaitCreate, Reason::Unfinished);
                plan.steps.push(Step {
                    after,
                    calls,
                    ..step
                });
            }
            (Status::Deleting, Some(Phase::Leaving) | None) => {
                let made = create(self.inputs, self.schema, desired, Reason::Unfinished);
                plan.steps.push(Step {
                    action: Action::Replace,
                    ..self.over(made)
                });
            }
            (Status::Ready | Status::Deleting, _) => {
                self.note_cloud_status(phase, word, plan);
                self.compare(desired, plan);
            }
        }
    }

    /// Compares a resource's attributes and plans what the difference needs.
    fn compare(&self, desired: &Desired, plan: &mut Plan) {
        let ignored_before = plan.ignored.len();
        let changes = self.changes(desired, plan);
        let ignores = plan.ignored.len() > ignored_before;
        let requested = self.inputs.selection.replace.contains(self.address);
        if requested {
            let step = self.replace(desired, Reason::Requested, changes, plan);
            plan.steps.push(step);
        } else if changes.is_empty() {
            plan.unchanged.push(self.address.clone());
            let updated = self.brought_up_to_date(desired, ignores);
            if updated != *self.record {
                plan.bookkeeping.push((self.address.clone(), updated));
            }
        } else if changes.iter().any(|change| change.how == How::Replace) {
            let step = self.replace(desired, Reason::Differs, changes, plan);
            plan.steps.push(step);
        } else {
            plan.steps.push(self.update(desired, changes));
        }
    }

    fn changes(&self, desired: &Desired, plan: &mut Plan) -> Vec<FieldChange> {
        let sides = Sides {
            desired: &desired.attributes,
            applied: &self.record.applied,
            observed: self.observed().map(|observed| &observed.attributes),
        };
        let mut changes = Vec::new();
        if desired.region != self.record.region {
            changes.push(FieldChange {
                path: FieldPath::from_iter(["region"]),
                before: Some(self.record.region.as_str().into()),
                after: Some(desired.region.as_str().into()),
                how: How::Replace,
                drifted: false,
            });
        }
        for change in diff(self.schema.fields, &sides) {
            if desired
                .ignore_changes
                .iter()
                .any(|ignored| change.path.is_within(ignored))
            {
                plan.ignored.push((self.address.clone(), change.path));
            } else {
                changes.push(change);
            }
        }
        changes
    }

    fn update(&self, desired: &Desired, changes: Vec<FieldChange>) -> Step {
        let step = self.step(Action::Update, Reason::Differs);
        let mut after = step.before.clone();
        for change in &changes {
            set_value_at(&mut after, &change.path, change.after.clone());
        }
        let losses = changes
            .iter()
            .filter(|change| takes_away(self.schema, change))
            .flat_map(|_| addresses_lost(self.schema, self.record, self.observed()))
            .collect();
        Step {
            after,
            calls: grouped(self.schema, &changes),
            changes,
            losses,
            depends_on: desired.depends_on.clone(),
            prevent_destroy: desired.prevent_destroy,
            ..step
        }
    }

    fn replace(
        &self,
        desired: &Desired,
        reason: Reason,
        changes: Vec<FieldChange>,
        plan: &mut Plan,
    ) -> Step {
        let made = create(self.inputs, self.schema, desired, reason);
        let mut step = Step {
            action: Action::Replace,
            changes,
            create_before_destroy: desired.create_before_destroy,
            ..self.over(made)
        };
        self.guard(&mut step, "replace", plan);
        step
    }

    /// Lays a step that makes a resource over the one that is there.
    fn over(&self, made: Step) -> Step {
        let Step {
            existing,
            before,
            seen,
            ..
        } = self.step(Action::Replace, Reason::Differs);
        Step {
            existing,
            before,
            seen,
            ..made
        }
    }

    /// Decides about a resource that the files don't want, or that is to be destroyed.
    fn leave(&self, plan: &mut Plan) {
        let given_up = self
            .inputs
            .removed
            .iter()
            .any(|removed| removed.from == *self.address);
        // A successor is deleted along with the one that it was to replace, gone or not.
        let alone = self.record.successor.is_none();
        let (action, reason) = match (self.sight, self.record.status, self.inputs.goal) {
            (_, _, Goal::Converge) if given_up => (Action::Forget, Reason::Removed),
            (Sight::Gone, ..) if alone => (Action::Forget, Reason::Gone),
            (Sight::Seen(observed), _, _) if alone && observed.phase == Phase::Leaving => {
                (Action::AwaitDelete, Reason::Unfinished)
            }
            (Sight::NotAsked, Status::Deleting, _) if alone => {
                (Action::AwaitDelete, Reason::Unfinished)
            }
            (_, _, Goal::Converge) => (Action::Delete, Reason::LeftTheFiles),
            (_, _, Goal::Destroy) => (Action::Delete, Reason::Destroy),
        };
        let mut step = self.step(action, reason);
        match action {
            Action::Delete => self.guard(&mut step, "delete", plan),
            Action::Forget if !matches!(self.sight, Sight::Gone) => {
                step.owned = self.inputs.ownership;
            }
            _ => {}
        }
        plan.steps.push(step);
    }

    /// Checks the protections of what a step destroys, and notes what is lost.
    fn guard(&self, step: &mut Step, verb: &'static str, plan: &mut Plan) {
        let doomed = Doomed {
            address: self.address,
            record: self.record,
            before: &step.before,
            verb,
        };
        check_prevent_destroy(self.inputs, doomed, plan);
        if !matches!(self.sight, Sight::Gone) {
            step.calls_before_delete = lift_delete_guard(self.inputs, self.schema, doomed, plan);
        }
        step.losses = losses(
            self.dependants,
            self.schema,
            self.address,
            self.record,
            self.observed(),
        );
    }

    /// Begins a step about a resource that exists.
    fn step(&self, action: Action, reason: Reason) -> Step {
        let record = self.record;
        let observed = self.observed().map(|observed| &observed.attributes);
        let mut before = Value::Map(record.applied.clone());
        if let Some(observed) = observed {
            // What the cloud doesn't show is known from the last apply.
            before.merge(Value::Map(observed.clone()));
        }
        Step {
            address: self.address.clone(),
            action,
            reason,
            region: record.region.clone(),
            existing: Some(record.identity()),
            before: match before {
                Value::Map(before) => before,
                _ => Attributes::new(),
            },
            after: Attributes::new(),
            changes: Vec::new(),
            calls: Vec::new(),
            calls_before_delete: Vec::new(),
            create_before_destroy: false,
            owned: false,
            namesakes: Vec::new(),
            seen: observed.map(|observed| listed(self.schema, observed)),
            losses: Vec::new(),
            depends_on: record.depends_on.clone(),
            prevent_destroy: record.prevent_destroy,
            after_steps: Vec::new(),
        }
    }

    /// Returns the record with what needs no call to the cloud.
    fn brought_up_to_date(&self, desired: &Desired, ignores: bool) -> Record {
        let mut updated = self.record.clone();
        // What agrees with the cloud without any call is as good as applied, so that it is cleared
        // when the files drop it. What is ignored does not agree.
        if !ignores {
            updated.applied.clone_from(&desired.attributes);
        }
        updated.depends_on.clone_from(&desired.depends_on);
        updated.prevent_destroy = desired.prevent_destroy;
        updated.source = desired.location.as_ref().map(Location::line);
        if let Some(observed) = self.observed() {
            if observed.phase == Phase::Ready {
                updated.status = Status::Ready;
            }
            updated.observe(observed);
        }
        updated
    }

    fn note_cloud_status(&self, phase: Option<Phase>, word: &str, plan: &mut Plan) {
        let address = self.address;
        let (summary, help) = match phase {
            Some(Phase::Leaving) => (
                format!("{address} is being deleted, and this state does not know why"),
                "another run of gwplan may be at work, or someone else: plan again when it is gone",
            ),
            Some(Phase::Failed) => (
                format!("the cloud says that {address} is {word}"),
                "look at it in the console, or replace it with `--replace`",
            ),
            _ => return,
        };
        plan.diagnostics.push(
            Diagnostic::warning("cloud-status", summary)
                .help(help)
                .about(address),
        );
    }
}

/// What the list alone shows: that can be compared again without any further call.
fn listed(schema: &ResourceSchema, observed: &Attributes) -> Attributes {
    schema
        .listed()
        .filter_map(|field| Some((field.key.to_owned(), observed.get(field.key)?.clone())))
        .collect()
}

/// Tells whether a change takes away the thing that its field is about.
fn takes_away(schema: &ResourceSchema, change: &FieldChange) -> bool {
    let removal = field_at(schema.fields, &change.path).and_then(|field| match field.change {
        Change::Presence { remove, .. } => Some(remove),
        _ => None,
    });
    matches!(&change.how, How::InPlace(call) if Some(call.as_str()) == removal)
}

/// Puts changes together by the call that makes them, in the order of the kind's calls.
fn grouped(schema: &ResourceSchema, changes: &[FieldChange]) -> Vec<PlannedCall> {
    let mut calls = Vec::new();
    for action in schema.calls {
        let made_by =
            |change: &&FieldChange| matches!(&change.how, How::InPlace(call) if call == action);
        let paths: Vec<FieldPath> = changes
            .iter()
            .filter(made_by)
            .map(|change| change.path.clone())
            .collect();
        if !paths.is_empty() {
            calls.push(PlannedCall {
                action: (*action).to_owned(),
                paths,
            });
        }
    }
    calls
}

fn create(inputs: &Inputs<'_>, schema: &ResourceSchema, desired: &Desired, reason: Reason) -> Step {
    Step {
        address: desired.address.clone(),
        action: Action::Create,
        reason,
        region: desired.region.clone(),
        existing: None,
        before: Attributes::new(),
        after: desired.attributes.clone(),
        changes: Vec::new(),
        calls: calls_after_create(schema.fields, &desired.attributes, inputs.ownership),
        calls_before_delete: Vec::new(),
        create_before_destroy: false,
        owned: inputs.ownership,
        namesakes: Vec::new(),
        seen: None,
        losses: Vec::new(),
        depends_on: desired.depends_on.clone(),
        prevent_destroy: desired.prevent_destroy,
        after_steps: Vec::new(),
    }
}

/// Refuses to make what has so many tags that the owner tag has no room.
fn check_room_for_owner(inputs: &Inputs<'_>, plan: &mut Plan) {
    for step in plan.steps.iter().filter(|step| step.owned) {
        let tags = step.after.get("tags").and_then(Value::as_map);
        if tags.is_none_or(|tags| tags.len() < MAX_TAGS) {
            continue;
        }
        let address = &step.address;
        let location = inputs
            .desired
            .get(address)
            .and_then(|desired| desired.location.clone());
        plan.diagnostics.push(
            Diagnostic::error(
                "out-of-range",
                format!("{address} has {MAX_TAGS} tags, and gwplan's owner tag would be one more"),
            )
            .help(format!(
                "a resource takes up to {MAX_TAGS}: take one out, or set `provider.ownershipTag: false` in gwplan.yaml"
            ))
            .about(address)
            .at(location),
        );
    }
}

/// Refuses entries that give up what the files still want.
fn check_removed(inputs: &Inputs<'_>, plan: &mut Plan) {
    for removed in inputs.removed {
        let from = &removed.from;
        let diagnostic = if inputs.desired.contains_key(from) {
            Diagnostic::error(
                "bad-removed",
                format!("{from} is given up by `removed`, but the files still describe it"),
            )
            .help("take out one of the two")
        } else if inputs.state.resources.contains_key(from) {
            continue;
        } else {
            Diagnostic::warning("idle-removed", format!("there is no {from} to give up"))
                .help("the entry can go as soon as no other state needs it")
        };
        plan.diagnostics
            .push(diagnostic.about(from).at(removed.location.clone()));
    }
}

/// Hints where one address left the files and another of the same name and settings came in.
fn hint_at_renames(inputs: &Inputs<'_>, plan: &mut Plan) {
    let mut came: BTreeMap<(&str, Option<&str>), Vec<&Step>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.reason == Reason::New) {
        came.entry((&step.region, name_of(&step.after)))
            .or_default()
            .push(step);
    }
    let mut hints = Vec::new();
    for old in plan
        .steps
        .iter()
        .filter(|step| step.reason == Reason::LeftTheFiles)
    {
        let Some(record) = inputs.state.resources.get(&old.address) else {
            continue;
        };
        let alike = came
            .get(&(old.region.as_str(), name_of(&record.applied)))
            .into_iter()
            .flatten();
        let Some(new) = alike.into_iter().find(|new| new.after == record.applied) else {
            continue;
        };
        let (from, to) = (&old.address, &new.address);
        let location = inputs
            .desired
            .get(to)
            .and_then(|desired| desired.location.clone());
        hints.push(
            Diagnostic::warning(
                "likely-move",
                format!("{from} will be destroyed and its like created as {to}"),
            )
            .help(format!(
                "if only the key was renamed, this keeps it: moved: [{{ from: {from}, to: {to} }}]"
            ))
            .about(to)
            .at(location),
        );
    }
    plan.diagnostics.extend(hints);
}

pub(super) fn name_of(attributes: &Attributes) -> Option<&str> {
    attributes.get("name").and_then(Value::as_text)
}

fn schema_of(
    inputs: &Inputs<'_>,
    address: &Address,
    kind: &str,
) -> Result<&'static ResourceSchema, Fault> {
    (inputs.schemas)(kind).ok_or_else(|| {
        Fault::new(format!(
            "{address} is of the kind {kind:?}, which this gwplan doesn't know"
        ))
        .hint("use the gwplan that wrote the state, or a newer one")
    })
}
