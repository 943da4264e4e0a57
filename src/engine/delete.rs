//! Deletes resources, and waits until they are gone.

use tokio::time::Instant;

use crate::api::ErrorKind;
use crate::model::{Attributes, Identity, set_value_at, value_at};
use crate::plan::{Action, Half, PlannedCall};
use crate::state::{Change, Record, Request, Status};

use super::step::{Job, Trouble, show};
use super::watch::{Outcome, Until};

/// What the cloud says to a delete.
enum Sent {
    Accepted(String),
    AlreadyGone,
}

impl Job<'_> {
    pub(super) async fn delete(&self, mut record: Record) -> Result<String, Trouble> {
        let identity = record.identity();
        self.check_unmoved(&identity).await?;
        self.give_up_successor(&mut record).await?;
        self.lift_protection(&mut record).await?;
        self.keep_ignored(&mut record).await?;
        match self.send_delete(&identity).await? {
            Sent::Accepted(status) => {
                record.status = Status::Deleting;
                record.cloud_status = status;
                self.settle(record.clone(), None).await?;
                self.tell_accepted(identity.id, None, Half::Unmake);
                self.await_gone(record).await
            }
            Sent::AlreadyGone => {
                self.let_go(record).await?;
                Ok(identity.id)
            }
        }
    }

    /// Notes the values of the fields that a replacement leaves alone, before the resource that has them goes.
    async fn keep_ignored(&self, record: &mut Record) -> Result<(), Trouble> {
        if self.step.action != Action::Replace || self.step.ignore_changes.is_empty() {
            return Ok(());
        }
        for path in &self.step.ignore_changes {
            set_value_at(
                &mut record.applied,
                path,
                value_at(&self.step.after, path).cloned(),
            );
        }
        let noted = Change::recorded(self.address(), record.clone());
        self.write(vec![noted]).await
    }

    /// Drops the record of a resource that is gone.
    ///
    /// That of one that is replaced stays until the new one takes its place: if the run ends before, it tells
    /// the next plan what was being done, and the values of the fields that are left alone.
    async fn let_go(&self, mut record: Record) -> Result<(), Trouble> {
        if self.step.action != Action::Replace {
            return self.forget().await;
        }
        record.status = Status::Deleting;
        self.settle(record, None).await
    }

    pub(super) async fn lift_protection(&self, record: &mut Record) -> Result<(), Trouble> {
        if self.step.calls_before_delete.is_empty() {
            return Ok(());
        }
        let (identity, calls) = (record.identity(), &self.step.calls_before_delete);
        self.lift(calls, &self.step.before, &identity, record).await
    }

    /// Switches off what keeps the cloud from deleting a resource.
    pub(super) async fn lift(
        &self,
        calls: &[PlannedCall],
        before: &Attributes,
        identity: &Identity,
        record: &Record,
    ) -> Result<(), Trouble> {
        let mut lifted = before.clone();
        for path in calls.iter().flat_map(|planned| &planned.paths) {
            set_value_at(&mut lifted, path, Some(false.into()));
        }
        for planned in calls {
            self.make_call(planned, &lifted, identity, record).await?;
            self.close().await?;
        }
        Ok(())
    }

    /// Deletes a resource that no record stands for alone, and waits until it is gone.
    pub(super) async fn delete_one(&self, identity: &Identity) -> Result<(), Trouble> {
        let sent = self.send_delete(identity).await?;
        self.close().await?;
        if let Sent::Accepted(status) = sent {
            self.until_gone(identity, &status).await?;
        }
        Ok(())
    }

    /// Sends the delete, again and again while the cloud is busy with the resource.
    async fn send_delete(&self, identity: &Identity) -> Result<Sent, Trouble> {
        let started = Instant::now();
        loop {
            let call = self.kind.delete(&identity.id);
            let request = Request::Delete {
                target: identity.clone(),
            };
            match self.send(&identity.region, call, request).await? {
                Ok(accepted) => return Ok(Sent::Accepted(accepted.status)),
                Err(error) if error.kind == ErrorKind::Absent => return Ok(Sent::AlreadyGone),
                Err(error)
                    if error.kind == ErrorKind::Conflict
                        && started.elapsed() < self.crew.delete_limit =>
                {
                    self.pause_for_conflict(started).await?;
                }
                Err(error) => return Err(self.refused(&error)),
            }
        }
    }

    pub(super) async fn await_gone(&self, record: Record) -> Result<String, Trouble> {
        let identity = record.identity();
        self.until_gone(&identity, &record.cloud_status).await?;
        self.let_go(record).await?;
        Ok(identity.id)
    }

    async fn until_gone(&self, identity: &Identity, status: &str) -> Result<(), Trouble> {
        let limit = self.crew.delete_limit;
        match self.wait(identity, status, Until::Gone, limit).await {
            Outcome::Reached(_) | Outcome::Vanished => Ok(()),
            Outcome::Failed(observed) => Err(Trouble::failed(
                format!(
                    "the cloud could not delete {}: its status is {}",
                    identity.id, observed.status
                ),
                "look at it in the console, then apply again",
            )),
            Outcome::TimedOut(status) => Err(Trouble::failed(
                format!("{} is still {status} after {}", identity.id, show(limit)),
                "it stays recorded as deleting: the next apply goes on waiting; `timeouts.delete` in gwplan.yaml sets how long",
            )),
            Outcome::Denied(error) => Err(self.denied(&error)),
            Outcome::Interrupted => Err(Trouble::Interrupted),
        }
    }
}
