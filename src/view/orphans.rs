//! Gateways that were made for a state that does not hold them.

use std::fmt::Write;

use serde_json::json;

use crate::model::{Address, Identity, Observed, Value};

/// Describes one that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The address that it was made for; nothing where that is another state's.
    pub address: Option<Address>,
    /// The owner tag's value.
    pub owner: String,
    /// The resource.
    pub identity: Identity,
    /// Its name in the cloud.
    pub name: String,
    /// The cloud's status word.
    pub status: String,
    /// When it was made, as the cloud writes it; may be empty.
    pub created: String,
}

impl Orphan {
    /// Describes what the cloud shows.
    pub fn new(address: Option<Address>, identity: &Identity, observed: &Observed) -> Self {
        let name = observed.attributes.get("name").and_then(Value::as_text);
        Self {
            address,
            owner: observed.owner.clone().unwrap_or_default(),
            identity: identity.clone(),
            name: name.unwrap_or_default().to_owned(),
            status: observed.status.clone(),
            created: observed.created.clone().unwrap_or_default(),
        }
    }
}

/// Renders them for people, each with what can be done about it.
pub fn text(orphans: &[Orphan]) -> String {
    if orphans.is_empty() {
        return "No orphans: the state holds every gateway that was made for it.\n".to_owned();
    }
    let mut out = String::new();
    for orphan in orphans {
        let Orphan {
            address,
            owner,
            identity: Identity { region, id },
            name,
            status,
            created,
        } = orphan;
        let whom = match address {
            Some(address) => address.to_string(),
            None => format!("{owner}, of another state"),
        };
        let _ = writeln!(
            out,
            "{id} in {region}: made for {whom}, named {name:?}, {status}, since {created}"
        );
        if let Some(address) = address {
            let _ = writeln!(
                out,
                "  take it over: gwplan import {address} {id} --region {region}"
            );
        }
        let any = if address.is_some() {
            ""
        } else {
            " --any-state"
        };
        let _ = writeln!(out, "  delete it:    gwplan orphans --delete {id}{any}");
        let _ = writeln!(out, "  let it live:  gwplan orphans --release {id}{any}");
    }
    out
}

/// Renders them as JSON on one line.
pub fn json(orphans: &[Orphan]) -> String {
    let items: Vec<_> = orphans
        .iter()
        .map(|orphan| {
            json!({
                "address": orphan.address,
                "owner": orphan.owner,
                "gatewayId": orphan.identity.id,
                "region": orphan.identity.region,
                "name": orphan.name,
                "status": orphan.status,
                "created": orphan.created,
            })
        })
        .collect();
    format!("{}\n", json!({ "orphans": items }))
}
