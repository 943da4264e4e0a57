//! The tag service.

use std::time::Duration;

use gwplan::sim::Options;
use serde_json::{Value as Json, json};

use super::client::{Client, Turned};
use super::{DELETE, DESCRIBE, create, names, start, unlimited};

const SET: &str = "TagResources";
const UNSET: &str = "UnTagResources";
const GET: &str = "GetResources";
const MODIFY_TAGS: &str = "ModifyResourceTags";
const BY_IDS: &str = "DescribeResourceTagsByResourceIds";
const OF_RESOURCES: &str = "DescribeResourceTags";

const DESCRIPTION_ERROR: &str = "InvalidParameterValue.ResourceDescriptionError";

fn resource(id: &str) -> String {
    format!("qcs::tse:ap-guangzhou:uin/:gateway/{id}")
}

fn pair(key: &str, value: &str) -> Json {
    json!({ "TagKey": key, "TagValue": value })
}

fn pairs(from: usize, to: usize) -> Json {
    (from..to).map(|n| pair(&format!("k{n}"), "v")).collect()
}

async fn tags(client: &Client, id: &str) -> Json {
    let shown = client.call(DESCRIBE, &json!({ "GatewayId": id })).await;
    shown.ok()["Result"]["Tags"].clone()
}

/// Makes a simulator, a client of the gateways, and one of the tags.
fn both(options: Options) -> (gwplan::sim::Simulator, Client, Client) {
    let (simulator, client) = start(options);
    let tagger = client.of_tags();
    (simulator, client, tagger)
}

#[tokio::test]
async fn tags_come_change_and_go_at_once() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(unlimited(&clock));
    let (a, b) = (create(&client, "a").await, create(&client, "b").await);
    let with_number = format!("qcs::tse:ap-guangzhou:uin/100000558920:gateway/{b}");
    let list = json!([resource(&a), with_number]);
    let wanted = json!([pair("env", "test"), pair("gwplan:owner", "x/gateway.a")]);
    let body = json!({ "ResourceList": list, "Tags": wanted });
    let answer = tagger.call(SET, &body).await.ok();
    assert_eq!(answer["FailedResources"], json!([]));
    for id in [&a, &b] {
        assert_eq!(tags(&client, id).await, wanted);
    }
    let filter = json!({ "Filters": [{ "Name": "Tag", "Values": ["env:test"] }] });
    assert_eq!(names(&client, &filter).await.0, 2);

    let body = json!({ "ResourceList": list, "TagKeys": ["env", "not-there"] });
    let answer = tagger.call(UNSET, &body).await.ok();
    assert_eq!(answer["FailedResources"], json!([]));
    assert_eq!(tags(&client, &a).await, json!([wanted[1]]));
}

