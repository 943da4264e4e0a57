//! Changes, replacements and saved plans, as they are planned, applied and read back.

use std::fmt::Write as _;

use gwplan::kinds::GATEWAY;
use gwplan::schema::{Change, Field, Shape};
use serde_json::Value as Json;

use crate::support::{Cloud, Gateway, Project, fleet, names};

/// A gateway that sets everything, and for each leaf field another value.
const FULL: &[(&str, &str, &str)] = &[
    ("name", "NAME", "NAME-renamed"),
    ("type", "kong", ""),
    ("gatewayVersion", "2.4.1", "2.5.1"),
    ("nodeConfig.specification", "1c2g", "2c4g"),
    ("nodeConfig.number", "2", "3"),
    ("vpcConfig.vpcId", "vpc-1", "vpc-2"),
    ("vpcConfig.subnetId", "subnet-1", "subnet-2"),
    ("description", "before", "after"),
    ("tags", "{ env: prod }", "{ env: dev, team: edge }"),
    ("enableCls", "false", "true"),
    ("featureVersion", "STANDARD", "PROFESSIONAL"),
    ("internetMaxBandwidthOut", "", ""),
    ("engineRegion", "ap-guangzhou", "ap-shanghai"),
    ("ingressClassName", "kong", "nginx"),
    ("tradeType", "0", ""),
    ("internetConfig.internetAddressVersion", "IPV4", "IPV6"),
    ("internetConfig.internetPayMode", "TRAFFIC", "BANDWIDTH"),
    ("internetConfig.internetMaxBandwidthOut", "10", "20"),
    ("internetConfig.description", "before", "after"),
    ("internetConfig.slaType", "clb.c2.medium", "clb.c3.small"),
    ("internetConfig.multiZoneFlag", "false", ""),
    ("internetConfig.masterZoneId", "", ""),
    ("internetConfig.slaveZoneId", "", ""),
    ("deleteProtect", "false", "true"),
    ("promId", "prom-1", "prom-2"),
];

fn leaves(fields: &'static [Field], at: &str, found: &mut Vec<(String, Change)>) {
    for field in fields {
        let path = if at.is_empty() {
            field.key.to_owned()
        } else {
            format!("{at}.{}", field.key)
        };
        match &field.shape {
            Shape::Object(inner) => leaves(inner, &path, found),
            _ => found.push((path, field.change)),
        }
    }
}

/// Writes a gateway; the field `changed` gets its other value.
fn block(name: &str, changed: Option<&str>) -> String {
    let mut out = format!("  {name}:\n");
    let mut open = "";
    for (path, before, after) in FULL {
        let value = if changed == Some(*path) {
            after
        } else {
            before
        };
        if value.is_empty() {
            continue;
        }
        let value = value.replace("NAME", name);
        match path.split_once('.') {
            Some((object, key)) => {
                if open != object {
                    let _ = writeln!(out, "    {object}:");
                    open = object;
                }
                let _ = writeln!(out, "      {key}: {value}");
            }
            None => {
                let _ = writeln!(out, "    {path}: {value}");
            }
        }
    }
    out
}

fn changes(plan: &Json, name: &str) -> Json {
    let all = plan["resource_changes"].as_array().unwrap();
    let own = all.iter().find(|change| change["name"] == name).unwrap();
    own["change"]["actions"].clone()
}

