//! What is refused, and with which code.

use std::time::Duration;

use gwplan::model::Secret;
use gwplan::sim::{DEFAULT_SECRET_ID, Options};
use serde_json::{Value as Json, json};

use super::client::{Client, Turned, create_body};
use super::{CREATE, DESCRIBE, LIST, create, start, unlimited};

const VALUE: &str = "InvalidParameterValue.InvalidParameterValue";
const NAME: &str = "InvalidParameterValue.Name";
const TYPE: &str = "InvalidParameterValue.Type";
const SPECIFICATION: &str = "InvalidParameterValue.Specification";
const REGION: &str = "InvalidParameterValue.Region";
const CREATE_ERROR: &str = "InvalidParameterValue.CreateError";
const MISS: &str = "MissingParameter.MissParameter";
const LIMIT: &str = "LimitExceeded.LimitExceeded";
const DENIED: &str = "OperationDenied.OperationDenied";

fn pair(key: &str, value: &str) -> Json {
    json!({ "TagKey": key, "TagValue": value })
}

fn pairs(count: usize) -> Json {
    (0..count).map(|n| pair(&format!("k{n}"), "v")).collect()
}

/// Sends the example with the value at each place replaced, and expects the code.
async fn each_is_refused(cases: Vec<(&str, Json, &str)>) {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    for (pointer, value, code) in cases {
        let mut body = create_body();
        *body.pointer_mut(pointer).unwrap() = value;
        let asked = client.call(CREATE, &body).await;
        assert_eq!(asked.code(), Some(code), "{pointer}: {asked:?}");
    }
    let list = client.call(LIST, &json!({})).await.ok();
    assert_eq!(list["Result"]["TotalCount"], 0, "nothing was made");
}

#[tokio::test]
async fn a_create_of_wrong_values_gets_the_vendors_code() {
    each_is_refused(vec![
        ("/Name", json!("x".repeat(61)), NAME),
        ("/Name", json!(""), NAME),
        ("/Type", json!("nginx"), TYPE),
        ("/Type", json!(""), TYPE),
        ("/GatewayVersion", json!("9.9"), VALUE),
        ("/NodeConfig/Specification", json!("3c3g"), SPECIFICATION),
        ("/NodeConfig/Number", json!(51), SPECIFICATION),
        ("/NodeConfig/Number", json!(0), SPECIFICATION),
        ("/VpcConfig/VpcId", json!("net-1"), VALUE),
        ("/VpcConfig/SubnetId", json!("subnet-"), VALUE),
        ("/Description", json!("x".repeat(121)), VALUE),
        ("/FeatureVersion", json!("GOLD"), VALUE),
        ("/InternetMaxBandwidthOut", json!(-1), VALUE),
        ("/InternetMaxBandwidthOut", json!(2049), VALUE),
        ("/InternetMaxBandwidthOut", json!(7), CREATE_ERROR),
        ("/EngineRegion", json!("ap-nowhere"), REGION),
        ("/TradeType", json!(1), DENIED),
        ("/TradeType", json!(2), VALUE),
        ("/InternetConfig/InternetAddressVersion", json!("V6"), VALUE),
        ("/InternetConfig/InternetPayMode", json!("GIFT"), VALUE),
        ("/InternetConfig/SlaType", json!("clb.huge"), VALUE),
        (
            "/InternetConfig/MasterZoneId",
            json!("ap-tokyo-1"),
            CREATE_ERROR,
        ),
        ("/Tags", json!([pair("qcs:a", "b")]), VALUE),
        ("/Tags", json!([pair("a", "b"), pair("a", "c")]), VALUE),
        ("/Tags", json!([{ "TagKey": "a" }]), VALUE),
        ("/Tags", pairs(11), LIMIT),
        ("/Tags", pairs(51), LIMIT),
    ])
    .await;
}

#[tokio::test]
async fn a_create_of_wrong_form_gets_the_vendors_code() {
    each_is_refused(vec![
        ("/Name", Json::Null, "MissingParameter"),
        ("/Name", json!(5), "InvalidParameter"),
        ("/Type", Json::Null, "MissingParameter"),
        ("/NodeConfig", json!({ "Number": 2 }), "MissingParameter"),
        ("/NodeConfig/Number", json!(2.5), "InvalidParameter"),
        ("/NodeConfig/Number", json!("2"), "InvalidParameter"),
        ("/NodeConfig", json!({ "Sise": 1 }), "UnknownParameter"),
        ("/VpcConfig", json!([]), "InvalidParameter"),
        ("/VpcConfig", json!({ "VpcId": "vpc-1" }), MISS),
        ("/EnableCls", json!("no"), "InvalidParameter"),
        ("/InternetConfig/MasterZoneId", Json::Null, MISS),
        ("/Tags", json!([{ "Key": "a" }]), "UnknownParameter"),
        ("/Tags", json!({ "a": "b" }), "InvalidParameter"),
        ("", json!([]), "InvalidParameterValue.BadRequestFormat"),
    ])
    .await;
}

