//! What comes after what, and what a failure stops.

use serde_json::Value as Json;

use crate::support::{Cloud, Gateway, Project};

/// Returns the gateways in the order in which the run's messages say that work on them began.
fn begun(lines: &[Json]) -> Vec<String> {
    let starts = lines.iter().filter(|line| line["type"] == "apply_start");
    starts
        .map(|line| {
            line["hook"]["resource"]["resource_name"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn applied(project: &Project) -> Vec<Json> {
    project
        .run(&["apply", "--auto-approve", "--format", "json"])
        .well()
        .json_lines()
}

fn destroyed(project: &Project) -> Vec<Json> {
    project
        .run(&["destroy", "--auto-approve", "--format", "json"])
        .well()
        .json_lines()
}

#[test]
fn a_chain_is_made_from_one_end_and_deleted_from_the_other() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    // The names sort the other way round, so that no alphabet helps.
    project.gateways([
        Gateway::new("a").after(&["b"]),
        Gateway::new("b").after(&["c"]),
        Gateway::new("c").after(&["d"]),
        Gateway::new("d").after(&["e"]),
        Gateway::new("e"),
    ]);
    applied(&project);
    assert_eq!(cloud.names(), ["e", "d", "c", "b", "a"]);
    let lines = destroyed(&project);
    assert_eq!(begun(&lines), ["a", "b", "c", "d", "e"]);
    let mut open: Vec<&str> = Vec::new();
    for line in &lines {
        let name = line["hook"]["resource"]["resource_name"].as_str();
        match (line["type"].as_str().unwrap(), name) {
            ("apply_start", Some(name)) => open.push(name),
            ("apply_complete", Some(name)) => open.retain(|other| *other != name),
            _ => {}
        }
        assert!(open.len() <= 1, "two of a chain at once: {open:?}");
    }
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_fan_waits_for_its_root_alone() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a").after(&["root"]),
        Gateway::new("b").after(&["root"]),
        Gateway::new("c").after(&["root"]),
        Gateway::new("last").after(&["a", "b", "c"]),
        Gateway::new("root"),
    ]);
    let lines = applied(&project);
    assert_eq!(begun(&lines), ["root", "a", "b", "c", "last"]);
    let made = cloud.names();
    assert_eq!((made[0].as_str(), made[4].as_str()), ("root", "last"));
    // The three in the middle are under way together: all begin before one of them is complete.
    let at = |kind: &str, name: &str| {
        let found = lines.iter().position(|line| {
            line["type"] == kind && line["hook"]["resource"]["resource_name"] == name
        });
        found.unwrap()
    };
    for name in ["a", "b", "c"] {
        assert!(
            at("apply_start", "c") < at("apply_complete", name),
            "{name}"
        );
        assert!(
            at("apply_complete", "root") < at("apply_start", name),
            "{name}"
        );
        assert!(
            at("apply_complete", name) < at("apply_start", "last"),
            "{name}"
        );
    }
    let lines = destroyed(&project);
    let gone = begun(&lines);
    assert_eq!((gone[0].as_str(), gone[4].as_str()), ("last", "root"));
}

#[test]
fn what_is_under_way_can_be_bounded() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b", "c", "d"].map(Gateway::new));
    let lines = project
        .run(&[
            "apply",
            "--auto-approve",
            "--format",
            "json",
            "--under-way",
            "2",
        ])
        .well()
        .json_lines();
    let (mut open, mut most) = (0, 0);
    for line in &lines {
        match line["type"].as_str().unwrap() {
            "apply_start" => open += 1,
            "apply_complete" => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    assert_eq!(most, 2);
}

#[test]
fn a_failure_stops_its_followers_and_nothing_else_and_is_mended_by_the_next_apply() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    cloud.set_faults(&["CreateCloudNativeAPIGateway=fail-task#1"]);
    // `base` is first in the plan, and its create is the first to leave.
    project.gateways([
        Gateway::new("base"),
        Gateway::new("free"),
        Gateway::new("top").after(&["upon"]),
        Gateway::new("upon").after(&["base"]),
    ]);
    let failed = project.apply().ended(1);
    let told = &failed.stdout;
    assert!(told.contains("failed: gateway.base"), "{told}");
    assert!(told.contains("its status is CreateFailed"), "{told}");
    assert!(told.contains("not started: gateway.upon"), "{told}");
    assert!(told.contains("not started: gateway.top"), "{told}");
    assert!(told.contains("it comes after gateway.base"), "{told}");
    assert!(told.contains("1 added"), "{told}");
    let base = project.record("base");
    assert_eq!(
        (&base["status"], &base["cloudStatus"]),
        (&"tainted".into(), &"CreateFailed".into())
    );
    assert_eq!(project.record("free")["status"], "ready");
    assert!(project.record("upon").is_null() && project.record("top").is_null());
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 2);

    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(
        plan.stdout.contains("# gateway.base must be replaced"),
        "{}",
        plan.stdout
    );
    assert!(
        plan.stdout
            .contains("Plan: 3 to add, 0 to change, 1 to destroy."),
        "{}",
        plan.stdout
    );
    let spoilt = project.id("base");
    project.apply().well();
    assert_eq!(cloud.names(), ["free", "base", "upon", "top"]);
    assert_ne!(project.id("base"), spoilt);
    assert!(
        cloud
            .gateways()
            .iter()
            .all(|gateway| gateway["GatewayId"] != spoilt.as_str())
    );
    let plan = project.run(&["plan", "--detailed-exitcode"]).well();
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
}
