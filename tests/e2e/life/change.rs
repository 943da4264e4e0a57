//! Every field is changed: planned as the table of fields says, applied, read back.

use gwplan::api::{Client, Credentials, Endpoint, Settings};
use gwplan::kinds::{GATEWAY, Gateway as Kind, Kind as _, tags};
use gwplan::model::{Attributes, Clock, FieldPath, Secret, Value, set_value_at, value_at};
use gwplan::schema::{Change, Field, Read, Shape, field_at};
use gwplan::sim::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use serde_json::{Map, Value as Json, json};

use crate::support::{Cloud, Gateway, Project};

const MODIFY: &str = "ModifyCloudNativeAPIGateway";
const SPEC: &str = "UpdateCloudNativeAPIGatewaySpec";
const NETWORK: &str = "ModifyNetworkBasicInfo";
const ADD_NETWORK: &str = "CreateCloudNativeAPIGatewayPublicNetwork";
const REMOVE_NETWORK: &str = "DeleteCloudNativeAPIGatewayPublicNetwork";

/// What a plan must say about a change.
#[derive(Debug)]
enum Verdict {
    /// It is made in place, by these calls in this order.
    Update(Vec<&'static str>),
    /// It needs a new gateway, because of this field.
    Replace(FieldPath),
}

/// One gateway whose YAML is changed.
struct Case {
    key: String,
    before: Attributes,
    after: Attributes,
    /// What is looked at afterwards.
    path: FieldPath,
    verdict: Verdict,
}

fn attributes(json: Json) -> Attributes {
    serde_json::from_value(json).unwrap()
}

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

/// A gateway that sets every field which can be set together with the others.
fn full(key: &str) -> Attributes {
    attributes(json!({
        "name": key,
        "type": "kong",
        "gatewayVersion": "2.5.1",
        "nodeConfig": { "specification": "1c2g", "number": 2 },
        "vpcConfig": { "vpcId": "vpc-59cag821", "subnetId": "subnet-8tzp8uz1" },
        "description": "as it was",
        "tags": { "env": "prod", "team": "edge" },
        "enableCls": false,
        "featureVersion": "STANDARD",
        "engineRegion": "ap-guangzhou",
        "ingressClassName": "kong",
        "tradeType": 0,
        "deleteProtect": false,
        "promId": "prom-788abcde",
        "internetMaxBandwidthOut": 100,
        "internetConfig": {
            "internetAddressVersion": "IPV4",
            "internetPayMode": "BANDWIDTH",
            "internetMaxBandwidthOut": 100,
            "description": "the way in",
            "slaType": "clb.c2.medium",
            "multiZoneFlag": true,
            "masterZoneId": "ap-guangzhou-3",
            "slaveZoneId": "ap-guangzhou-4",
        },
    }))
}

fn with(mut base: Attributes, changes: &[(&str, Json)]) -> Attributes {
    for (at, value) in changes {
        let value = match value {
            Json::Null => None,
            value => Some(serde_json::from_value::<Value>(value.clone()).unwrap()),
        };
        set_value_at(&mut base, &path(at), value);
    }
    base
}

fn leaves(fields: &'static [Field], at: &FieldPath, found: &mut Vec<(FieldPath, &'static Field)>) {
    for field in fields {
        let path = at.child(field.key);
        match &field.shape {
            Shape::Object(inner) => leaves(inner, &path, found),
            _ => found.push((path, field)),
        }
    }
}

/// Takes away what would contradict a change of the field.
fn fit_for(key: &str, field: &str) -> Attributes {
    let no_zones = [
        ("internetConfig.multiZoneFlag", json!(false)),
        ("internetConfig.masterZoneId", Json::Null),
        ("internetConfig.slaveZoneId", Json::Null),
    ];
    let base = full(key);
    match field {
        // The bandwidth stands in two places, which must agree.
        "internetMaxBandwidthOut" => with(
            base,
            &[("internetConfig.internetMaxBandwidthOut", Json::Null)],
        ),
        "internetConfig.internetMaxBandwidthOut" => {
            with(base, &[("internetMaxBandwidthOut", Json::Null)])
        }
        // Zones are of a region, and of a load balancer with several.
        "engineRegion" | "internetConfig.multiZoneFlag" => with(base, &no_zones),
        _ => base,
    }
}