#[tokio::test]
async fn resources_that_are_not_there_are_named_and_the_rest_is_done() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(unlimited(&clock));
    let id = create(&client, "a").await;
    let elsewhere = format!("qcs::tse:ap-shanghai:uin/:gateway/{id}");
    let list = json!([resource("gateway-0"), resource(&id), elsewhere]);
    for (action, rest) in [
        (SET, json!({ "Tags": [pair("a", "b")] })),
        (UNSET, json!({ "TagKeys": ["env"] })),
    ] {
        let body = super::with(&json!({ "ResourceList": list }), &rest);
        let answer = tagger.call(action, &body).await.ok();
        let failed = answer["FailedResources"].as_array().unwrap();
        let names: Vec<_> = failed.iter().map(|one| &one["Resource"]).collect();
        assert_eq!(names, [&list[0], &list[2]]);
        assert_eq!(failed[0]["Code"], "InvalidParameterValue.ResourceIdInvalid");
        assert_ne!(failed[0]["Message"], "");
    }
    assert_eq!(tags(&client, &id).await, json!([pair("a", "b")]));
    client
        .control("DELETE", &format!("gateways/{id}"), Json::Null)
        .await;
    let body = json!({ "ResourceList": [resource(&id)], "TagKeys": ["a"] });
    let answer = tagger.call(UNSET, &body).await.ok();
    assert_eq!(answer["FailedResources"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_resource_takes_fifty_tags() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(unlimited(&clock));
    let id = create(&client, "a").await;
    let list = json!([resource(&id)]);
    // It was created with one.
    for (from, failures) in [(0, 0), (10, 0), (20, 0), (30, 0), (40, 1), (39, 0)] {
        let to = if from == 39 { 48 } else { from + 10 };
        let body = json!({ "ResourceList": list, "Tags": pairs(from, to) });
        let answer = tagger.call(SET, &body).await.ok();
        let failed = answer["FailedResources"].as_array().unwrap();
        assert_eq!(failed.len(), failures, "{from}");
        if failures > 0 {
            assert_eq!(failed[0]["Code"], "LimitExceeded.ResourceAttachedTags");
        }
    }
    assert_eq!(tags(&client, &id).await.as_array().unwrap().len(), 49);
}

#[tokio::test]
async fn what_is_wrong_gets_the_tag_services_code() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(unlimited(&clock));
    let id = create(&client, "a").await;
    let name = resource(&id);
    let value = |word: &str| format!("InvalidParameterValue.{word}");
    for (tags, code) in [
        (json!([]), "MissingParameter".to_owned()),
        (Json::Null, "MissingParameter".to_owned()),
        (json!("a"), "InvalidParameter".to_owned()),
        (json!([{ "Key": "a" }]), "UnknownParameter".to_owned()),
        (json!([pair("", "v")]), value("TagKeyEmpty")),
        (json!([pair("k", "")]), value("TagValueEmpty")),
        (json!([{ "TagKey": "k" }]), value("TagValueEmpty")),
        (
            json!([pair(&"k".repeat(128), "v")]),
            value("TagKeyLengthExceeded"),
        ),
        (
            json!([pair("k", &"v".repeat(256))]),
            value("TagValueLengthExceeded"),
        ),
        (json!([pair("a*b", "v")]), value("TagKeyCharacterIllegal")),
        (json!([pair("k", "a|b")]), value("TagValueCharacterIllegal")),
        (json!([pair("k", " v")]), value("TagValueCharacterIllegal")),
        (json!([pair("qcs:k", "v")]), value("ReservedTagKey")),
        (json!([pair("projectile", "v")]), value("ReservedTagKey")),
        (
            json!([pair("k", "v"), pair("k", "w")]),
            value("TagKeyDuplicate"),
        ),
        (pairs(0, 11), "LimitExceeded.TagNumPerRequest".to_owned()),
    ] {
        let body = json!({ "ResourceList": [name], "Tags": tags });
        let asked = tagger.call(SET, &body).await;
        assert_eq!(asked.code(), Some(code.as_str()), "{tags} {asked:?}");
    }
    for (resource, word) in [
        ("gateway-1", "ResourceDescriptionError"),
        (
            "qcs::tse:ap-guangzhou:uin/:gateway",
            "ResourceDescriptionError",
        ),
        (
            "acs::tse:ap-guangzhou:uin/:gateway/g",
            "ResourceDescriptionError",
        ),
        ("qcs::cvm:ap-guangzhou:uin/:gateway/g", "ServiceTypeInvalid"),
        ("qcs::tse:mars-north:uin/:gateway/g", "RegionInvalid"),
        ("qcs::tse:ap-guangzhou:me:gateway/g", "UinInvalid"),
        ("qcs::tse:ap-guangzhou:uin/x:gateway/g", "UinInvalid"),
        (
            "qcs::tse:ap-guangzhou:uin/:engine/g",
            "ResourcePrefixInvalid",
        ),
        ("qcs::tse:ap-guangzhou:uin/:gateway/", "ResourceIdInvalid"),
    ] {
        let body = json!({ "ResourceList": [name, resource], "TagKeys": ["env"] });
        let asked = tagger.call(UNSET, &body).await;
        assert_eq!(asked.code(), Some(value(word).as_str()), "{resource}");
    }
    for (body, code) in [
        (
            json!({ "ResourceList": [], "TagKeys": ["a"] }),
            "MissingParameter",
        ),
        (
            json!({ "ResourceList": [name], "TagKeys": [] }),
            "MissingParameter",
        ),
        (json!({ "TagKeys": ["a"] }), "MissingParameter"),
        (
            json!({ "ResourceList": [name], "TagKeys": [""] }),
            "InvalidParameterValue.TagKeyEmpty",
        ),
        (
            json!({ "ResourceList": vec![name.clone(); 11], "TagKeys": ["a"] }),
            "LimitExceeded.ResourceNumPerRequest",
        ),
        (
            json!({ "ResourceList": [name], "TagKeys": vec!["a"; 11] }),
            "LimitExceeded.TagNumPerRequest",
        ),
    ] {
        tagger.call(UNSET, &body).await.refused(code);
    }
    assert_eq!(tags(&client, &id).await, json!([pair("env", "prod")]));
}

