//! The cloud native API gateway (service TSE).

mod extent;
mod fields;
mod network;
mod rules;
mod update;

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json, json};

use crate::api::{Call, Effect, Service};
use crate::model::{ADDRESSES, Attributes, OWNER_KEY, Observed, Phase, Value, visible};
use crate::schema::{Guarded, ResourceSchema, wire};

use super::{Accepted, Details, Handles, Kind, Page, Target};

/// The schema of gateways.
pub const SCHEMA: &ResourceSchema = &ResourceSchema {
    kind: "gateway",
    collection: "gateways",
    doc: "Cloud native API gateways, by a name of your choice that outlives a rename in the cloud.",
    terraform_type: "tse_gateway",
    provider_type: "tencentcloud_tse_cngw_gateway",
    is_id,
    fields: fields::FIELDS,
    calls: fields::CALLS,
    delete_guard: Some("deleteProtect"),
    billed: fields::BILLED,
    extent: extent::extent,
    portrait: extent::portrait,
    guarded: Guarded {
        tags: &["tags"],
        specification: &["nodeConfig.specification"],
        version: &["gatewayVersion"],
        bandwidth: &[
            "internetMaxBandwidthOut",
            "internetConfig.internetMaxBandwidthOut",
        ],
    },
    rules: rules::rules,
};

/// The longest id that is taken for one, in characters; those that were ever seen have 16.
const MAX_ID_CHARS: usize = 64;

/// Tells whether a text is the id of a gateway.
///
/// Source of the form: the vendor's examples, all of which are `gateway-` and eight hexadecimal digits.
/// More is let through, since it is not documented; but nothing that means something in a path or a
/// terminal.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let rest = text.strip_prefix("gateway-").unwrap_or_default();
    !rest.is_empty() && rest.chars().all(plain) && text.len() <= MAX_ID_CHARS
}

/// The most gateways that one list call shows. Source: the page of `DescribeCloudNativeAPIGateways`.
const PAGE_SIZE: usize = 100;

/// Asks the cloud about gateways.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

impl Kind for Gateway {
    fn schema(&self) -> &'static ResourceSchema {
        SCHEMA
    }

    fn create(&self, attributes: &Attributes) -> Call<Accepted> {
        let body = wire::encode(SCHEMA.fields, attributes);
        Call::new(
            Service::Tse,
            "CreateCloudNativeAPIGateway",
            body.into(),
            Effect::Create,
            created,
        )
    }

    fn delete(&self, id: &str) -> Call<Accepted> {
        let body = json!({ "GatewayId": id });
        Call::new(
            Service::Tse,
            "DeleteCloudNativeAPIGateway",
            body,
            Effect::Repeatable,
            accepted,
        )
    }

    fn list(&self, offset: usize) -> Call<Page> {
        list(json!({ "Limit": PAGE_SIZE, "Offset": offset }))
    }

    fn list_by_ids(&self, ids: &[String]) -> Call<Page> {
        let filter = json!({ "Name": "GatewayId", "Values": ids });
        list(json!({ "Limit": PAGE_SIZE, "Offset": 0, "Filters": [filter] }))
    }

    fn list_by_name(&self, name: &str, offset: usize) -> Call<Page> {
        let filter = json!({ "Name": "Name", "Values": [name] });
        list(json!({ "Limit": PAGE_SIZE, "Offset": offset, "Filters": [filter] }))
    }

    fn describe(&self, id: &str) -> Call<Observed> {
        let body = json!({ "GatewayId": id });
        Call::new(
            Service::Tse,
            "DescribeCloudNativeAPIGateway",
            body,
            Effect::Read,
            |answer| {
                serde_json::from_value::<Enveloped<Map<String, Json>>>(answer)
                    .and_then(|answer| observed(answer.result))
            },
        )
    }

    /// The details are about the public network.
    fn has_details(&self, observed: &Observed) -> bool {
        observed.attributes.contains_key(network::KEY)
    }

    fn details(&self, id: &str) -> Call<Details> {
        network::details(id)
    }

    fn lookup(&self, action: &str, id: &str) -> Option<Call<Handles>> {
        update::lookup(action, id)
    }

    fn update(&self, action: &str, target: &Target<'_>) -> Option<Call<()>> {
        update::update(action, target)
    }

    /// Source of the form: the vendor's Terraform provider.
    fn tag_resource(&self, region: &str, id: &str) -> String {
        format!("qcs::tse:{region}:uin/:gateway/{id}")
    }

    fn page_size(&self) -> usize {
        PAGE_SIZE
    }
}

