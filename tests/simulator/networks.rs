//! The public network of a gateway: how it comes, changes, is shown, and goes.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Asked, Client, Turned, create_body};
use super::{CONFIG, CREATE, DELETE, DESCRIBE, MODIFY, create, start, unlimited};
use super::{UPDATE_TIME, with};

const CHANGE: &str = "ModifyNetworkBasicInfo";
const ADD: &str = "CreateCloudNativeAPIGatewayPublicNetwork";
const REMOVE: &str = "DeleteCloudNativeAPIGatewayPublicNetwork";
const LOOK: &str = "DescribePublicNetwork";

const VALUE: &str = "InvalidParameterValue.InvalidParameterValue";
const NO_PART: &str = "ResourceNotFound.ResourceNotFound";

/// A gateway that runs, and what calls about its networks name it by.
struct Subject {
    client: Client,
    named: Json,
}

impl Subject {
    /// Makes one; without a public network if that is not wanted.
    async fn new(client: &Client, clock: &Turned, public: bool) -> Self {
        let mut body = create_body();
        let fields = body.as_object_mut().unwrap();
        fields.retain(|name, _| public || !name.starts_with("Internet"));
        let answer = client.call(CREATE, &body).await.ok();
        clock.turn(Duration::from_mins(1));
        let id = &answer["Result"]["GatewayId"];
        let config = client.call(CONFIG, &json!({ "GatewayId": id })).await.ok();
        Self {
            client: client.clone(),
            named: json!({ "GatewayId": id, "GroupId": config["Result"]["GroupId"] }),
        }
    }

    async fn ask(&self, action: &str, changes: Json) -> Asked {
        self.client.call(action, &with(&self.named, &changes)).await
    }

    async fn shown(&self) -> Json {
        let named = json!({ "GatewayId": self.named["GatewayId"] });
        self.client.call(DESCRIBE, &named).await.ok()["Result"].clone()
    }

    async fn networks(&self) -> Vec<Json> {
        let config = self.ask(CONFIG, json!({})).await.ok();
        let list = config["Result"]["ConfigList"].as_array();
        list.unwrap().clone()
    }

    /// The client's network of a type, null if there is none.
    async fn network(&self, net_type: &str) -> Json {
        let of_clients = |one: &Json| one["NetType"] == net_type && one["NetworkId"] != "";
        let mut networks = self.networks().await.into_iter();
        networks.find(of_clients).unwrap_or_default()
    }
}

#[tokio::test]
async fn networks_are_shown_as_the_vendor_shows_them() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let one = Subject::new(&client, &clock, true).await;
    let networks = one.networks().await;
    let kinds: Vec<_> = networks
        .iter()
        .map(|one| (one["NetType"].as_str().unwrap(), one["Vip"] != ""))
        .collect();
    assert_eq!(
        kinds,
        [
            ("Open", false),
            ("Internal", false),
            ("Internal", true),
            ("Open", true)
        ]
    );
    for network in &networks {
        let password = network["AdminPassword"].as_str().unwrap();
        assert!(password.contains("opens-nothing"), "{password}");
        assert_eq!(network.as_object().unwrap().len(), 23);
    }
    let public = one.network("Open").await;
    let expected = json!({
        "Vip": "203.0.113.1", "Status": "Open", "SlaType": "clb.c2.medium",
        "InternetMaxBandwidthOut": 1, "Description": "Public network CLB", "MultiZoneFlag": true,
        "MasterZoneId": "ap-guangzhou-3", "SlaveZoneId": "ap-guangzhou-4",
        "VpcId": "vpc-59cag821", "SubnetId": "subnet-8tzp8uz1",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&public[name], value, "{name}");
    }
    let id = public["NetworkId"].clone();
    let looked = one.ask(LOOK, json!({ "NetworkId": id })).await.ok();
    assert_eq!(looked["Result"]["PublicNetwork"], public);
    assert_eq!(looked["Result"]["GroupId"], one.named["GroupId"]);
    let other = one.ask(LOOK, json!({ "NetworkId": "network-0" })).await;
    other.refused(NO_PART);
    let elsewhere = json!({ "GroupId": "group-0", "NetworkId": id });
    one.ask(LOOK, elsewhere).await.refused(NO_PART);
    one.ask(LOOK, json!({})).await.refused("MissingParameter");
    let elsewhere = one.ask(CONFIG, json!({ "GroupId": "group-0" })).await;
    elsewhere.refused(NO_PART);
}

