//! Takes over what others have made.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Client, ErrorKind};
use crate::crash;
use crate::kinds::Kind;
use crate::model::{Attributes, Desired, Fault, Identity, Location, Observed, Phase, Value};
use crate::plan::Snapshot;
use crate::schema::{Field, Read, ResourceSchema, Shape};
use crate::state::{Record, Status};

use super::refresh::{add_details, describe_all, list_regions, refresh_fault};

/// Asks for one resource with all that can be known of it; nothing where the region doesn't hold it.
pub async fn look_up(
    client: &Client,
    kind: &'static dyn Kind,
    identity: &Identity,
) -> Result<Option<Observed>, Fault> {
    let answer = client
        .call(&identity.region, kind.describe(&identity.id))
        .await;
    crash::point("what is to be taken over is looked up");
    let observed = match answer {
        Ok(observed) => observed,
        Err(error) if error.kind == ErrorKind::Absent => return Ok(None),
        Err(error) => return Err(refresh_fault(error)),
    };
    let found = BTreeMap::from([(identity.clone(), observed)]);
    Ok(completed(client, kind, found).await?.remove(identity))
}

/// Lists the resources of regions with all that can be known of those that are asked for.
///
/// Those of `ids` that no list showed are asked for one by one: the pages shift while resources come
/// and go, so only the cloud's own word makes one absent.
pub async fn survey(
    client: &Client,
    kind: &'static dyn Kind,
    regions: &BTreeSet<String>,
    ids: &BTreeSet<String>,
    asked_for: impl Fn(&Identity) -> bool,
) -> Result<BTreeMap<Identity, Observed>, Fault> {
    let mut found = list_regions(client, kind, regions).await?;
    found.retain(|identity, _| asked_for(identity));
    let seen: BTreeSet<&String> = found.keys().map(|identity| &identity.id).collect();
    let missing: Vec<Identity> = ids
        .iter()
        .filter(|id| !seen.contains(id))
        .flat_map(|id| {
            regions.iter().map(|region| Identity {
                region: region.clone(),
                id: id.clone(),
            })
        })
        .collect();
    found.extend(describe_all(client, kind, missing).await?.found);
    completed(client, kind, found).await
}

/// Adds what no list shows, for the resources that have it.
async fn completed(
    client: &Client,
    kind: &'static dyn Kind,
    found: BTreeMap<Identity, Observed>,
) -> Result<BTreeMap<Identity, Observed>, Fault> {
    let concerned: Vec<Identity> = found
        .iter()
        .filter(|(_, observed)| kind.has_details(observed))
        .map(|(identity, _)| identity.clone())
        .collect();
    let mut snapshot = Snapshot {
        found,
        ..Snapshot::default()
    };
    add_details(client, kind, concerned, &mut snapshot)
        .await
        .map_err(refresh_fault)?;
    Ok(snapshot.found)
}

/// Makes the record of a resource that gwplan did not make, as if the files had been applied to it
/// and the cloud had then been changed to what it shows.
///
/// So the next plan says nothing where the two agree, and an ordinary change where they don't. What
/// the cloud never shows, and what it does not show before a resource is made, is taken to be as the
/// files say.
pub fn adopt(
    schema: &ResourceSchema,
    identity: &Identity,
    observed: &Observed,
    desired: &Desired,
) -> Record {
    let busy = observed.phase == Phase::Busy;
    Record {
        kind: schema.kind.to_owned(),
        id: identity.id.clone(),
        task_id: None,
        // One that failed is recorded as ready: a plan replaces what gwplan failed to make, but
        // nothing says that what others have made is of no use.
        status: if busy {
            Status::Creating
        } else {
            Status::Ready
        },
        cloud_status: observed.status.clone(),
        region: identity.region.clone(),
        depends_on: desired.depends_on.clone(),
        prevent_destroy: desired.prevent_destroy,
        ignore_changes: Some(desired.ignore_changes.clone()),
        source: desired.location.as_ref().map(Location::line),
        applied: applied(
            schema.fields,
            &desired.attributes,
            &observed.attributes,
            busy,
        ),
        observed: observed.attributes.clone(),
        outputs: observed.outputs.clone(),
        made_for: None,
        successor: None,
    }
}