/// Another value that the field takes.
fn other(at: &str, field: &Field, now: Option<&Value>) -> Value {
    match (at, &field.shape, now) {
        ("engineRegion", ..) => "ap-beijing".into(),
        ("vpcConfig.vpcId", ..) => "vpc-0ther000".into(),
        ("vpcConfig.subnetId", ..) => "subnet-0ther000".into(),
        ("promId", ..) => "prom-0ther000".into(),
        ("internetConfig.masterZoneId", ..) => "ap-guangzhou-6".into(),
        ("internetConfig.slaveZoneId", ..) => "ap-guangzhou-7".into(),
        (_, Shape::Tags, _) => Value::Map([("env".to_owned(), "test".into())].into()),
        (_, Shape::Flag, Some(Value::Bool(flag))) => (!flag).into(),
        (_, Shape::Whole(_), Some(Value::Int(number))) => (number + 1).into(),
        (_, Shape::Choice(choice), Some(Value::Text(word))) => {
            let different = choice.known.iter().find(|known| *known != word);
            (*different.unwrap()).into()
        }
        (_, Shape::Text(_), _) => "other-than-before".into(),
        other => panic!("no other value is known: {other:?}"),
    }
}

fn expected(field: &Field, at: &FieldPath, value: &Value) -> Verdict {
    match field.change {
        Change::InPlace(call) | Change::AfterCreate(call) => Verdict::Update(vec![call]),
        Change::Presence { change, .. } => Verdict::Update(vec![change]),
        Change::OnlyToTrue(call) if value.as_bool() == Some(true) => Verdict::Update(vec![call]),
        Change::OnlyToTrue(_) | Change::Replace => Verdict::Replace(at.clone()),
        Change::Local => panic!("{at} never reaches the cloud"),
    }
}

/// One case for each field of the table, but for those that take one value only.
fn of_the_table() -> Vec<Case> {
    let mut all = Vec::new();
    leaves(GATEWAY.fields, &FieldPath::root(), &mut all);
    let changeable = all
        .into_iter()
        .filter(|(at, _)| !["type", "tradeType"].contains(&at.to_string().as_str()));
    changeable
        .map(|(at, field)| {
            let text = at.to_string();
            let key = format!("each-{}", text.replace('.', "-"));
            let before = fit_for(&key, &text);
            let value = other(&text, field, value_at(&before, &at));
            let mut after = before.clone();
            set_value_at(&mut after, &at, Some(value.clone()));
            if text == "internetConfig.multiZoneFlag" {
                after = with(
                    after,
                    &[
                        ("internetConfig.masterZoneId", json!("ap-guangzhou-3")),
                        ("internetConfig.slaveZoneId", json!("ap-guangzhou-4")),
                    ],
                );
            }
            Case {
                verdict: expected(field, &at, &value),
                key,
                before,
                after,
                path: at,
            }
        })
        .collect()
}

/// Changes a field of a gateway that differs from the full one in a few more.
fn case(
    key: &str,
    at: &str,
    before: &[(&str, Json)],
    after: &[(&str, Json)],
    verdict: Verdict,
) -> Case {
    let before = with(full(key), before);
    Case {
        key: key.to_owned(),
        after: with(before.clone(), after),
        before,
        path: path(at),
        verdict,
    }
}

