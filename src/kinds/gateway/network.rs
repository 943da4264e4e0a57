//! A gateway's public network, as the cloud shows it.
//!
//! The list tells whether there is one and how it is paid for; the rest is in the answer to
//! `DescribeCloudNativeAPIGatewayConfig`. That answer also holds the password of the admin console:
//! nothing but the fields named here is ever taken out of it.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::api::{Call, Effect, Service};
use crate::kinds::{Details, Handles};
use crate::model::{Attributes, Value};
use crate::schema::{Field, Shape, field, wire};

use super::{Enveloped, SCHEMA};

/// The key of the attribute that describes the public network.
pub(super) const KEY: &str = "internetConfig";

/// Reads what the list shows of the public network.
pub(super) fn read_listed(answer: &Map<String, Json>, attributes: &mut Attributes) {
    if answer.get("EnableInternet").and_then(Json::as_bool) == Some(true) {
        // The list shows the pay mode under the name that the network's own field has.
        let listed: Map<String, Json> = answer
            .iter()
            .filter(|(name, _)| *name == "InternetPayMode")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        attributes.insert(KEY.to_owned(), Value::Map(wire::decode(fields(), &listed)));
    } else {
        // Without a network the bandwidth is that of no network.
        attributes.remove("internetMaxBandwidthOut");
        attributes.remove(KEY);
    }
}

fn fields() -> &'static [Field] {
    match field(SCHEMA.fields, KEY).map(|field| &field.shape) {
        Some(Shape::Object(fields)) => fields,
        _ => &[],
    }
}

/// Asks for the public network of the default server group.
pub(super) fn details(id: &str) -> Call<Details> {
    let body = json!({ "GatewayId": id });
    Call::new(
        Service::Tse,
        "DescribeCloudNativeAPIGatewayConfig",
        body,
        Effect::Read,
        read_details,
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    group_id: Option<String>,
    config_list: Option<Vec<Map<String, Json>>>,
}

fn read_details(answer: Json) -> Result<Details, serde_json::Error> {
    let Answer {
        group_id,
        config_list,
    } = serde_json::from_value::<Enveloped<Answer>>(answer)?.result;
    let public = config_list
        .unwrap_or_default()
        .into_iter()
        .find(is_public_network);
    let text = |config: &Map<String, Json>, name: &str| {
        config
            .get(name)
            .and_then(Json::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let mut attributes = Attributes::new();
    let mut handles = Handles {
        group: group_id.filter(|id| !id.is_empty()),
        vip: None,
        settled: true,
    };
    if let Some(config) = public {
        handles.vip = text(&config, "Vip");
        handles.settled = text(&config, "Status").as_deref() != Some("Updating");
        attributes.insert(KEY.to_owned(), Value::Map(wire::decode(fields(), &config)));
    }
    Ok(Details {
        attributes,
        handles,
    })
}

/// Tells the public network's entry from those of the consoles, which have no address.
fn is_public_network(config: &Map<String, Json>) -> bool {
    let text = |name: &str| config.get(name).and_then(Json::as_str).unwrap_or_default();
    text("NetType").starts_with("Open") && !text("Vip").is_empty()
}

/// Reads the ids alone out of the answer about the network.
pub(super) fn read_handles(answer: Json) -> Result<Handles, serde_json::Error> {
    Ok(read_details(answer)?.handles)
}