fn calls(plan: &Json, name: &str) -> Vec<String> {
    let steps = plan["gwplan"]["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|step| step["address"] == format!("gateway.{name}"))
        .unwrap();
    let calls = step["calls"].as_array().unwrap();
    calls
        .iter()
        .map(|call| call.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_field_changes_as_its_table_says_and_the_next_plan_is_empty() {
    let mut all = Vec::new();
    leaves(GATEWAY.fields, "", &mut all);
    let known: Vec<&str> = FULL.iter().map(|(path, ..)| *path).collect();
    let paths: Vec<&str> = all.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths, known,
        "every field of the table is in this test's list"
    );
    // One gateway for each field that has another value; the rest can't have one here.
    let cases: Vec<(String, &str, Change)> = FULL
        .iter()
        .zip(&all)
        .filter(|((_, _, after), _)| !after.is_empty())
        .enumerate()
        .map(|(at, ((path, ..), (_, change)))| (format!("c{at:02}"), *path, *change))
        .collect();
    assert!(cases.len() > 17);
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    let write = |changed: bool| {
        let blocks: String = cases
            .iter()
            .map(|(name, path, _)| block(name, changed.then_some(*path)))
            .collect();
        project.write("gateways.yaml", &format!("gateways:\n{blocks}"));
    };
    write(false);
    project.apply().well();
    project.run(&["plan", "--detailed-exitcode"]).well();
    write(true);
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    for (name, path, change) in &cases {
        let in_place = match change {
            Change::InPlace(call) | Change::OnlyToTrue(call) | Change::AfterCreate(call) => {
                Some(*call)
            }
            Change::Presence { change, .. } => Some(*change),
            Change::Replace | Change::Local => None,
        };
        match in_place {
            Some(call) => {
                assert_eq!(
                    changes(&plan, name),
                    serde_json::json!(["update"]),
                    "{path}"
                );
                assert_eq!(calls(&plan, name), [call], "{path}");
            }
            None => assert_eq!(
                changes(&plan, name),
                serde_json::json!(["delete", "create"]),
                "{path}"
            ),
        }
    }
    project.apply().well();
    let after = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(
        after.code,
        Some(0),
        "the next plan is empty:\n{}",
        after.stdout
    );
    assert_eq!(cloud.gateways().len(), cases.len());
    // Back again: what only a replacement can undo is replaced, and ends as it began.
    write(false);
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    let cls = cases
        .iter()
        .find(|(_, path, _)| *path == "enableCls")
        .unwrap();
    assert_eq!(
        changes(&plan, &cls.0),
        serde_json::json!(["delete", "create"])
    );
    project.apply().well();
    project.run(&["plan", "--detailed-exitcode"]).well();
    project.destroy().well();
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_network_comes_and_goes_and_what_is_lost_is_told() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.gateways([Gateway::new("a").with("internetConfig: { internetMaxBandwidthOut: 10 }")]);
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout
            .contains("by CreateCloudNativeAPIGatewayPublicNetwork"),
        "{}",
        plan.stdout
    );
    project.apply().well();
    project.run(&["plan", "--detailed-exitcode"]).well();
    project.gateways([Gateway::new("a").with("description: ''")]);
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout
            .contains("by DeleteCloudNativeAPIGatewayPublicNetwork"),
        "{}",
        plan.stdout
    );
    assert!(
        plan.stdout.contains("lost for good: its public address"),
        "{}",
        plan.stdout
    );
    project.apply().well();
    project.run(&["plan", "--detailed-exitcode"]).well();
    // A bandwidth alone asks for a network too.
    project.gateways([Gateway::new("a").with("internetMaxBandwidthOut: 5")]);
    project.apply().well();
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_failure_half_way_leaves_a_state_that_tells_what_was_done() {
    let cloud = Cloud::start(&[
        "--update-time",
        "0s",
        "--fault",
        "UpdateCloudNativeAPIGatewaySpec=code:FailedOperation.Role#1",
    ]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let file = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write(
        "gateways.yaml",
        &file
            .replace("number: 2", "number: 3")
            .replace("name: a\n", "name: b\n"),
    );
    project.apply().ended(1);
    let applied = &project.record("a")["applied"];
    assert_eq!(
        (&applied["name"], &applied["nodeConfig"]["number"]),
        (&"b".into(), &2.into())
    );
    project.apply().well();
    assert_eq!(project.record("a")["applied"]["nodeConfig"]["number"], 3);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_replacement_that_creates_first_survives_a_kill_with_one_gateway() {
    let cloud = Cloud::start(&["--create-time", "1s", "--update-time", "0s"]);
    let project = Project::on(&cloud);
    let lifecycle = "lifecycle: { createBeforeDestroy: true }";
    project.gateways([Gateway::new("a").with(lifecycle)]);
    project.apply().well();
    let old = project.id("a");
    let file = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write("gateways.yaml", &file.replace("2.5.1", "2.4.1"));
    let running = project.start(&["apply", "--auto-approve"]);
    crate::support::look_until("a successor in the state", || {
        !project.record("a")["successor"].is_null()
    });
    assert_eq!(
        project.id("a"),
        old,
        "the old one stays the record until the new one runs"
    );
    assert_eq!(cloud.gateways().len(), 2);
    running.signal("KILL");
    running.end();
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
    assert_ne!(project.id("a"), old);
    assert!(project.record("a")["successor"].is_null());
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_successor_that_fails_leaves_the_old_one_alive() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("lifecycle: { createBeforeDestroy: true }")]);
    project.apply().well();
    let old = project.id("a");
    cloud.set_faults(&["CreateCloudNativeAPIGateway=fail-task#1"]);
    project
        .run(&["apply", "--auto-approve", "--replace", "gateway.a"])
        .ended(1);
    assert_eq!(
        (project.id("a"), project.record("a")["status"].as_str()),
        (old.clone(), Some("ready"))
    );
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
    assert_ne!(project.id("a"), old);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_step_about_what_moved_since_the_plan_stops_and_the_others_go_on() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    let write =
        |text: &str| project.gateways([Gateway::new("a").with(text), Gateway::new("b").with(text)]);
    write("description: before");
    project.apply().well();
    write("description: after");
    project.run(&["plan", "--out", "it.json"]).well();
    cloud.patch(
        &project.id("a"),
        &serde_json::json!({ "Description": "someone else's" }),
    );
    let run = project.run(&["apply", "it.json"]).ended(1);
    assert!(
        run.stdout
            .contains("has changed in the cloud since the plan was made: description"),
        "{}",
        run.stdout
    );
    assert_eq!(project.record("a")["applied"]["description"], "before");
    assert_eq!(project.record("b")["applied"]["description"], "after");
}

#[test]
fn a_saved_plan_is_bound_to_what_it_was_made_from() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.gateways([Gateway::new("a").with("description: new")]);
    let first = project.run(&["plan", "--out", "it.json"]).well();
    let again = project.run(&["plan"]).well();
    assert_eq!(
        first.stdout, again.stdout,
        "the same plan has the same digest"
    );
    let shown = project.run(&["show", "it.json"]).well();
    assert_eq!(shown.stdout, first.stdout);
    let saved = std::fs::read_to_string(project.path("it.json")).unwrap();

    project.write("altered.json", &saved.replace("\"new\"", "\"other\""));
    let run = project.run(&["apply", "altered.json"]).ended(1);
    assert!(run.stderr.contains("was altered"), "{}", run.stderr);

    project.gateways([Gateway::new("a").with("description: newer")]);
    let run = project.run(&["apply", "it.json"]).ended(1);
    assert!(
        run.stderr
            .contains("the files have changed since it was made: gateway.a"),
        "{}",
        run.stderr
    );
    project.gateways([Gateway::new("a").with("description: new")]);

    let other = Cloud::start(&[]);
    project.connect(&other);
    let run = project.run(&["apply", "it.json"]).ended(1);
    assert!(run.stderr.contains("another endpoint"), "{}", run.stderr);
    project.connect(&cloud);

    project.run(&["apply", "it.json"]).well();
    assert_eq!(project.record("a")["applied"]["description"], "new");
    let run = project.run(&["apply", "it.json"]).ended(1);
    assert!(
        run.stderr.contains("stale") && run.stderr.contains("changed: gateway.a"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_expected_digest_approves_that_plan_alone() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let plan = project.run(&["plan"]).well();
    let digest = plan
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("Digest: "))
        .unwrap()
        .to_owned();
    for wrong in ["0000", "not a digest", &"0".repeat(64)] {
        project.run(&["apply", "--expect-digest", wrong]).ended(1);
    }
    assert!(cloud.gateways().is_empty());
    project.run(&["apply", "--expect-digest", &digest]).well();
    assert_eq!(cloud.gateways().len(), 1);
}

#[test]
fn drift_is_told_apart_and_changes_nothing() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a").with("description: mine"),
        Gateway::new("b"),
        Gateway::new("c"),
    ]);
    project.apply().well();
    project.run(&["drift", "--detailed-exitcode"]).well();
    cloud.patch(
        &project.id("a"),
        &serde_json::json!({ "Description": "theirs" }),
    );
    cloud.delete(&project.id("b"));
    let before = project.state();
    let drift = project.run(&["drift", "--detailed-exitcode"]).ended(2);
    for part in [
        "# gateway.a has been changed",
        "description: \"mine\" → \"theirs\"",
        "# gateway.b has been deleted",
    ] {
        assert!(
            drift.stdout.contains(part),
            "{part} is missing in:\n{}",
            drift.stdout
        );
    }
    assert!(!drift.stdout.contains("gateway.c"));
    let json = project.run(&["drift", "--format", "json"]).well().json();
    assert_eq!(json["drift"].as_array().unwrap().len(), 2);
    assert_eq!(project.state(), before);
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout.contains("was changed outside gwplan"),
        "{}",
        plan.stdout
    );
    project.apply().well();
    project.run(&["drift", "--detailed-exitcode"]).well();
}

