//! Carries out one step.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::api::{Client, Error, ErrorKind};
use crate::event::{Event, Failure, Sink};
use crate::kinds::{self, Kind};
use crate::model::{Address, Attributes, Fault, Identity, Observed};
use crate::plan::{Action, Step};
use crate::state::{Record, Status};

use super::record::Recorder;
use super::watch::{Outcome, Request, Until, Watcher, pause_while_busy};

/// Holds what every step needs.
#[derive(Clone)]
pub(super) struct Crew {
    pub(super) client: Client,
    pub(super) recorder: Recorder,
    pub(super) watcher: Watcher,
    pub(super) events: Sink,
    pub(super) create_limit: Duration,
    pub(super) delete_limit: Duration,
    pub(super) stop: watch::Receiver<bool>,
}

/// Says why a step did not end well.
pub(super) enum Trouble {
    /// It failed.
    Failed(Failure),
    /// The state could not be written: nothing more may be begun.
    Unrecorded(Failure),
    /// The run was interrupted while the cloud was at work.
    Interrupted,
}

impl Trouble {
    fn failed(summary: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Failed(Failure {
            summary: summary.into(),
            help: help.into(),
        })
    }
}

/// Carries out a step and returns the id of its resource.
pub(super) async fn carry_out(
    step: Arc<Step>,
    record: Option<Record>,
    crew: Crew,
) -> Result<String, Trouble> {
    let Some(kind) = kinds::find(step.address.kind()) else {
        return Err(Trouble::failed(
            format!("gwplan knows no kind {:?}", step.address.kind()),
            "",
        ));
    };
    let job = Job {
        step: &step,
        kind,
        crew: &crew,
        started: Instant::now(),
    };
    match (step.action, record, &step.existing) {
        (Action::Create, _, _) => job.create().await,
        (Action::Replace, Some(record), Some(identity)) => {
            job.delete(record, identity).await?;
            job.create().await
        }
        (Action::Delete, Some(record), Some(identity)) => job.delete(record, identity).await,
        (Action::AwaitCreate, Some(record), Some(identity)) => {
            job.await_ready(record, identity.clone()).await
        }
        (Action::AwaitDelete, Some(record), Some(identity)) => {
            job.await_gone(record, identity).await
        }
        (Action::Forget, _, Some(identity)) => {
            job.forget().await?;
            Ok(identity.id.clone())
        }
        (Action::Update, ..) | (_, None, _) | (_, _, None) => Err(Trouble::failed(
            format!(
                "the plan asks for something that can't be done: {:?} of {}",
                step.action, step.address
            ),
            "make a new plan",
        )),
    }
}

struct Job<'a> {
    step: &'a Step,
    kind: &'static dyn Kind,
    crew: &'a Crew,
    started: Instant,
}

