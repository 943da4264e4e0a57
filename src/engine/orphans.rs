//! Marks what is this state's, and deals with what was made for it and is in no record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::api::{Client, Error, ErrorKind};
use crate::crash;
use crate::kinds::{self, Kind, tags};
use crate::model::{Address, Fault, Identity, OWNER_KEY, owner_tag};
use crate::plan::Snapshot;
use crate::state::Record;

use super::gate::Gate;
use super::refresh::{concurrently, list_regions};

/// The pause between two questions whether a resource is gone.
const PAUSE: Duration = Duration::from_secs(1);

/// Lists every resource of some regions, of whatever kind.
///
/// # Errors
/// A fault where the cloud can't be asked.
pub async fn list_all_kinds(
    client: &Client,
    regions: &BTreeSet<String>,
) -> Result<Snapshot, Fault> {
    let mut snapshot = Snapshot::default();
    for kind in kinds::ALL.iter().copied() {
        snapshot
            .found
            .extend(list_regions(client, kind, regions).await?);
    }
    Ok(snapshot)
}

/// Gives resources the owner tag of their addresses; returns those that did not get it, and why.
pub async fn mark(
    gate: &Gate,
    lineage: &str,
    records: &[(Address, Record)],
) -> Vec<(Address, String)> {
    let marks = records.iter().filter_map(|(address, record)| {
        let kind = kinds::find(address.kind())?;
        let tag = owner_tag(lineage, address);
        let resource = kind.tag_resource(&record.region, &record.id);
        Some((address.clone(), record.region.clone(), resource, tag))
    });
    let outcomes = concurrently(marks, |(address, region, resource, tag)| {
        let gate = gate.clone();
        async move {
            let pair = BTreeMap::from([(OWNER_KEY.to_owned(), tag)]);
            crash::point("an owner tag leaves");
            let outcome = gate
                .send(&[], &region, &tags::set(&[resource], &pair), None)
                .await;
            crash::point("an owner tag is answered");
            (address, refusal(outcome))
        }
    });
    let mut failed: Vec<(Address, String)> = outcomes
        .await
        .into_iter()
        .filter_map(|(address, refusal)| Some((address, refusal?)))
        .collect();
    failed.sort();
    failed
}

/// Takes the owner tag off a resource: it is nobody's from then on.
///
/// # Errors
/// A fault that holds what the tag service said.
pub async fn release(
    gate: &Gate,
    kind: &'static dyn Kind,
    identity: &Identity,
) -> Result<(), Fault> {
    let resource = kind.tag_resource(&identity.region, &identity.id);
    let call = tags::unset(&[resource], &[OWNER_KEY.to_owned()]);
    crash::point("an owner tag is about to be taken off");
    let outcome = gate.send(&[], &identity.region, &call, None).await;
    crash::point("an owner tag is taken off");
    match refusal(outcome) {
        None => Ok(()),
        Some(why) => Err(Fault::new(format!(
            "{} can't be released: {why}",
            identity.id
        ))),
    }
}

fn refusal(outcome: Result<Result<Vec<tags::FailedResource>, Error>, Fault>) -> Option<String> {
    match outcome {
        Err(fault) => Some(fault.to_string()),
        Ok(Ok(failed)) => failed
            .first()
            .map(|failed| format!("{}: {}", failed.code, failed.message)),
        Ok(Err(error)) => Some(error.to_string()),
    }
}

/// Deletes a resource that no record holds, and waits until it is gone.
///
/// # Errors
/// A fault that holds what the cloud said, or that the time is up.
pub async fn delete_orphan(
    client: &Client,
    gate: &Gate,
    kind: &'static dyn Kind,
    identity: &Identity,
    limit: Duration,
) -> Result<(), Fault> {
    let Identity { region, id } = identity;
    let started = Instant::now();
    loop {
        crash::point("the delete of an orphan leaves");
        let answer = gate.send(&[], region, &kind.delete(id), None).await?;
        crash::point("the delete of an orphan is answered");
        match answer {
            Ok(_) => break,
            Err(error) if error.kind == ErrorKind::Absent => return Ok(()),
            Err(error) if error.kind == ErrorKind::Conflict && started.elapsed() < limit => {
                sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    while started.elapsed() < limit {
        match client.call(region, kind.describe(id)).await {
            Err(error) if error.kind == ErrorKind::Absent => return Ok(()),
            // A question that fails harms nothing: it is asked again.
            _ => sleep(PAUSE).await,
        }
    }
    Err(Fault::new(format!("{id} is still there"))
        .hint("the cloud has taken the delete on: look again later with `gwplan orphans`"))
}