#[tokio::test]
async fn a_public_network_changes_after_a_while() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let one = Subject::new(&client, &clock, true).await;
    let before = one.network("Open").await;
    let changes = json!({
        "NetworkType": "Open", "Vip": before["Vip"],
        "InternetMaxBandwidthOut": 9, "Description": "", "SlaType": "clb.c3.small",
    });
    let answer = one.ask(CHANGE, changes.clone()).await.ok();
    assert_eq!(answer.as_object().unwrap().len(), 1, "a RequestId alone");
    clock.turn(UPDATE_TIME / 2);
    assert_eq!(one.shown().await["Status"], "Modifying");
    assert_eq!(
        one.network("Open").await,
        with(&before, &json!({ "Status": "Updating" }))
    );
    assert_eq!(one.network("Internal").await["Status"], "Open");
    one.ask(CHANGE, changes).await.refused("ResourceInUse");
    one.ask(REMOVE, json!({})).await.refused("ResourceInUse");
    for action in [MODIFY, DELETE] {
        let named = json!({ "GatewayId": one.named["GatewayId"] });
        client.call(action, &named).await.refused("ResourceInUse");
    }
    clock.turn(UPDATE_TIME / 2);
    let shown = one.shown().await;
    assert_eq!(shown["Status"], "Running");
    assert_eq!(shown["InternetMaxBandwidthOut"], 9);
    let after = one.network("Open").await;
    let expected = json!({
        "InternetMaxBandwidthOut": 9, "Description": "",
        "SlaType": "clb.c3.small", "SlaName": "clb.c3.small",
    });
    assert_eq!(after, with(&before, &expected));
    let shared = json!({ "NetworkType": "Open", "Vip": before["Vip"], "SlaType": "" });
    one.ask(CHANGE, shared).await.ok();
    clock.turn(UPDATE_TIME);
    assert_eq!(one.network("Open").await["SlaType"], "");
}

#[tokio::test]
async fn the_private_network_has_a_description_and_a_capacity() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let one = Subject::new(&client, &clock, false).await;
    let vip = one.network("Internal").await["Vip"].clone();
    let wanted = json!({
        "NetworkType": "Internal", "Vip": vip, "Description": "inside", "SlaType": "clb.c2.medium",
    });
    one.ask(CHANGE, wanted).await.ok();
    assert_eq!(one.network("Internal").await["Status"], "Updating");
    clock.turn(UPDATE_TIME);
    let after = one.network("Internal").await;
    assert_eq!(after["Description"], "inside");
    assert_eq!(after["SlaType"], "clb.c2.medium");
    let wide = json!({ "NetworkType": "Internal", "Vip": vip, "InternetMaxBandwidthOut": 5 });
    one.ask(CHANGE, wide).await.refused(VALUE);
    let open = json!({ "NetworkType": "Open", "Vip": vip, "Description": "x" });
    one.ask(CHANGE, open).await.refused(NO_PART);
}

#[tokio::test]
async fn a_change_of_a_network_that_is_wrong_is_refused() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let one = Subject::new(&client, &clock, true).await;
    let vip = one.network("Open").await["Vip"].clone();
    let good = json!({ "NetworkType": "Open", "Vip": vip, "Description": "x" });
    for (changes, code) in [
        (json!({ "GroupId": null }), "MissingParameter"),
        (json!({ "NetworkType": null }), "MissingParameter"),
        (json!({ "Vip": null }), "MissingParameter"),
        (
            json!({ "Description": null }),
            "MissingParameter.MissParameter",
        ),
        (json!({ "InternetPayMode": "TRAFFIC" }), "UnknownParameter"),
        (json!({ "Description": 1 }), "InvalidParameter"),
        (json!({ "NetworkType": "Closed" }), VALUE),
        (json!({ "NetworkType": "Open-IPv6" }), NO_PART),
        (json!({ "NetworkType": "Internal" }), NO_PART),
        (json!({ "Vip": "203.0.113.99" }), NO_PART),
        (json!({ "Vip": "" }), NO_PART),
        (json!({ "GroupId": "group-0" }), NO_PART),
        (
            json!({ "GatewayId": "gateway-0" }),
            "ResourceNotFound.InstanceNotFound",
        ),
        (json!({ "InternetMaxBandwidthOut": 0 }), VALUE),
        (json!({ "InternetMaxBandwidthOut": 2049 }), VALUE),
        (json!({ "SlaType": "clb.huge" }), VALUE),
        (json!({ "Description": "x".repeat(256) }), VALUE),
    ] {
        let asked = one.ask(CHANGE, with(&good, &changes)).await;
        assert_eq!(asked.code(), Some(code), "{changes} {asked:?}");
    }
    assert_eq!(one.shown().await["Status"], "Running", "nothing has begun");
}

