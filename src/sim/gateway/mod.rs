//! One gateway: what is recorded of it, and how the API shows it.

mod interfere;
mod lag;
mod network;
mod task;

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::kinds::GATEWAY;
use crate::schema::{Read, Shape};

use lag::Late;
pub(super) use network::settle_public_network;
use network::{BANDWIDTH, INTERNET};
pub(super) use task::{Task, Work};

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
    /// The task that changes it, while it is under way.
    #[serde(default)]
    pub(super) task: Option<Task>,
    /// Whether the last task that was to change it failed.
    #[serde(default)]
    pub(super) change_failed: bool,
    /// How many public networks it has had; address and id of the last one come from it.
    #[serde(default)]
    pub(super) networks: u64,
    /// What was said of the private network.
    #[serde(default)]
    pub(super) private: Map<String, Json>,
    /// From when on calls that look for gateways find it.
    #[serde(default)]
    pub(super) appears: i64,
    /// How it looked before its last change, while the list does not show that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) late: Option<Late>,
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
        } else if let Some(task) = &self.task {
            task.work.gateway_status()
        } else if self.change_failed {
            "ModifyFailed"
        } else {
            "Running"
        }
    }

    /// Tells whether a task is under way, so that nothing else can be started.
    pub(super) fn is_busy(&self, now: i64) -> bool {
        self.gone.is_some() || self.task.is_some() || now < self.ready
    }

    /// Tells whether it was made and is not leaving, whatever it is called at the moment.
    pub(super) fn is_up(&self, now: i64) -> bool {
        self.gone.is_none() && !self.fails && now >= self.ready
    }

    /// Returns the status word of its default server group.
    fn group_status(&self, now: i64) -> &str {
        match &self.task {
            Some(task) if matches!(task.work, Work::Nodes(_)) => "UpdatingSpec",
            _ => self.status(now),
        }
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
            "PublicIpAddresses": Vec::from_iter(self.public_address(now)),
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
            "Status": self.group_status(now),
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
        Shape::Tags | Shape::Texts | Shape::Choices(_) => json!([]),
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
            task: None,
            change_failed: false,
            networks: 0,
            private: Map::new(),
            appears: 0,
            late: None,
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
    fn times_are_written_as_the_api_does() {
        assert_eq!(written_time(1_728_390_458_000), "2024-10-08 20:27:38");
    }
}
