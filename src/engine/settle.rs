//! Finds out how requests have ended whose answer nobody has.
//!
//! The same questions serve a run that was cut off ([`recover`]) and, within a run, a request whose
//! answer was lost: look the outcome up, and only send anew what the cloud, after the time that it may
//! take to be consistent, still does not show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::api::{Client, Error, ErrorKind};
use crate::crash;
use crate::kinds::{self, Kind};
use crate::model::{Address, Attributes, Diagnostic, Fault, Identity, Observed, Phase, Value};
use crate::plan::{Case, Snapshot, Verdict, choose, judge, undecided};
use crate::state::{Change, Intent, Record, Request, State};

use super::pages::list_pages;
use super::refresh::{add_details, list_all, refresh_fault};
use super::watch::pause_after;

/// How far apart the clocks of two machines may be that both talk to the cloud: it refuses requests
/// that are signed further off.
const CLOCKS_DIFFER: Duration = Duration::from_mins(5);
/// How long the cloud takes a signature for.
const SIGNATURE_LIFE: Duration = Duration::from_mins(5);
/// What the cloud's own machines may differ by, and what is cut off times in headers.
const SIGNATURE_MARGIN: Duration = Duration::from_secs(10);

/// Looks requests up that may or may not have been carried out.
#[derive(Clone)]
pub(super) struct Inquirer {
    client: Client,
    /// The resources that are somebody's already: none of them is taken for another's.
    known: Arc<Mutex<BTreeSet<Identity>>>,
    /// How long the cloud may take to show what a request has made.
    pub(super) consistency: Duration,
    /// How long the cloud may be at work on a resource.
    work_limit: Duration,
    /// The last reading of a whole region: what is asked at the same time shares it.
    readings: Readings,
    /// Bounds how many look at once; those that wait for the next look hold nobody up.
    looks: Arc<Semaphore>,
}

/// How many look at the cloud at once.
const LOOKS: usize = 8;

/// Keeps readings of whole regions, with the time at which each was begun.
type Readings = Arc<tokio::sync::Mutex<BTreeMap<String, (Instant, Vec<Observed>)>>>;

/// Says how patient an inquiry is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long the cloud may take to show what a request has made.
    pub consistency: Duration,
    /// How long the cloud may be at work on a resource.
    pub work: Duration,
}

impl Inquirer {
    /// Prepares to ask; what the state holds is somebody's.
    pub(super) fn new(client: Client, state: &State, patience: Patience) -> Self {
        Self {
            client,
            known: Arc::new(Mutex::new(state.identities().collect())),
            consistency: patience.consistency,
            work_limit: patience.work,
            readings: Readings::default(),
            looks: Arc::new(Semaphore::new(LOOKS)),
        }
    }

