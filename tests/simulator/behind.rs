//! Faults, the control pages and the store.

use std::time::Duration;

use gwplan::sim::Options;
use serde_json::{Value as Json, json};

use super::client::{Asked, Turned, create_body};
use super::{CREATE, DELETE, DESCRIBE, create, names, start, unlimited};

#[tokio::test]
async fn faults_strike_as_they_were_ordered() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let count = async || names(&client, &json!({})).await.0;
    let struck = async |rule: &str| {
        client.control("POST", "faults", json!([rule])).await;
        client.call(CREATE, &create_body()).await
    };
    assert!(matches!(struck("write=reset#1").await, Asked::Broken(_)));
    assert!(matches!(
        struck("write=status:503#1").await,
        Asked::Status(503, _)
    ));
    let refused = struck("*=code:InternalError#1").await;
    refused.refused("InternalError");
    assert_eq!(count().await, 0, "none of these is carried out");

    assert!(matches!(struck("write=lost#1").await, Asked::Broken(_)));
    assert!(matches!(struck("write=cut#1").await, Asked::Broken(_)));
    assert!(matches!(
        struck("write=5xx-after#1").await,
        Asked::Status(502, _)
    ));
    assert!(matches!(struck("write=garbage#1").await, Asked::Garbage(_)));
    assert_eq!(count().await, 4, "each of these is carried out");

    struck("*=empty#1").await.ok();
    assert_eq!(count().await, 0, "the list lags behind");
    assert_eq!(count().await, 5);

    let failing = struck("*=fail-task").await.ok();
    clock.turn(Duration::from_mins(1));
    let named = json!({ "GatewayId": failing["Result"]["GatewayId"] });
    let shown = client.call(DESCRIBE, &named).await.ok();
    assert_eq!(shown["Result"]["Status"], "CreateFailed");
    client.call(DELETE, &named).await.ok();

    let before = std::time::Instant::now();
    struck("write=latency:80ms").await.ok();
    assert!(before.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn the_control_pages_look_and_reach_behind_the_scenes() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "a").await;
    let named = json!({ "GatewayId": id });
    client.call(DELETE, &named).await.refused("ResourceInUse");
    let (status, shown) = client.control("GET", "stats", Json::Null).await;
    assert_eq!(status, 200);
    assert_eq!(
        shown,
        json!({
            "calls": { CREATE: 1, DELETE: 1 },
            "rejections": { DELETE: { "ResourceInUse": 1 } },
            "gateways": { "Creating": 1 },
        })
    );
    let page = format!("gateways/{id}");
    let changes = json!({ "Description": "x", "Status": "Abnormal" });
    client.control("POST", &page, changes).await;
    let shown = client.call(DESCRIBE, &named).await.ok()["Result"].clone();
    assert_eq!(
        (&shown["Description"], &shown["Status"]),
        (&json!("x"), &json!("Abnormal"))
    );
    let (_, dump) = client.control("GET", "gateways", Json::Null).await;
    assert_eq!(dump[0]["Region"], "ap-guangzhou");
    assert_eq!(dump[0]["Description"], "x");

    assert_eq!(client.control("DELETE", &page, Json::Null).await.0, 200);
    assert_eq!(client.control("DELETE", &page, Json::Null).await.0, 404);
    let gone = client.call(DESCRIBE, &named).await;
    gone.refused("ResourceNotFound.InstanceNotFound");

    let (status, answer) = client.control("POST", "faults", json!(["banana"])).await;
    assert_eq!(status, 400);
    assert!(
        answer["error"].as_str().unwrap().contains("banana"),
        "{answer}"
    );
    let rules = json!(["read=latency:5ms@0.5#2"]);
    client.control("POST", "faults", rules.clone()).await;
    assert_eq!(client.control("GET", "faults", Json::Null).await.1, rules);
    assert_eq!(client.control("GET", "nothing", Json::Null).await.0, 404);
}

#[tokio::test]
async fn a_store_outlives_the_process_and_tasks_go_on_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Turned::new();
    let options = || Options {
        store: Some(folder.path().join("cloud.json")),
        seed: Some(1),
        ..unlimited(&clock)
    };
    let (simulator, client) = start(options());
    let (stays, leaves) = (
        create(&client, "stays").await,
        create(&client, "leaves").await,
    );
    clock.turn(Duration::from_mins(1));
    client
        .call(DELETE, &json!({ "GatewayId": leaves }))
        .await
        .ok();
    // A copy made now is what a killed process leaves behind.
    let killed = tempfile::tempdir().unwrap();
    for name in ["cloud.json", "cloud.json.log"] {
        std::fs::copy(folder.path().join(name), killed.path().join(name)).unwrap();
    }
    drop(simulator);
    clock.turn(Duration::from_secs(10));
    for place in [folder.path(), killed.path()] {
        let (_simulator, client) = start(Options {
            store: Some(place.join("cloud.json")),
            ..options()
        });
        let shown = client
            .call(DESCRIBE, &json!({ "GatewayId": stays }))
            .await
            .ok();
        assert_eq!(shown["Result"]["Status"], "Running");
        assert_eq!(
            names(&client, &json!({})).await,
            (1, vec!["stays".to_owned()])
        );
        let third = create(&client, "third").await;
        assert!(third != stays && third != leaves, "ids are not given twice");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let clock = Turned::new();
        let (_simulator, client) = start(Options {
            seed: Some(9),
            ..unlimited(&clock)
        });
        seen.push(client.call(CREATE, &create_body()).await.ok());
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn ten_thousand_gateways_are_no_burden() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("cloud.json");
    let clock = Turned::new();
    let options = || Options {
        store: Some(store.clone()),
        ..unlimited(&clock)
    };
    let (simulator, client) = start(options());
    create(&client, "g1").await;
    drop(simulator);
    let mut stored: Json = serde_json::from_slice(&std::fs::read(&store).unwrap()).unwrap();
    let one = stored["gateways"][0].clone();
    let many = (1..=10_000).map(|number| {
        let mut one = one.clone();
        one["number"] = json!(number);
        one["id"] = json!(format!("gateway-{number:08x}"));
        one["body"]["Name"] = json!(format!("g{number}"));
        one
    });
    stored["gateways"] = many.collect();
    stored["next"] = json!(10_001);
    std::fs::write(&store, stored.to_string()).unwrap();

    let (_simulator, client) = start(options());
    let mut seen = std::collections::BTreeSet::new();
    for offset in (0..10_000).step_by(100) {
        let (total, page) = names(&client, &json!({ "Limit": 100, "Offset": offset })).await;
        assert_eq!(total, 10_000);
        seen.extend(page);
    }
    assert_eq!(seen.len(), 10_000);
    create(&client, "one more").await;
    let filter = json!({ "Filters": [{ "Name": "GatewayId", "Values": ["gateway-00000007"] }] });
    assert_eq!(names(&client, &filter).await.1, ["g7"]);
}
