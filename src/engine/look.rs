//! Looks at what is about to be changed, once more and for many steps together.
//!
//! A plan is made, read and approved, and meanwhile others go on. So each resource is looked at right before
//! it is changed or deleted. One list call shows a hundred of them. The list may lag behind, and it may leave
//! something out: what it does not show as the plan has seen it is asked for by its id, and only that answer
//! stops a step.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use crate::api::{Client, Error, ErrorKind};
use crate::crash;
use crate::kinds::Kind;
use crate::model::{Attributes, Identity, Observed, Value};
use crate::plan::Action;

use super::step::{Job, Trouble, asked};

/// How long a look waits for others to go along with it. Steps begin in bunches, so it need not be long.
const GATHER: Duration = Duration::from_millis(10);
/// How old a look may be when the request leaves that it was made for. At the pace of the client the line is
/// a third as long; it is longer where the cloud holds requests up, or where the user has asked for a long one.
const FRESH: Duration = Duration::from_secs(15);

/// Takes looks and puts them together.
#[derive(Clone)]
pub(super) struct Scout(mpsc::UnboundedSender<Ask>);

struct Ask {
    kind: &'static dyn Kind,
    identity: Identity,
    answer: oneshot::Sender<Result<Option<Observed>, Error>>,
}

impl Scout {
    /// Begins to take looks; the task ends when all scouts are dropped.
    pub(super) fn start(client: Client) -> Self {
        let (asks, incoming) = mpsc::unbounded_channel();
        tokio::spawn(gather(client, incoming));
        Self(asks)
    }

    /// Returns what the list shows of a resource; nothing where it can't tell, or where nobody else looks:
    /// then asking by the id costs no more, and says more.
    async fn look(
        &self,
        kind: &'static dyn Kind,
        identity: &Identity,
    ) -> Result<Option<Observed>, Error> {
        let (answer, seen) = oneshot::channel();
        let identity = identity.clone();
        let ask = Ask {
            kind,
            identity,
            answer,
        };
        // A scout that is gone has been stopped.
        self.0.send(ask).ok();
        seen.await.unwrap_or(Ok(None))
    }
}

async fn gather(client: Client, mut incoming: mpsc::UnboundedReceiver<Ask>) {
    while let Some(first) = incoming.recv().await {
        sleep(GATHER).await;
        let mut groups: BTreeMap<(&str, String), Vec<Ask>> = BTreeMap::new();
        let others = std::iter::from_fn(|| incoming.try_recv().ok());
        for ask in std::iter::once(first).chain(others) {
            let key = (ask.kind.schema().kind, ask.identity.region.clone());
            groups.entry(key).or_default().push(ask);
        }
        for mut group in groups.into_values() {
            while let Some(last) = group.last() {
                let rest = group.len().saturating_sub(last.kind.page_size());
                tokio::spawn(look_at(client.clone(), group.split_off(rest)));
            }
        }
    }
}

/// Looks at resources of one kind and region, by one call.
async fn look_at(client: Client, group: Vec<Ask>) {
    let [Ask { kind, identity, .. }, _, ..] = &group[..] else {
        // Dropped: a look that is alone asks by the id.
        return;
    };
    let ids: Vec<String> = group.iter().map(|ask| ask.identity.id.clone()).collect();
    let page = client.call(&identity.region, kind.list_by_ids(&ids)).await;
    match page {
        Ok(page) => {
            let shown = page.items.into_iter();
            let mut shown: BTreeMap<_, _> = shown.map(|one| (one.id.clone(), one)).collect();
            for ask in group {
                let seen = shown.remove(&ask.identity.id);
                ask.answer.send(Ok(seen)).ok();
            }
        }
        // A cloud that does not take the filter is asked one by one.
        Err(error) if error.kind == ErrorKind::Invalid => {}
        Err(error) => {
            for ask in group {
                ask.answer.send(Err(error.clone())).ok();
            }
        }
    }
}

