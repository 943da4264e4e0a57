//! The life of a gateway, and how it is shown.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Turned, create_body, is_id};
use super::{CONFIG, CREATE, DELETE, DESCRIBE, GROUPS, LIST, MODIFY, create, start, unlimited};

#[tokio::test]
async fn a_gateway_passes_through_its_phases() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let answer = client.call(CREATE, &create_body()).await.ok();
    let result = &answer["Result"];
    assert_eq!(result["Status"], "Creating");
    let id = result["GatewayId"].as_str().unwrap();
    assert!(is_id(id, "gateway-"), "{id}");
    let task = result["TaskId"].as_str().unwrap();
    assert!(is_id(task, "task-"), "{task}");
    assert!(answer["RequestId"].as_str().unwrap().len() == 36);

    let named = json!({ "GatewayId": id });
    client.call(DELETE, &named).await.refused("ResourceInUse");
    client.call(MODIFY, &named).await.refused("ResourceInUse");
    clock.turn(Duration::from_secs(30));
    let shown = client.call(DESCRIBE, &named).await.ok();
    assert_eq!(shown["Result"]["Status"], "InstallingPlugin");
    clock.turn(Duration::from_secs(30));
    let shown = client.call(DESCRIBE, &named).await.ok();
    assert_eq!(shown["Result"]["Status"], "Running");

    let deleted = client.call(DELETE, &named).await.ok();
    assert_eq!(
        deleted["Result"],
        json!({ "GatewayId": id, "Status": "Deleting" })
    );
    let again = client.call(DELETE, &named).await.ok();
    assert_eq!(again["Result"]["Status"], "Deleting");
    let shown = client.call(DESCRIBE, &named).await.ok();
    assert_eq!(shown["Result"]["Status"], "Deleting");
    clock.turn(Duration::from_secs(10));
    let gone = client.call(DESCRIBE, &named).await;
    gone.refused("ResourceNotFound.InstanceNotFound");
    let list = client.call(LIST, &json!({})).await.ok();
    assert_eq!(
        list["Result"],
        json!({ "TotalCount": 0, "GatewayList": [] })
    );
}

#[tokio::test]
async fn what_was_asked_for_is_shown_as_the_vendor_shows_it() {
    let clock = Turned::at("2026-11-02T03:04:05Z");
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "gateway-prod").await;
    clock.turn(Duration::from_mins(1));
    let named = json!({ "GatewayId": id });
    let shown = client.call(DESCRIBE, &named).await.ok()["Result"].clone();
    let expected = json!({
        "GatewayId": id, "Status": "Running", "Name": "gateway-prod", "Type": "kong",
        "GatewayVersion": "2.5.1", "NodeConfig": { "Specification": "1c2g", "Number": 2 },
        "VpcConfig": { "VpcId": "vpc-59cag821", "SubnetId": "subnet-8tzp8uz1" },
        "Description": "Public network ingress gateway, live environment",
        "Tags": [{ "TagKey": "env", "TagValue": "prod" }], "EnableCls": false,
        "FeatureVersion": "STANDARD", "InternetMaxBandwidthOut": 1,
        "EngineRegion": "ap-guangzhou", "IngressClassName": "kong", "TradeType": 0,
        "CreateTime": "2026-11-02 11:04:05", "EnableInternet": true,
        "InternetPayMode": "TRAFFIC", "PublicIpAddresses": ["203.0.113.1"],
        "DeleteProtect": false, "AutoRenewFlag": 0, "CurDeadline": "", "IsolateTime": "",
        "GatewayMinorVersion": "2.5.1.1", "LoadBalancerType": "L7",
        "InstancePort": { "HttpPort": "80", "HttpsPort": "443", "TcpPort": "", "UdpPort": "" },
        "AvailableVersions": null, "AvailableUpgradeVersions": [], "AvailableUpgrade": false,
        "AvailableRollbackVersion": "",
    });
    assert_eq!(shown, expected);
    let list = client.call(LIST, &json!({})).await.ok();
    assert_eq!(list["Result"]["GatewayList"], json!([shown]));

    let groups = client.call(GROUPS, &named).await.ok()["Result"].clone();
    assert_eq!(groups["TotalCount"], 1);
    let group = &groups["GatewayGroupList"][0];
    assert_eq!(group["IsFirstGroup"], 1);
    assert_eq!(group["NodeConfig"]["Number"], 2);
    let config = client.call(CONFIG, &named).await.ok()["Result"].clone();
    assert_eq!(config["GroupId"], group["GroupId"]);
    let public = &config["ConfigList"][3];
    assert_eq!(public["NetType"], "Open");
    assert_eq!(public["Vip"], "203.0.113.1");
    assert_eq!(public["MasterZoneId"], "ap-guangzhou-3");
    assert!(
        public["AdminPassword"]
            .as_str()
            .unwrap()
            .contains("opens-nothing")
    );
}

