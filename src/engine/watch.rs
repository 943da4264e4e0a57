//! Waits for the cloud, for all steps together.
//!
//! The API has no call that tells of a task: the progress of a resource is its status. One list call
//! shows the status of up to 100 resources, so all that wait are asked about together.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::api::{Client, Error, ErrorKind};
use crate::crash;
use crate::event::{Event, Sink};
use crate::kinds::Kind;
use crate::model::{Address, Identity, Observed, Phase};

use super::step::asked;

/// The shortest and the longest pause between two rounds of questions.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// The pause is this part of the time that the newest resource has waited: an answer comes at most
/// so much later than it could, and slow tasks cost few calls.
const PAUSE_PART: u32 = 30;
/// All that wait use this part of the list's rate, whatever their number: looks need it too, and others do.
const RATE_PART: u32 = 4;
/// The same where the cloud is busy with a resource and a request of its own is to be sent again.
const BUSY_PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
const BUSY_PART: u32 = 10;
/// So many are asked for one by one; more that may be gone are asked for together.
const FEW: usize = 2;
/// How many that wait to be ready, and that the list does not show, are asked for one by one in a round.
const STRANGERS: usize = 10;
/// How often in a row the cloud must say that a resource it showed before is not there, until it is
/// taken at its word while a create is waited for.
const VANISHED_AFTER: u32 = 3;

/// Says what a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The resource runs.
    Ready,
    /// The resource is not there any more.
    Gone,
}

/// Says how waiting ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// What was waited for came about.
    Reached(Option<Observed>),
    /// The cloud gave up on the resource.
    Failed(Observed),
    /// The resource was deleted by someone else while it was waited for.
    Vanished,
    /// The time was up; the last known status word.
    TimedOut(String),
    /// The cloud refuses to be asked, and will refuse it in a minute too.
    Denied(Error),
    /// The user asked to stop.
    Interrupted,
}

/// Asks to be told when a resource is where a step wants it.
pub(super) struct Awaited {
    pub(super) address: Address,
    pub(super) kind: &'static dyn Kind,
    pub(super) identity: Identity,
    pub(super) until: Until,
    pub(super) status: String,
    pub(super) started: Instant,
    pub(super) limit: Duration,
}

/// Takes requests to wait.
#[derive(Clone)]
pub(super) struct Watcher(mpsc::UnboundedSender<(Awaited, oneshot::Sender<Outcome>)>);

impl Watcher {
    /// Begins to watch; the task ends when all watchers are dropped.
    pub(super) fn start(
        client: Client,
        events: Sink,
        stop: watch::Receiver<bool>,
    ) -> (Self, JoinHandle<()>) {
        let (requests, incoming) = mpsc::unbounded_channel();
        let rounds = Rounds {
            client,
            events,
            stop,
            waiting: BTreeMap::new(),
            filter_refused: false,
            calls: 0,
        };
        (Self(requests), tokio::spawn(rounds.run(incoming)))
    }

    /// Waits until the resource is where it should be, the time is up, or the user asks to stop.
    pub(super) async fn wait(&self, request: Awaited) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        // A watcher that is gone has been stopped.
        self.0.send((request, answer)).ok();
        outcome.await.unwrap_or(Outcome::Interrupted)
    }
}

struct Waiting {
    request: Awaited,
    answer: oneshot::Sender<Outcome>,
    since: Instant,
    seen: bool,
    misses: u32,
}

struct Rounds {
    client: Client,
    events: Sink,
    stop: watch::Receiver<bool>,
    waiting: BTreeMap<Identity, Waiting>,
    /// Whether the cloud has refused to list by ids.
    filter_refused: bool,
    /// How many list calls the last round took, without those that confirm.
    calls: u32,
}

type Incoming = mpsc::UnboundedReceiver<(Awaited, oneshot::Sender<Outcome>)>;

impl Rounds {
    async fn run(mut self, mut incoming: Incoming) {
        let mut open = true;
        let mut next_round = Instant::now();
        while open || !self.waiting.is_empty() {
            if *self.stop.borrow() {
                self.waiting.clear();
                return;
            }
            let idle = self.waiting.is_empty();
            tokio::select! {
                request = incoming.recv(), if open => match request {
                    Some((request, answer)) => {
                        if idle {
                            next_round = Instant::now() + PAUSE.0;
                        }
                        self.add(request, answer);
                    }
                    None => open = false,
                },
                // An error means that nobody can ask to stop any more.
                Ok(()) = self.stop.changed() => {}
                () = tokio::time::sleep_until(next_round), if !idle => {
                    // Questions change nothing: one that hangs must not keep the user waiting.
                    let mut stop = self.stop.clone();
                    tokio::select! {
                        () = self.round() => {}
                        () = asked(&mut stop) => {}
                    }
                    next_round = Instant::now() + self.pause();
                }
                else => return,
            }
        }
    }

