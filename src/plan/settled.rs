//! What a plan settles in the record without any call to the cloud.

use crate::model::{Desired, Diagnostic, FieldPath, Location, Phase, set_value_at, value_at};
use crate::state::{Record, Status};

use super::Plan;
use super::known::{Differences, Known};

impl Known<'_> {
    /// Says which values the files no longer set and that stay in the cloud all the same.
    pub(super) fn note_kept(&self, differences: &Differences, plan: &mut Plan) {
        let desired = self.inputs.desired.get(self.address);
        let location = desired.and_then(|desired| desired.location.clone());
        for (path, value) in &differences.kept {
            let address = self.address;
            let summary = format!(
                "{address} no longer sets {path}; the cloud keeps the value that is there now: {value}"
            );
            plan.diagnostics.push(
                Diagnostic::warning("left-as-it-is", summary)
                    .help("no call resets this value: set the one that you want, or leave it as it is")
                    .about(address)
                    .at(location.clone()),
            );
        }
    }

    /// Says what stays in the cloud while other fields are changed, and takes it out of the record: it is
    /// gwplan's no more.
    pub(super) fn let_go_of_kept(&self, differences: &Differences, plan: &mut Plan) {
        self.note_kept(differences, plan);
        let mut record = self.record.clone();
        for (path, _) in &differences.kept {
            set_value_at(&mut record.applied, path, None);
        }
        if record != *self.record {
            plan.bookkeeping.push((self.address.clone(), record));
        }
    }

    /// Returns the record with what needs no call to the cloud.
    ///
    /// What agrees with the cloud without any call is as good as applied, so that it is cleared when
    /// the files drop it. What is ignored does not agree, and stays as it was applied; it keeps no other
    /// field from being brought up to date.
    pub(super) fn brought_up_to_date(&self, desired: &Desired, ignored: &[FieldPath]) -> Record {
        let mut updated = self.record.clone();
        updated.applied.clone_from(&desired.attributes);
        for path in ignored {
            let as_it_was = value_at(&self.record.applied, path).cloned();
            set_value_at(&mut updated.applied, path, as_it_was);
        }
        // What steers later plans is changed by steps alone; this was not kept at all until now.
        if updated.ignore_changes.is_none() && !desired.ignore_changes.is_empty() {
            updated.ignore_changes = Some(desired.ignore_changes.clone());
        }
        updated.source = desired.location.as_ref().map(Location::line);
        if let Some(observed) = self.observed() {
            if observed.phase == Phase::Ready {
                updated.status = Status::Ready;
            }
            updated.observe(observed);
        }
        updated
    }
}
