//! Every gateway of a region.

use fastrand::Rng;
use serde_json::{Value as Json, json};

use super::{ALL, agrees, gateway, make, project, refused};
use crate::support::{Cloud, Project};

/// Texts that YAML readers and careless writers stumble over.
const TEXTS: &[&str] = &[
    "no",
    "y",
    "On",
    "null",
    "~",
    "12:30:45",
    "1e3",
    "0x1F",
    "017",
    "2.5",
    "2.5.1",
    "1_000",
    "2024-01-02",
    "- item",
    "a: b",
    "a #b",
    "#a",
    "&a",
    "*a",
    "!tag",
    "|",
    ">",
    "%",
    "@",
    "`",
    "{a: b}",
    "[a]",
    "'",
    "\"",
    "it's \"so\"",
    "back\\slash",
    "${var.x}",
    "$${y}",
    "$",
    "网关",
    "网关 prod",
    "édge",
    "🦀 crab",
    "\u{200f}reversed",
    "a\u{a0}b",
    "Edge (live) #1!",
    "EDGE",
    "edge",
    "---",
    "...",
    "=",
    "<<",
    "?",
    "? a",
    ": a",
    "a:",
    "trailing:",
    ".inf",
    "true",
    " leading",
    "trailing ",
    "a\u{200b}b",
    "x",
    "gateway-1",
    "_",
    "__a",
];

const SPECIFICATIONS: &[&str] = &["1c2g", "2c4g", "4c8g", "8c16g"];

fn text(dice: &mut Rng) -> String {
    let mut pick = || *dice.choice(TEXTS).unwrap();
    let (one, two) = (pick(), pick());
    if dice.bool() {
        one.to_owned()
    } else {
        format!("{one} {two}")
    }
}

fn random_gateway(dice: &mut Rng) -> Json {
    let mut more = json!({
        "nodeConfig": { "specification": dice.choice(SPECIFICATIONS), "number": dice.i64(1..=50) },
    });
    let mut set = |key: &str, value: Json| {
        more[key] = value;
    };
    if dice.bool() {
        set("description", text(dice).into());
    }
    if dice.u8(0..3) == 0 {
        let values = [
            "no", "12:30:45", "1e3", "edge", "网关", "a:b", "[x]", "2.50", "=", "a b",
        ];
        let mut tags = json!({});
        for key in ["env", "on", "1", "cost center", "=x", "网", "a:"] {
            if dice.bool() {
                tags[key] = (*dice.choice(values).unwrap()).into();
            }
        }
        set("tags", tags);
    }
    match dice.u8(0..4) {
        0 => set("internetMaxBandwidthOut", dice.i64(1..=2048).into()),
        1 => set("internetConfig", internet(dice)),
        _ => {}
    }
    for (key, values) in [
        ("featureVersion", &["TRIAL", "STANDARD", "PROFESSIONAL"][..]),
        ("gatewayVersion", &["2.4.1", "2.5.1"]),
        ("ingressClassName", &["kong", "no", "1"]),
        ("promId", &["prom-788abcdef"]),
    ] {
        if dice.bool() {
            set(key, (*dice.choice(values).unwrap()).into());
        }
    }
    set("enableCls", dice.bool().into());
    gateway(&text(dice), &more)
}

fn internet(dice: &mut Rng) -> Json {
    let mut internet = json!({ "internetPayMode": dice.choice(["TRAFFIC", "BANDWIDTH"]) });
    if dice.bool() {
        internet["internetMaxBandwidthOut"] = dice.i64(1..=2048).into();
    }
    if dice.bool() {
        internet["description"] = text(dice).into();
    }
    if dice.bool() {
        internet["slaType"] = "clb.c3.medium".into();
    }
    if dice.bool() {
        internet["multiZoneFlag"] = true.into();
        internet["masterZoneId"] = "ap-guangzhou-3".into();
        internet["slaveZoneId"] = "ap-guangzhou-4".into();
    }
    if dice.bool() {
        internet["internetAddressVersion"] = "IPV6".into();
    }
    internet
}

fn random_fleet(seed: u64, count: usize) -> Vec<Json> {
    let mut dice = Rng::with_seed(seed);
    (0..count).map(|_| random_gateway(&mut dice)).collect()
}

fn imported(project: &Project) -> String {
    std::fs::read_to_string(project.path("imported.yaml")).unwrap()
}

