//! Changes tags, of many resources in one call where they get the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::api::Error;
use crate::crash;
use crate::kinds::tags::{self, BATCH, FailedResource};
use crate::model::{Address, Fault};

use super::gate::Gate;
use super::send::is_silence;

/// How long a change waits for others to go along with it. Steps begin in bunches and are looked at together,
/// so those that get the same are here at nearly the same time.
const GATHER: Duration = Duration::from_millis(100);

/// Says which tags of one resource change.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TagChange {
    /// The tags to set.
    pub(super) set: BTreeMap<String, String>,
    /// The keys to take off.
    pub(super) unset: Vec<String>,
}

/// Takes changes of tags and puts those that are the same into one call.
#[derive(Clone)]
pub(super) struct Tagger(mpsc::UnboundedSender<Request>);

struct Request {
    address: Address,
    region: String,
    resource: String,
    change: TagChange,
    done: oneshot::Sender<Result<(), TagFailure>>,
}

/// Says why tags were not changed.
#[derive(Clone, Debug)]
pub(super) enum TagFailure {
    /// The tag service refused it.
    Refused(String),
    /// The tag service may or may not have done it.
    Unknown(Error),
    /// The user asked to stop before it was sent.
    NotSent,
    /// It could not be written down, or the lock is gone.
    Unrecorded(Arc<Fault>),
}

impl From<Fault> for TagFailure {
    fn from(fault: Fault) -> Self {
        Self::Unrecorded(Arc::new(fault))
    }
}

impl From<Error> for TagFailure {
    fn from(error: Error) -> Self {
        if is_silence(&error) {
            Self::Unknown(error)
        } else {
            Self::Refused(error.to_string())
        }
    }
}

impl Tagger {
    /// Begins to take changes; the task ends when all taggers are dropped.
    pub(super) fn start(gate: Gate, stop: watch::Receiver<bool>) -> Self {
        let (requests, incoming) = mpsc::unbounded_channel();
        tokio::spawn(gather(gate, stop, incoming));
        Self(requests)
    }

    /// Changes the tags of one resource.
    ///
    /// # Errors
    /// What the cloud said, where this resource was refused; others of the same call may be done.
    pub(super) async fn change(
        &self,
        address: &Address,
        region: &str,
        resource: String,
        change: TagChange,
    ) -> Result<(), TagFailure> {
        let (done, outcome) = oneshot::channel();
        // A tagger that is gone has been stopped.
        self.0
            .send(Request {
                address: address.clone(),
                region: region.to_owned(),
                resource,
                change,
                done,
            })
            .ok();
        outcome.await.unwrap_or(Err(TagFailure::NotSent))
    }
}

async fn gather(
    gate: Gate,
    stop: watch::Receiver<bool>,
    mut incoming: mpsc::UnboundedReceiver<Request>,
) {
    while let Some(first) = incoming.recv().await {
        let mut requests = vec![first];
        let until = Instant::now() + GATHER;
        loop {
            tokio::select! {
                next = incoming.recv() => match next {
                    Some(request) => requests.push(request),
                    None => break,
                },
                () = sleep_until(until) => break,
            }
        }
        for group in alike(requests) {
            // Groups go side by side; the client keeps the pace.
            if *stop.borrow() {
                // Dropped: those who wait are told that it was not sent.
                continue;
            }
            tokio::spawn(send(gate.clone(), group));
        }
    }
}

/// Puts requests that change the same together, as many as one call takes.
fn alike(requests: Vec<Request>) -> Vec<Vec<Request>> {
    let mut groups: BTreeMap<(String, TagChange), Vec<Request>> = BTreeMap::new();
    for request in requests {
        let key = (request.region.clone(), request.change.clone());
        groups.entry(key).or_default().push(request);
    }
    let mut batches = Vec::new();
    for mut group in groups.into_values() {
        while !group.is_empty() {
            let rest = group.split_off(group.len().min(BATCH));
            batches.push(std::mem::replace(&mut group, rest));
        }
    }
    batches
}

async fn send(gate: Gate, group: Vec<Request>) {
    let Some(Request { region, change, .. }) = group.first() else {
        return;
    };
    let resources: Vec<String> = group
        .iter()
        .map(|request| request.resource.clone())
        .collect();
    let addresses: Vec<Address> = group
        .iter()
        .map(|request| request.address.clone())
        .collect();
    let outcome = send_change(&gate, &addresses, region, &resources, change).await;
    for Request { resource, done, .. } in group {
        let own = match &outcome {
            Ok(failed) => match failed.iter().find(|failed| failed.resource == resource) {
                Some(FailedResource { code, message, .. }) => {
                    Err(TagFailure::Refused(format!("{code}: {message}")))
                }
                None => Ok(()),
            },
            Err(failure) => Err(failure.clone()),
        };
        done.send(own).ok();
    }
}

/// Sets before it takes off, so that a resource is never without a tag that only gets a new value.
async fn send_change(
    gate: &Gate,
    addresses: &[Address],
    region: &str,
    resources: &[String],
    change: &TagChange,
) -> Result<Vec<FailedResource>, TagFailure> {
    let mut failed = Vec::new();
    let pairs: Vec<(&String, &String)> = change.set.iter().collect();
    for chunk in pairs.chunks(BATCH) {
        let set = chunk
            .iter()
            .map(|(key, value)| ((*key).clone(), (*value).clone()))
            .collect();
        crash::point("tags to set leave");
        let call = tags::set(resources, &set);
        let answer = gate.send(addresses, region, &call, None).await;
        crash::point("tags to set are answered");
        failed.extend(answer??);
    }
    for keys in change.unset.chunks(BATCH) {
        crash::point("tags to take off leave");
        let call = tags::unset(resources, keys);
        let answer = gate.send(addresses, region, &call, None).await;
        crash::point("tags to take off are answered");
        failed.extend(answer??);
    }
    Ok(failed)
}
