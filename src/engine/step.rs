//! Carries out one step.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use sha2::{Digest, Sha256};

use crate::api::{Client, Error};
use crate::event::{Event, Failure, Sink};
use crate::kinds::{self, Accepted, Kind};
use crate::model::{
    Address, Attributes, Clock, FieldPath, Identity, OWNER_KEY, Observed, SourceLine, hex,
    owner_tag, set_value_at,
};
use crate::plan::{Action, Half, Step};
use crate::state::{Change, Draft, Record, Request, Status};

use super::gate::Gate;
use super::look::Scout;
use super::orphans;
use super::record::Recorder;
use super::send::Made;
use super::settle::Inquirer;
use super::slots::Slot;
use super::tags::Tagger;
use super::watch::{Awaited, Outcome, Until, Watcher, pause_while_busy};

/// Holds what every step needs.
#[derive(Clone)]
pub(super) struct Crew {
    pub(super) client: Client,
    /// The way out for what changes the cloud.
    pub(super) gate: Gate,
    pub(super) recorder: Recorder,
    pub(super) watcher: Watcher,
    pub(super) tagger: Tagger,
    pub(super) scout: Scout,
    pub(super) inquirer: Inquirer,
    pub(super) clock: Clock,
    /// The lineage of the state, which owner tags name.
    pub(super) lineage: Arc<str>,
    pub(super) events: Sink,
    pub(super) create_limit: Duration,
    pub(super) delete_limit: Duration,
    pub(super) stop: watch::Receiver<bool>,
    /// Turned true by the first step whose record can't be written: nothing more may be sent.
    pub(super) halt: Arc<watch::Sender<bool>>,
}

/// Says why a step did not end well.
pub(super) enum Trouble {
    /// It failed.
    Failed(Failure),
    /// The state could not be written: nothing more may be begun.
    Unrecorded(Failure),
    /// The cloud refuses the credentials: whatever is begun would be refused as well.
    Denied(Failure),
    /// The run was interrupted while the cloud was at work.
    Interrupted,
    /// The run was interrupted before a request's turn to be sent came.
    NotSent,
}

impl Trouble {
    pub(super) fn failed(summary: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Failed(Failure {
            summary: summary.into(),
            help: help.into(),
        })
    }
}

/// Holds what a half of a step has come to.
pub(super) struct Done {
    /// The id of its resource.
    pub(super) id: String,
    /// Its record, where there is one for the other half to go on from.
    pub(super) record: Option<Record>,
}

impl Done {
    fn with(id: String) -> Self {
        Self { id, record: None }
    }
}

/// What one half of a step begins with.
pub(super) struct Begun {
    pub(super) half: Half,
    pub(super) started: Instant,
    /// Where its block stands in the files.
    pub(super) source: Option<SourceLine>,
    /// What is recorded of its resource.
    pub(super) record: Option<Record>,
    pub(super) slot: Slot,
}

/// Carries out one half of a step.
pub(super) async fn carry_out(step: Arc<Step>, begun: Begun, crew: Crew) -> Result<Done, Trouble> {
    let Begun {
        half,
        started,
        source,
        record,
        slot,
    } = begun;
    let Some(kind) = kinds::find(step.address.kind()) else {
        let kind = step.address.kind();
        return Err(Trouble::failed(
            format!("gwplan knows no kind {kind:?}"),
            "make a new plan",
        ));
    };
    let job = Job {
        step: &step,
        source,
        kind,
        crew: &crew,
        started,
        slot,
        looked: Mutex::default(),
        sent: AtomicBool::new(false),
        open: AtomicBool::new(false),
    };
    match (step.action, half, record) {
        (Action::Create, ..) => job.create().await.map(Done::with),
        (Action::Replace, Half::Make, _) if !step.create_before_destroy => {
            job.create().await.map(Done::with)
        }
        (Action::Record, _, Some(record)) => job.record(record).await.map(Done::with),
        (Action::Update, _, Some(record)) => job.update(record).await.map(Done::with),
        (Action::Replace, Half::Make, Some(record)) => job.make_successor(record).await,
        (Action::Replace, Half::Unmake, Some(record)) if step.create_before_destroy => {
            job.delete_predecessor(record).await.map(Done::with)
        }
        (Action::Replace | Action::Delete, _, Some(record)) => {
            job.delete(record).await.map(Done::with)
        }
        (Action::AwaitCreate, _, Some(mut record)) => {
            job.steer(&mut record);
            let made = job.finish_create(record, Place::Main).await;
            made.map(|record| Done::with(record.id))
        }
        (Action::AwaitDelete, _, Some(record)) => job.await_gone(record).await.map(Done::with),
        (Action::Forget, _, Some(record)) => job.give_up(record).await.map(Done::with),
        (_, _, None) => Err(Trouble::failed(
            format!("the state holds no {} any more", step.address),
            "make a new plan",
        )),
    }
}

