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
    let mut handles = Handles {
        group: group_id.filter(|id| !id.is_empty()),
        settled: true,
        ..Handles::default()
    };
    let mut attributes = Attributes::new();
    if let Some(config) = public {
        let version = if text(&config, "NetType") == IPV6 {
            "IPV6"
        } else {
            "IPV4"
        };
        handles.vip = Some(text(&config, "Vip").to_owned());
        handles.network_type = Some(text(&config, "NetType").to_owned());
        handles.settled = text(&config, "Status") == "Open";
        let mut network = wire::decode(fields(), &config);
        network.insert("internetAddressVersion".to_owned(), version.into());
        // The vendor's Terraform documents hint at this word for what no field asks for.
        network.retain(|_, value| value.as_text() != Some("shared"));
        attributes.insert(KEY.to_owned(), Value::Map(network));
    }
    Ok(Details {
        attributes,
        handles,
    })
}

/// How the vendor calls the type of an IPv6 network; `Open` is the one of IPv4.
const IPV6: &str = "Open-IPv6";

fn text<'a>(config: &'a Map<String, Json>, name: &str) -> &'a str {
    config.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Tells the public network's entry from those of the consoles, which have neither an id nor an
/// address.
fn is_public_network(config: &Map<String, Json>) -> bool {
    let exists = !text(config, "NetworkId").is_empty() || !text(config, "Vip").is_empty();
    text(config, "NetType").starts_with("Open") && exists
}

/// Tells how the calls about a network name its address version.
pub(super) fn address_version(handles: &Handles) -> &'static str {
    if handles.network_type.as_deref() == Some(IPV6) {
        "IPV6"
    } else {
        "IPV4"
    }
}

/// Reads the ids alone out of the answer about the network.
pub(super) fn read_handles(answer: Json) -> Result<Handles, serde_json::Error> {
    Ok(read_details(answer)?.handles)
}