/// Returns, of what the cloud shows, that about which the files say something.
fn applied(
    fields: &[Field],
    desired: &Attributes,
    observed: &Attributes,
    busy: bool,
) -> Attributes {
    let mut applied = Attributes::new();
    for field in fields {
        let Some(wish) = desired.get(field.key) else {
            continue;
        };
        let value = match (&field.shape, wish, observed.get(field.key)) {
            (Shape::Object(inner), Value::Map(wish), Some(Value::Map(shown))) => {
                Some(Value::Map(self::applied(inner, wish, shown, busy)))
            }
            (Shape::Tags, Value::Map(wish), Some(Value::Map(shown))) => {
                let common = shown.iter().filter(|(key, _)| wish.contains_key(*key));
                Some(Value::Map(
                    common
                        .map(|(key, value)| (key.clone(), value.clone()))
                        .collect(),
                ))
            }
            (_, wish, None) if is_hidden(field, busy) => Some(wish.clone()),
            (_, _, shown) => shown.cloned(),
        };
        if let Some(value) = value {
            applied.insert(field.key.to_owned(), value);
        }
    }
    applied
}

/// Tells whether the cloud can have a field without showing it.
fn is_hidden(field: &Field, busy: bool) -> bool {
    match field.read {
        Read::Listed => false,
        // Once made, a resource shows that it is without the thing by showing nothing of it.
        Read::Detailed => busy,
        Read::Unlisted => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::GATEWAY;

    fn attributes(json: serde_json::Value) -> Attributes {
        serde_json::from_value(json).expect("attributes")
    }

    fn record(wish: serde_json::Value, shown: serde_json::Value, phase: Phase) -> Record {
        let desired = Desired {
            address: "gateway.a".parse().expect("valid"),
            region: "ap-guangzhou".to_owned(),
            attributes: attributes(wish),
            depends_on: vec!["gateway.b".parse().expect("valid")],
            prevent_destroy: true,
            create_before_destroy: false,
            ignore_changes: Vec::new(),
            location: None,
        };
        let observed = Observed {
            id: "gateway-1".to_owned(),
            status: "word".to_owned(),
            phase,
            attributes: attributes(shown),
            addresses: Vec::new(),
            outputs: Attributes::new(),
            owner: None,
            created: None,
        };
        let identity = Identity {
            region: "ap-guangzhou".to_owned(),
            id: "gateway-1".to_owned(),
        };
        adopt(GATEWAY, &identity, &observed, &desired)
    }

    #[test]
    fn what_is_applied_is_what_the_cloud_shows_of_what_the_files_say() {
        let both = |phase| {
            record(
                json!({
                    "name": "wish", "promId": "prom-1", "description": "none in the cloud",
                    "nodeConfig": { "number": 3 }, "tags": { "a": "1", "b": "2" },
                    "internetConfig": { "slaType": "clb.c2.medium", "internetPayMode": "BANDWIDTH" },
                }),
                json!({
                    "name": "shown", "nodeConfig": { "specification": "1c2g", "number": 2 },
                    "tags": { "a": "9", "c": "3" }, "enableCls": true,
                    "internetConfig": { "internetPayMode": "TRAFFIC" },
                }),
                phase,
            )
        };
        let mut expected = json!({
            "name": "shown", "promId": "prom-1", "nodeConfig": { "number": 2 }, "tags": { "a": "9" },
            "internetConfig": { "internetPayMode": "TRAFFIC" },
        });
        let ready = both(Phase::Ready);
        assert_eq!(ready.applied, attributes(expected.clone()));
        assert_eq!(ready.observed["name"], "shown".into());
        // What is still being made does not show everything.
        expected["internetConfig"]["slaType"] = "clb.c2.medium".into();
        assert_eq!(both(Phase::Busy).applied, attributes(expected));
    }

    #[test]
    fn a_record_stands_where_the_resource_stands() {
        let of = |phase| record(json!({}), json!({}), phase);
        assert_eq!(of(Phase::Ready).status, Status::Ready);
        assert_eq!(of(Phase::Busy).status, Status::Creating);
        assert_eq!(of(Phase::Failed).status, Status::Ready);
        let Record {
            depends_on,
            prevent_destroy,
            cloud_status,
            task_id,
            ..
        } = of(Phase::Ready);
        assert_eq!((depends_on.len(), prevent_destroy), (1, true));
        assert_eq!((cloud_status.as_str(), task_id), ("word", None));
    }
}