fn in_place(calls: &[&'static str]) -> Verdict {
    Verdict::Update(calls.to_vec())
}

/// Texts and tags that come, go, and change in part.
fn of_texts_and_tags() -> Vec<Case> {
    let (bare, empty) = ([("description", Json::Null)], [("description", json!(""))]);
    let untagged = [("tags", Json::Null)];
    let tagged = [("tags", json!({ "env": "prod" }))];
    let (fewer, more) = ([("tags.team", Json::Null)], [("tags.owner", json!("me"))]);
    let new = [("description", json!("new"))];
    let tag = || in_place(&[tags::CALL]);
    vec![
        case(
            "text-left-out",
            "description",
            &[],
            &bare,
            in_place(&[MODIFY]),
        ),
        case(
            "text-emptied",
            "description",
            &[],
            &empty,
            in_place(&[MODIFY]),
        ),
        case("text-new", "description", &bare, &new, in_place(&[MODIFY])),
        case("tags-fewer", "tags", &[], &fewer, tag()),
        case("tags-more", "tags", &[], &more, tag()),
        case("tags-none", "tags", &[], &untagged, tag()),
        case("tags-first", "tags", &untagged, &tagged, tag()),
    ]
}

/// Public networks that come and go, asked for by their block or by a bandwidth alone.
fn of_networks() -> Vec<Case> {
    let (block, outer) = ("internetConfig", "internetMaxBandwidthOut");
    let private = [(block, Json::Null), (outer, Json::Null)];
    let outer_alone = [(block, Json::Null)];
    let shaped = json!({ "internetMaxBandwidthOut": 7, "slaType": "clb.c3.small" });
    let bandwidth = |number: i64| [(outer, json!(number))];
    let text = "internetConfig.description";
    vec![
        case(
            "network-gone",
            block,
            &[],
            &private,
            in_place(&[REMOVE_NETWORK]),
        ),
        case(
            "network-new",
            block,
            &private,
            &[(block, shaped)],
            in_place(&[ADD_NETWORK]),
        ),
        case(
            "network-plain",
            block,
            &private,
            &[(block, json!({}))],
            in_place(&[ADD_NETWORK]),
        ),
        case(
            "network-undescribed",
            text,
            &[],
            &[(text, Json::Null)],
            in_place(&[NETWORK]),
        ),
        case(
            "bandwidth-new",
            outer,
            &private,
            &bandwidth(9),
            in_place(&[ADD_NETWORK]),
        ),
        case(
            "bandwidth-more",
            outer,
            &outer_alone,
            &bandwidth(200),
            in_place(&[NETWORK]),
        ),
        case(
            "bandwidth-gone",
            outer,
            &outer_alone,
            &private,
            in_place(&[REMOVE_NETWORK]),
        ),
    ]
}

/// What goes one way only, and several changes at once.
fn of_the_rest() -> Vec<Case> {
    let flag = |key: &'static str, value: bool| [(key, json!(value))];
    let (logs, protect, ingress) = ("enableCls", "deleteProtect", "ingressClassName");
    let anew = |text: &str| Verdict::Replace(path(text));
    let many = [
        (
            "nodeConfig",
            json!({ "specification": "2c4g", "number": 3 }),
        ),
        ("internetConfig.slaType", json!("clb.c4.large")),
        ("internetConfig.internetPayMode", json!("TRAFFIC")),
        ("tags.env", json!("test")),
        ("description", json!("changed")),
        ("deleteProtect", json!(true)),
    ];
    let calls = in_place(&[MODIFY, tags::CALL, NETWORK, SPEC]);
    vec![
        case(
            "logs-off",
            logs,
            &flag(logs, true),
            &flag(logs, false),
            anew(logs),
        ),
        case(
            "lifted",
            protect,
            &flag(protect, true),
            &flag(protect, false),
            in_place(&[MODIFY]),
        ),
        case(
            "ingress-gone",
            ingress,
            &[],
            &[(ingress, Json::Null)],
            anew(ingress),
        ),
        case("many-at-once", "nodeConfig", &[], &many, calls),
    ]
}

/// JSON is YAML too.
fn write<'a>(project: &Project, gateways: impl Iterator<Item = (&'a String, &'a Attributes)>) {
    let gateways: Map<String, Json> = gateways
        .map(|(key, attributes)| (key.clone(), serde_json::to_value(attributes).unwrap()))
        .collect();
    project.write(
        "gateways.yaml",
        &json!({ "gateways": gateways }).to_string(),
    );
}

fn project_on(cloud: &Cloud) -> Project {
    let project = Project::on(cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n",
    );
    project
}

