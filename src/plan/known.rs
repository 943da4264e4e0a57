//! What is to be done about a resource that the state holds.

use crate::model::{
    Address, Attributes, Desired, Diagnostic, FieldPath, Observed, Phase, Value, set_value_at,
    value_at,
};
use crate::schema::{Change, Read, ResourceSchema, field_at};
use crate::state::{Record, Status};

use super::decide::create;
use super::diff::{Difference, Sides, diff};
use super::guard::{
    Dependants, Doomed, addresses_lost, calls_after_create, check_prevent_destroy,
    lift_delete_guard, losses,
};
use super::{Action, FieldChange, Goal, How, Inputs, Loss, Plan, PlannedCall, Reason, Step};

/// A recorded resource with what is known about it.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) schema: &'static ResourceSchema,
    pub(super) address: &'a Address,
    pub(super) record: &'a Record,
    pub(super) sight: Sight<'a>,
    pub(super) dependants: &'a Dependants<'a>,
}

/// Says what the cloud says about a recorded resource.
#[derive(Clone, Copy)]
pub(super) enum Sight<'a> {
    /// It shows it.
    Seen(&'a Observed),
    /// It says that it is not there.
    Gone,
    /// It was not asked.
    NotAsked,
}

/// Holds how a resource differs from what the files want.
#[derive(Default)]
pub(super) struct Differences {
    /// What is to be changed, in the order of the table.
    pub(super) changes: Vec<FieldChange>,
    /// What `ignoreChanges` leaves alone.
    pub(super) ignored: Vec<FieldPath>,
    /// What the files no longer set, and what stays in the cloud all the same.
    pub(super) kept: Vec<(FieldPath, Value)>,
}

impl Differences {
    /// Tells whether only a new resource can be what the files want.
    pub(super) fn need_replacement(&self) -> bool {
        self.changes.iter().any(|change| change.how == How::Replace)
    }
}

impl<'a> Known<'a> {
    pub(super) fn new(
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

    pub(super) fn observed(&self) -> Option<&'a Observed> {
        match self.sight {
            Sight::Seen(observed) => Some(observed),
            _ => None,
        }
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        self.observed().map(|observed| observed.phase)
    }

    /// Decides about a resource that the files want.
    pub(super) fn keep(&self, desired: &Desired, plan: &mut Plan) {
        // Even where the old one is gone, its successor may be there and must not be lost.
        if let Some(successor) = self.record.successor.as_deref() {
            self.settle_succession(successor, desired, plan);
            return;
        }
        if matches!(self.sight, Sight::Gone) {
            // What gwplan itself was deleting is no work of others: a replacement goes on with what is ignored.
            let (wanted, reason) = match self.record.status {
                Status::Deleting => (self.keeping_ignored(desired), Reason::Unfinished),
                _ => (desired.clone(), Reason::Gone),
            };
            plan.steps
                .push(create(self.inputs, self.schema, &wanted, reason));
            return;
        }
        match (self.record.status, self.phase()) {
            (Status::Creating, Some(Phase::Failed)) | (Status::Tainted, _) => {
                let reason = Reason::Failed(self.status_word().to_owned());
                let step = self.replace(desired, reason, Vec::new(), plan);
                plan.steps.push(step);
            }
            // Its delete failed: it was in use once, and no create of gwplan's failed.
            (Status::Deleting, Some(Phase::Failed)) => {
                let step = self.replace(desired, Reason::Unfinished, Vec::new(), plan);
                plan.steps.push(step);
            }
            (Status::Creating, _) => self.await_create(desired, plan),
            (Status::Deleting, Some(Phase::Leaving) | None) => {
                let wanted = self.keeping_ignored(desired);
                let made = create(self.inputs, self.schema, &wanted, Reason::Unfinished);
                plan.steps.push(Step {
                    action: Action::Replace,
                    ..self.over(made)
                });
            }
            (Status::Ready | Status::Deleting, phase) => {
                self.note_cloud_status(phase, plan);
                self.compare(desired, plan);
            }
        }
    }