    /// Makes a resource unavailable to others; tells whether it was nobody's before.
    pub(super) fn claim(&self, identity: Identity) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(identity)
    }

    /// Asks until it is clear how a request has ended.
    ///
    /// While the cloud is at work nothing is concluded: the time in which it must have shown
    /// everything begins when it is at rest.
    ///
    /// # Errors
    /// The cloud's error where it can't be asked: the request stays as it is.
    pub(super) async fn find_out(
        &self,
        address: &Address,
        intent: &Intent,
        record: Option<&Record>,
        wait: Wait,
    ) -> Result<Verdict, Error> {
        let started = Instant::now();
        let mut at_rest = started;
        // How long a run before must be waited for, the first answer tells: it says the cloud's time.
        let mut limit = match wait {
            Wait::ThisRun => Some(self.consistency),
            Wait::RunBefore { .. } => None,
        };
        loop {
            // Decided before the look: what is concluded last was looked at last.
            let asked = Instant::now();
            let last = limit.is_some_and(|limit| asked.duration_since(at_rest) >= limit);
            let pause = pause_after(started.elapsed());
            let verdict = self
                .look(address, intent, record, last.then_some(asked))
                .await?;
            let limit = *limit.get_or_insert_with(|| {
                let left = wait.left(intent, self.client.cloud_time(), self.consistency);
                at_rest.elapsed() + left
            });
            match verdict {
                Verdict::Unclear if !last => {
                    sleep(pause.min(limit.saturating_sub(at_rest.elapsed()))).await;
                }
                Verdict::Busy if started.elapsed() < self.work_limit => {
                    sleep(pause).await;
                    at_rest = Instant::now();
                }
                verdict => return Ok(verdict),
            }
        }
    }

    async fn look(
        &self,
        address: &Address,
        intent: &Intent,
        record: Option<&Record>,
        last: Option<Instant>,
    ) -> Result<Verdict, Error> {
        // The semaphore is never closed.
        let _permit = self.looks.acquire().await;
        let Some(kind) = kinds::find(address.kind()) else {
            return Ok(Verdict::Unclear);
        };
        let mut snapshot = Snapshot::default();
        if intent.sent.is_some() {
            snapshot = self.snapshot(kind, &intent.request, last).await?;
            if last.is_none() && !self.is_listed(kind, &intent.request, &snapshot).await? {
                return Ok(Verdict::Unclear);
            }
        }
        crash::point("what a request has done is looked at");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = judge(Case {
            address,
            intent,
            record,
            known: &known,
            snapshot: &snapshot,
            schema: kind.schema(),
            last: last.is_some(),
        });
        claim(&verdict, &mut known);
        Ok(verdict)
    }

    /// Looks at what a request was about.
    ///
    /// What a create made is looked for by its name: one page, so nothing shifts while it is read. Before
    /// it is concluded that it made nothing, the whole region is read, since names can be changed.
    async fn snapshot(
        &self,
        kind: &'static dyn Kind,
        request: &Request,
        last: Option<Instant>,
    ) -> Result<Snapshot, Error> {
        match request {
            Request::Create { draft, .. } => {
                let region = &draft.region;
                let mut seen = Vec::new();
                if let Some(name) = draft.applied.get("name").and_then(Value::as_text) {
                    seen = self.named(kind, region, name).await?;
                }
                if let Some(asked) = last {
                    seen.extend(self.whole(kind, region, asked).await?);
                }
                let found = seen
                    .into_iter()
                    .map(|observed| (observed.identity(region), observed));
                Ok(Snapshot {
                    found: found.collect(),
                    ..Snapshot::default()
                })
            }
            Request::Update { target, .. } | Request::Delete { target } => {
                self.described(kind, target).await
            }
        }
    }

    /// Reads a whole region, or takes the reading that another request has begun since this was asked.
    async fn whole(
        &self,
        kind: &'static dyn Kind,
        region: &str,
        asked: Instant,
    ) -> Result<Vec<Observed>, Error> {
        let key = format!("{} {region}", kind.schema().kind);
        let mut readings = self.readings.lock().await;
        match readings.get(&key) {
            Some((begun, seen)) if *begun >= asked => Ok(seen.clone()),
            _ => {
                let begun = Instant::now();
                let seen = list_all(&self.client, kind, region).await?;
                readings.insert(key, (begun, seen.clone()));
                Ok(seen)
            }
        }
    }

    async fn named(
        &self,
        kind: &'static dyn Kind,
        region: &str,
        name: &str,
    ) -> Result<Vec<Observed>, Error> {
        let pages = list_pages(&self.client, kind, region, |offset| {
            kind.list_by_name(name, offset)
        });
        match pages.await {
            // A cloud that does not take the filter is read whole in the end.
            Err(error) if error.kind == ErrorKind::Invalid => Ok(Vec::new()),
            pages => pages,
        }
    }

    async fn described(
        &self,
        kind: &'static dyn Kind,
        target: &Identity,
    ) -> Result<Snapshot, Error> {
        let mut snapshot = Snapshot::default();
        match self
            .client
            .call(&target.region, kind.describe(&target.id))
            .await
        {
            Ok(observed) => {
                let concerned = kind.has_details(&observed).then(|| target.clone());
                snapshot.found.insert(target.clone(), observed);
                add_details(&self.client, kind, concerned, &mut snapshot).await?;
            }
            Err(error) if error.kind == ErrorKind::Absent => {
                snapshot.gone.insert(target.clone());
            }
            Err(error) => return Err(error),
        }
        Ok(snapshot)
    }

    /// Tells whether the list shows a resource that was updated as the resource itself is shown.
    ///
    /// Plans are made of the list, which may lag behind: what an update has set counts only once it is
    /// there, or the next plan would have it again.
    async fn is_listed(
        &self,
        kind: &'static dyn Kind,
        request: &Request,
        snapshot: &Snapshot,
    ) -> Result<bool, Error> {
        let Request::Update { target, .. } = request else {
            return Ok(true);
        };
        let Some(observed) = snapshot.found.get(target) else {
            return Ok(true);
        };
        if observed.phase == Phase::Busy {
            return Ok(true);
        }
        let listed = self.listed(kind, target).await?;
        Ok(listed.is_some_and(|listed| agree(kind, &listed.attributes, &observed.attributes)))
    }

    async fn listed(
        &self,
        kind: &'static dyn Kind,
        target: &Identity,
    ) -> Result<Option<Observed>, Error> {
        let Identity { region, id } = target;
        let call = kind.list_by_ids(std::slice::from_ref(id));
        let seen = match self.client.call(region, call).await {
            // A cloud that does not take the filter is read whole.
            Err(error) if error.kind == ErrorKind::Invalid => {
                list_all(&self.client, kind, region).await?
            }
            page => page?.items,
        };
        Ok(seen.into_iter().find(|observed| observed.id == *id))
    }
}

