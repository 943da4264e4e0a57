//! One gateway: what is recorded of it, and how the API shows it.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::kinds::GATEWAY;
use crate::schema::{Read, Shape};

/// What the console's password reads as; no gateway stands behind it.
pub(super) const ADMIN_PASSWORD: &str = "simulated-password-that-opens-nothing";

/// Records one gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Gateway {
    /// Counts creations; the list goes by it.
    pub(super) number: u64,
    /// The API region that it belongs to.
    pub(super) region: String,
    /// The gateway's id.
    pub(super) id: String,
    /// The id of the task that made it.
    pub(super) task_id: String,
    /// The id of its default server group.
    pub(super) group_id: String,
    /// The create's parameters with the defaults filled in, as later calls changed them.
    pub(super) body: Map<String, Json>,
    /// What the control page laid over the answer.
    #[serde(default)]
    pub(super) overlay: Map<String, Json>,
    /// Whether it is protected from deletion.
    pub(super) delete_protect: bool,
    /// When it was asked for, in milliseconds since the epoch.
    pub(super) created: i64,
    /// When it was last changed.
    pub(super) modified: i64,
    /// When the task that makes it ends.
    pub(super) ready: i64,
    /// Whether that task fails.
    pub(super) fails: bool,
    /// When it is gone, once a delete was accepted.
    pub(super) gone: Option<i64>,
}

impl Gateway {
    /// Returns the status word at a time.
    pub(super) fn status(&self, now: i64) -> &str {
        if let Some(forced) = self.overlay.get("Status").and_then(Json::as_str) {
            forced
        } else if self.gone.is_some() {
            "Deleting"
        } else if now < self.created + (self.ready - self.created) / 2 {
            "Creating"
        } else if now < self.ready {
            "InstallingPlugin"
        } else if self.fails {
            "CreateFailed"
        } else {
            "Running"
        }
    }

    /// Tells whether a task is under way, so that nothing else can be started.
    pub(super) fn is_busy(&self, now: i64) -> bool {
        self.gone.is_some() || now < self.ready
    }

    /// Returns the public network's parameters, if it has one.
    pub(super) fn internet(&self) -> Option<&Map<String, Json>> {
        self.body.get("InternetConfig")?.as_object()
    }