    fn add(&mut self, request: Awaited, answer: oneshot::Sender<Outcome>) {
        let waiting = Waiting {
            answer,
            since: Instant::now(),
            seen: false,
            misses: 0,
            request,
        };
        self.waiting
            .insert(waiting.request.identity.clone(), waiting);
    }

    fn pause(&self) -> Duration {
        let since = self.waiting.values().map(|waiting| waiting.since.elapsed());
        let newest = since.min().unwrap_or_default();
        let paced = match self.client.requests_per_second() {
            0 => Duration::ZERO,
            rate => Duration::from_secs(1) * RATE_PART * self.calls / rate,
        };
        (newest / PAUSE_PART).clamp(PAUSE.0, PAUSE.1).max(paced)
    }

    /// Asks once about everything that is waited for.
    async fn round(&mut self) {
        self.calls = 0;
        for (kind, region, ids) in self.batches() {
            self.calls += 1;
            let mut missed = match self.ask(kind, &region, ids).await {
                Ok(missed) => missed,
                Err(error) => {
                    self.could_not_ask(&error);
                    continue;
                }
            };
            let leaving = missed.extract_if(.., |identity| self.is_to_be_gone(identity));
            let leaving: Vec<Identity> = leaving.collect();
            self.confirm_gone(kind, &region, leaving).await;
            // Those that were never shown are the last: asking for them mostly says what the list says.
            missed.sort_by_key(|identity| {
                self.waiting
                    .get(identity)
                    .map(|one| (!one.seen, one.misses))
            });
            for identity in missed.iter().take(STRANGERS) {
                self.ask_by_id(kind, identity).await;
            }
        }
        self.give_up_on_late();
        crash::point("a round of questions is over");
    }

    fn is_to_be_gone(&self, identity: &Identity) -> bool {
        let waiting = self.waiting.get(identity);
        waiting.is_some_and(|waiting| waiting.request.until == Until::Gone)
    }

    /// Finds out which of those that are being deleted, and that the list did not show, are gone.
    ///
    /// One answer of a list proves nothing: it may be late, or leave something out. So the list is asked once
    /// more, for these alone, and the one whose delete was sent last is asked for by its id. Where that says
    /// that it is gone, so are those before it. Where it does not, or where the second answer is another than
    /// the first, the list can't be relied on, and each is asked for by its id.
    async fn confirm_gone(&mut self, kind: &'static dyn Kind, region: &str, ids: Vec<Identity>) {
        let mut missed = ids;
        if missed.len() > FEW && !self.filter_refused {
            let before = missed.len();
            let again = missed.iter().map(|identity| identity.id.clone());
            missed = match self.ask(kind, region, again.collect()).await {
                Ok(missed) => missed,
                Err(error) => return self.could_not_ask(&error),
            };
            crash::point("those that may be gone are asked for once more");
            missed.sort_by_key(|identity| self.waiting.get(identity).map(|one| one.since));
            let agrees = missed.len() == before && !self.filter_refused;
            if agrees
                && let Some(last) = missed.pop()
                && self.ask_by_id(kind, &last).await
            {
                for identity in &missed {
                    self.end(identity, Outcome::Reached(None));
                }
                return;
            }
        }
        for identity in &missed {
            self.ask_by_id(kind, identity).await;
        }
    }

    /// Asks for the named resources, tells those who wait for them, and returns those that were not shown.
    async fn ask(
        &mut self,
        kind: &'static dyn Kind,
        region: &str,
        ids: Vec<String>,
    ) -> Result<Vec<Identity>, Error> {
        let items = self.list(kind, region, &ids).await?.into_iter();
        let mut shown: BTreeMap<String, Observed> = items
            .map(|observed| (observed.id.clone(), observed))
            .collect();
        let mut missed = Vec::new();
        for id in ids {
            let region = region.to_owned();
            let identity = Identity { region, id };
            match shown.remove(&identity.id) {
                Some(observed) => self.saw(&identity, observed),
                None => missed.push(identity),
            }
        }
        Ok(missed)
    }

    /// Lists the named resources.
    ///
    /// How many ids the cloud takes in one filter is not documented. Where it refuses them, the whole
    /// region is listed from then on: that costs more calls, but it answers.
    async fn list(
        &mut self,
        kind: &'static dyn Kind,
        region: &str,
        ids: &[String],
    ) -> Result<Vec<Observed>, Error> {
        if !self.filter_refused {
            match self.client.call(region, kind.list_by_ids(ids)).await {
                Err(error) if error.kind == ErrorKind::Invalid => self.filter_refused = true,
                answer => return answer.map(|page| page.items),
            }
        }
        let mut items = Vec::new();
        let mut offset = 0;
        loop {
            self.calls += 1;
            let page = self.client.call(region, kind.list(offset)).await?;
            items.extend(page.items);
            offset += kind.page_size();
            if offset >= page.total {
                return Ok(items);
            }
        }
    }