/// Tells whether two looks agree in all that the list shows.
pub(super) fn agree(kind: &'static dyn Kind, one: &Attributes, other: &Attributes) -> bool {
    let mut keys = kind.schema().listed().map(|field| field.key);
    keys.all(|key| one.get(key) == other.get(key))
}

/// Makes what a verdict gives to one address unavailable to others.
fn claim(verdict: &Verdict, known: &mut BTreeSet<Identity>) {
    let Verdict::Settled { changes, .. } = verdict else {
        return;
    };
    for change in changes {
        if let Change::Recorded { record, .. } = change {
            known.insert(record.identity());
            known.extend(record.successor.as_deref().map(Record::identity));
        }
    }
}

/// Holds what the user says about creates that only they can settle: an id, or nothing for none.
pub type Choices = BTreeMap<Address, Option<String>>;

/// Holds what recovery has found out.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// What the state must take over.
    pub changes: Vec<Change>,
    /// What came out, a line for each request.
    pub notes: Vec<String>,
    /// What only the user can settle.
    pub undecided: Vec<Diagnostic>,
}

/// Finds out how each request has ended whose outcome the state does not hold.
///
/// It only asks: nothing is sent that changes the cloud. A create that the cloud did not carry out is
/// closed, and the plan that follows has it again: what is sent was always planned before.
///
/// # Errors
/// A fault where the cloud can't be asked, or a choice names what is none: nothing is changed then.
pub async fn recover(
    client: &Client,
    state: &State,
    now: Timestamp,
    patience: Patience,
    choices: &Choices,
) -> Result<Recovery, Fault> {
    let inquirer = Inquirer::new(client.clone(), state, patience);
    let mut recovery = Recovery::default();
    for (address, choice) in choices {
        let verdict = inquirer.chosen(address, choice.as_deref(), state).await?;
        recovery.take(address, verdict);
    }
    let open = state
        .intents
        .iter()
        .filter(|(address, _)| !choices.contains_key(*address));
    let mut inquiries = JoinSet::new();
    for (address, intent) in open {
        let (address, intent, inquirer) = (address.clone(), intent.clone(), inquirer.clone());
        let record = state.resources.get(&address).cloned();
        inquiries.spawn(async move {
            let wait = Wait::RunBefore { now };
            let found = inquirer
                .find_out(&address, &intent, record.as_ref(), wait)
                .await;
            (address, found)
        });
    }
    let mut found = inquiries.join_all().await;
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (address, verdict) in found {
        recovery.take(&address, verdict.map_err(refresh_fault)?);
    }
    crash::point("how requests have ended is known, and not yet recorded");
    Ok(recovery)
}

impl Recovery {
    fn take(&mut self, address: &Address, verdict: Verdict) {
        match verdict {
            Verdict::Settled { changes, note, .. } => {
                self.changes.extend(changes);
                self.notes.push(format!("{address}: {note}"));
            }
            Verdict::Several(several) => self.undecided.push(undecided(address, &several)),
            // It is asked again by the next run.
            Verdict::Unclear | Verdict::Busy => {}
        }
    }
}