    /// Returns the public addresses; they exist once it runs.
    ///
    /// They come from the blocks that are reserved for documentation.
    fn public_addresses(&self, now: i64) -> Vec<String> {
        let Some(internet) = self.internet().filter(|_| self.status(now) == "Running") else {
            return Vec::new();
        };
        let [.., high, low] = self.number.to_be_bytes();
        let version = internet.get("InternetAddressVersion");
        vec![if version.and_then(Json::as_str) == Some("IPV6") {
            let [_, _, middle, last] = [0, 0, self.number >> 16, self.number & 0xffff]
                .map(|part| u16::try_from(part & 0xffff).unwrap_or_default());
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, middle, last).to_string()
        } else if high % 2 == 0 {
            Ipv4Addr::new(203, 0, 113, low).to_string()
        } else {
            Ipv4Addr::new(198, 51, 100, low).to_string()
        }]
    }

    /// Returns the public bandwidth, 0 without a public network.
    pub(super) fn bandwidth(&self) -> Json {
        self.body
            .get("InternetMaxBandwidthOut")
            .cloned()
            .unwrap_or_else(|| json!(0))
    }

    /// Shows it as `DescribeCloudNativeAPIGateway` and the list do.
    ///
    /// What the create call set is copied by the table of fields; a field that was not set reads as
    /// its type's empty value, as in the examples of the vendor.
    pub(super) fn shown(&self, now: i64) -> Map<String, Json> {
        let mut shown = Map::new();
        let listed = GATEWAY
            .fields
            .iter()
            .filter(|field| field.read == Read::Listed);
        for field in listed {
            if let Some(name) = field.wire {
                let value = self.body.get(name).cloned();
                shown.insert(
                    name.to_owned(),
                    value.unwrap_or_else(|| empty(&field.shape)),
                );
            }
        }
        let internet = self.internet();
        let version = text(&self.body, "GatewayVersion");
        let computed = json!({
            "GatewayId": self.id,
            "Status": self.status(now),
            "CreateTime": written_time(self.created),
            "AutoRenewFlag": 0,
            "CurDeadline": "",
            "IsolateTime": "",
            "EnableInternet": internet.is_some(),
            "InternetPayMode": internet.map_or("", |internet| text(internet, "InternetPayMode")),
            "GatewayMinorVersion": format!("{version}.1"),
            "InstancePort": { "HttpPort": "80", "HttpsPort": "443", "TcpPort": "", "UdpPort": "" },
            "LoadBalancerType": if internet.is_some() { "L7" } else { "" },
            "PublicIpAddresses": self.public_addresses(now),
            "DeleteProtect": self.delete_protect,
            "AvailableUpgradeVersions": [],
            "AvailableUpgrade": false,
            "AvailableRollbackVersion": "",
        });
        lay_over(&mut shown, computed);
        shown.insert("AvailableVersions".to_owned(), Json::Null);
        lay_over(&mut shown, Json::Object(self.overlay.clone()));
        shown
    }

    /// Shows the default server group as `DescribeNativeGatewayServerGroups` does.
    pub(super) fn shown_group(&self, now: i64) -> Json {
        json!({
            "GroupId": self.group_id,
            "GatewayId": self.id,
            "Name": "default",
            "Description": "",
            "NodeConfig": self.body.get("NodeConfig"),
            "Status": self.status(now),
            "CreateTime": written_time(self.created),
            "ModifyTime": written_time(self.modified),
            "IsFirstGroup": 1,
            "BindingStrategy": null,
            "InternetMaxBandwidthOut": self.bandwidth(),
            "SubnetIds": self.subnet(),
            "DefaultWeight": 100,
            "ElasticNumber": 0,
            "SupportTOA": false,
            "SupportIPV6": false,
        })
    }

    /// Shows the networks as `DescribeCloudNativeAPIGatewayConfig` does: the private one, and the
    /// public one if there is one; none before the gateway runs.
    pub(super) fn shown_networks(&self, now: i64) -> Vec<Json> {
        if self.status(now) != "Running" {
            return Vec::new();
        }
        let private = self.shown_network("Internal", &Map::new(), "");
        let public = self.internet().map(|internet| {
            let address = self.public_addresses(now).pop().unwrap_or_default();
            self.shown_network("Open", internet, &address)
        });
        std::iter::once(private).chain(public).collect()
    }

    fn shown_network(&self, net_type: &str, internet: &Map<String, Json>, vip: &str) -> Json {
        let public = net_type == "Open";
        let (master, slave) = (
            text(internet, "MasterZoneId"),
            text(internet, "SlaveZoneId"),
        );
        let multi_zone = internet.get("MultiZoneFlag").and_then(Json::as_bool);
        json!({
            "ConsoleType": "Konga",
            "NetType": net_type,
            "Status": "Open",
            "HttpUrl": "",
            "HttpsUrl": format!("https://{}-konga.invalid:1337/", self.id),
            "AdminUser": "admin",
            "AdminPassword": ADMIN_PASSWORD,
            "AccessControl": null,
            "VpcId": self.vpc(),
            "SubnetId": self.subnet(),
            "Description": text(internet, "Description"),
            "SlaType": text(internet, "SlaType"),
            "SlaName": text(internet, "SlaType"),
            "Vip": vip,
            "InternetMaxBandwidthOut": if public { self.bandwidth() } else { json!(0) },
            "MultiZoneFlag": multi_zone.unwrap_or(false),
            "MasterZoneId": master,
            "SlaveZoneId": slave,
            "MasterZoneName": master,
            "SlaveZoneName": slave,
            "NetworkId": format!("network-{:08x}", self.number * 2 + u64::from(public)),
            "IPV6FullChain": false,
            "CustomizedConfigContent": "",
        })
    }

    /// Returns the VPC's id.
    pub(super) fn vpc(&self) -> &str {
        self.in_vpc("VpcId")
    }

    /// Returns the subnet's id.
    pub(super) fn subnet(&self) -> &str {
        self.in_vpc("SubnetId")
    }

    fn in_vpc(&self, key: &str) -> &str {
        let config = self.body.get("VpcConfig").and_then(Json::as_object);
        config.map_or("", |config| text(config, key))
    }

    /// Returns its tags as pairs.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.body.get("Tags").and_then(Json::as_array);
        pairs.into_iter().flatten().filter_map(|pair| {
            let part = |key: &str| pair.get(key).and_then(Json::as_str);
            Some((part("TagKey")?, part("TagValue").unwrap_or_default()))
        })
    }

    /// Changes what it shows, as if someone had done so elsewhere.
    ///
    /// What a create call can set changes in the record itself; anything else, such as `Status`, is
    /// laid over the answers until null takes it away.
    pub(super) fn interfere(&mut self, changes: Map<String, Json>) {
        for (key, value) in changes {
            if let ("DeleteProtect", Some(protect)) = (key.as_str(), value.as_bool()) {
                self.delete_protect = protect;
                continue;
            }
            let set_by_create = GATEWAY.fields.iter().any(|f| f.wire == Some(&key));
            let target = if set_by_create {
                &mut self.body
            } else {
                &mut self.overlay
            };
            lay_over(target, json!({ key: value }));
        }
    }
}