#[test]
fn a_fleet_of_any_settings_is_taken_over_and_the_plan_says_no_changes() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let ids = make(&cloud, "ap-guangzhou", &random_fleet(41, 250));
    for id in &ids[..20] {
        cloud.patch(id, &json!({ "NodeConfig": { "Specification": "16c32g" } }));
    }
    for id in &ids[10..30] {
        cloud.patch(id, &json!({ "DeleteProtect": true }));
    }
    let before = cloud.stats()["calls"].clone();
    let run = project.run(ALL).well();
    assert!(
        run.stdout.contains("Imported 250 resources."),
        "{}",
        run.stdout
    );
    for part in [
        "wrote imported.yaml",
        "allow:\n  specification:\n    - 16c32g\n",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    for (action, count) in cloud.stats()["calls"].as_object().unwrap() {
        let marks = action == "TagResources" && *count == 250;
        assert!(
            action.starts_with("Describe")
                || action == "GetCallerIdentity"
                || before[action] == *count
                || marks,
            "{action}"
        );
    }
    assert_eq!(project.statuses()["ready"], 250);

    refused(&project, &["plan"], &["16c32g", "allow.specification"]);
    let (_, lines) = run
        .stderr
        .split_once(
            "

allow:",
        )
        .unwrap();
    let (lines, _) = lines.split_once("hint:").unwrap();
    project.write("gwplan.yaml", &format!("{}allow:{lines}", super::PROJECT));
    agrees(&project);

    let again = project.run(ALL).well();
    assert!(
        again.stdout.contains("Nothing to import"),
        "{}",
        again.stdout
    );
    assert!(again.stdout.contains("ap-guangzhou"), "{}", again.stdout);

    for id in &ids[10..30] {
        cloud.patch(id, &json!({ "DeleteProtect": false }));
    }
    project.destroy().well();
    assert!(cloud.gateways().is_empty());
}

#[test]
fn names_make_addresses_each_once() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    project.gateways([crate::support::Gateway::new("edge")]);
    project.apply().well();
    let named = ["Edge", "edge", "网关", "Edge  (live) #1!"].map(|name| gateway(name, &json!({})));
    let ids = make(&cloud, "ap-guangzhou", &named);
    let run = project.run(&[ALL, &["--out", "more.yaml"]].concat()).well();
    let addresses: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("gateway.")?.split(' ').next())
        .collect();
    let mut expected = vec!["edge-2", "edge-3", "edge-live-1", ids[2].as_str()];
    expected.sort_unstable();
    let mut sorted = addresses.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "{}", run.stdout);
    agrees(&project);
}

#[test]
fn other_regions_are_looked_in_where_they_are_named() {
    let cloud = Cloud::start(&[]);
    let project = project(
        &cloud,
        "defaults:\n  description: shared\n  tags: { team: edge }\n",
    );
    let tags = json!({ "tags": { "team": "edge", "env": "prod" } });
    make(&cloud, "ap-guangzhou", &[gateway("here", &tags)]);
    let there = json!({
        "engineRegion": "ap-shanghai", "description": "shared", "tags": { "team": "edge" },
        "internetMaxBandwidthOut": 5,
    });
    make(&cloud, "ap-shanghai", &[gateway("there", &there)]);
    project
        .run(&[ALL, &["--region", "ap-shanghai"]].concat())
        .well();
    // What the project's defaults give is not written, and what they would give wrongly is undone.
    let expected = "    description: ''\n    tags:\n      env: prod\n";
    let text = imported(&project);
    assert!(text.contains(expected), "{text}");
    let there = "  there:\n    region: ap-shanghai\n    name: there\n";
    assert!(text.contains(there), "{text}");
    assert!(
        text.ends_with("    internetConfig:\n      internetMaxBandwidthOut: 5\n"),
        "{text}"
    );
    assert!(
        !text.contains("engineRegion") && !text.contains("team"),
        "{text}"
    );
    agrees(&project);
}