#[tokio::test]
async fn a_public_network_comes_and_goes() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let one = Subject::new(&client, &clock, false).await;
    assert_eq!(one.network("Open").await, Json::Null);
    let wanted = json!({
        "InternetPayMode": "TRAFFIC", "InternetMaxBandwidthOut": 4, "SlaType": "clb.c4.small",
    });
    let wanted = json!({ "InternetConfig": wanted });
    let answer = one.ask(ADD, wanted.clone()).await.ok()["Result"].clone();
    assert_eq!(answer["GatewayId"], one.named["GatewayId"]);
    assert_eq!(answer["GroupId"], one.named["GroupId"]);
    let coming = one.network("Open").await;
    assert_eq!(coming["NetworkId"], answer["NetworkId"]);
    assert_eq!(coming["Status"], "Updating");
    assert_eq!(coming["Vip"], "");
    let shown = one.shown().await;
    assert_eq!(shown["Status"], "Modifying");
    assert_eq!(shown["EnableInternet"], false);
    one.ask(ADD, wanted.clone()).await.refused("ResourceInUse");

    clock.turn(UPDATE_TIME);
    let shown = one.shown().await;
    assert_eq!(shown["EnableInternet"], true);
    assert_eq!(shown["InternetPayMode"], "TRAFFIC");
    assert_eq!(shown["InternetMaxBandwidthOut"], 4);
    let first = one.network("Open").await;
    assert_eq!(shown["PublicIpAddresses"], json!([first["Vip"]]));
    assert_eq!(first["SlaType"], "clb.c4.small");
    let again = one.ask(ADD, wanted).await;
    again.refused("InvalidParameterValue.ResourceAlreadyExist");

    one.ask(REMOVE, json!({ "Vip": first["Vip"] })).await.ok();
    assert_eq!(one.network("Open").await["Status"], "Updating");
    clock.turn(UPDATE_TIME);
    assert_eq!(one.network("Open").await, Json::Null);
    let looked = one
        .ask(LOOK, json!({ "NetworkId": first["NetworkId"] }))
        .await;
    looked.refused(NO_PART);
    let shown = one.shown().await;
    assert_eq!(shown["EnableInternet"], false);
    assert_eq!(shown["InternetMaxBandwidthOut"], 0);
    one.ask(REMOVE, json!({})).await.refused(NO_PART);

    one.ask(ADD, json!({})).await.ok();
    clock.turn(UPDATE_TIME);
    let second = one.network("Open").await;
    assert_eq!(second["InternetMaxBandwidthOut"], 1);
    assert_ne!(second["Vip"], first["Vip"]);
    assert_ne!(second["NetworkId"], first["NetworkId"]);
}

#[tokio::test]
async fn networks_of_version_six_are_named_so() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let one = Subject::new(&client, &clock, false).await;
    let wanted = json!({ "InternetConfig": { "InternetAddressVersion": "IPV6" } });
    one.ask(ADD, wanted).await.ok();
    clock.turn(UPDATE_TIME);
    let network = one.network("Open-IPv6").await;
    let vip = network["Vip"].as_str().unwrap();
    assert!(vip.starts_with("2001:db8:"), "{vip}");
    let change = json!({ "NetworkType": "Open-IPv6", "Vip": vip, "Description": "x" });
    one.ask(CHANGE, change).await.ok();
    clock.turn(UPDATE_TIME);
    one.ask(REMOVE, json!({})).await.refused(NO_PART);
    let version = json!({ "InternetAddressVersion": "IPV6" });
    one.ask(REMOVE, version).await.ok();
}