#[test]
fn addresses_move_and_are_given_up_without_a_call_that_changes_anything() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.apply().well();
    let (a, b) = (project.id("a"), project.id("b"));
    let text = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    let moved = text.replace("  a:\n", "  z:\n");
    project.write("gateways.yaml", &moved);
    let hint = project.run(&["plan"]).well();
    assert!(
        hint.stderr
            .contains("moved: [{ from: gateway.a, to: gateway.z }]"),
        "{}",
        hint.stderr
    );
    project.write(
        "gateways.yaml",
        &format!("{moved}moved:\n  - {{ from: gateway.a, to: gateway.z }}\n"),
    );
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout.contains("gateway.a has moved to gateway.z"),
        "{}",
        plan.stdout
    );
    project.apply().well();
    assert_eq!(project.id("z"), a);
    project
        .run(&["state", "mv", "gateway.z", "gateway.a"])
        .well();
    assert_eq!(project.id("a"), a);
    project.run(&["state", "rm", "gateway.a"]).well();
    assert!(project.record("a").is_null());
    project.write(
        "gateways.yaml",
        "gateways: {}\nremoved:\n  - { from: gateway.b }\n",
    );
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout.contains("gateway.b will no longer be managed"),
        "{}",
        plan.stdout
    );
    project.apply().well();
    assert!(project.record("b").is_null());
    let ids: Vec<Json> = cloud
        .gateways()
        .iter()
        .map(|gateway| gateway["GatewayId"].clone())
        .collect();
    assert_eq!(ids.len(), 2, "{a} and {b} live on");
    assert_eq!(cloud.calls("DeleteCloudNativeAPIGateway"), 0);
}

