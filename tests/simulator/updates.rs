//! Changes of a gateway's nodes, what stands in their way, and how they fail.

use std::time::Duration;

use gwplan::sim::Options;
use serde_json::{Value as Json, json};

use super::client::{Client, Turned, create_body, is_id};
use super::{CREATE, DELETE, DESCRIBE, GROUPS, MODIFY, create, start, unlimited};
use super::{UPDATE_TIME, with};

const SPEC: &str = "UpdateCloudNativeAPIGatewaySpec";

async fn status(client: &Client, id: &str) -> String {
    let shown = client.call(DESCRIBE, &json!({ "GatewayId": id })).await;
    shown.ok()["Result"]["Status"].as_str().unwrap().to_owned()
}

async fn group(client: &Client, id: &str) -> Json {
    let groups = client.call(GROUPS, &json!({ "GatewayId": id })).await;
    groups.ok()["Result"]["GatewayGroupList"][0].clone()
}

fn nodes(id: &str, group: &Json, specification: &str, number: i64) -> Json {
    json!({
        "GatewayId": id,
        "GroupId": group["GroupId"],
        "NodeConfig": { "Specification": specification, "Number": number },
    })
}

#[tokio::test]
async fn nodes_change_after_a_while() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "a").await;
    clock.turn(Duration::from_mins(1));
    let before = group(&client, &id).await;
    assert_eq!(before["Status"], "Running");
    let wanted = nodes(&id, &before, "2c4g", 5);
    let answer = client.call(SPEC, &wanted).await.ok()["Result"].clone();
    assert_eq!(answer["GatewayId"], id);
    assert_eq!(answer["Status"], "Updating");
    assert!(is_id(answer["TaskId"].as_str().unwrap(), "task-"));

    clock.turn(UPDATE_TIME / 2);
    assert_eq!(status(&client, &id).await, "Updating");
    let during = group(&client, &id).await;
    assert_eq!(during["Status"], "UpdatingSpec");
    assert_eq!(during["NodeConfig"], before["NodeConfig"]);
    for (action, body) in [
        (SPEC, wanted.clone()),
        (MODIFY, json!({ "GatewayId": id, "Name": "b" })),
        (DELETE, json!({ "GatewayId": id })),
    ] {
        client.call(action, &body).await.refused("ResourceInUse");
    }
    clock.turn(UPDATE_TIME / 2);
    assert_eq!(status(&client, &id).await, "Running");
    let after = group(&client, &id).await;
    assert_eq!(after["Status"], "Running");
    assert_eq!(after["NodeConfig"], wanted["NodeConfig"]);
    let shown = client
        .call(DESCRIBE, &json!({ "GatewayId": id }))
        .await
        .ok();
    assert_eq!(shown["Result"]["NodeConfig"], wanted["NodeConfig"]);
    client.call(DELETE, &json!({ "GatewayId": id })).await.ok();
}

#[tokio::test]
async fn a_change_of_nodes_that_is_wrong_is_refused() {
    const SPECIFICATION: &str = "InvalidParameterValue.Specification";
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "a").await;
    let shown = group(&client, &id).await;
    let good = nodes(&id, &shown, "2c4g", 5);
    client.call(SPEC, &good).await.refused("ResourceInUse");
    clock.turn(Duration::from_mins(1));
    for (changes, code) in [
        (json!({ "GatewayId": null }), "MissingParameter"),
        (json!({ "GroupId": null }), "MissingParameter"),
        (json!({ "NodeConfig": null }), "MissingParameter"),
        (json!({ "NodeConfig": { "Number": 3 } }), "MissingParameter"),
        (
            json!({ "NodeConfig": { "Number": "3" } }),
            "InvalidParameter",
        ),
        (json!({ "NodeConfig": [] }), "InvalidParameter"),
        (json!({ "NodeConfig": { "Size": 3 } }), "UnknownParameter"),
        (json!({ "Name": "b" }), "UnknownParameter"),
        (
            json!({ "GatewayId": "gateway-00000000" }),
            "ResourceNotFound.InstanceNotFound",
        ),
        (
            json!({ "GroupId": "group-00000000" }),
            "ResourceNotFound.ResourceNotFound",
        ),
        (
            json!({ "NodeConfig": { "Specification": "3c3g", "Number": 2 } }),
            SPECIFICATION,
        ),
        (
            json!({ "NodeConfig": { "Specification": "1c2g", "Number": 0 } }),
            SPECIFICATION,
        ),
        (
            json!({ "NodeConfig": { "Specification": "1c2g", "Number": 51 } }),
            SPECIFICATION,
        ),
    ] {
        let asked = client.call(SPEC, &with(&good, &changes)).await;
        assert_eq!(asked.code(), Some(code), "{changes} {asked:?}");
    }
    let elsewhere = client.in_region("ap-shanghai").call(SPEC, &good).await;
    elsewhere.refused("ResourceNotFound.InstanceNotFound");
    let page = format!("gateways/{id}");
    client
        .control("POST", &page, json!({ "TradeType": 1 }))
        .await;
    let prepaid = client.call(SPEC, &good).await;
    prepaid.refused("OperationDenied.OperationDenied");
    assert_eq!(status(&client, &id).await, "Running", "nothing has begun");
}