#[tokio::test]
async fn a_new_or_old_network_that_is_named_wrongly_is_refused() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let one = Subject::new(&client, &clock, false).await;
    for (internet, code) in [
        (json!({ "InternetAddressVersion": "V6" }), VALUE),
        (json!({ "InternetPayMode": "GIFT" }), VALUE),
        (json!({ "InternetMaxBandwidthOut": 0 }), VALUE),
        (json!({ "InternetMaxBandwidthOut": 2049 }), VALUE),
        (
            json!({ "InternetMaxBandwidthOut": "1" }),
            "InvalidParameter",
        ),
        (json!({ "SlaType": "clb.huge" }), VALUE),
        (json!({ "Vip": "1.1.1.1" }), "UnknownParameter"),
        (
            json!({ "MultiZoneFlag": true, "MasterZoneId": "ap-guangzhou-3" }),
            "MissingParameter.MissParameter",
        ),
        (
            json!({ "MasterZoneId": "ap-guangzhou-3" }),
            "InvalidParameterValue.CreateError",
        ),
    ] {
        let asked = one.ask(ADD, json!({ "InternetConfig": internet })).await;
        assert_eq!(asked.code(), Some(code), "{asked:?}");
    }
    one.ask(ADD, json!({ "GroupId": "group-0" }))
        .await
        .refused(NO_PART);

    let one = Subject::new(&client, &clock, true).await;
    for (changes, code) in [
        (json!({ "GroupId": null }), "MissingParameter.MissParameter"),
        (json!({ "GroupId": "group-0" }), NO_PART),
        (json!({ "Vip": "203.0.113.99" }), NO_PART),
        (json!({ "InternetAddressVersion": "IPV6" }), NO_PART),
        (json!({ "InternetAddressVersion": "6" }), VALUE),
        (json!({ "Ip": "1.1.1.1" }), "UnknownParameter"),
    ] {
        let asked = one.ask(REMOVE, changes).await;
        assert_eq!(asked.code(), Some(code), "{asked:?}");
    }
    assert_eq!(one.shown().await["EnableInternet"], true);
}

#[tokio::test]
async fn tasks_about_networks_fail_and_leave_all_as_it_was() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let with_one = Subject::new(&client, &clock, true).await;
    let without = Subject::new(&client, &clock, false).await;
    let rules = json!(["write=fail-task#3"]);
    client.control("POST", "faults", rules).await;
    let before = with_one.network("Open").await;
    let change = json!({ "NetworkType": "Open", "Vip": before["Vip"], "Description": "x" });
    for (action, changes) in [(CHANGE, change.clone()), (REMOVE, json!({}))] {
        with_one.ask(action, changes).await.ok();
        clock.turn(UPDATE_TIME);
        assert_eq!(with_one.shown().await["Status"], "ModifyFailed");
        assert_eq!(with_one.network("Open").await, before);
    }
    without.ask(ADD, json!({})).await.ok();
    clock.turn(UPDATE_TIME);
    assert_eq!(without.shown().await["Status"], "ModifyFailed");
    assert_eq!(without.network("Open").await, Json::Null);
    with_one.ask(CHANGE, change).await.ok();
    clock.turn(UPDATE_TIME);
    assert_eq!(with_one.shown().await["Status"], "Running");
}

#[tokio::test]
async fn someone_else_changes_the_network() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "a").await;
    clock.turn(Duration::from_mins(1));
    let page = format!("gateways/{id}");
    let interfere = async |changes: Json| client.control("POST", &page, changes).await;
    let config = async || {
        let asked = client.call(CONFIG, &json!({ "GatewayId": id })).await;
        asked.ok()["Result"]["ConfigList"].clone()
    };
    let changes = json!({
        "InternetConfig": { "SlaType": "clb.c4.large", "InternetPayMode": "BANDWIDTH" },
        "NodeConfig": { "Number": 7 },
        "Tags": [{ "TagKey": "by", "TagValue": "hand" }],
        "DeleteProtect": true,
    });
    let (_, shown) = interfere(changes).await;
    assert_eq!(shown["InternetPayMode"], "BANDWIDTH");
    assert_eq!(
        shown["NodeConfig"],
        json!({ "Specification": "1c2g", "Number": 7 })
    );
    assert_eq!(shown["Tags"][0]["TagKey"], "by");
    assert_eq!(shown["DeleteProtect"], true);
    let public = config().await[3].clone();
    assert_eq!(public["SlaType"], "clb.c4.large");
    assert_eq!(public["MasterZoneId"], "ap-guangzhou-3");
    let (_, shown) = interfere(json!({ "InternetConfig": null })).await;
    assert_eq!(shown["EnableInternet"], false);
    assert_eq!(shown["InternetMaxBandwidthOut"], 0);
    assert_eq!(config().await.as_array().unwrap().len(), 3);
    let (_, shown) = interfere(json!({ "InternetConfig": { "Description": "new" } })).await;
    assert_eq!(shown["EnableInternet"], true);
    assert_ne!(config().await[3]["Vip"], public["Vip"]);
}
