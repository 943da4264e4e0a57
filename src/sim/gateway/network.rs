//! A gateway's networks: their parameters, their addresses, and how the API shows them.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value as Json, json};

use crate::kinds::GATEWAY;
use crate::model::{Attributes, Value};
use crate::schema::{fill_defaults, wire};

use super::task::Work;
use super::{Gateway, text};

/// The parameter that describes the public network.
pub(super) const INTERNET: &str = "InternetConfig";
/// The parameter that names its bandwidth, inside and beside [`INTERNET`].
pub(super) const BANDWIDTH: &str = "InternetMaxBandwidthOut";

/// What the console's password reads as; no gateway stands behind it.
const ADMIN_PASSWORD: &str = "simulated-password-that-opens-nothing";

/// The bandwidth of a public network that was asked for without one. The vendor names no default;
/// its examples show 1.
const DEFAULT_BANDWIDTH: i64 = 1;

/// Identifies the public network, or the one that is being added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct PublicNetwork {
    /// Its id.
    pub(in crate::sim) id: String,
    /// What calls name it by: `Open`, or `Open-IPv6`.
    pub(in crate::sim) net_type: &'static str,
    /// Its address, once it has one.
    pub(in crate::sim) vip: Option<String>,
}

/// Makes the two places that name the public network agree, and fills the defaults in.
///
/// A bandwidth alone asks for a public network of the default kind: the vendor does not say so, but
/// the parameter would mean nothing else.
pub(in crate::sim) fn settle_public_network(attributes: &mut Attributes, region: &str) {
    let outer = attributes.get("internetMaxBandwidthOut").cloned();
    if outer.is_none() && !attributes.contains_key("internetConfig") {
        return;
    }
    let internet = attributes
        .entry("internetConfig".to_owned())
        .or_insert_with(|| Value::Map(Attributes::new()));
    let Value::Map(internet) = internet else {
        return;
    };
    let bandwidth = outer
        .or_else(|| internet.get("internetMaxBandwidthOut").cloned())
        .unwrap_or(Value::Int(DEFAULT_BANDWIDTH));
    internet.insert("internetMaxBandwidthOut".to_owned(), bandwidth.clone());
    attributes.insert("internetMaxBandwidthOut".to_owned(), bandwidth);
    fill_defaults(GATEWAY.fields, attributes, region);
}

impl Gateway {
    /// Returns the public network's parameters, if it has one.
    pub(in crate::sim) fn internet(&self) -> Option<&Map<String, Json>> {
        self.body.get(INTERNET)?.as_object()
    }

    /// Gives it a public network of these parameters, or takes the one it has away.
    pub(super) fn set_network(&mut self, network: Option<Map<String, Json>>) {
        self.body.remove(INTERNET);
        self.body.remove(BANDWIDTH);
        let Some(network) = network else { return };
        let wanted = Map::from_iter([(INTERNET.to_owned(), Json::Object(network))]);
        let mut attributes = wire::decode(GATEWAY.fields, &wanted);
        settle_public_network(&mut attributes, "");
        let mut settled = wire::encode(GATEWAY.fields, &attributes);
        for name in [INTERNET, BANDWIDTH] {
            self.body.extend(settled.remove_entry(name));
        }
    }

    /// Returns the public bandwidth, 0 without a public network.
    pub(super) fn bandwidth(&self) -> Json {
        self.body
            .get(BANDWIDTH)
            .cloned()
            .unwrap_or_else(|| json!(0))
    }

