//! Sends what changes the cloud: written down before, looked up where the answer is lost.

use std::sync::atomic::Ordering;

use tokio::time::{Instant, sleep};

use crate::api::{Call, Error, ErrorKind};
use crate::event::{Event, Failure};
use crate::kinds::Accepted;
use crate::model::{Fault, Identity};
use crate::plan::{Verdict, undecided};
use crate::state::{Change, Intent, Record, Request};

use super::settle::Wait;
use super::step::{Job, Trouble, asked};
use super::watch::unanswered;

/// How often a create is sent at most: each time it is certain that the one before made nothing.
const MAX_SENDS: u32 = 5;
/// How long to wait before the cloud is asked again that could not be asked.
const ASK_AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(5);

/// Says how a request ended whose answer was lost.
pub(super) enum Settled {
    /// The cloud carried it out; so is the record, if that has changed.
    Done(Option<Box<Record>>),
    /// It did not, and the request is still open.
    NotDone,
}

impl Job<'_> {
    /// Waits for a slot, if this step has none.
    pub(super) async fn take_slot(&self) -> Result<(), Trouble> {
        let (mut stop, mut halt) = (self.crew.stop.clone(), self.crew.halt.subscribe());
        tokio::select! {
            biased;
            () = asked(&mut stop) => Err(self.stopped()),
            () = asked(&mut halt) => Err(self.stopped()),
            () = self.slot.take() => Ok(()),
        }
    }

    /// Writes down that a request is about to be sent; durable when this returns well.
    pub(super) async fn intend(&self, request: Request) -> Result<Intent, Trouble> {
        self.take_slot().await?;
        let intent = Intent::new(request);
        self.write(vec![Change::Intended {
            address: self.address().clone(),
            intent: Box::new(intent.clone()),
        }])
        .await?;
        self.open.store(true, Ordering::Relaxed);
        Ok(intent)
    }

    /// Sends a request that was intended, unless the user asks to stop before its turn comes.
    ///
    /// A refusal closes it; where the cloud may have carried it out without a word, it stays open.
    pub(super) async fn send_intended<T>(
        &self,
        region: &str,
        call: Call<T>,
    ) -> Result<Result<T, Error>, Trouble> {
        let client = &self.crew.client;
        let (mut stop, mut halt) = (self.crew.stop.clone(), self.crew.halt.subscribe());
        let turn = tokio::select! {
            biased;
            () = asked(&mut stop) => return Err(self.withdrawn().await),
            () = asked(&mut halt) => return Err(self.withdrawn().await),
            turn = client.turn(call.action) => turn,
        };
        if let Err(trouble) = self.look_again_if_stale().await {
            // What can't be taken back is found out by the next run.
            self.close().await.ok();
            return Err(trouble);
        }
        self.sent.store(true, Ordering::Relaxed);
        let addresses = std::slice::from_ref(self.address());
        let gate = &self.crew.gate;
        let answer = gate.send(addresses, region, &call, Some(turn)).await;
        let answer = answer.map_err(|fault| self.unrecorded(None, &fault))?;
        if let Err(error) = &answer
            && !is_silence(error)
        {
            self.close().await?;
        }
        Ok(answer)
    }

    /// Writes a request down and sends it.
    pub(super) async fn send<T>(
        &self,
        region: &str,
        call: Call<T>,
        request: Request,
    ) -> Result<Result<T, Error>, Trouble> {
        self.intend(request).await?;
        self.send_intended(region, call).await
    }

    /// Writes down that the outcome of the open request is known, if one is open.
    pub(super) async fn close(&self) -> Result<(), Trouble> {
        let changes = self.closing(Vec::new());
        if changes.is_empty() {
            return Ok(());
        }
        self.write(changes).await
    }

    /// Adds to changes that the open request has ended, if one is open.
    pub(super) fn closing(&self, mut changes: Vec<Change>) -> Vec<Change> {
        if self.open.swap(false, Ordering::Relaxed) {
            changes.push(Change::closed(self.address()));
        }
        changes
    }

    /// Takes a request back that was not sent.
    pub(super) async fn withdrawn(&self) -> Trouble {
        // What can't be taken back is found out by the next run.
        self.close().await.ok();
        self.stopped()
    }

    /// Tells a step that has begun nothing in the cloud from one that is half-way.
    pub(super) fn stopped(&self) -> Trouble {
        if self.sent.load(Ordering::Relaxed) {
            Trouble::Interrupted
        } else {
            Trouble::NotSent
        }
    }

    /// Sends a create; where its answer is lost, it looks the outcome up before it sends it anew.
    pub(super) async fn send_create(
        &self,
        request: Request,
        record: Option<&Record>,
        call: impl Fn() -> Call<Accepted>,
    ) -> Result<Made, Trouble> {
        let region = request.region().to_owned();
        let intent = self.intend(request).await?;
        for _ in 0..MAX_SENDS {
            let error = match self.send_intended(&region, call()).await? {
                Ok(accepted) => match self.claimed(&region, accepted) {
                    Ok(accepted) => return Ok(Made::Accepted(accepted)),
                    Err(error) => error,
                },
                Err(error) if error.kind == ErrorKind::Ambiguous => error,
                Err(error) => return Err(self.refused(&error)),
            };
            if let Settled::Done(record) = self.settle_lost(&intent, record, &error).await? {
                return record.map(Made::Found).ok_or_else(|| self.lost(&error));
            }
            // The cloud has spoken, if in words that nobody knows: it would say the same again.
            if error.is_unheard_of() {
                self.close().await?;
                return Err(self.refused(&error));
            }
        }
        self.close().await?;
        Err(Trouble::failed(
            format!(
                "the create was sent {MAX_SENDS} times, its answer was lost each time, and nothing was made"
            ),
            "see whether a proxy or the network is at fault, then apply again",
        ))
    }

    /// Takes what a create's answer names for this address; where it is somebody's already, the answer
    /// says nothing of what was made.
    fn claimed(&self, region: &str, accepted: Accepted) -> Result<Accepted, Error> {
        let identity = Identity {
            region: region.to_owned(),
            id: accepted.id.clone(),
        };
        if self.crew.inquirer.claim(identity) {
            return Ok(accepted);
        }
        let action = self.kind.create(&self.step.after).action;
        let message = format!(
            "the answer names {}, which is recorded already",
            accepted.id
        );
        Err(Error::ambiguous(action, message))
    }

    /// Finds out how a request has ended whose answer was lost.
    pub(super) async fn settle_lost(
        &self,
        intent: &Intent,
        record: Option<&Record>,
        error: &Error,
    ) -> Result<Settled, Trouble> {
        let word = intent.request.word();
        let address = self.address();
        self.tell(format!(
            "{address}: the answer to the {word} does not say what it has done ({error}); gwplan finds that out"
        ));
        self.slot.give_back();
        let verdict = self.verdict(intent, record).await?;
        match verdict {
            Verdict::Settled {
                changes,
                done: true,
                note,
            } => {
                let record = changes.iter().find_map(|change| match change {
                    Change::Recorded { record, .. } => Some(record.clone()),
                    _ => None,
                });
                self.write(changes).await?;
                self.open.store(false, Ordering::Relaxed);
                self.tell(format!("{address}: {note}"));
                Ok(Settled::Done(record))
            }
            Verdict::Settled { note, .. } => {
                let next = if error.is_unheard_of() {
                    "the error stands"
                } else {
                    "it is sent again"
                };
                self.tell(format!("{address}: {note}; {next}"));
                Ok(Settled::NotDone)
            }
            Verdict::Several(several) => {
                let diagnostic = undecided(address, &several);
                Err(Trouble::failed(diagnostic.summary, diagnostic.help))
            }
            Verdict::Unclear | Verdict::Busy => Err(self.lost(error)),
        }
    }

    /// Asks, also where asking itself fails for a while, until the time for a create is up.
    async fn verdict(&self, intent: &Intent, record: Option<&Record>) -> Result<Verdict, Trouble> {
        let inquirer = &self.crew.inquirer;
        let started = Instant::now();
        let intent = Intent {
            sent: Some(self.crew.clock.now()),
            ..intent.clone()
        };
        let mut stop = self.crew.stop.clone();
        loop {
            let found = tokio::select! {
                biased;
                () = asked(&mut stop) => return Err(Trouble::Interrupted),
                found = inquirer.find_out(self.address(), &intent, record, Wait::ThisRun) => found,
            };
            match found {
                Ok(verdict) => return Ok(verdict),
                Err(error) if error.kind == ErrorKind::Denied => return Err(self.denied(&error)),
                Err(error) if started.elapsed() >= self.crew.create_limit => {
                    return Err(self.lost(&error));
                }
                Err(error) => {
                    (self.crew.events)(unanswered(&error));
                    tokio::select! {
                        biased;
                        () = asked(&mut stop) => return Err(Trouble::Interrupted),
                        () = sleep(ASK_AGAIN_AFTER) => {}
                    }
                }
            }
        }
    }

    /// Says that nobody knows yet how a request has ended; it stays open.
    pub(super) fn lost(&self, error: &Error) -> Trouble {
        Trouble::failed(
            format!("it is not known whether the cloud did it: {error}"),
            "it is recorded: the next apply, or `gwplan recover`, first asks the cloud",
        )
    }

    fn tell(&self, message: String) {
        (self.crew.events)(Event::Trouble {
            cause: message.clone(),
            message,
        });
    }

    /// Writes changes; durable when this returns well.
    pub(super) async fn write(&self, changes: Vec<Change>) -> Result<(), Trouble> {
        let written = self.crew.recorder.write(changes).await;
        written.map_err(|fault| self.unrecorded(None, &fault))
    }

    /// Writes what is known of a resource; durable when this returns well.
    pub(super) async fn write_about(
        &self,
        identity: &Identity,
        changes: Vec<Change>,
    ) -> Result<(), Trouble> {
        let written = self.crew.recorder.write(changes).await;
        written.map_err(|fault| self.unrecorded(Some(identity), &fault))
    }

    /// Stops everything: what can't be written down must not be done.
    pub(super) fn unrecorded(&self, identity: Option<&Identity>, fault: &Fault) -> Trouble {
        self.crew.halt.send_replace(true);
        Trouble::Unrecorded(match identity {
            Some(Identity { region, id }) => Failure {
                summary: format!("it is {id} in {region}, but {fault}"),
                help: format!(
                    "gwplan starts nothing more; keep the id {id}: the state may not know it until the next run has looked for it"
                ),
            },
            None => Failure {
                summary: fault.to_string(),
                help: "gwplan starts nothing more: fix that, then apply again".to_owned(),
            },
        })
    }
}

/// Holds what a create has made.
pub(super) enum Made {
    /// The cloud has answered.
    Accepted(Accepted),
    /// It was found, and is recorded.
    Found(Box<Record>),
}

/// Tells whether an error leaves open what the cloud has done.
pub(super) fn is_silence(error: &Error) -> bool {
    match error.kind {
        ErrorKind::Ambiguous => true,
        // What may be repeated was repeated, and the last try may have been carried out all the same.
        ErrorKind::Retryable => error.code.is_none(),
        ErrorKind::Throttled
        | ErrorKind::Conflict
        | ErrorKind::Absent
        | ErrorKind::Denied
        | ErrorKind::Invalid
        | ErrorKind::Quota => false,
    }
}