/// Tells what a status word means.
///
/// Source of the words: the vendor's Terraform provider and the examples on its pages. How the cloud
/// names failures is not documented: a word that holds `Fail`, or `Abnormal`, is taken as one; any
/// other word that is unknown is waited on.
fn phase(status: &str) -> Phase {
    match status {
        "Running" => Phase::Ready,
        "Deleting" => Phase::Leaving,
        "Abnormal" => Phase::Failed,
        _ if status.contains("Fail") => Phase::Failed,
        _ => Phase::Busy,
    }
}

fn list(body: Json) -> Call<Page> {
    Call::new(
        Service::Tse,
        "DescribeCloudNativeAPIGateways",
        body,
        Effect::Read,
        |answer| {
            let Listed { total, items } =
                serde_json::from_value::<Enveloped<Listed>>(answer)?.result;
            let items = items.into_iter().map(observed).collect::<Result<_, _>>()?;
            Ok(Page { total, items })
        },
    )
}

#[derive(Deserialize)]
struct Enveloped<T> {
    #[serde(rename = "Result")]
    result: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaskAnswer {
    gateway_id: String,
    task_id: Option<String>,
    status: String,
}

fn accepted(answer: Json) -> Result<Accepted, serde_json::Error> {
    let TaskAnswer {
        gateway_id,
        task_id,
        status,
    } = serde_json::from_value::<Enveloped<TaskAnswer>>(answer)?.result;
    Ok(Accepted {
        id: gateway_id,
        task_id,
        status,
    })
}

/// Reads the answer to a create. An id that is none says nothing of what was made: the answer counts as
/// lost, and what was made is looked up.
fn created(answer: Json) -> Result<Accepted, serde_json::Error> {
    let accepted = accepted(answer)?;
    refuse_no_id(&accepted.id)?;
    Ok(accepted)
}

fn refuse_no_id(id: &str) -> Result<(), serde_json::Error> {
    if is_id(id) {
        return Ok(());
    }
    let shown = visible(id);
    Err(serde_json::Error::custom(format!(
        "GatewayId is `{shown}`, which is not an id of a gateway"
    )))
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "TotalCount")]
    total: usize,
    #[serde(rename = "GatewayList", deserialize_with = "null_as_empty")]
    items: Vec<Map<String, Json>>,
}

fn null_as_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Map<String, Json>>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    gateway_id: String,
    status: String,
    public_ip_addresses: Option<Vec<String>>,
    create_time: Option<String>,
    instance_port: Option<BTreeMap<String, Option<String>>>,
}

fn observed(answer: Map<String, Json>) -> Result<Observed, serde_json::Error> {
    let mut attributes: Attributes = wire::decode(SCHEMA.fields, &answer);
    network::read_listed(&answer, &mut attributes);
    let owner = take_owner(&mut attributes);
    let Head {
        gateway_id,
        status,
        public_ip_addresses,
        create_time,
        instance_port,
    } = serde_json::from_value(Json::Object(answer))?;
    refuse_no_id(&gateway_id)?;
    let addresses = public_ip_addresses.unwrap_or_default();
    Ok(Observed {
        id: gateway_id,
        phase: phase(&status),
        status,
        attributes,
        outputs: outputs(&addresses, instance_port.unwrap_or_default()),
        addresses,
        owner,
        created: create_time,
    })
}

/// Gathers what the list shows and no file asks for, under keys that are spelled as those of the files.
fn outputs(addresses: &[String], ports: BTreeMap<String, Option<String>>) -> Attributes {
    let mut outputs = Attributes::new();
    if !addresses.is_empty() {
        let addresses = addresses.iter().map(|address| address.as_str().into());
        outputs.insert(ADDRESSES.to_owned(), Value::List(addresses.collect()));
    }
    let ports = ports.into_iter().filter_map(|(key, ports)| {
        let ports = ports.filter(|ports| !ports.is_empty())?;
        let (first, rest) = key.split_at_checked(1)?;
        Some((first.to_lowercase() + rest, ports.as_str().into()))
    });
    let ports: Attributes = ports.collect();
    if !ports.is_empty() {
        outputs.insert("instancePort".to_owned(), Value::Map(ports));
    }
    outputs
}

/// Takes the owner tag out of the tags: it is gwplan's own, and no setting of anybody's.
fn take_owner(attributes: &mut Attributes) -> Option<String> {
    let Some(Value::Map(tags)) = attributes.get_mut("tags") else {
        return None;
    };
    tags.remove(OWNER_KEY)?.as_text().map(str::to_owned)
}
