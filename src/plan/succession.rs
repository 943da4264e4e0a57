//! What becomes of a replacement that was cut off after it had made the new resource.
//!
//! Two resources stand then for one address: the old one, and its successor. The files may have changed
//! since. So both are compared with what the files want now, and what becomes of each is planned.

use crate::model::{Desired, Phase, set_value_at};
use crate::state::{Record, Status};

use super::decide::create;
use super::guard::lifting_call;
use super::known::{Known, Sight, grouped};
use super::{Action, Fate, Loss, Plan, Reason, Step, Successor};

impl<'a> Known<'a> {
    /// Decides which of the two stays, by what the files want now.
    ///
    /// - The successor fits, or can be changed to fit: it takes its place, and the old one is deleted. So
    ///   it is also where both fit: then the replacement was asked for, and begun.
    /// - Only the old one does: it stays, and the successor is deleted.
    /// - Neither does: both are deleted, and a new one is made.
    pub(super) fn settle_succession(
        &self,
        successor: &'a Record,
        desired: &Desired,
        plan: &mut Plan,
    ) {
        let new = self.as_recorded(successor);
        // What is being made is compared with what was asked for until the cloud shows all of it.
        let new_as_asked = match new.phase() {
            Some(Phase::Ready) => new,
            _ => Known {
                sight: Sight::NotAsked,
                ..new
            },
        };
        let of_new = new_as_asked.differences(desired);
        let of_old = self.differences(desired);
        let requested = self.inputs.selection.replace.contains(self.address);
        let step = if new.is_usable() && !of_new.need_replacement() {
            self.note_ignored(&of_new, plan);
            self.succeeded(&new_as_asked, desired, plan)
        } else if self.is_usable() && !of_old.need_replacement() && !requested {
            self.note_ignored(&of_old, plan);
            let changes = of_old.changes;
            let mut step = self.update(desired, changes);
            step.successor = Some(self.deleted(successor));
            step.losses.extend(self.losses_of_successor(&step));
            step
        } else {
            self.note_ignored(&of_old, plan);
            let reason = if of_old.changes.is_empty() {
                Reason::Unfinished
            } else {
                Reason::Differs
            };
            let mut step = self.replace(desired, reason, of_old.changes, plan);
            step.successor = Some(self.deleted(successor));
            step.losses.extend(self.losses_of_successor(&step));
            step
        };
        plan.steps.push(step);
    }

    fn as_recorded(&self, record: &'a Record) -> Self {
        Self::new(
            self.inputs,
            self.schema,
            self.address,
            record,
            self.dependants,
        )
    }

    /// Tells whether the resource serves, or will once the cloud is done with it.
    fn is_usable(&self) -> bool {
        !matches!(self.sight, Sight::Gone)
            && matches!(self.record.status, Status::Ready | Status::Creating)
            && !matches!(self.phase(), Some(Phase::Failed | Phase::Leaving))
    }

    /// Plans that the successor, changed where the files have moved on, takes its place.
    fn succeeded(&self, new: &Known<'a>, desired: &Desired, plan: &mut Plan) -> Step {
        let wanted = new.keeping_ignored(desired);
        let differences = new.differences(&wanted);
        let mut after = new.attributes();
        for change in &differences.changes {
            set_value_at(&mut after, &change.path, change.after.clone());
        }
        let made = create(self.inputs, self.schema, &wanted, Reason::Unfinished);
        let mut step = Step {
            action: Action::Replace,
            create_before_destroy: true,
            after,
            calls: grouped(self.schema, &differences.changes),
            changes: self
                .differences(&wanted)
                .changes
                .into_iter()
                .chain(self.recorded_changes(desired))
                .collect(),
            successor: Some(Successor {
                identity: new.record.identity(),
                fate: Fate::Kept,
                before: new.attributes(),
                calls_before_delete: Vec::new(),
            }),
            ..self.over(made)
        };
        self.guard(&mut step, "replace", plan);
        step
    }

    /// Plans that a successor is deleted.
    ///
    /// It never took its place, and gwplan itself has protected it: that protection is lifted without
    /// being asked for, or nothing could ever delete it while the files want the old one protected.
    pub(super) fn deleted(&self, successor: &'a Record) -> Successor {
        let new = self.as_recorded(successor);
        let before = new.attributes();
        Successor {
            identity: successor.identity(),
            fate: Fate::Deleted,
            calls_before_delete: lifting_call(self.schema, &before).into_iter().collect(),
            before,
        }
    }

    /// Tells what is lost with a successor that a step deletes.
    pub(super) fn losses_of_successor(&self, step: &Step) -> Vec<Loss> {
        let (Some(_), Some(successor)) = (step.deleted_successor(), &self.record.successor) else {
            return Vec::new();
        };
        vec![Loss::Successor(successor.id.clone())]
    }
}
