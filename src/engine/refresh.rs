//! Reads the cloud in bulk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::api::{Client, Error, ErrorKind};
use crate::crash;
use crate::kinds::{self, Kind};
use crate::model::{Address, Attributes, Desired, Fault, Identity, Observed, Value};
use crate::plan::Snapshot;
use crate::schema::{Change, Field, Read};
use crate::state::{State, Status};

use super::pages::list_pages;

/// How many calls are under way at once; the rate is the client's business.
pub(super) const IN_FLIGHT: usize = 8;

/// The pause between two questions about what the cloud does not show yet.
const PAUSE: Duration = Duration::from_secs(1);

/// Asks the cloud about every region that the files or the state name.
///
/// It costs one call for each 100 resources of a region, one for each resource whose public network
/// is described or was never spoken of, and one for each recorded resource that the pages did not show: the pages shift
/// while resources come and go, in whatever order the cloud lists them, so only the cloud's own word
/// makes a resource gone. `consistency` is how long the cloud may take to show what it has taken on.
pub async fn refresh(
    client: &Client,
    desired: &BTreeMap<Address, Desired>,
    state: &State,
    consistency: Duration,
) -> Result<Snapshot, Fault> {
    let mut snapshot = Snapshot::default();
    for kind in kinds::ALL.iter().copied() {
        let regions = regions(kind, desired, state);
        snapshot
            .found
            .extend(list_regions(client, kind, &regions).await?);
        confirm_missing(client, kind, state, consistency, &mut snapshot).await?;
        let (concerned, unspoken) = with_details(kind, desired, state, &snapshot);
        forget_details(kind, &unspoken, &mut snapshot);
        let concerned = concerned.into_iter().chain(unspoken);
        add_details(client, kind, concerned, &mut snapshot)
            .await
            .map_err(refresh_fault)?;
    }
    Ok(snapshot)
}

fn regions(
    kind: &dyn Kind,
    desired: &BTreeMap<Address, Desired>,
    state: &State,
) -> BTreeSet<String> {
    let word = kind.schema().kind;
    let wanted = desired
        .values()
        .filter(|resource| resource.address.kind() == word)
        .map(|resource| resource.region.as_str());
    let recorded = state
        .resources
        .values()
        .filter(|record| record.kind == word)
        .map(|record| record.region.as_str());
    let open = state
        .intents
        .iter()
        .filter(|(address, _)| address.kind() == word)
        .map(|(_, intent)| intent.request.region());
    let all = wanted.chain(recorded).chain(open);
    all.map(str::to_owned).collect()
}

/// Lists whole regions, one after the other.
pub(super) async fn list_regions(
    client: &Client,
    kind: &'static dyn Kind,
    regions: &BTreeSet<String>,
) -> Result<BTreeMap<Identity, Observed>, Fault> {
    let mut found = BTreeMap::new();
    for region in regions {
        let seen = list_all(client, kind, region)
            .await
            .map_err(refresh_fault)?;
        found.extend(
            seen.into_iter()
                .map(|observed| (observed.identity(region), observed)),
        );
    }
    Ok(found)
}

/// Lists a whole region.
pub(super) async fn list_all(
    client: &Client,
    kind: &'static dyn Kind,
    region: &str,
) -> Result<Vec<Observed>, Error> {
    list_pages(client, kind, region, |offset| kind.list(offset)).await
}

/// Asks for each recorded resource that no page showed.
///
/// One that is being made may have been accepted a moment ago, and then the cloud may not show it yet:
/// its absence counts only after the time that the cloud may take to be consistent.
async fn confirm_missing(
    client: &Client,
    kind: &'static dyn Kind,
    state: &State,
    consistency: Duration,
    snapshot: &mut Snapshot,
) -> Result<(), Fault> {
    let word = kind.schema().kind;
    let started = Instant::now();
    let recorded = state
        .resources
        .values()
        .filter(|record| record.kind == word);
    let parts = recorded.flat_map(|record| [Some(record), record.successor.as_deref()]);
    let mut missing: BTreeMap<Identity, Status> = parts
        .flatten()
        .map(|record| (record.identity(), record.status))
        .filter(|(identity, _)| !snapshot.found.contains_key(identity))
        .collect();
    loop {
        let last = started.elapsed() >= consistency;
        let asked = describe_all(client, kind, missing.keys().cloned().collect()).await?;
        missing.retain(|identity, status| {
            *status == Status::Creating && asked.gone.contains(identity) && !last
        });
        let settled = asked.gone.into_iter();
        snapshot
            .gone
            .extend(settled.filter(|identity| !missing.contains_key(identity)));
        snapshot.found.extend(asked.found);
        if missing.is_empty() {
            return Ok(());
        }
        sleep(PAUSE.min(consistency.saturating_sub(started.elapsed()))).await;
    }
}