#[tokio::test]
async fn resources_are_found_by_their_tags() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(unlimited(&clock));
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(create(&client, name).await);
    }
    let list = json!([resource(&ids[1])]);
    let body = json!({ "ResourceList": list, "Tags": [pair("env", "test"), pair("x", "y")] });
    tagger.call(SET, &body).await.ok();
    let found = async |body: Json| {
        let answer = tagger.call(GET, &body).await.ok();
        let list = answer["ResourceTagMappingList"].as_array().unwrap().clone();
        let found = list.iter().map(|one| {
            let name = one["Resource"].as_str().unwrap();
            ids.iter().position(|id| name.ends_with(id)).unwrap()
        });
        (found.collect::<Vec<_>>(), answer["PaginationToken"].clone())
    };
    assert_eq!(found(json!({})).await.0, [0, 1, 2]);
    let filters = |filters: Json| json!({ "TagFilters": filters });
    let prod = filters(json!([{ "TagKey": "env", "TagValue": ["prod"] }]));
    assert_eq!(found(prod).await.0, [0, 2]);
    let two = json!([{ "TagKey": "env", "TagValue": ["prod", "test"] }, { "TagKey": "x" }]);
    assert_eq!(found(filters(two)).await.0, [1]);
    assert_eq!(found(json!({ "ResourceList": list })).await.0, [1]);
    let (page, token) = found(json!({ "MaxResults": 2 })).await;
    assert_eq!(page, [0, 1]);
    let rest = json!({ "MaxResults": 2, "PaginationToken": token });
    assert_eq!(found(rest).await, (vec![2], json!("")));

    for (body, code) in [
        (json!({ "MaxResults": 0 }), "InvalidParameter"),
        (json!({ "MaxResults": 201 }), "InvalidParameter"),
        (
            json!({ "PaginationToken": "x" }),
            "InvalidParameter.PaginationTokenInvalid",
        ),
        (filters(json!([{ "TagValue": [] }])), "MissingParameter"),
        (
            filters(json!([{ "TagKey": "" }])),
            "InvalidParameterValue.TagFilters",
        ),
        (
            filters(json!(vec![json!({ "TagKey": "a" }); 7])),
            "InvalidParameterValue.TagFiltersLengthExceeded",
        ),
    ] {
        tagger.call(GET, &body).await.refused(code);
    }
    client
        .control("POST", "faults", json!(["read=empty#1"]))
        .await;
    assert_eq!(found(json!({})).await.0, [0_usize; 0]);
}

