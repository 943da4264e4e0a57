//! Changes a resource while it lives, one planned call after the other.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::ErrorKind;
use crate::crash;
use crate::kinds::{Handles, Target, tags};
use crate::model::{Attributes, Identity, Observed, Value, set_value_at, value_at};
use crate::plan::PlannedCall;
use crate::schema::{Read, field_at};
use crate::state::{Record, Request, Status};

use super::send::Settled;
use super::settle::agree;
use super::step::{Job, Place, Trouble, asked};
use super::tags::{TagChange, TagFailure};
use super::watch::{Outcome, Until};

/// How long the list may take to show what a call has set.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

fn update_of(planned: &PlannedCall, after: &Attributes, identity: &Identity) -> Request {
    let mut wanted = Attributes::new();
    for path in &planned.paths {
        set_value_at(&mut wanted, path, value_at(after, path).cloned());
    }
    Request::Update {
        target: identity.clone(),
        action: planned.action.clone(),
        paths: planned.paths.clone(),
        after: wanted,
    }
}

impl Job<'_> {
    /// Makes the planned calls in their order; after each, the record tells how far it came.
    ///
    /// A call counts as open until the cloud shows what it has set. A run that comes after a crash thus
    /// waits for that too, and plans nothing from what the cloud shows while it is at work.
    pub(super) async fn make_calls(
        &self,
        calls: &[PlannedCall],
        after: &Attributes,
        record: &mut Record,
        place: &Place,
    ) -> Result<(), Trouble> {
        let identity = record.identity();
        for planned in calls {
            self.make_call(planned, after, &identity, &place.holding(record))
                .await?;
            let shown = self.wait_until_shown(planned, after, record).await?;
            if !shown || !self.is_listed(planned) {
                self.wait_for_parts(planned, &identity).await?;
                self.wait_until_shown(planned, after, record).await?;
            }
            for path in &planned.paths {
                set_value_at(&mut record.applied, path, value_at(after, path).cloned());
            }
            self.settle_in(place, record.clone(), None).await?;
        }
        Ok(())
    }

    /// Waits until the resource runs and the list shows what the call has set; tells whether it does.
    ///
    /// The list may lag behind: it can show the resource as running before it shows it as changing.
    /// A cloud that never shows the value as it was sent is believed after a while; the next plan
    /// tells the difference.
    async fn wait_until_shown(
        &self,
        planned: &PlannedCall,
        after: &Attributes,
        record: &mut Record,
    ) -> Result<bool, Trouble> {
        let (identity, since) = (record.identity(), Instant::now());
        loop {
            let limit = self.crew.create_limit;
            match self
                .wait(&identity, &record.cloud_status, Until::Ready, limit)
                .await
            {
                Outcome::Reached(Some(observed)) => {
                    record.status = Status::Ready;
                    record.observe(&observed);
                    let shown = self.shows(&observed.attributes, planned, after)
                        && self.is_caught_up(&observed, planned, &identity).await;
                    if shown || since.elapsed() > SHOWN_WITHIN {
                        return Ok(shown);
                    }
                }
                outcome => {
                    if matches!(outcome, Outcome::Failed(_) | Outcome::Vanished) {
                        self.close().await?;
                    }
                    return Err(self.update_stuck(&planned.action, outcome));
                }
            }
        }
    }

    /// Tells whether the list shows all that a call sets: then it also tells when the call has done its work,
    /// for all who wait together. Otherwise the parts are asked about, one resource after the other.
    fn is_listed(&self, planned: &PlannedCall) -> bool {
        let fields = self.kind.schema().fields;
        let mut paths = planned.paths.iter();
        paths.all(|path| field_at(fields, path).is_some_and(|field| field.read == Read::Listed))
    }

    /// Tells whether the list shows what a call has set; of what needs a call of its own, it shows
    /// only whether that is there.
    fn shows(&self, observed: &Attributes, planned: &PlannedCall, after: &Attributes) -> bool {
        let fields = self.kind.schema().fields;
        planned.paths.iter().all(|path| {
            let wanted = value_at(after, path).filter(|value| value.as_text() != Some(""));
            let shown = value_at(observed, path);
            match field_at(fields, path).map(|field| field.read) {
                Some(Read::Listed) => shown == wanted,
                Some(Read::Detailed) if path.segments().len() == 1 => {
                    shown.is_some() == wanted.is_some()
                }
                _ => true,
            }
        })
    }

    /// Tells whether the list shows what it has of a call that sets what it has not: a network's
    /// bandwidth stands in both places, and plans are held to the list.
    async fn is_caught_up(
        &self,
        listed: &Observed,
        planned: &PlannedCall,
        identity: &Identity,
    ) -> bool {
        let fields = self.kind.schema().fields;
        let detailed = planned
            .paths
            .iter()
            .filter_map(|path| field_at(fields, path))
            .any(|field| field.read == Read::Detailed);
        if !detailed {
            return true;
        }
        let call = self.kind.describe(&identity.id);
        let answer = self.crew.client.call(&identity.region, call).await;
        answer.is_ok_and(|own| agree(self.kind, &own.attributes, &listed.attributes))
    }

    /// Makes one call; what it set, and that it has ended, is for the caller to record.
    pub(super) async fn make_call(
        &self,
        planned: &PlannedCall,
        after: &Attributes,
        identity: &Identity,
        recorded: &Record,
    ) -> Result<(), Trouble> {
        if planned.action == tags::CALL {
            return self.change_tags(planned, after, identity).await;
        }
        let started = Instant::now();
        loop {
            let handles = self.look_up(&planned.action, identity).await?;
            let target = Target {
                id: &identity.id,
                handles: &handles,
                paths: &planned.paths,
                after,
            };
            let Some(call) = self.kind.update(&planned.action, &target) else {
                return Err(Trouble::failed(
                    format!("gwplan knows no call {}", planned.action),
                    "make a new plan",
                ));
            };
            let intent = self.intend(update_of(planned, after, identity)).await?;
            let error = match self.send_intended(&identity.region, call).await? {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let in_time = started.elapsed() < self.crew.create_limit;
            match error.kind {
                ErrorKind::Conflict if in_time => self.pause_for_conflict(started).await?,
                ErrorKind::Ambiguous if in_time => {
                    let settled = self.settle_lost(&intent, Some(recorded), &error).await?;
                    if matches!(settled, Settled::Done(_)) {
                        return Ok(());
                    }
                }
                ErrorKind::Retryable | ErrorKind::Ambiguous => return Err(self.lost(&error)),
                // The list may still show what is gone: its protection needs no lifting.
                ErrorKind::Absent if self.step.calls_before_delete.contains(planned) => {
                    return Ok(());
                }
                _ => return Err(self.refused(&error)),
            }
        }
    }

    async fn look_up(&self, action: &str, identity: &Identity) -> Result<Handles, Trouble> {
        match self.kind.lookup(action, &identity.id) {
            None => Ok(Handles {
                settled: true,
                ..Handles::default()
            }),
            Some(call) => {
                let (mut stop, mut halt) = (self.crew.stop.clone(), self.crew.halt.subscribe());
                let answer = tokio::select! {
                    biased;
                    () = asked(&mut stop) => return Err(self.stopped()),
                    () = asked(&mut halt) => return Err(self.stopped()),
                    answer = self.crew.client.call(&identity.region, call) => answer,
                };
                crash::point("what a change needs to know is answered");
                answer.map_err(|error| self.refused(&error))
            }
        }
    }

    /// A part of the resource may be at work when the resource itself says that it runs.
    async fn wait_for_parts(
        &self,
        planned: &PlannedCall,
        identity: &Identity,
    ) -> Result<(), Trouble> {
        let started = Instant::now();
        while started.elapsed() < self.crew.create_limit {
            if self.look_up(&planned.action, identity).await?.settled {
                return Ok(());
            }
            self.pause_for_conflict(started).await?;
        }
        Err(Trouble::failed(
            format!(
                "{} is still at work on a part of {}",
                planned.action, identity.id
            ),
            "plan again when the console shows it running",
        ))
    }

    async fn change_tags(
        &self,
        planned: &PlannedCall,
        after: &Attributes,
        identity: &Identity,
    ) -> Result<(), Trouble> {
        let mut change = TagChange::default();
        for path in &planned.paths {
            let Some(key) = path.segments().last() else {
                continue;
            };
            match value_at(after, path).and_then(Value::as_text) {
                Some(value) => {
                    change.set.insert(key.clone(), value.to_owned());
                }
                None => change.unset.push(key.clone()),
            }
        }
        if *self.crew.stop.borrow() || *self.crew.halt.borrow() {
            return Err(self.withdrawn().await);
        }
        let resource = self.kind.tag_resource(&identity.region, &identity.id);
        self.intend(update_of(planned, after, identity)).await?;
        self.sent.store(true, Ordering::Relaxed);
        crash::point("tags leave");
        let changed = self
            .crew
            .tagger
            .change(self.address(), &identity.region, resource, change)
            .await;
        crash::point("the tag service has answered");
        match changed {
            Ok(()) => Ok(()),
            Err(TagFailure::Refused(message)) => {
                self.close().await?;
                Err(Trouble::failed(
                    format!("the tags can't be changed: {message}"),
                    "see what the tag service says, then apply again",
                ))
            }
            Err(TagFailure::Unknown(error)) => Err(self.lost(&error)),
            Err(TagFailure::Unrecorded(fault)) => Err(self.unrecorded(None, &fault)),
            Err(TagFailure::NotSent) => Err(self.withdrawn().await),
        }
    }

    fn update_stuck(&self, action: &str, outcome: Outcome) -> Trouble {
        let address = self.address();
        match outcome {
            Outcome::Denied(error) => self.denied(&error),
            Outcome::Interrupted => Trouble::Interrupted,
            Outcome::Failed(observed) => Trouble::failed(
                format!("{address} is {} after {action}", observed.status),
                "look at it in the console, then plan again",
            ),
            Outcome::TimedOut(status) => Trouble::failed(
                format!("{address} is still {status} after {action}"),
                "what was done is recorded: plan again when it runs",
            ),
            Outcome::Vanished | Outcome::Reached(_) => Trouble::failed(
                format!("{address} was deleted by someone else while it was being changed"),
                "plan again",
            ),
        }
    }
}