/// Asks for resources one by one: what is there, and what the cloud says is not.
pub(super) async fn describe_all(
    client: &Client,
    kind: &'static dyn Kind,
    identities: Vec<Identity>,
) -> Result<Snapshot, Fault> {
    let answers = concurrently(identities, |identity| {
        let client = client.clone();
        async move {
            let answer = client
                .call(&identity.region, kind.describe(&identity.id))
                .await;
            crash::point("a resource is asked for by its id");
            (identity, answer)
        }
    });
    let mut snapshot = Snapshot::default();
    for (identity, answer) in answers.await {
        match answer {
            Ok(observed) => {
                snapshot.found.insert(identity, observed);
            }
            Err(error) if error.kind == ErrorKind::Absent => {
                snapshot.gone.insert(identity);
            }
            Err(error) => return Err(refresh_fault(error)),
        }
    }
    Ok(snapshot)
}

/// Lists the recorded resources of which the list does not show everything that is compared: those that
/// a file or the record says more about, and apart from them those that have a thing of which neither
/// ever spoke.
///
/// It costs a call each, so the rest is left out.
fn with_details(
    kind: &dyn Kind,
    desired: &BTreeMap<Address, Desired>,
    state: &State,
    snapshot: &Snapshot,
) -> (Vec<Identity>, Vec<Identity>) {
    let fields = kind.schema().fields.iter();
    let is_presence = |field: &&Field| matches!(field.change, Change::Presence { .. });
    let detailed: Vec<&str> = detailed(kind).collect();
    let about: Vec<&str> = fields.filter(is_presence).map(|field| field.key).collect();
    let speaks = |keys: &[&str], attributes: &Attributes| {
        keys.iter().any(|key| attributes.contains_key(*key))
    };
    let (mut spoken, mut unspoken) = (Vec::new(), Vec::new());
    let recorded = state.resources.iter().flat_map(|(address, record)| {
        // A successor is compared with the files just as the one that it is to replace.
        let both = [Some(record), record.successor.as_deref()];
        both.into_iter().flatten().map(move |one| (address, one))
    });
    for (address, record) in recorded {
        let identity = record.identity();
        let found = snapshot.found.get(&identity);
        if !found.is_some_and(|observed| kind.has_details(observed)) {
            continue;
        }
        let wanted = desired.get(address).map(|desired| &desired.attributes);
        let any_speaks = |keys: &[&str]| {
            speaks(keys, &record.applied) || wanted.is_some_and(|wanted| speaks(keys, wanted))
        };
        if any_speaks(&detailed) || state.intents.contains_key(address) {
            spoken.push(identity);
        } else if !any_speaks(&about) {
            unspoken.push(identity);
        }
    }
    (spoken, unspoken)
}

/// Returns the keys of the fields that only a call about the resource alone shows.
fn detailed(kind: &dyn Kind) -> impl Iterator<Item = &'static str> {
    let fields = kind.schema().fields.iter();
    let detailed = fields.filter(|field| field.read == Read::Detailed);
    detailed.map(|field| field.key)
}

/// Takes out what the list showed of things that only the details can tell apart.
///
/// The list says whether a resource has such a thing in any of its parts, and parts that gwplan knows
/// nothing of belong to others. Where nobody spoke of the thing, the details alone say that the
/// resource itself has it.
fn forget_details(kind: &dyn Kind, identities: &[Identity], snapshot: &mut Snapshot) {
    for identity in identities {
        if let Some(observed) = snapshot.found.get_mut(identity) {
            for key in detailed(kind) {
                observed.attributes.remove(key);
            }
        }
    }
}

/// Reads what the list does not show, and lays it over what it showed.
pub(super) async fn add_details(
    client: &Client,
    kind: &'static dyn Kind,
    identities: impl IntoIterator<Item = Identity>,
    snapshot: &mut Snapshot,
) -> Result<(), Error> {
    let answers = concurrently(identities, |identity| {
        let client = client.clone();
        async move {
            let answer = client
                .call(&identity.region, kind.details(&identity.id))
                .await;
            crash::point("what no list shows is read");
            (identity, answer)
        }
    });
    for (identity, answer) in answers.await {
        let details = match answer {
            Ok(details) => details,
            // It went between two calls; the next plan sees that.
            Err(error) if error.kind == ErrorKind::Absent => continue,
            Err(error) => return Err(error),
        };
        if let Some(observed) = snapshot.found.get_mut(&identity) {
            let mut merged = Value::Map(std::mem::take(&mut observed.attributes));
            merged.merge(Value::Map(details.attributes));
            if let Value::Map(attributes) = merged {
                observed.attributes = attributes;
            }
        }
    }
    Ok(())
}

/// Runs calls side by side, a bounded number at once.
pub(super) async fn concurrently<I, T, F>(
    inputs: impl IntoIterator<Item = I>,
    start: impl Fn(I) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut tasks = JoinSet::new();
    for input in inputs {
        let (permits, work) = (Arc::clone(&permits), start(input));
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = permits.acquire_owned().await;
            work.await
        });
    }
    tasks.join_all().await
}

pub(super) fn refresh_fault(error: Error) -> Fault {
    let hint = error.next_step();
    let fault = Fault::new("the cloud can't be read").because(error);
    match hint {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}