#[tokio::test]
async fn what_the_table_only_warns_of_is_taken() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let mut body = create_body();
    body["NodeConfig"]["Number"] = json!(50);
    body["Tags"] = json!([{ "TagKey": "gwplan:owner", "TagValue": "0a1b/gateway.x" }]);
    client.call(CREATE, &body).await.ok();
}

#[tokio::test]
async fn empty_values_of_optional_fields_say_what_leaving_them_out_says() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let mut body = create_body();
    body["InternetMaxBandwidthOut"] = json!(0);
    body["InternetConfig"] = Json::Null;
    let private = shown(&client, &body).await;
    assert_eq!(private["EnableInternet"], false);
    assert_eq!(private["InternetMaxBandwidthOut"], 0);
    body["InternetConfig"] = json!({
        "InternetAddressVersion": "", "InternetPayMode": "", "InternetMaxBandwidthOut": 0,
        "Description": "", "SlaType": "", "MultiZoneFlag": false, "MasterZoneId": "",
        "SlaveZoneId": "",
    });
    let public = shown(&client, &body).await;
    assert_eq!(public["EnableInternet"], true);
    assert_eq!(public["InternetMaxBandwidthOut"], 1);
}

/// Makes a gateway and returns what is shown of it.
async fn shown(client: &Client, body: &Json) -> Json {
    let made = client.call(CREATE, body).await.ok();
    let named = json!({ "GatewayId": made["Result"]["GatewayId"] });
    client.call(DESCRIBE, &named).await.ok()["Result"].clone()
}

#[tokio::test]
async fn pairs_that_the_account_knows_do_not_count_as_new() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let body = |from: usize, to: usize| {
        let mut body = create_body();
        body["Tags"] = (from..to)
            .map(|n| json!({ "TagKey": format!("k{n}"), "TagValue": "v" }))
            .collect();
        body
    };
    client.call(CREATE, &body(0, 10)).await.ok();
    client.call(CREATE, &body(0, 20)).await.ok();
    let too_many = client.call(CREATE, &body(0, 31)).await;
    too_many.refused("LimitExceeded.LimitExceeded");
}

#[tokio::test]
async fn the_quota_of_the_account_is_kept() {
    let clock = Turned::new();
    let (_simulator, client) = start(Options {
        gateway_quota: 1,
        ..unlimited(&clock)
    });
    create(&client, "a").await;
    let second = client.call(CREATE, &create_body()).await;
    second.refused("FailedOperation.Resource");
}

#[tokio::test]
async fn the_front_refuses_what_is_not_of_its_form() {
    let clock = Turned::new();
    let (_simulator, client) = start(unlimited(&clock));
    let with = |name: &'static str, value: &'static str| {
        client.post(LIST, b"{}".to_vec(), move |headers| {
            headers.insert(name, value.parse().unwrap());
        })
    };
    with("x-tc-version", "2018-03-12")
        .await
        .refused("NoSuchVersion");
    with("x-tc-action", "ExplodeGateway")
        .await
        .refused("InvalidAction");
    with("content-type", "text/plain")
        .await
        .refused("UnsupportedProtocol");
    with("authorization", "SKIP")
        .await
        .refused("AuthFailure.InvalidAuthorization");
    for (header, code) in [
        ("x-tc-action", "MissingParameter"),
        ("x-tc-version", "MissingParameter"),
        ("x-tc-region", "MissingParameter"),
        ("x-tc-timestamp", "MissingParameter"),
        ("authorization", "AuthFailure.InvalidAuthorization"),
    ] {
        let asked = client.post(LIST, b"{}".to_vec(), |headers| {
            headers.remove(header);
        });
        asked.await.refused(code);
    }
    let stranger = client.with_key("AKIDstranger", "key");
    let asked = stranger.call(LIST, &json!({})).await;
    asked.refused("AuthFailure.SecretIdNotFound");
    let forger = client.with_key(DEFAULT_SECRET_ID, "key");
    let asked = forger.call(LIST, &json!({})).await;
    asked.refused("AuthFailure.SignatureFailure");
    let late = client.with_clock(Turned::at("2020-01-01T00:00:00Z").clock());
    let asked = late.call(LIST, &json!({})).await;
    asked.refused("AuthFailure.SignatureExpire");
}

#[tokio::test]
async fn other_credentials_take_the_place_of_the_default_ones() {
    let clock = Turned::new();
    let (_simulator, client) = start(Options {
        credentials: vec![("AKIDother".to_owned(), Secret::new("other-key"))],
        ..unlimited(&clock)
    });
    let asked = client.call(LIST, &json!({})).await;
    asked.refused("AuthFailure.SecretIdNotFound");
    let other = client.with_key("AKIDother", "other-key");
    other.call(LIST, &json!({})).await.ok();
}

#[tokio::test]
async fn a_second_takes_so_many_requests_of_an_action() {
    let clock = Turned::new();
    let (_simulator, client) = start(Options {
        requests_per_second: 3,
        ..unlimited(&clock)
    });
    for _ in 0..3 {
        client.call(LIST, &json!({})).await.ok();
    }
    let fourth = client.call(LIST, &json!({})).await;
    fourth.refused("RequestLimitExceeded");
    create(&client, "another-action").await;
    clock.turn(Duration::from_secs(1));
    client.call(LIST, &json!({})).await.ok();
}