fn check_plan(case: &Case, plan: &Json) {
    let key = &case.key;
    let step = plan["gwplan"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["address"] == format!("gateway.{key}"))
        .unwrap_or_else(|| panic!("{key} is not in the plan"));
    let change = &plan["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["name"] == key.as_str())
        .unwrap()["change"];
    match &case.verdict {
        Verdict::Update(calls) => {
            assert_eq!(change["actions"], json!(["update"]), "{key}: {step}");
            assert_eq!(step["calls"], json!(calls), "{key}: {step}");
        }
        Verdict::Replace(path) => {
            assert_eq!(
                change["actions"],
                json!(["delete", "create"]),
                "{key}: {step}"
            );
            let paths = change["replace_paths"].as_array().unwrap();
            assert!(paths.contains(&json!(path.segments())), "{key}: {paths:?}");
        }
    }
}

/// Asks the cloud itself, past gwplan's plan and state.
struct Onlooker {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Onlooker {
    fn of(cloud: &Cloud) -> Self {
        let settings = Settings {
            endpoint: Endpoint::url(&cloud.url).unwrap(),
            requests_per_second: 0,
            ..Settings::default()
        };
        let key = Secret::new(DEFAULT_SECRET_KEY);
        let credentials = Credentials::fixed(DEFAULT_SECRET_ID, key, None);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        Self {
            client: Client::new(settings, credentials, Clock::system()).unwrap(),
            runtime: runtime.enable_all().build().unwrap(),
        }
    }

    fn see(&self, id: &str) -> Attributes {
        let asked = self.client.call("ap-guangzhou", Kind.describe(id));
        let mut seen = Value::Map(self.runtime.block_on(asked).unwrap().attributes);
        let asked = self.client.call("ap-guangzhou", Kind.details(id));
        seen.merge(Value::Map(self.runtime.block_on(asked).unwrap().attributes));
        seen.as_map().unwrap().clone()
    }
}

/// Tells whether the cloud shows all that is wanted; what it fills in besides doesn't matter.
fn shows(seen: Option<&Value>, wanted: Option<&Value>) -> bool {
    match (seen, wanted) {
        (Some(Value::Map(seen)), Some(Value::Map(wanted))) => wanted
            .iter()
            .all(|(key, value)| shows(seen.get(key), Some(value))),
        (seen, wanted) => {
            let set = |value: Option<&Value>| {
                value.is_some_and(|value| {
                    value.as_text() != Some("") && *value != Value::Map(Attributes::new())
                })
            };
            if set(wanted) {
                seen == wanted
            } else {
                !set(seen)
            }
        }
    }
}

#[test]
fn every_change_of_a_field_is_planned_as_the_table_says_applied_and_read_back() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = project_on(&cloud);
    let mut cases = of_the_table();
    assert!(cases.len() >= 23, "the table has at least so many fields");
    for more in [of_texts_and_tags(), of_networks(), of_the_rest()] {
        cases.extend(more);
    }
    write(&project, cases.iter().map(|case| (&case.key, &case.before)));
    project.apply().well();
    let plan = project.run(&["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
    plan.well();
    let ids: Vec<String> = cases.iter().map(|case| project.id(&case.key)).collect();

    write(&project, cases.iter().map(|case| (&case.key, &case.after)));
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    assert_eq!(
        plan["gwplan"]["steps"].as_array().unwrap().len(),
        cases.len()
    );
    for case in &cases {
        check_plan(case, &plan);
    }
    project.apply().well();

    let onlooker = Onlooker::of(&cloud);
    for (case, id) in cases.iter().zip(&ids) {
        let now = project.id(&case.key);
        let stays = matches!(case.verdict, Verdict::Update(_));
        assert_eq!(*id == now, stays, "{}", case.key);
        let is_shown =
            field_at(GATEWAY.fields, &case.path).is_some_and(|field| field.read != Read::Unlisted);
        let seen = onlooker.see(&now);
        assert!(
            !is_shown
                || shows(
                    value_at(&seen, &case.path),
                    value_at(&case.after, &case.path)
                ),
            "{}: {seen:?}",
            case.key
        );
    }
    assert_eq!(cloud.gateways().len(), cases.len());
    let plan = project.run(&["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
    plan.well();
}

#[test]
fn tags_that_go_are_gone_and_those_of_others_stay() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("tags: { env: prod, team: edge }")]);
    project.apply().well();
    cloud.patch(
        &project.id("a"),
        &json!({ "Tags": [
            { "TagKey": "env", "TagValue": "prod" },
            { "TagKey": "team", "TagValue": "edge" },
            { "TagKey": "theirs", "TagValue": "kept" },
        ] }),
    );
    project.run(&["plan", "--detailed-exitcode"]).well();
    project.gateways([Gateway::new("a").with("tags: { env: prod }")]);
    project.apply().well();
    let shown = cloud.gateways()[0]["Tags"].clone();
    let mut keys: Vec<&str> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["TagKey"].as_str().unwrap())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["env", "theirs"]);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn fields_that_take_one_value_only_refuse_another_before_any_plan() {
    let project = Project::empty();
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    for (line, field) in [("type: other", "type"), ("tradeType: 1", "tradeType")] {
        project.gateways([Gateway::new("a").with(line)]);
        let refused = project.run(&["plan", "--offline"]).ended(1);
        assert!(refused.stderr.contains(field), "{}", refused.stderr);
    }
}

#[test]
fn calls_that_failed_on_the_way_are_made_by_the_next_apply_and_the_others_are_not() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: Before")]);
    project.apply().well();
    project.write(
        "gateways.yaml",
        "gateways:\n  a:\n    name: a\n    gatewayVersion: 2.5.1\n    description: After\n    \
         tags: { env: prod }\n    nodeConfig: { specification: 1c2g, number: 4 }\n    \
         vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }\n",
    );
    cloud.set_faults(&[&format!("{SPEC}=code:InvalidParameterValue")]);
    let failed = project.apply().ended(1);
    assert!(
        failed.stdout.contains("failed: gateway.a"),
        "{}",
        failed.stdout
    );
    let record = project.record("a");
    assert_eq!(record["status"], "ready");
    assert_eq!(record["applied"]["description"], "After");
    assert_eq!(record["applied"]["tags"], json!({ "env": "prod" }));
    assert_eq!(record["applied"]["nodeConfig"]["number"], 2);

    cloud.set_faults(&[]);
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    assert_eq!(plan["gwplan"]["steps"][0]["calls"], json!([SPEC]));
    assert_eq!(plan["resource_drift"], json!([]));
    project.apply().well();
    assert_eq!(cloud.calls(MODIFY), 1);
    assert_eq!(cloud.calls("TagResources"), 1);
    assert_eq!(cloud.gateways()[0]["NodeConfig"]["Number"], 4);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_tag_that_fails_for_one_gateway_is_told_of_that_one_alone() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b", "c"].map(Gateway::new));
    project.apply().well();
    project.gateways([
        Gateway::new("a").with("tags: { env: a }"),
        Gateway::new("b").with("tags: { env: b }"),
        Gateway::new("c").with("tags: { env: c }"),
    ]);
    cloud.set_faults(&["TagResources=code:InvalidParameterValue#1"]);
    let failed = project
        .run(&["apply", "--auto-approve", "--under-way", "1"])
        .ended(1)
        .stdout;
    assert!(failed.contains("failed: gateway.a"), "{failed}");
    assert!(failed.contains("the tags can't be changed"), "{failed}");
    for name in ["b", "c"] {
        assert!(
            !failed.contains(&format!("failed: gateway.{name}")),
            "{failed}"
        );
        assert_eq!(project.record(name)["applied"]["tags"]["env"], name);
    }
    assert!(project.record("a")["applied"]["tags"].is_null());
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    assert_eq!(plan["gwplan"]["steps"].as_array().unwrap().len(), 1);
    assert_eq!(plan["gwplan"]["steps"][0]["address"], "gateway.a");
    project.apply().well();
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_gateway_that_others_deleted_since_the_plan_makes_a_saved_plan_stale() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    project.gateways(["a", "b"].map(|name| Gateway::new(name).with("tags: { env: prod }")));
    project.run(&["plan", "--out", "plan.json"]).well();
    cloud.delete(&project.id("b"));
    let refused = project.run(&["apply", "plan.json"]).ended(1).stderr;
    assert!(refused.contains("the plan is stale"), "{refused}");
    assert!(
        refused.contains("gateway.b: update has become create"),
        "{refused}"
    );
    assert!(!refused.contains("gateway.a"), "{refused}");
    assert!(project.record("a")["applied"]["tags"].is_null());
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 2);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_tag_that_one_gateway_of_many_has_no_room_for_is_told_of_that_one_alone() {
    let cloud = Cloud::start(&[]);
    let project = project_on(&cloud);
    project.gateways(["a", "b", "c"].map(Gateway::new));
    project.apply().well();
    let theirs: Vec<Json> = (0..50)
        .map(|number| json!({ "TagKey": format!("theirs-{number}"), "TagValue": "1" }))
        .collect();
    cloud.patch(&project.id("b"), &json!({ "Tags": theirs }));
    project.gateways(["a", "b", "c"].map(|name| Gateway::new(name).with("tags: { env: prod }")));
    let failed = project.apply().ended(1).stdout;
    assert!(
        failed.contains("LimitExceeded.ResourceAttachedTags"),
        "{failed}"
    );
    assert!(failed.contains("failed: gateway.b"), "{failed}");
    assert!(project.record("b")["applied"]["tags"].is_null());
    for name in ["a", "c"] {
        assert!(
            !failed.contains(&format!("failed: gateway.{name}")),
            "{failed}"
        );
        assert_eq!(project.record(name)["applied"]["tags"]["env"], "prod");
    }
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    assert_eq!(plan["gwplan"]["steps"].as_array().unwrap().len(), 1);
}