#[tokio::test]
async fn the_tags_of_one_resource_are_set_and_taken_off_in_one_call() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(unlimited(&clock));
    let id = create(&client, "a").await;
    let modify = async |rest: Json| {
        let body = super::with(&json!({ "Resource": resource(&id) }), &rest);
        tagger.call(MODIFY_TAGS, &body).await
    };
    let both = json!({
        "ReplaceTags": [pair("team", "edge"), pair("tier", "1")],
        "DeleteTags": [{ "TagKey": "env" }, { "TagKey": "not-there" }],
    });
    // The vendor's example of the answer holds the RequestId alone.
    let answer = modify(both).await.ok();
    assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    let wanted = json!([pair("team", "edge"), pair("tier", "1")]);
    assert_eq!(tags(&client, &id).await, wanted);

    for (rest, code) in [
        (json!({}), "MissingParameter"),
        (json!({ "ReplaceTags": [] }), "InvalidParameter.Tag"),
        (
            json!({ "ReplaceTags": [pair("a", "b")], "DeleteTags": [] }),
            "InvalidParameter.Tag",
        ),
        (
            json!({ "ReplaceTags": [pair("a", "b")], "DeleteTags": [{ "TagKey": "a" }] }),
            "InvalidParameterValue.DeleteTagsParamError",
        ),
        (
            json!({ "DeleteTags": [{ "TagKey": "" }] }),
            "InvalidParameterValue.TagKeyEmpty",
        ),
        (
            json!({ "ReplaceTags": [pair("a", "b"), pair("a", "c")] }),
            "InvalidParameterValue.TagKeyDuplicate",
        ),
        (
            json!({ "ReplaceTags": [pair("qcs:a", "b")] }),
            "InvalidParameterValue.ReservedTagKey",
        ),
        (
            json!({ "ReplaceTags": pairs(0, 11) }),
            "LimitExceeded.TagNumPerRequest",
        ),
        (json!({ "Resource": "gateway-1" }), DESCRIPTION_ERROR),
        (
            json!({ "Resource": resource("gateway-0"), "DeleteTags": [{ "TagKey": "a" }] }),
            "InvalidParameterValue.ResourceIdInvalid",
        ),
    ] {
        let asked = modify(rest.clone()).await;
        assert_eq!(asked.code(), Some(code), "{rest}");
    }
    for from in [0, 10, 20, 30] {
        modify(json!({ "ReplaceTags": pairs(from, from + 10) }))
            .await
            .ok();
    }
    modify(json!({ "ReplaceTags": pairs(40, 49) }))
        .await
        .refused("LimitExceeded.ResourceAttachedTags");
    assert_eq!(tags(&client, &id).await.as_array().unwrap().len(), 42);
    // Pairs that the account knows don't count as new: all can be set by one call.
    let other = create(&client, "b").await;
    let body = json!({ "Resource": resource(&other), "ReplaceTags": pairs(0, 40) });
    tagger.call(MODIFY_TAGS, &body).await.ok();
}