impl Job<'_> {
    /// Stops a step about a resource that has moved since the plan was made.
    ///
    /// One that has become what the step makes of it is in nobody's way: a run that was killed may
    /// have done that, and the list may have shown it late.
    pub(super) async fn check_unmoved(&self, identity: &Identity) -> Result<(), Trouble> {
        let Some(seen) = &self.step.seen else {
            return Ok(());
        };
        self.take_slot().await?;
        let asked = Instant::now();
        if !self.is_listed_unmoved(identity, seen).await? {
            self.check_unmoved_by_id(identity, seen).await?;
        }
        *self.looked() = Some((identity.clone(), asked));
        Ok(())
    }

    /// Looks again where the last look is too old for the request that is about to leave.
    ///
    /// After that request the resource is no longer as the plan has seen it: a step looks before its first.
    pub(super) async fn look_again_if_stale(&self) -> Result<(), Trouble> {
        let looked = self.looked().take();
        match (looked, &self.step.seen) {
            (Some((identity, at)), Some(seen)) if at.elapsed() > FRESH => {
                self.check_unmoved_by_id(&identity, seen).await
            }
            _ => Ok(()),
        }
    }

    fn looked(&self) -> std::sync::MutexGuard<'_, Option<(Identity, Instant)>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether the list shows the resource as the plan has seen it.
    async fn is_listed_unmoved(
        &self,
        identity: &Identity,
        seen: &Attributes,
    ) -> Result<bool, Trouble> {
        let mut stop = self.crew.stop.clone();
        let listed = tokio::select! {
            biased;
            () = asked(&mut stop) => return Err(self.stopped()),
            listed = self.crew.scout.look(self.kind, identity) => listed,
        };
        crash::point("what is to be changed is looked at together with others");
        let listed = listed.map_err(|error| self.refused(&error))?;
        Ok(listed.is_some_and(|observed| self.moved(&observed, seen).is_empty()))
    }

    async fn check_unmoved_by_id(
        &self,
        identity: &Identity,
        seen: &Attributes,
    ) -> Result<(), Trouble> {
        let Identity { region, id } = identity;
        let answer = self.crew.client.call(region, self.kind.describe(id)).await;
        crash::point("what is to be changed is looked at once more");
        let observed = match answer {
            Ok(observed) => observed,
            Err(error) if error.kind == ErrorKind::Absent && self.step.action == Action::Update => {
                return Err(Trouble::failed(
                    format!("{id} was deleted in the cloud since the plan was made"),
                    "plan again",
                ));
            }
            // What is to be deleted may be gone already.
            Err(error) if error.kind == ErrorKind::Absent => return Ok(()),
            Err(error) => return Err(self.refused(&error)),
        };
        let moved = self.moved(&observed, seen);
        if moved.is_empty() {
            return Ok(());
        }
        Err(Trouble::failed(
            format!(
                "{id} has changed in the cloud since the plan was made: {}",
                moved.join(", ")
            ),
            "nothing was done to it; plan again and review what the plan says now",
        ))
    }

    /// Lists what is shown otherwise than the plan has seen it, and otherwise than the step makes it.
    fn moved(&self, observed: &Observed, seen: &Attributes) -> Vec<&'static str> {
        let listed = self.kind.schema().listed();
        listed
            .map(|field| field.key)
            .filter(|key| observed.attributes.get(*key) != seen.get(*key))
            .filter(|key| !self.aims_at(key, observed.attributes.get(*key)))
            .collect()
    }

    /// Tells whether a value is the one that this step gives to a field of the resource that is there.
    fn aims_at(&self, key: &str, value: Option<&Value>) -> bool {
        let lifted = self
            .step
            .calls_before_delete
            .iter()
            .flat_map(|planned| &planned.paths)
            .any(|path| path.segments().first().is_some_and(|first| first == key));
        if lifted {
            return value == Some(&false.into());
        }
        self.step.action == Action::Update && value == self.step.after.get(key)
    }
}