#[tokio::test]
async fn a_gateway_without_options_shows_empty_values() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let mut body = create_body();
    let fields = body.as_object_mut().unwrap();
    fields.retain(|key, _| {
        matches!(
            key.as_str(),
            "Name" | "Type" | "GatewayVersion" | "NodeConfig" | "VpcConfig"
        )
    });
    client.call(CREATE, &body).await.ok();
    let list = client.call(LIST, &json!({})).await.ok();
    let shown = &list["Result"]["GatewayList"][0];
    assert_eq!(shown["Description"], "");
    assert_eq!(shown["Tags"], json!([]));
    assert_eq!(shown["EnableInternet"], false);
    assert_eq!(shown["InternetMaxBandwidthOut"], 0);
    assert_eq!(shown["InternetPayMode"], "");
    assert_eq!(shown["EngineRegion"], "ap-guangzhou");
}

#[tokio::test]
async fn a_gateway_is_modified_within_the_rules() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "a").await;
    clock.turn(Duration::from_mins(1));
    let with = |changes: Json| {
        let mut body = json!({ "GatewayId": id });
        body.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        body
    };
    for (changes, code) in [
        (json!({ "Name": "" }), "InvalidParameterValue.Name"),
        (
            json!({ "Name": "x".repeat(61) }),
            "InvalidParameterValue.Name",
        ),
        (
            json!({ "Description": "x".repeat(121) }),
            "InvalidParameterValue.InvalidParameterValue",
        ),
        (
            json!({ "InternetPayMode": "GIFT" }),
            "InvalidParameterValue.InvalidParameterValue",
        ),
        (json!({ "NodeConfig": {} }), "UnknownParameter"),
    ] {
        client.call(MODIFY, &with(changes)).await.refused(code);
    }
    let changes = json!({
        "Name": "b", "Description": "", "EnableCls": true,
        "InternetPayMode": "BANDWIDTH", "DeleteProtect": true,
    });
    let answer = client.call(MODIFY, &with(changes)).await.ok();
    assert_eq!(answer.as_object().unwrap().len(), 1, "a RequestId alone");
    let shown = client.call(DESCRIBE, &with(json!({}))).await.ok()["Result"].clone();
    assert_eq!(shown["Name"], "b");
    assert_eq!(shown["Description"], "");
    assert_eq!(shown["InternetPayMode"], "BANDWIDTH");
    let off = client
        .call(MODIFY, &with(json!({ "EnableCls": false })))
        .await;
    off.refused("OperationDenied.OperationDenied");
    let protected = client.call(DELETE, &with(json!({}))).await;
    protected.refused("OperationDenied.OperationDenied");
    client
        .call(MODIFY, &with(json!({ "DeleteProtect": false })))
        .await
        .ok();
    client.call(DELETE, &with(json!({}))).await.ok();
    let leaving = client.call(MODIFY, &with(json!({ "Name": "c" }))).await;
    leaving.refused("ResourceInUse");
}