impl Inquirer {
    /// Settles a create by the user's word.
    async fn chosen(
        &self,
        address: &Address,
        choice: Option<&str>,
        state: &State,
    ) -> Result<Verdict, Fault> {
        let (Some(intent), Some(kind)) = (state.intents.get(address), kinds::find(address.kind()))
        else {
            return Err(Fault::new(format!("nothing is open about {address}"))
                .hint("leave that --choose out: `gwplan recover` alone says what is open"));
        };
        let snapshot = self
            .snapshot(kind, &intent.request, Some(Instant::now()))
            .await
            .map_err(refresh_fault)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let case = Case {
            address,
            intent,
            record: state.resources.get(address),
            known: &known,
            snapshot: &snapshot,
            schema: kind.schema(),
            last: true,
        };
        let verdict = choose(case, choice).ok_or_else(|| {
            let id = choice.unwrap_or("none");
            let word = intent.request.word();
            Fault::new(format!(
                "{id} is none of those that the {word} of {address} may have made"
            ))
            .hint("`gwplan recover` alone lists them; a gateway that is none of them is taken over by `gwplan import`")
        })?;
        claim(&verdict, &mut known);
        Ok(verdict)
    }
}

/// Says whose request it is that is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// One of this run: it has just been tried.
    ThisRun,
    /// One of a run before.
    RunBefore {
        /// The present time by the clock of this machine.
        now: Timestamp,
    },
}

impl Wait {
    /// Returns how long the cloud may still take to show the outcome, by the cloud's time if it is told.
    fn left(self, intent: &Intent, told: Option<Timestamp>, consistency: Duration) -> Duration {
        let (Self::RunBefore { now }, Some(sent)) = (self, intent.sent) else {
            return consistency;
        };
        // The record may be by a clock that was off, and so may this machine's be, the other way.
        let doubt = if told.is_some() {
            Duration::ZERO
        } else {
            CLOCKS_DIFFER
        };
        let age = told.unwrap_or(now).duration_since(sent);
        let reached =
            |limit: Duration| SignedDuration::try_from(limit).is_ok_and(|limit| age > limit);
        if intent.sender.is_some() {
            // Its run may be asleep with the request in hand, for as long as the cloud takes the signature.
            let limit = may_live_for(consistency) + doubt;
            let ahead = Duration::try_from(-age)
                .unwrap_or_default()
                .min(CLOCKS_DIFFER);
            let passed = Duration::try_from(age).unwrap_or_default();
            return (limit + ahead).saturating_sub(passed);
        }
        if reached(consistency + CLOCKS_DIFFER + doubt) {
            return Duration::ZERO;
        }
        consistency
    }
}

/// Returns how long after its record a request can still come about whose run may be asleep.
pub fn may_live_for(consistency: Duration) -> Duration {
    SIGNATURE_LIFE + SIGNATURE_MARGIN + consistency
}

#[cfg(test)]
mod tests {
    use crate::state::Request;

    use super::*;

    const CONSISTENCY: Duration = Duration::from_mins(1);

    fn left(sender: Option<&str>, told: Option<i64>, now: i64) -> u64 {
        let at = |second| Timestamp::from_second(1_790_000_000 + second).unwrap();
        let target = Identity {
            region: "ap-guangzhou".to_owned(),
            id: "gateway-1".to_owned(),
        };
        let intent = Intent {
            sent: Some(at(0)),
            sender: sender.map(str::to_owned),
            ..Intent::new(Request::Delete { target })
        };
        let wait = Wait::RunBefore { now: at(now) };
        wait.left(&intent, told.map(at), CONSISTENCY).as_secs()
    }

    #[test]
    fn two_clocks_that_are_ten_minutes_apart_cut_no_wait_short() {
        // Sent by a clock that was 290 s behind, looked at by one that is 290 s ahead.
        assert_eq!(left(None, Some(292), 582), 60);
        assert_eq!(left(None, None, 582), 60);
        assert_eq!(left(None, None, 661), 0);
        assert_eq!(
            (left(None, Some(360), 0), left(None, Some(361), 0)),
            (60, 0)
        );
        assert_eq!(left(None, Some(-290), 0), 60);
    }

    #[test]
    fn a_run_that_may_be_asleep_is_waited_for_until_its_signature_is_refused() {
        let asleep = Some("a-lock");
        assert_eq!(left(asleep, Some(0), 9999), 370);
        assert_eq!(left(asleep, Some(300), 9999), 70);
        assert_eq!(left(asleep, Some(370), 0), 0);
        assert_eq!(left(asleep, Some(-100), 0), 470);
        assert_eq!(
            left(asleep, None, 370),
            300,
            "this machine's clock may be ahead"
        );
    }
}