#[tokio::test]
async fn a_change_that_fails_changes_nothing_and_can_be_tried_again() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "a").await;
    clock.turn(Duration::from_mins(1));
    let before = group(&client, &id).await;
    let wanted = nodes(&id, &before, "2c4g", 5);
    let rule = format!("{SPEC}=fail-task#1");
    client.control("POST", "faults", json!([rule])).await;
    client.call(SPEC, &wanted).await.ok();
    assert_eq!(status(&client, &id).await, "Updating");
    clock.turn(UPDATE_TIME);
    assert_eq!(status(&client, &id).await, "ModifyFailed");
    let after = group(&client, &id).await;
    assert_eq!(after["NodeConfig"], before["NodeConfig"]);
    assert_eq!(after["Status"], "ModifyFailed");

    client.call(SPEC, &wanted).await.ok();
    clock.turn(UPDATE_TIME);
    assert_eq!(status(&client, &id).await, "Running");
    assert_eq!(
        group(&client, &id).await["NodeConfig"],
        wanted["NodeConfig"]
    );

    client
        .control("POST", "faults", json!([format!("{SPEC}=lost#1")]))
        .await;
    let lost = client.call(SPEC, &nodes(&id, &before, "1c2g", 3)).await;
    assert_eq!(lost.code(), None);
    clock.turn(UPDATE_TIME);
    assert_eq!(group(&client, &id).await["NodeConfig"]["Number"], 3);
}

#[tokio::test]
async fn what_was_never_made_is_not_changed() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let rule = json!(["CreateCloudNativeAPIGateway=fail-task"]);
    client.control("POST", "faults", rule).await;
    let id = create(&client, "a").await;
    clock.turn(Duration::from_mins(1));
    let wanted = nodes(&id, &group(&client, &id).await, "2c4g", 5);
    let denied = client.call(SPEC, &wanted).await;
    denied.refused("OperationDenied.OperationDenied");
    client.call(DELETE, &json!({ "GatewayId": id })).await.ok();
}

#[tokio::test]
async fn a_change_goes_on_while_no_process_runs() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Turned::new();
    let options = || Options {
        store: Some(folder.path().join("cloud.json")),
        ..unlimited(&clock)
    };
    let (simulator, client) = start(options());
    let id = create(&client, "a").await;
    clock.turn(Duration::from_mins(1));
    let wanted = nodes(&id, &group(&client, &id).await, "4c8g", 4);
    client.call(SPEC, &wanted).await.ok();
    drop(simulator);
    let (simulator, client) = start(options());
    assert_eq!(status(&client, &id).await, "Updating");
    drop(simulator);
    clock.turn(UPDATE_TIME);
    let (_simulator, client) = start(options());
    assert_eq!(status(&client, &id).await, "Running");
    assert_eq!(
        group(&client, &id).await["NodeConfig"],
        wanted["NodeConfig"]
    );
}

#[tokio::test]
async fn protection_and_descriptions_come_by_a_change_alone() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let protected = with(&create_body(), &json!({ "DeleteProtect": true }));
    let asked = client.call(CREATE, &protected).await;
    asked.refused("UnknownParameter");

    let id = create(&client, "a").await;
    clock.turn(Duration::from_mins(1));
    let named = json!({ "GatewayId": id });
    let modify = async |changes: Json| client.call(MODIFY, &with(&named, &changes)).await;
    modify(json!({ "DeleteProtect": true })).await.ok();
    modify(json!({ "Name": "b" })).await.ok();
    let denied = client.call(DELETE, &named).await;
    denied.refused("OperationDenied.OperationDenied");
    let shown = client.call(DESCRIBE, &named).await.ok()["Result"].clone();
    assert_eq!(shown["DeleteProtect"], true);
    assert_ne!(shown["Description"], "");
    modify(json!({ "Description": "" })).await.ok();
    let shown = client.call(DESCRIBE, &named).await.ok()["Result"].clone();
    assert_eq!(shown["Description"], "");
    assert_eq!(shown["Name"], "b");

    let page = format!("gateways/{id}");
    client
        .control("POST", &page, json!({ "InternetConfig": null }))
        .await;
    let denied = modify(json!({ "InternetPayMode": "TRAFFIC" })).await;
    denied.refused("OperationDenied.OperationDenied");
    client
        .control("POST", &page, json!({ "DeleteProtect": false }))
        .await;
    client.call(DELETE, &named).await.ok();
}
