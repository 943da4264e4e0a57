//! Pages, filters and regions.

use gwplan::sim::{ListOrder, Options};
use serde_json::{Value as Json, json};

use super::client::Turned;
use super::{DESCRIBE, LIST, create, names, start, unlimited};

#[tokio::test]
async fn pages_follow_the_order_of_creation() {
    for (list_order, first, last) in [
        (ListOrder::NewestFirst, ["g4", "g3"], ["g0"]),
        (ListOrder::OldestFirst, ["g0", "g1"], ["g4"]),
    ] {
        let clock = Turned::new();
        let (_simulator, client) = start(Options {
            list_order,
            ..unlimited(&clock)
        });
        for n in 0..5 {
            create(&client, &format!("g{n}")).await;
        }
        let page = |offset: usize| json!({ "Limit": 2, "Offset": offset });
        assert_eq!(
            names(&client, &page(0)).await,
            (5, first.map(String::from).to_vec())
        );
        assert_eq!(
            names(&client, &page(4)).await,
            (5, last.map(String::from).to_vec())
        );
        assert_eq!(names(&client, &page(9)).await, (5, vec![]));
        let code = "InvalidParameterValue.InvalidParameterValue";
        client
            .call(LIST, &json!({ "Limit": 101 }))
            .await
            .refused(code);
        client
            .call(LIST, &json!({ "Limit": 0 }))
            .await
            .refused(code);
        client
            .call(LIST, &json!({ "Offset": -1 }))
            .await
            .refused(code);
    }
}

#[tokio::test]
async fn a_page_holds_twenty_unless_told_otherwise() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    for n in 0..21 {
        create(&client, &format!("g{n}")).await;
    }
    assert_eq!(names(&client, &json!({})).await.1.len(), 20);
    assert_eq!(names(&client, &json!({ "Limit": 100 })).await.1.len(), 21);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let a = create(&client, "front-a").await;
    let b = create(&client, "front-b").await;
    create(&client, "back").await;
    let filtered = |filters: Json| json!({ "Filters": filters });
    for (filters, expected) in [
        (
            json!([{ "Name": "Name", "Values": ["front-a", "back"] }]),
            vec!["back", "front-a"],
        ),
        (
            json!([{ "Name": "Name", "Values": ["front"] }]),
            vec!["front-b", "front-a"],
        ),
        (
            json!([{ "Name": "GatewayId", "Values": [b, a, a, "gateway-0"] }]),
            vec!["front-b", "front-a"],
        ),
        (
            json!([{ "Name": "GatewayId", "Values": [a, b] }, { "Name": "Name", "Values": ["-b"] }]),
            vec!["front-b"],
        ),
        (
            json!([{ "Name": "Tag", "Values": ["env:prod"] }]),
            vec!["back", "front-b", "front-a"],
        ),
        (json!([{ "Name": "Tag", "Values": ["env:dev"] }]), vec![]),
    ] {
        let (total, shown) = names(&client, &filtered(filters)).await;
        assert_eq!(shown, expected);
        assert_eq!(total, expected.len() as u64);
    }
    let unknown = filtered(json!([{ "Name": "Colour", "Values": ["red"] }]));
    let refused = client.call(LIST, &unknown).await;
    refused.refused("InvalidParameterValue.InvalidParameterValue");
}

#[tokio::test]
async fn regions_are_apart() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let id = create(&client, "here").await;
    let elsewhere = client.in_region("ap-singapore");
    assert_eq!(names(&elsewhere, &json!({})).await.0, 0);
    let named = json!({ "GatewayId": id });
    let describe = elsewhere.call(DESCRIBE, &named).await;
    describe.refused("ResourceNotFound.InstanceNotFound");
    let filter = json!({ "Filters": [{ "Name": "GatewayId", "Values": [id] }] });
    assert_eq!(names(&elsewhere, &filter).await.0, 0);
    let nowhere = client.in_region("mars-north").call(LIST, &json!({})).await;
    nowhere.refused("UnsupportedRegion");
}