impl Job<'_> {
    fn address(&self) -> &Address {
        &self.step.address
    }

    async fn create(&self) -> Result<String, Trouble> {
        let call = self.kind.create(&self.step.after);
        let accepted = self.crew.client.call(&self.step.region, call).await;
        let accepted = accepted.map_err(|error| self.create_failed(&error))?;
        let record = Record {
            kind: self.step.address.kind().to_owned(),
            id: accepted.id.clone(),
            task_id: accepted.task_id.clone(),
            status: Status::Creating,
            cloud_status: accepted.status,
            region: self.step.region.clone(),
            depends_on: self.step.depends_on.clone(),
            prevent_destroy: self.step.prevent_destroy,
            applied: self.step.after.clone(),
            observed: Attributes::new(),
        };
        let identity = record.identity();
        self.crew
            .recorder
            .put(self.address(), record.clone())
            .await
            .map_err(|fault| self.unrecorded(&identity, &fault))?;
        self.tell_accepted(accepted.id, accepted.task_id);
        self.await_ready(record, identity).await
    }

    async fn await_ready(&self, mut record: Record, identity: Identity) -> Result<String, Trouble> {
        let limit = self.crew.create_limit;
        match self
            .wait(&identity, &record.cloud_status, Until::Ready, limit)
            .await
        {
            Outcome::Reached(observed) => {
                record.status = Status::Ready;
                self.settle(record, observed.as_ref()).await?;
                Ok(identity.id)
            }
            Outcome::Failed(observed) => {
                record.status = Status::Tainted;
                let status = observed.status.clone();
                self.settle(record, Some(&observed)).await?;
                Err(Trouble::failed(
                    format!(
                        "the cloud gave up on {}: its status is {status}",
                        identity.id
                    ),
                    "it is recorded as tainted: the next apply replaces it; the console may say why",
                ))
            }
            Outcome::Vanished => Err(Trouble::failed(
                format!(
                    "{} was deleted by someone else while it was being made",
                    identity.id
                ),
                "plan again: it is planned anew",
            )),
            Outcome::TimedOut(status) => Err(Trouble::failed(
                format!("{} is still {status} after {}", identity.id, show(limit)),
                "it stays recorded as creating: the next apply goes on waiting; `timeouts.create` in gwplan.yaml sets how long",
            )),
            Outcome::Interrupted => Err(Trouble::Interrupted),
        }
    }

    async fn delete(&self, mut record: Record, identity: &Identity) -> Result<String, Trouble> {
        match self.send_delete(identity).await? {
            Sent::Accepted(status) => {
                record.status = Status::Deleting;
                record.cloud_status = status;
                self.settle(record.clone(), None).await?;
                self.tell_accepted(identity.id.clone(), None);
                self.await_gone(record, identity).await
            }
            Sent::AlreadyGone => {
                self.forget().await?;
                Ok(identity.id.clone())
            }
        }
    }

    /// Sends the delete, again and again while the cloud is busy with the resource.
    async fn send_delete(&self, identity: &Identity) -> Result<Sent, Trouble> {
        loop {
            let answer = self
                .crew
                .client
                .call(&identity.region, self.kind.delete(&identity.id))
                .await;
            match answer {
                Ok(accepted) => return Ok(Sent::Accepted(accepted.status)),
                Err(error) if error.kind == ErrorKind::Absent => return Ok(Sent::AlreadyGone),
                Err(error)
                    if error.kind == ErrorKind::Conflict
                        && self.started.elapsed() < self.crew.delete_limit =>
                {
                    if *self.crew.stop.borrow() {
                        return Err(Trouble::Interrupted);
                    }
                    (self.crew.events)(Event::Waiting {
                        address: self.address().clone(),
                        status: "busy".to_owned(),
                        elapsed: self.started.elapsed(),
                    });
                    pause_while_busy(self.started).await;
                }
                Err(error) => return Err(self.refused(&error)),
            }
        }
    }

    async fn await_gone(&self, record: Record, identity: &Identity) -> Result<String, Trouble> {
        let limit = self.crew.delete_limit;
        match self
            .wait(identity, &record.cloud_status, Until::Gone, limit)
            .await
        {
            Outcome::Reached(_) | Outcome::Vanished => {
                self.forget().await?;
                Ok(identity.id.clone())
            }
            Outcome::Failed(observed) => {
                let status = observed.status.clone();
                self.settle(record, Some(&observed)).await?;
                Err(Trouble::failed(
                    format!(
                        "the cloud could not delete {}: its status is {status}",
                        identity.id
                    ),
                    "look at it in the console, then apply again",
                ))
            }
            Outcome::TimedOut(status) => Err(Trouble::failed(
                format!("{} is still {status} after {}", identity.id, show(limit)),
                "it stays recorded as deleting: the next apply goes on waiting; `timeouts.delete` in gwplan.yaml sets how long",
            )),
            Outcome::Interrupted => Err(Trouble::Interrupted),
        }
    }

    async fn wait(
        &self,
        identity: &Identity,
        status: &str,
        until: Until,
        limit: Duration,
    ) -> Outcome {
        let request = Request {
            address: self.address().clone(),
            kind: self.kind,
            identity: identity.clone(),
            until,
            status: status.to_owned(),
            started: self.started,
            limit,
        };
        self.crew.watcher.wait(request).await
    }

    async fn settle(&self, mut record: Record, observed: Option<&Observed>) -> Result<(), Trouble> {
        if let Some(observed) = observed {
            record.observe(observed);
        }
        let identity = record.identity();
        self.crew
            .recorder
            .put(self.address(), record)
            .await
            .map_err(|fault| self.unrecorded(&identity, &fault))
    }

    async fn forget(&self) -> Result<(), Trouble> {
        self.crew
            .recorder
            .forget(self.address())
            .await
            .map_err(|fault| {
                Trouble::Unrecorded(Failure {
                    summary: format!("{} is gone from the cloud, but {fault}", self.address()),
                    help: "mend that and apply again: its record is then dropped".to_owned(),
                })
            })
    }

    fn tell_accepted(&self, id: String, task_id: Option<String>) {
        (self.crew.events)(Event::Accepted {
            address: self.address().clone(),
            id,
            task_id,
        });
    }

    fn create_failed(&self, error: &Error) -> Trouble {
        if error.kind != ErrorKind::Ambiguous {
            return self.refused(error);
        }
        let name = self
            .step
            .after
            .get("name")
            .map(ToString::to_string)
            .unwrap_or_default();
        Trouble::failed(
            format!("the answer to the create was lost, so it may or may not exist now: {error}"),
            format!(
                "before you apply again, look in the console for one named {name} in {}: gwplan sends no create twice by itself",
                self.step.region
            ),
        )
    }

    fn refused(&self, error: &Error) -> Trouble {
        let field = error
            .field()
            .map(|field| format!(" (field `{field}`)"))
            .unwrap_or_default();
        Trouble::failed(
            format!("{error}{field}"),
            error.next_step().unwrap_or_default(),
        )
    }

    fn unrecorded(&self, identity: &Identity, fault: &Fault) -> Trouble {
        let Identity { region, id } = identity;
        Trouble::Unrecorded(Failure {
            summary: format!("{} is {id} in {region}, but {fault}", self.address()),
            help: format!("nothing more is begun; keep the id {id}: the state may not know it"),
        })
    }
}

enum Sent {
    Accepted(String),
    AlreadyGone,
}

fn show(limit: Duration) -> String {
    jiff::SignedDuration::try_from(limit)
        .map(|limit| format!("{limit:#}"))
        .unwrap_or_default()
}