#[test]
fn what_no_yaml_can_say_is_left_out_and_left_as_it_is() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let names = ["multi-line", "prepaid", "long", "turned"];
    let names = names.map(|name| gateway(name, &json!({})));
    let ids = make(&cloud, "ap-guangzhou", &names);
    cloud.patch(&ids[0], &json!({ "Description": "two\nlines", "Tags": [{ "TagKey": "gwplan:owner", "TagValue": "x/gateway.a" }] }));
    cloud.patch(&ids[1], &json!({ "TradeType": 1 }));
    cloud.patch(&ids[2], &json!({ "Name": "x".repeat(70) }));
    cloud.patch(&ids[3], &json!({ "Name": "\u{202e}denrut" }));
    let run = project.run(&[ALL, &["--from-other-state"]].concat()).well();
    assert!(
        run.stdout.contains("Imported 2 resources."),
        "{}",
        run.stdout
    );
    for part in [
        format!("{} is left out", ids[2]),
        "70 characters".to_owned(),
        format!("{} is left out: `name` holds U+202E", ids[3]),
        "gateway.multi-line: `description`".to_owned(),
        "holds a line break".to_owned(),
        "leaves it as it is".to_owned(),
        "gateway.prepaid: `tradeType: 1`".to_owned(),
    ] {
        assert!(
            run.stderr.contains(&part),
            "{part:?} is missing in:\n{}",
            run.stderr
        );
    }
    assert!(!run.stderr.contains("gwplan:owner"), "{}", run.stderr);
    let text = imported(&project);
    let ignored = "    lifecycle:\n      ignoreChanges:\n        - tradeType\n";
    assert!(text.contains(ignored), "{text}");
    agrees(&project);
}

#[test]
fn an_imported_file_that_is_there_stops_a_second_import() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    make(&cloud, "ap-guangzhou", &[gateway("a", &json!({}))]);
    project.run(ALL).well();
    make(&cloud, "ap-guangzhou", &[gateway("b", &json!({}))]);
    refused(
        &project,
        &["import", "--all"],
        &["imported.yaml is there already", "--out FILE"],
    );
    assert!(project.record("b").is_null());
    project
        .run(&[ALL, &["--out", "second.yaml"]].concat())
        .well();
    agrees(&project);
}

#[test]
fn a_cloud_without_gateways_has_nothing_to_import() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let run = project
        .run(&["import", "--all", "--region", "ap-tokyo"])
        .well();
    assert_eq!(
        run.stdout,
        "Nothing to import: the state holds every gateway of ap-guangzhou, ap-tokyo.\n"
    );
    assert!(project.state().is_null());
}

/// A state is longer than the YAML that it goes with: so the limit stops the one and not the other.
const BLOCKS: u32 = 16;

#[test]
fn a_crash_on_the_way_leaves_yaml_without_records_and_never_records_without_yaml() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let fleet: Vec<Json> = (0..20)
        .map(|number| gateway(&format!("g{number}"), &json!({})))
        .collect();
    make(&cloud, "ap-guangzhou", &fleet);
    let run = project.run_within(BLOCKS, true, ALL);
    assert_eq!(run.code, None, "{}", run.stderr);
    // An empty state is there: the tags that are set already name it, in the next try too.
    let lineage = project.state()["lineage"].clone();
    assert_eq!(project.state()["resources"], json!({}));
    assert!(imported(&project).contains("name: g19\n"));
    // Nothing is made beside them.
    refused(&project, &["plan"], &["was made for it already"]);

    std::fs::remove_file(project.path("imported.yaml")).unwrap();
    let run = project.run_within(BLOCKS, false, ALL).ended(1);
    for part in [
        "nothing was imported",
        "state/default.json can't be written",
        "delete imported.yaml before anything else",
    ] {
        assert!(
            run.stderr.contains(part),
            "{part:?} is missing in:\n{}",
            run.stderr
        );
    }
    std::fs::remove_file(project.path("imported.yaml")).unwrap();
    let run = project.run(ALL).well();
    let all = "Imported 20 resources.";
    assert!(run.stdout.contains(all), "{}", run.stderr);
    assert_eq!(project.state()["lineage"], lineage);
    agrees(&project);
}

#[test]
fn words_that_are_new_are_added_to_those_that_the_project_allows() {
    let cloud = Cloud::start(&[]);
    let allow = "allow: { specification: [32c64g], gatewayVersion: ['3.0'] }\n";
    let project = project(&cloud, allow);
    let ids = make(&cloud, "ap-guangzhou", &[gateway("a", &json!({}))]);
    let changes = json!({ "NodeConfig": { "Specification": "16c32g" }, "GatewayVersion": "3.0" });
    cloud.patch(&ids[0], &changes);
    let run = project.run(ALL).well();
    let lines = "in the place of `allow` in gwplan.yaml:\n\nallow:\n  gatewayVersion:\n    - '3.0'\n  specification:\n    - 16c32g\n    - 32c64g\n";
    assert!(run.stderr.contains(lines), "{}", run.stderr);
    let text = imported(&project);
    assert!(text.contains("gatewayVersion: '3.0'\n"), "{text}");
}