    fn status_word(&self) -> &'a str {
        self.observed()
            .map_or(&self.record.cloud_status, |observed| &observed.status)
    }

    /// Waits for a create that the cloud has taken on, and plans what the files want otherwise by now.
    ///
    /// The files may have been edited since the create was sent, so it is compared like any other
    /// resource: with what was asked for, as long as the cloud does not show all of it.
    fn await_create(&self, desired: &Desired, plan: &mut Plan) {
        let shown = self
            .observed()
            .filter(|observed| observed.phase == Phase::Ready);
        let asked = Self {
            sight: shown.map_or(Sight::NotAsked, Sight::Seen),
            ..*self
        };
        // The create is not over before these calls are made, so no field of theirs is ignored yet.
        let owed = calls_after_create(
            self.schema.fields,
            &desired.attributes,
            self.inputs.ownership,
        );
        let owed: Vec<&FieldPath> = owed.iter().flat_map(|planned| &planned.paths).collect();
        let wanted = Desired {
            ignore_changes: desired
                .ignore_changes
                .iter()
                .filter(|ignored| !owed.iter().any(|path| path.is_within(ignored)))
                .cloned()
                .collect(),
            ..desired.clone()
        };
        let differences = asked.differences(&wanted);
        self.note_ignored(&differences, plan);
        if differences.need_replacement() {
            let step = self.replace(desired, Reason::Differs, differences.changes, plan);
            plan.steps.push(step);
            return;
        }
        self.let_go_of_kept(&differences, plan);
        let update = asked.update(desired, differences.changes);
        plan.steps.push(Step {
            action: Action::AwaitCreate,
            reason: Reason::Unfinished,
            seen: None,
            ..update
        });
    }

    /// Compares a resource's attributes and plans what the difference needs.
    fn compare(&self, desired: &Desired, plan: &mut Plan) {
        let differences = self.differences(desired);
        self.note_ignored(&differences, plan);
        let requested = self.inputs.selection.replace.contains(self.address);
        if requested {
            let step = self.replace(desired, Reason::Requested, differences.changes, plan);
            plan.steps.push(step);
        } else if differences.changes.is_empty() {
            let recorded = self.recorded_changes(desired);
            if recorded.is_empty() {
                plan.unchanged.push(self.address.clone());
            } else {
                plan.steps.push(self.record_step(desired, recorded));
            }
            self.note_kept(&differences, plan);
            let updated = self.brought_up_to_date(desired, &differences.ignored);
            if updated != *self.record {
                plan.bookkeeping.push((self.address.clone(), updated));
            }
        } else if differences.need_replacement() {
            let step = self.replace(desired, Reason::Differs, differences.changes, plan);
            plan.steps.push(step);
        } else {
            self.let_go_of_kept(&differences, plan);
            plan.steps.push(self.update(desired, differences.changes));
        }
    }

    /// Finds out how the resource differs from what the files want.
    pub(super) fn differences(&self, desired: &Desired) -> Differences {
        let sides = Sides {
            desired: &desired.attributes,
            applied: &self.record.applied,
            observed: self.observed().map(|observed| &observed.attributes),
        };
        let mut found = Differences::default();
        if desired.region != self.record.region {
            found.changes.push(FieldChange {
                path: FieldPath::from_iter(["region"]),
                before: Some(self.record.region.as_str().into()),
                after: Some(desired.region.as_str().into()),
                how: How::Replace,
                drifted: false,
            });
        }
        let is_ignored = |path: &FieldPath| path.is_within_any(&desired.ignore_changes);
        let Difference { changes, kept } = diff(self.schema.fields, &sides);
        for change in changes {
            if is_ignored(&change.path) {
                found.ignored.push(change.path);
            } else {
                found.changes.push(change);
            }
        }
        found.kept = kept;
        found.kept.retain(|(path, _)| !is_ignored(path));
        found
    }

    pub(super) fn note_ignored(&self, differences: &Differences, plan: &mut Plan) {
        let ignored = differences.ignored.iter();
        plan.ignored
            .extend(ignored.map(|path| (self.address.clone(), path.clone())));
    }

    /// Plans that what only gwplan knows goes into the record.
    fn record_step(&self, desired: &Desired, changes: Vec<FieldChange>) -> Step {
        let step = self.step(Action::Record, Reason::Differs);
        Step {
            after: step.before.clone(),
            changes,
            // The resource itself is not looked at again.
            seen: None,
            depends_on: desired.depends_on.clone(),
            prevent_destroy: desired.prevent_destroy,
            ignore_changes: desired.ignore_changes.clone(),
            ..step
        }
    }

    /// Finds what the files say otherwise than the record about what only gwplan knows.
    ///
    /// It steers later plans, so it must be seen in one as anything else: a protection that is lifted in
    /// silence is none.
    pub(super) fn recorded_changes(&self, desired: &Desired) -> Vec<FieldChange> {
        let record = self.record;
        let texts = |all: &mut dyn Iterator<Item = String>| {
            let mut all: Vec<Value> = all.map(|one| Value::from(one.as_str())).collect();
            all.sort_by_key(ToString::to_string);
            (!all.is_empty()).then_some(Value::List(all))
        };
        let addresses = |all: &[Address]| texts(&mut all.iter().map(ToString::to_string));
        let paths = |all: &[FieldPath]| texts(&mut all.iter().map(ToString::to_string));
        let flag = |flag: bool| flag.then_some(Value::Bool(true));
        let ignored = record.ignore_changes.as_deref();
        let sides = [
            (
                &["dependsOn"][..],
                addresses(&record.depends_on),
                addresses(&desired.depends_on),
            ),
            (
                &["lifecycle", "ignoreChanges"],
                // Records of versions that did not keep it say nothing: it is taken over as it is.
                paths(ignored.unwrap_or(&desired.ignore_changes)),
                paths(&desired.ignore_changes),
            ),
            (
                &["lifecycle", "preventDestroy"],
                flag(record.prevent_destroy),
                flag(desired.prevent_destroy),
            ),
        ];
        let differing = sides
            .into_iter()
            .filter(|(_, before, after)| before != after);
        differing
            .map(|(path, before, after)| FieldChange {
                path: path.iter().copied().collect(),
                before,
                after,
                how: How::Record,
                drifted: false,
            })
            .collect()
    }

    /// Plans the calls that change the resource while it lives.
    pub(super) fn update(&self, desired: &Desired, mut changes: Vec<FieldChange>) -> Step {
        let step = self.step(Action::Update, Reason::Differs);
        let mut after = step.before.clone();
        for change in &changes {
            set_value_at(&mut after, &change.path, change.after.clone());
        }
        // They are lost once, however many fields go with them.
        let taken = changes.iter().any(|one| takes_away(self.schema, one));
        let losses = if taken {
            addresses_lost(self.schema, self.record, self.observed())
        } else {
            Vec::new()
        };
        let calls = grouped(self.schema, &changes);
        changes.extend(self.recorded_changes(desired));
        Step {
            after,
            calls,
            changes,
            losses,
            depends_on: desired.depends_on.clone(),
            prevent_destroy: desired.prevent_destroy,
            ignore_changes: desired.ignore_changes.clone(),
            ..step
        }
    }

    /// Plans to delete the resource and to make a new one.
    pub(super) fn replace(
        &self,
        desired: &Desired,
        reason: Reason,
        mut changes: Vec<FieldChange>,
        plan: &mut Plan,
    ) -> Step {
        changes.extend(self.recorded_changes(desired));
        let wanted = self.keeping_ignored(desired);
        let made = create(self.inputs, self.schema, &wanted, reason);
        let mut step = Step {
            action: Action::Replace,
            changes,
            create_before_destroy: desired.create_before_destroy,
            ..self.over(made)
        };
        self.guard(&mut step, "replace", plan);
        step
    }

    /// Returns what the files want, with what `ignoreChanges` names as it is now: a replacement that
    /// gave these fields the files' values would change what it is said to leave alone.
    pub(super) fn keeping_ignored(&self, desired: &Desired) -> Desired {
        let mut wanted = desired.clone();
        for path in &desired.ignore_changes {
            set_value_at(&mut wanted.attributes, path, self.current(path).cloned());
        }
        wanted
    }

    /// Returns the value that a field has: as the cloud shows it, or where it does not, as it was last
    /// applied.
    fn current(&self, path: &FieldPath) -> Option<&'a Value> {
        let read = field_at(self.schema.fields, path).map(|field| field.read);
        match self.observed() {
            Some(observed) if read != Some(Read::Unlisted) => value_at(&observed.attributes, path),
            _ => value_at(&self.record.applied, path),
        }
    }

    /// Lays a step that makes a resource over the one that is there.
    pub(super) fn over(&self, made: Step) -> Step {
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
    pub(super) fn leave(&self, plan: &mut Plan) {
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
            Action::Delete => {
                self.guard(&mut step, "delete", plan);
                let successor = self.record.successor.as_deref();
                step.successor = successor.map(|successor| self.deleted(successor));
                step.losses.extend(self.losses_of_successor(&step));
            }
            Action::Forget => {
                step.owned = self.inputs.ownership && !matches!(self.sight, Sight::Gone);
                self.refuse_unfinished(plan);
            }
            _ => {}
        }
        plan.steps.push(step);
    }

    /// Refuses to give up a resource of which two exist: the state would forget the successor too.
    fn refuse_unfinished(&self, plan: &mut Plan) {
        let Some(successor) = &self.record.successor else {
            return;
        };
        let address = self.address;
        plan.diagnostics.push(
            Diagnostic::error(
                "unfinished-replacement",
                format!(
                    "{address} can't be given up: a replacement was interrupted, and both {} and {} exist",
                    self.record.id, successor.id
                ),
            )
            .help("take the `removed` entry out and apply, so that one of the two stays; then give that up")
            .about(address),
        );
    }

    /// Checks the protections of what a step destroys, and notes what is lost.
    pub(super) fn guard(&self, step: &mut Step, verb: &'static str, plan: &mut Plan) {
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
        step.losses = self.losses();
    }

    fn losses(&self) -> Vec<Loss> {
        losses(
            self.dependants,
            self.schema,
            self.address,
            self.record,
            self.observed(),
        )
    }

    /// Returns the attributes as they are: what the cloud doesn't show is known from the last apply.
    pub(super) fn attributes(&self) -> Attributes {
        let mut before = Value::Map(self.record.applied.clone());
        if let Some(observed) = self.observed() {
            before.merge(Value::Map(observed.attributes.clone()));
        }
        match before {
            Value::Map(before) => before,
            _ => Attributes::new(),
        }
    }

    /// Begins a step about a resource that exists.
    pub(super) fn step(&self, action: Action, reason: Reason) -> Step {
        let record = self.record;
        let observed = self.observed().map(|observed| &observed.attributes);
        Step {
            address: self.address.clone(),
            action,
            reason,
            region: record.region.clone(),
            existing: Some(record.identity()),
            before: self.attributes(),
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
            ignore_changes: record.ignore_changes.clone().unwrap_or_default(),
            successor: None,
            after_steps: Vec::new(),
        }
    }

    fn note_cloud_status(&self, phase: Option<Phase>, plan: &mut Plan) {
        let (address, word) = (self.address, self.status_word());
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
pub(super) fn grouped(schema: &ResourceSchema, changes: &[FieldChange]) -> Vec<PlannedCall> {
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
