//! The actions that change a gateway's networks; each takes a while.

use serde_json::{Map, Value as Json, json};

use super::super::answer::Refusal;
use super::super::cloud::Cloud;
use super::super::gateway::{Gateway, Work};
use super::change::{begin, refuse_if_unfit};
use super::{Ask, create, invalid, result};

/// What `ModifyNetworkBasicInfo` can change.
const CHANGEABLE: [&str; 3] = ["InternetMaxBandwidthOut", "Description", "SlaType"];

/// `ModifyNetworkBasicInfo`.
///
/// An empty description or capacity takes it away. A request without any change is refused: the
/// vendor does not say what it would mean. The vendor's provider lets nobody change the capacity,
/// and the API's page says that it can be raised; here it can be changed either way.
pub(super) fn modify(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let gateway = ask.gateway(cloud)?.clone();
    ask.group_of(&gateway)?;
    refuse_if_unfit(&gateway, ask.now)?;
    let mut changes = ask.body.clone();
    changes.retain(|name, _| CHANGEABLE.contains(&name.as_str()));
    let inner = Json::Object(changes.clone());
    create::check_changes(&Map::from_iter([("InternetConfig".to_owned(), inner)]))?;
    if changes.is_empty() {
        return Err(Refusal::new(
            "MissingParameter.MissParameter",
            format!("nothing is to change; use {}", CHANGEABLE.join(", ")),
        ));
    }
    let work = match ask.text("NetworkType") {
        "Internal" => private_changes(ask, &gateway, changes)?,
        "Open" | "Open-IPv6" => public_changes(ask, &gateway, changes)?,
        other => {
            return Err(invalid(format!(
                "NetworkType is {other:?}; known: Open, Open-IPv6, Internal"
            )));
        }
    };
    begin(cloud, ask, gateway, work)?;
    Ok(Map::new())
}

fn private_changes(
    ask: &Ask,
    gateway: &Gateway,
    changes: Map<String, Json>,
) -> Result<Work, Refusal> {
    if changes.contains_key("InternetMaxBandwidthOut") {
        return Err(invalid("a private network has no InternetMaxBandwidthOut"));
    }
    let vip = ask.text("Vip");
    if vip != gateway.private_address() {
        return Err(no_network(gateway, "Internal", vip));
    }
    Ok(Work::PrivateNetwork(changes))
}

fn public_changes(
    ask: &Ask,
    gateway: &Gateway,
    changes: Map<String, Json>,
) -> Result<Work, Refusal> {
    let (net_type, vip) = (ask.text("NetworkType"), ask.text("Vip"));
    gateway
        .public_network(ask.now)
        .filter(|network| network.net_type == net_type && network.vip.as_deref() == Some(vip))
        .ok_or_else(|| no_network(gateway, net_type, vip))?;
    Ok(Work::PublicNetwork(changes))
}

/// `CreateCloudNativeAPIGatewayPublicNetwork`.
///
/// Without `InternetConfig` it makes a network of the defaults. The vendor's pages hint at several
/// public networks of one gateway; here there is at most one.
pub(super) fn add(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let mut gateway = ask.gateway(cloud)?.clone();
    ask.group_of(&gateway)?;
    refuse_if_unfit(&gateway, ask.now)?;
    if let Some(network) = gateway.public_network(ask.now) {
        return Err(Refusal::new(
            "InvalidParameterValue.ResourceAlreadyExist",
            format!("{} has the public network {}", gateway.id, network.id),
        ));
    }
    let internet = ask.body.get("InternetConfig").and_then(Json::as_object);
    let internet = internet.cloned().unwrap_or_default();
    create::check_network(&gateway, &internet)?;
    gateway.networks += 1;
    let gateway = begin(cloud, ask, gateway, Work::AddNetwork(internet))?;
    Ok(result(json!({
        "GatewayId": gateway.id,
        "GroupId": gateway.group_id,
        "NetworkId": gateway.public_network(ask.now).map(|network| network.id),
    })))
}

/// `DeleteCloudNativeAPIGatewayPublicNetwork`.
///
/// `GroupId` is needed for gateways of the type kong, as the vendor's page says, and so always.
/// Where there is no network of the version and address, the request is refused.
pub(super) fn remove(cloud: &mut Cloud, ask: &Ask) -> Result<Map<String, Json>, Refusal> {
    let gateway = ask.gateway(cloud)?.clone();
    if ask.text("GroupId").is_empty() {
        return Err(Refusal::new(
            "MissingParameter.MissParameter",
            "a gateway of the type kong needs GroupId",
        ));
    }
    ask.group_of(&gateway)?;
    refuse_if_unfit(&gateway, ask.now)?;
    let net_type = match ask.text("InternetAddressVersion") {
        "" | "IPV4" => "Open",
        "IPV6" => "Open-IPv6",
        other => {
            return Err(invalid(format!(
                "InternetAddressVersion is {other:?}; known: IPV4, IPV6"
            )));
        }
    };
    let vip = ask.text("Vip");
    gateway
        .public_network(ask.now)
        .filter(|network| network.net_type == net_type)
        .filter(|network| vip.is_empty() || network.vip.as_deref() == Some(vip))
        .ok_or_else(|| no_network(&gateway, net_type, vip))?;
    begin(cloud, ask, gateway, Work::RemoveNetwork)?;
    Ok(Map::new())
}

fn no_network(gateway: &Gateway, net_type: &str, vip: &str) -> Refusal {
    let at = if vip.is_empty() {
        String::new()
    } else {
        format!(" at {vip}")
    };
    Refusal::no_part(&gateway.id, &format!("network of the type {net_type}{at}"))
}