/// Returns the text under a key, empty if there is none.
fn text<'a>(map: &'a Map<String, Json>, key: &str) -> &'a str {
    map.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// Merges objects key by key; null takes a key away.
fn lay_over(base: &mut Map<String, Json>, over: Json) {
    let Json::Object(over) = over else { return };
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Json::Object(inner)), value @ Json::Object(_)) => lay_over(inner, value),
            (_, Json::Null) => {
                base.remove(&key);
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn empty(shape: &Shape) -> Json {
    match shape {
        Shape::Flag => json!(false),
        Shape::Whole(_) => json!(0),
        Shape::Text(_) | Shape::Choice(_) => json!(""),
        Shape::Object(_) => json!({}),
        Shape::Tags | Shape::Texts => json!([]),
    }
}

/// Writes a time as the API does, in Beijing's zone.
///
/// The vendor documents the form by example and not the zone; its other services answer so.
fn written_time(millisecond: i64) -> String {
    let time = Timestamp::from_millisecond(millisecond).unwrap_or_default();
    TimeZone::fixed(offset(8))
        .to_datetime(time)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::sim) fn gateway(number: u64) -> Gateway {
        let body = json!({
            "Name": format!("gateway-{number}"), "Type": "kong", "GatewayVersion": "2.5.1",
            "NodeConfig": { "Specification": "1c2g", "Number": 2 },
            "VpcConfig": { "VpcId": "vpc-1", "SubnetId": "subnet-1" },
            "Tags": [{ "TagKey": "env", "TagValue": "prod" }],
        });
        Gateway {
            number,
            region: "ap-guangzhou".to_owned(),
            id: format!("gateway-{number:08x}"),
            task_id: format!("task-{number:08x}"),
            group_id: "group-00000000".to_owned(),
            body: body.as_object().unwrap().clone(),
            overlay: Map::new(),
            delete_protect: false,
            created: 1000,
            modified: 1000,
            ready: 2000,
            fails: false,
            gone: None,
        }
    }

    #[test]
    fn the_status_is_read_off_the_clock() {
        let mut one = gateway(1);
        let at = |one: &Gateway, now| one.status(now).to_owned();
        assert_eq!(at(&one, 1499), "Creating");
        assert_eq!(at(&one, 1500), "InstallingPlugin");
        assert_eq!(at(&one, 2000), "Running");
        one.fails = true;
        assert_eq!(at(&one, 2000), "CreateFailed");
        one.gone = Some(9000);
        assert_eq!(at(&one, 2000), "Deleting");
    }

    #[test]
    fn the_public_address_comes_with_running() {
        let mut one = gateway(1);
        one.body.insert("InternetConfig".to_owned(), json!({}));
        assert_eq!(one.shown(1000)["PublicIpAddresses"], json!([]));
        assert_eq!(one.shown(2000)["PublicIpAddresses"], json!(["203.0.113.1"]));
        assert_eq!(one.shown(2000)["EnableInternet"], true);
        assert_eq!(one.shown_networks(2000).len(), 2);
    }

    #[test]
    fn interference_reaches_the_record_or_lies_over_it() {
        let mut one = gateway(1);
        let changes =
            json!({ "NodeConfig": { "Number": 9 }, "Status": "Abnormal", "DeleteProtect": true });
        one.interfere(changes.as_object().unwrap().clone());
        assert_eq!(
            one.body["NodeConfig"],
            json!({ "Specification": "1c2g", "Number": 9 })
        );
        assert_eq!(one.shown(2000)["Status"], "Abnormal");
        assert!(one.delete_protect);
        one.interfere(Map::from_iter([("Status".to_owned(), Json::Null)]));
        assert_eq!(one.shown(2000)["Status"], "Running");
    }

    #[test]
    fn times_are_written_as_the_api_does() {
        assert_eq!(written_time(1_728_390_458_000), "2024-10-08 20:27:38");
    }
}