/// One step under way.
pub(super) struct Job<'a> {
    pub(super) step: &'a Step,
    /// Where its block stands in the files.
    pub(super) source: Option<SourceLine>,
    pub(super) kind: &'static dyn Kind,
    pub(super) crew: &'a Crew,
    pub(super) started: Instant,
    pub(super) slot: Slot,
    /// What was looked at for the step's first request, and when.
    pub(super) looked: Mutex<Option<(Identity, Instant)>>,
    /// Whether a request that changes something has been sent.
    pub(super) sent: AtomicBool,
    /// Whether a request is written down whose outcome is not.
    pub(super) open: AtomicBool,
}

/// Says where a resource that is being made is recorded.
#[derive(Clone)]
pub(super) enum Place {
    /// Under its address.
    Main,
    /// As the successor of the one that it replaces.
    SuccessorOf(Box<Record>),
}

impl Place {
    /// Returns what is recorded under the address when this is recorded here.
    pub(super) fn holding(&self, record: &Record) -> Record {
        match self {
            Self::Main => record.clone(),
            Self::SuccessorOf(old) => Record {
                successor: Some(Box::new(record.clone())),
                ..(**old).clone()
            },
        }
    }
}

impl Job<'_> {
    pub(super) fn address(&self) -> &Address {
        &self.step.address
    }

    async fn create(&self) -> Result<String, Trouble> {
        let record = self.make(&Place::Main).await?;
        self.finish_create(record, Place::Main)
            .await
            .map(|record| record.id)
    }

    /// Gives a record what only gwplan knows, and what steers later plans.
    pub(super) fn steer(&self, record: &mut Record) {
        record.depends_on.clone_from(&self.step.depends_on);
        record.prevent_destroy = self.step.prevent_destroy;
        record.ignore_changes = Some(self.step.ignore_changes.clone());
        record.source.clone_from(&self.source);
    }

    async fn record(&self, mut record: Record) -> Result<String, Trouble> {
        self.steer(&mut record);
        self.settle(record.clone(), None).await?;
        Ok(record.id)
    }

    async fn update(&self, mut record: Record) -> Result<String, Trouble> {
        self.check_unmoved(&record.identity()).await?;
        self.give_up_successor(&mut record).await?;
        self.steer(&mut record);
        self.make_calls(
            &self.step.calls,
            &self.step.after,
            &mut record,
            &Place::Main,
        )
        .await?;
        self.settle(record.clone(), None).await?;
        Ok(record.id)
    }

    pub(super) async fn make(&self, place: &Place) -> Result<Record, Trouble> {
        let draft = Draft {
            kind: self.step.address.kind().to_owned(),
            region: self.step.region.clone(),
            depends_on: self.step.depends_on.clone(),
            prevent_destroy: self.step.prevent_destroy,
            ignore_changes: self.step.ignore_changes.clone(),
            source: self.source.clone(),
            applied: self.without_later_calls(),
        };
        let owner = (self.step.owned).then(|| owner_tag(&self.crew.lineage, self.address()));
        let attributes = with_owner(&draft.applied, owner.as_deref());
        let call = || self.kind.create(&attributes);
        let old = match place {
            Place::Main => None,
            Place::SuccessorOf(old) => Some(&**old),
        };
        let request = Request::Create {
            draft: draft.clone(),
            successor: old.is_some(),
            digest: hex(&Sha256::digest(call().body.to_string())),
            owner,
            namesakes: self.not_it(),
        };
        let record = match self.send_create(request, old, call).await? {
            Made::Accepted(Accepted {
                id,
                task_id,
                status,
            }) => {
                let record = draft.accepted(id, task_id, status);
                self.settle_in(place, record.clone(), None).await?;
                record
            }
            // It is recorded where it belongs: under the address, or as the successor.
            Made::Found(record) => match (place, &record.successor) {
                (Place::SuccessorOf(_), Some(made)) => (**made).clone(),
                _ => *record,
            },
        };
        self.tell_accepted(record.id.clone(), record.task_id.clone(), Half::Make);
        Ok(record)
    }

    /// The resources that must not be taken for what the create makes: the one that it replaces carries
    /// the same mark, and a list may show it after it is gone.
    fn not_it(&self) -> Vec<String> {
        let replaced = self.step.existing.as_ref();
        let others = self.step.namesakes.iter().cloned();
        others
            .chain(replaced.map(|identity| identity.id.clone()))
            .collect()
    }

    /// What the create itself applied: what later calls set is not applied yet.
    fn without_later_calls(&self) -> Attributes {
        let mut applied = self.step.after.clone();
        for path in self.step.calls.iter().flat_map(|planned| &planned.paths) {
            set_value_at(&mut applied, path, None);
        }
        applied
    }

    /// Waits until a new resource runs, and makes the calls that follow.
    pub(super) async fn finish_create(
        &self,
        mut record: Record,
        place: Place,
    ) -> Result<Record, Trouble> {
        let identity = record.identity();
        let limit = self.crew.create_limit;
        match self
            .wait(&identity, &record.cloud_status, Until::Ready, limit)
            .await
        {
            Outcome::Reached(observed) => {
                record.status = Status::Ready;
                self.settle_in(&place, record.clone(), observed.as_ref())
                    .await?;
                if let Some(observed) = &observed {
                    record.observe(observed);
                }
            }
            Outcome::Failed(observed) => {
                record.status = Status::Tainted;
                let status = observed.status.clone();
                self.settle_in(&place, record, Some(&observed)).await?;
                return Err(Trouble::failed(
                    format!(
                        "the cloud could not create {}: its status is {status}",
                        identity.id
                    ),
                    "it is recorded as tainted: the next apply replaces it; the console may say why",
                ));
            }
            Outcome::Vanished => {
                return Err(Trouble::failed(
                    format!(
                        "{} was deleted by someone else while it was being made",
                        identity.id
                    ),
                    "plan again",
                ));
            }
            Outcome::TimedOut(status) => {
                return Err(Trouble::failed(
                    format!("{} is still {status} after {}", identity.id, show(limit)),
                    "it stays recorded as creating: the next apply goes on waiting; `timeouts.create` in gwplan.yaml sets how long",
                ));
            }
            Outcome::Denied(error) => return Err(self.denied(&error)),
            Outcome::Interrupted => return Err(Trouble::Interrupted),
        }
        if !self.step.calls.is_empty() {
            self.make_calls(&self.step.calls, &self.step.after, &mut record, &place)
                .await?;
        }
        Ok(record)
    }

    /// Waits a little while the cloud is busy with the resource.
    pub(super) async fn pause_for_conflict(&self, since: Instant) -> Result<(), Trouble> {
        if *self.crew.stop.borrow() {
            return Err(Trouble::Interrupted);
        }
        (self.crew.events)(Event::Waiting {
            address: self.address().clone(),
            status: "busy".to_owned(),
            elapsed: self.started.elapsed(),
        });
        self.slot.give_back();
        pause_while_busy(since).await;
        Ok(())
    }

    pub(super) async fn wait(
        &self,
        identity: &Identity,
        status: &str,
        until: Until,
        limit: Duration,
    ) -> Outcome {
        let request = Awaited {
            address: self.address().clone(),
            kind: self.kind,
            identity: identity.clone(),
            until,
            status: status.to_owned(),
            started: self.started,
            limit,
        };
        self.slot.give_back();
        self.crew.watcher.wait(request).await
    }

    /// Records what is known now; durable when it returns well.
    pub(super) async fn settle(
        &self,
        record: Record,
        observed: Option<&Observed>,
    ) -> Result<(), Trouble> {
        self.settle_in(&Place::Main, record, observed).await
    }

    pub(super) async fn settle_in(
        &self,
        place: &Place,
        mut record: Record,
        observed: Option<&Observed>,
    ) -> Result<(), Trouble> {
        if let Some(observed) = observed {
            record.observe(observed);
        }
        let identity = record.identity();
        let kept = place.holding(&record);
        let changes = self.closing(vec![Change::recorded(self.address(), kept)]);
        self.write_about(&identity, changes).await
    }

    /// Takes the mark off a resource that lives on, and drops its record.
    async fn give_up(&self, record: Record) -> Result<String, Trouble> {
        // The mark first: whatever comes in between, both can be done again.
        if self.step.owned
            && let Err(fault) =
                orphans::release(&self.crew.gate, self.kind, &record.identity()).await
        {
            // Nothing depends on it: plans tell of it, and `orphans --release` tries again.
            let message = format!("{}: {fault}", self.address());
            (self.crew.events)(Event::Trouble {
                cause: message.clone(),
                message,
            });
        }
        self.forget().await?;
        Ok(record.id)
    }

    pub(super) async fn forget(&self) -> Result<(), Trouble> {
        let changes = self.closing(vec![Change::forgotten(self.address())]);
        self.write(changes).await
    }

    pub(super) fn tell_accepted(&self, id: String, task_id: Option<String>, half: Half) {
        (self.crew.events)(Event::Accepted {
            address: self.address().clone(),
            id,
            task_id,
            half,
        });
    }

    /// Ends the run: the cloud refuses to be asked at all, so nothing can be found out or brought to an end.
    pub(super) fn denied(&self, error: &Error) -> Trouble {
        self.crew.halt.send_replace(true);
        let next = error.next_step().unwrap_or_default();
        Trouble::Denied(Failure {
            summary: error.to_string(),
            help: format!("{next}; what is under way is recorded: apply again, and it goes on"),
        })
    }

    pub(super) fn refused(&self, error: &Error) -> Trouble {
        if error.is_unauthenticated() {
            return self.denied(error);
        }
        let field = error
            .field()
            .map(|field| format!(" (field `{field}`)"))
            .unwrap_or_default();
        Trouble::failed(
            format!("{error}{field}"),
            error.next_step().unwrap_or_default(),
        )
    }
}

/// Adds the owner tag to what a create sets.
fn with_owner(attributes: &Attributes, owner: Option<&str>) -> Attributes {
    let mut attributes = attributes.clone();
    if let Some(owner) = owner {
        let path = FieldPath::from_iter(["tags", OWNER_KEY]);
        set_value_at(&mut attributes, &path, Some(owner.into()));
    }
    attributes
}

/// Waits until the user asks to stop.
pub(super) async fn asked(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|asked| *asked).await.is_err() {
        // Nobody is left who could ask.
        std::future::pending::<()>().await;
    }
}

pub(super) fn show(limit: Duration) -> String {
    jiff::SignedDuration::try_from(limit)
        .map(|limit| format!("{limit:#}"))
        .unwrap_or_default()
}
