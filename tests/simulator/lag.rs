//! The calls that look stay behind the calls that change.

use std::time::Duration;

use gwplan::sim::Options;
use serde_json::{Value as Json, json};

use super::client::{Client, Turned};
use super::{CONFIG, DELETE, DESCRIBE, GROUPS, LIST, MODIFY, create, names, start, unlimited};

const LAG: Duration = Duration::from_secs(30);

fn lagging(clock: &Turned) -> Options {
    Options {
        lag: LAG,
        seed: Some(3),
        ..unlimited(clock)
    }
}

/// Returns the gateways that the control page shows.
async fn true_names(client: &Client) -> Vec<String> {
    let (_, shown) = client.control("GET", "gateways", Json::Null).await;
    let name = |one: &Json| one["Name"].as_str().unwrap().to_owned();
    shown.as_array().unwrap().iter().map(name).collect()
}

/// Returns a value of the one gateway that the list shows.
async fn listed(client: &Client, key: &str) -> Json {
    let answer = client.call(LIST, &json!({})).await.ok();
    answer["Result"]["GatewayList"][0][key].clone()
}

#[tokio::test]
async fn a_new_gateway_is_found_only_after_the_lag() {
    let clock = Turned::new();
    let (_simulator, client) = start(lagging(&clock));
    let id = create(&client, "late").await;
    let named = json!({ "GatewayId": id });
    let unfiltered = json!({});
    let by_id = json!({ "Filters": [{ "Name": "GatewayId", "Values": [id] }] });
    let by_name = json!({ "Filters": [{ "Name": "Name", "Values": ["late"] }] });
    let by_tag = json!({ "Filters": [{ "Name": "Tag", "Values": ["env:prod"] }] });
    let named_tags =
        json!({ "ResourceList": [format!("qcs::tse:ap-guangzhou:uin/1:gateway/{id}")] });
    for body in [&unfiltered, &by_id, &by_name, &by_tag] {
        assert_eq!(names(&client, body).await, (0, vec![]), "{body}");
    }
    for action in [DESCRIBE, GROUPS, CONFIG] {
        let asked = client.call(action, &named).await;
        asked.refused("ResourceNotFound.InstanceNotFound");
    }
    let tagged = client
        .of_tags()
        .call("GetResources", &named_tags)
        .await
        .ok();
    assert_eq!(tagged["ResourceTagMappingList"], json!([]));
    assert_eq!(true_names(&client).await, ["late"]);

    clock.turn(LAG);
    for body in [&unfiltered, &by_id, &by_name, &by_tag] {
        let shown = names(&client, body).await;
        assert_eq!(shown, (1, vec!["late".to_owned()]), "{body}");
    }
    for action in [DESCRIBE, GROUPS, CONFIG] {
        client.call(action, &named).await.ok();
    }
}

#[tokio::test]
async fn each_new_gateway_has_a_lag_of_its_own() {
    let clock = Turned::new();
    let (_simulator, client) = start(lagging(&clock));
    for number in 0..20 {
        create(&client, &format!("g{number}")).await;
    }
    clock.turn(LAG / 2);
    let (total, shown) = names(&client, &json!({ "Limit": 100 })).await;
    assert!((1..20).contains(&total), "{total}");
    assert_eq!(shown.len() as u64, total);
    clock.turn(LAG / 2);
    assert_eq!(names(&client, &json!({})).await.0, 20);
}

#[tokio::test]
async fn the_list_alone_shows_changes_and_deletions_late() {
    let clock = Turned::new();
    let (_simulator, client) = start(Options {
        delete_time: LAG * 3,
        ..lagging(&clock)
    });
    let id = create(&client, "a").await;
    let named = json!({ "GatewayId": id });
    clock.turn(Duration::from_mins(1));
    let change = json!({ "GatewayId": id, "Name": "b" });
    client.call(MODIFY, &change).await.ok();
    assert_eq!(listed(&client, "Name").await, "a");
    let by_new_name = json!({ "Filters": [{ "Name": "Name", "Values": ["b"] }] });
    assert_eq!(names(&client, &by_new_name).await.0, 0);
    let shown = client.call(DESCRIBE, &named).await.ok();
    assert_eq!(shown["Result"]["Name"], "b");
    assert_eq!(true_names(&client).await, ["b"]);
    clock.turn(LAG);
    assert_eq!(listed(&client, "Name").await, "b");

    client.call(DELETE, &named).await.ok();
    assert_eq!(listed(&client, "Status").await, "Running");
    let shown = client.call(DESCRIBE, &named).await.ok();
    assert_eq!(shown["Result"]["Status"], "Deleting");
    clock.turn(LAG);
    assert_eq!(listed(&client, "Status").await, "Deleting");
    clock.turn(LAG * 2);
    assert_eq!(names(&client, &json!({})).await.0, 0);
}

#[tokio::test]
async fn a_lag_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Turned::new();
    let options = || Options {
        store: Some(folder.path().join("cloud.json")),
        ..lagging(&clock)
    };
    let (simulator, client) = start(options());
    create(&client, "late").await;
    drop(simulator);
    let (_simulator, client) = start(options());
    assert_eq!(names(&client, &json!({})).await.0, 0);
    clock.turn(LAG);
    assert_eq!(names(&client, &json!({})).await.0, 1);
}