#[test]
fn a_selection_is_carried_out_with_what_it_needs_and_says_that_it_is_incomplete() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a"),
        Gateway::new("b").after(&["a"]),
        Gateway::new("c"),
    ]);
    let run = project
        .run(&["apply", "--auto-approve", "--target", "gateway.b"])
        .well();
    assert!(
        run.stdout.contains("This plan is incomplete"),
        "{}",
        run.stdout
    );
    assert_eq!(cloud.names(), ["a", "b"]);
    project
        .run(&["plan", "--target", "gateway.nowhere"])
        .ended(1);
    let plan = project
        .run(&["plan", "--destroy", "--exclude", "gateway.b"])
        .well();
    assert!(
        plan.stdout.contains("# gateway.a will be destroyed") || plan.stdout.contains("No changes"),
        "{}",
        plan.stdout
    );
    project
        .run(&["destroy", "--auto-approve", "--target", "gateway.a"])
        .well();
    assert!(
        cloud.gateways().is_empty(),
        "what depends on a goes before it"
    );
}

#[test]
fn a_chain_of_50_and_a_fan_of_500_keep_their_order() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let chain = names(50);
    let links: Vec<[&str; 1]> = chain.iter().map(|name| [name.as_str()]).collect();
    let mut gateways = vec![Gateway::new(&chain[0])];
    gateways.extend((1..chain.len()).map(|at| Gateway::new(&chain[at]).after(&links[at - 1])));
    let fan: Vec<String> = (0..500).map(|number| format!("f{number:03}")).collect();
    let hub = ["hub"];
    gateways.push(Gateway::new("hub"));
    gateways.extend(fleet(&fan).into_iter().map(|leaf| leaf.after(&hub)));
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n",
    );
    project.gateways(gateways);
    project.apply().well();
    let made = cloud.names();
    assert_eq!(made.len(), 551);
    let position = |name: &str| made.iter().position(|other| other == name).unwrap();
    for pair in chain.windows(2) {
        assert!(position(&pair[0]) < position(&pair[1]), "{pair:?}");
    }
    assert!(fan.iter().all(|leaf| position("hub") < position(leaf)));
    let messages = project
        .run(&["destroy", "--auto-approve", "--format", "json"])
        .well()
        .json_lines();
    let begun: Vec<&str> = messages
        .iter()
        .filter(|line| line["type"] == "apply_start")
        .map(|line| line["hook"]["resource"]["resource_name"].as_str().unwrap())
        .collect();
    let position = |name: &str| begun.iter().position(|other| *other == name).unwrap();
    for pair in chain.windows(2) {
        assert!(position(&pair[1]) < position(&pair[0]), "{pair:?}");
    }
    assert!(fan.iter().all(|leaf| position(leaf) < position("hub")));
    assert!(cloud.gateways().is_empty());
}