    /// Returns the public address, which is there once the gateway is up.
    ///
    /// It comes from the blocks that are reserved for documentation; that of a later network of the
    /// same gateway from the block for benchmarks, so that it is another one.
    pub(in crate::sim) fn public_address(&self, now: i64) -> Option<String> {
        let internet = self.internet().filter(|_| self.is_up(now))?;
        let earlier = self.networks.saturating_sub(1);
        if is_ipv6(internet) {
            let [earlier, middle, last] = [earlier, self.number >> 16, self.number].map(low_word);
            return Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, earlier, middle, last).to_string());
        }
        let [.., high, low] = self.number.to_be_bytes();
        let address = if earlier > 0 {
            let [high, low] = low_word(self.number << 4 | earlier & 0xf).to_be_bytes();
            Ipv4Addr::new(198, 18, high, low)
        } else if high % 2 == 0 {
            Ipv4Addr::new(203, 0, 113, low)
        } else {
            Ipv4Addr::new(198, 51, 100, low)
        };
        Some(address.to_string())
    }

    /// Returns the private address.
    pub(in crate::sim) fn private_address(&self) -> String {
        let [.., high, middle, low] = self.number.to_be_bytes();
        Ipv4Addr::new(10, high, middle, low).to_string()
    }

    /// Identifies the public network that it has or is being given.
    pub(in crate::sim) fn public_network(&self, now: i64) -> Option<PublicNetwork> {
        let parameters = self.public_parameters()?;
        Some(PublicNetwork {
            id: self.network_id(self.networks.max(1)),
            net_type: net_type(parameters),
            vip: self.public_address(now),
        })
    }

    /// Returns the parameters of the public network that it has or is being given.
    fn public_parameters(&self) -> Option<&Map<String, Json>> {
        match self.task.as_ref().map(|task| &task.work) {
            Some(Work::AddNetwork(network)) => Some(network),
            _ => self.internet(),
        }
    }

    /// Returns the id of a network; 0 is the private one, and public ones are counted from 1.
    fn network_id(&self, which: u64) -> String {
        format!("network-{:08x}", self.number << 8 | which & 0xff)
    }

    /// Shows the networks as `DescribeCloudNativeAPIGatewayConfig` does; none before it is up.
    ///
    /// Those of the console come first, which have no address; the vendor's example shows nothing
    /// else. Then come those of clients: the private one, and the public one if there is one.
    pub(in crate::sim) fn shown_networks(&self, now: i64) -> Vec<Json> {
        if !self.is_up(now) {
            return Vec::new();
        }
        let consoles = ["Open", "Internal"].map(|net_type| self.shown_console(net_type));
        consoles
            .into_iter()
            .chain([self.shown_private()])
            .chain(self.shown_public(now))
            .collect()
    }

    /// Shows the public network; without an address while it is being added.
    pub(in crate::sim) fn shown_public(&self, now: i64) -> Option<Json> {
        let identity = self.public_network(now)?;
        let parameters = self.public_parameters()?;
        let mut shown = self.shown_console(identity.net_type);
        let flag = parameters.get("MultiZoneFlag").and_then(Json::as_bool);
        let bandwidth = parameters.get(BANDWIDTH).cloned();
        shown["MultiZoneFlag"] = json!(flag.unwrap_or(false));
        shown[BANDWIDTH] = bandwidth.unwrap_or_else(|| json!(DEFAULT_BANDWIDTH));
        for (name, key) in [
            ("Description", "Description"),
            ("SlaType", "SlaType"),
            ("SlaName", "SlaType"),
            ("MasterZoneId", "MasterZoneId"),
            ("SlaveZoneId", "SlaveZoneId"),
            ("MasterZoneName", "MasterZoneId"),
            ("SlaveZoneName", "SlaveZoneId"),
        ] {
            shown[name] = json!(text(parameters, key));
        }
        let changes = |work: &Work| !matches!(work, Work::Nodes(_) | Work::PrivateNetwork(_));
        self.place(&mut shown, &identity.id, identity.vip, changes);
        Some(shown)
    }

    fn shown_private(&self) -> Json {
        let mut shown = self.shown_console("Internal");
        for (name, key) in [
            ("Description", "Description"),
            ("SlaType", "SlaType"),
            ("SlaName", "SlaType"),
        ] {
            shown[name] = json!(text(&self.private, key));
        }
        let changes = |work: &Work| matches!(work, Work::PrivateNetwork(_));
        let id = self.network_id(0);
        self.place(&mut shown, &id, Some(self.private_address()), changes);
        shown
    }

    /// Says where a client's network is, and whether the task is about it.
    fn place(&self, shown: &mut Json, id: &str, vip: Option<String>, changes: fn(&Work) -> bool) {
        if self.task.as_ref().is_some_and(|task| changes(&task.work)) {
            shown["Status"] = json!("Updating");
        }
        shown["NetworkId"] = json!(id);
        shown["Vip"] = json!(vip.unwrap_or_default());
        shown["VpcId"] = json!(self.vpc());
        shown["SubnetId"] = json!(self.subnet());
    }

    /// Shows a network of the console.
    fn shown_console(&self, net_type: &str) -> Json {
        json!({
            "ConsoleType": "Konga",
            "NetType": net_type,
            "Status": "Open",
            "HttpUrl": "",
            "HttpsUrl": format!("https://{}-konga.invalid:1337/", self.id),
            "AdminUser": "admin",
            "AdminPassword": ADMIN_PASSWORD,
            "AccessControl": {
                "Mode": "Whitelist", "CidrWhiteList": ["0.0.0.0/0"], "CidrBlackList": [],
            },
            "VpcId": "",
            "SubnetId": "",
            "Description": "",
            "SlaType": "",
            "SlaName": "",
            "Vip": "",
            "InternetMaxBandwidthOut": 0,
            "MultiZoneFlag": false,
            "MasterZoneId": "",
            "SlaveZoneId": "",
            "MasterZoneName": "",
            "SlaveZoneName": "",
            "NetworkId": "",
            "IPV6FullChain": false,
            "CustomizedConfigContent": "",
        })
    }
}

fn is_ipv6(parameters: &Map<String, Json>) -> bool {
    text(parameters, "InternetAddressVersion") == "IPV6"
}

/// Returns what calls name a public network by. Source: the page of `ModifyNetworkBasicInfo`.
fn net_type(parameters: &Map<String, Json>) -> &'static str {
    if is_ipv6(parameters) {
        "Open-IPv6"
    } else {
        "Open"
    }
}

fn low_word(number: u64) -> u16 {
    let [.., high, low] = number.to_be_bytes();
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::super::tests::gateway;
    use super::*;

    #[test]
    fn the_public_address_comes_with_running() {
        let mut one = gateway(1);
        one.networks = 1;
        one.set_network(Some(Map::new()));
        assert_eq!(one.shown(1000)["PublicIpAddresses"], json!([]));
        assert_eq!(one.shown_networks(1000).len(), 0);
        assert_eq!(one.shown(2000)["PublicIpAddresses"], json!(["203.0.113.1"]));
        assert_eq!(one.shown(2000)["EnableInternet"], true);
        assert_eq!(one.shown_networks(2000).len(), 4);
    }

    #[test]
    fn a_later_network_has_another_address_and_id() {
        for version in ["IPV4", "IPV6"] {
            let mut one = gateway(257);
            let parameters = json!({ "InternetAddressVersion": version });
            let mut seen = std::collections::BTreeSet::new();
            for number in 1..=10 {
                one.networks = number;
                one.set_network(parameters.as_object().cloned());
                let network = one.public_network(2000).unwrap();
                seen.extend([network.id, network.vip.unwrap()]);
            }
            assert_eq!(seen.len(), 20, "{seen:?}");
        }
    }
}