    fn batches(&self) -> Vec<(&'static dyn Kind, String, Vec<String>)> {
        let mut groups: BTreeMap<(&str, &str), (&'static dyn Kind, Vec<String>)> = BTreeMap::new();
        for (identity, waiting) in &self.waiting {
            let kind = waiting.request.kind;
            let group = groups
                .entry((kind.schema().kind, &identity.region))
                .or_insert((kind, Vec::new()));
            group.1.push(identity.id.clone());
        }
        let mut batches = Vec::new();
        for ((_, region), (kind, ids)) in groups {
            batches.extend(
                ids.chunks(kind.page_size())
                    .map(|ids| (kind, region.to_owned(), ids.to_vec())),
            );
        }
        batches
    }

    fn saw(&mut self, identity: &Identity, observed: Observed) {
        let Some(waiting) = self.waiting.get_mut(identity) else {
            return;
        };
        waiting.seen = true;
        waiting.misses = 0;
        waiting.request.status.clone_from(&observed.status);
        match (waiting.request.until, observed.phase) {
            (Until::Ready, Phase::Ready) => self.end(identity, Outcome::Reached(Some(observed))),
            (_, Phase::Failed) => self.end(identity, Outcome::Failed(observed)),
            _ => self.tell(identity),
        }
    }

    /// Asks for a resource that the list did not show, which alone proves nothing; tells whether the cloud
    /// says that it is not there.
    async fn ask_by_id(&mut self, kind: &'static dyn Kind, identity: &Identity) -> bool {
        let Identity { region, id } = identity;
        let answer = self.client.call(region, kind.describe(id)).await;
        let is_absent = answer
            .as_ref()
            .is_err_and(|error| error.kind == ErrorKind::Absent);
        match answer {
            Ok(observed) => self.saw(identity, observed),
            Err(_) if is_absent && self.is_to_be_gone(identity) => {
                self.end(identity, Outcome::Reached(None));
            }
            Err(_) if is_absent => self.count_miss(identity),
            Err(error) => self.could_not_ask(&error),
        }
        is_absent
    }

    /// A new resource may take a while to show up everywhere; one that was seen may have vanished.
    fn count_miss(&mut self, identity: &Identity) {
        let Some(waiting) = self.waiting.get_mut(identity) else {
            return;
        };
        waiting.misses += 1;
        if waiting.seen && waiting.misses >= VANISHED_AFTER {
            self.end(identity, Outcome::Vanished);
        } else {
            self.tell(identity);
        }
    }

    /// A question without an answer harms nothing: it is asked again in the next round, unless asking
    /// itself is refused. Then no answer will ever come, and all who wait are told so.
    fn could_not_ask(&mut self, error: &Error) {
        if error.kind == ErrorKind::Denied {
            for (_, waiting) in std::mem::take(&mut self.waiting) {
                waiting.answer.send(Outcome::Denied(error.clone())).ok();
            }
            return;
        }
        (self.events)(unanswered(error));
    }

    fn give_up_on_late(&mut self) {
        let late: Vec<Identity> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.since.elapsed() >= waiting.request.limit)
            .map(|(identity, _)| identity.clone())
            .collect();
        for identity in late {
            let status = self.waiting[&identity].request.status.clone();
            self.end(&identity, Outcome::TimedOut(status));
        }
    }

    fn tell(&self, identity: &Identity) {
        if let Some(Waiting { request, .. }) = self.waiting.get(identity) {
            (self.events)(Event::Waiting {
                address: request.address.clone(),
                status: request.status.clone(),
                elapsed: request.started.elapsed(),
            });
        }
    }

    fn end(&mut self, identity: &Identity, outcome: Outcome) {
        if let Some(waiting) = self.waiting.remove(identity) {
            waiting.answer.send(outcome).ok();
        }
    }
}

/// Tells of a question that the cloud did not answer and that is asked again.
///
/// Its cause leaves out what is another each time, as the id of the request.
pub(super) fn unanswered(error: &Error) -> Event {
    let code = error.code.clone();
    let code = code.unwrap_or_else(|| format!("{:?}", error.kind));
    Event::Trouble {
        cause: format!("{}: {code}", error.action),
        message: format!("the cloud can't be asked just now, gwplan goes on asking: {error}"),
    }
}

/// Pauses between two tries of a request that the cloud refuses while it is busy.
pub(super) async fn pause_while_busy(since: Instant) {
    sleep(pause_after(since.elapsed())).await;
}

/// Returns how long to wait until the next question about one resource, by how long was waited already.
pub(super) fn pause_after(waited: Duration) -> Duration {
    (waited / BUSY_PART).clamp(BUSY_PAUSE.0, BUSY_PAUSE.1)
}