#[tokio::test]
async fn the_tags_of_named_gateways_are_shown_page_by_page() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(unlimited(&clock));
    let (a, b) = (create(&client, "a").await, create(&client, "b").await);
    let body = json!({ "Resource": resource(&b), "ReplaceTags": pairs(0, 3) });
    tagger.call(MODIFY_TAGS, &body).await.ok();
    let query = json!({
        "ServiceType": "tse", "ResourcePrefix": "gateway", "ResourceRegion": "ap-guangzhou",
        "ResourceIds": [a, b, "gateway-0"],
    });
    let ask = async |rest: Json| tagger.call(BY_IDS, &super::with(&query, &rest)).await;

    let first = ask(json!({ "ResourceIds": [a] })).await.ok();
    // The fields of the vendor's example, and the category that its page of the object names.
    let row = json!({
        "ServiceType": "tse", "TagKey": "env", "TagValue": "prod", "ResourceId": a,
        "TagKeyMd5": "ff035a1dd7655da15295fa5fa89362a7",
        "TagValueMd5": "d6e4a9b6646c62fc48baa6dd6150d1f7", "Category": "Custom",
    });
    let whole = json!({
        "TotalCount": 1, "Offset": 0, "Limit": 15, "Tags": [row], "RequestId": first["RequestId"],
    });
    assert_eq!(first, whole);

    let mut keys = Vec::new();
    for offset in [0, 2, 4] {
        let page = ask(json!({ "Limit": 2, "Offset": offset })).await.ok();
        assert_eq!(page["TotalCount"], 5);
        let rows = page["Tags"].as_array().unwrap().iter();
        keys.extend(rows.map(|row| row["TagKey"].as_str().unwrap().to_owned()));
    }
    assert_eq!(keys, ["env", "env", "k0", "k1", "k2"]);
    let nothing = ask(json!({ "Category": "System" })).await.ok();
    assert_eq!(nothing["TotalCount"], 0);
    let elsewhere = json!({ "ResourceRegion": "ap-shanghai" });
    assert_eq!(ask(elsewhere).await.ok()["TotalCount"], 0);

    let one = json!({ "ServiceType": "tse", "ResourceId": b });
    let rows = tagger.call(OF_RESOURCES, &one).await.ok();
    assert_eq!(rows["Rows"].as_array().unwrap().len(), 4);
    assert_eq!(rows["TotalCount"], 4);

    let value = |word: &str| format!("InvalidParameterValue.{word}");
    for (rest, code) in [
        (json!({ "ServiceType": "cvm" }), value("ServiceTypeInvalid")),
        (
            json!({ "ResourcePrefix": "instance" }),
            value("ResourcePrefixInvalid"),
        ),
        (json!({ "ResourceRegion": "mars" }), value("RegionInvalid")),
        (json!({ "Limit": 2, "Offset": 1 }), value("OffsetInvalid")),
        (json!({ "Limit": 0 }), "InvalidParameter".to_owned()),
        (
            json!({ "Category": "All of them" }),
            "InvalidParameter".to_owned(),
        ),
        (json!({ "ResourceIds": [] }), "MissingParameter".to_owned()),
        (
            json!({ "ResourceRegion": null }),
            "MissingParameter".to_owned(),
        ),
        (
            json!({ "ResourceIds": vec![a.clone(); 51] }),
            "LimitExceeded.ResourceNumPerRequest".to_owned(),
        ),
    ] {
        let asked = ask(rest.clone()).await;
        assert_eq!(asked.code(), Some(code.as_str()), "{rest}");
    }
}

#[tokio::test]
async fn the_tag_service_has_its_own_scope_rate_and_faults() {
    let clock = Turned::new();
    let (_simulator, client, tagger) = both(Options {
        requests_per_second: 2,
        ..unlimited(&clock)
    });
    let id = create(&client, "a").await;
    let body = json!({ "ResourceList": [resource(&id)], "TagKeys": ["env"] });
    client.call(UNSET, &body).await.refused("InvalidAction");
    let named = json!({ "GatewayId": id });
    tagger.call(DELETE, &named).await.refused("InvalidAction");
    let without_region = |headers: &mut reqwest::header::HeaderMap| {
        headers.remove("x-tc-region");
    };
    let bytes = || body.to_string().into_bytes();
    tagger.post(UNSET, bytes(), without_region).await.ok();
    tagger.in_region("ap-nowhere").call(UNSET, &body).await.ok();
    let third = tagger.call(UNSET, &body).await;
    third.refused("RequestLimitExceeded");
    clock.turn(Duration::from_secs(1));
    let rule = format!("{UNSET}=lost#1");
    client.control("POST", "faults", json!([rule])).await;
    let lost = tagger.call(UNSET, &body).await;
    assert_eq!(lost.code(), None);
    tagger.call(UNSET, &body).await.ok();
    assert_eq!(tags(&client, &id).await, json!([]));
}
