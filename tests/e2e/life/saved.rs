//! Plans that are kept, reviewed and applied later.

use serde_json::json;

use crate::support::{Cloud, Gateway, Project};

const CREATE: &str = "CreateCloudNativeAPIGateway";
const MODIFY: &str = "ModifyCloudNativeAPIGateway";

#[test]
fn a_saved_plan_is_shown_and_applied_as_it_was_reviewed() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    let planned = project.run(&["plan", "--out", "plan.json"]).well();
    assert!(
        planned.stderr.contains("gwplan apply plan.json"),
        "{}",
        planned.stderr
    );
    let calls = cloud.stats()["calls"].clone();
    assert_eq!(
        project.run(&["show", "plan.json"]).well().stdout,
        planned.stdout
    );
    let shown = project
        .run(&["show", "plan.json", "--format", "json"])
        .well()
        .json();
    assert_eq!(shown["resource_changes"].as_array().unwrap().len(), 2);
    assert_eq!(cloud.stats()["calls"], calls, "to look at it asks no cloud");
    let applied = project.run(&["apply", "plan.json"]).well();
    assert!(applied.stdout.contains("2 added"), "{}", applied.stdout);
    assert_eq!(cloud.gateways().len(), 2);
    // Once is enough.
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    assert!(
        refused.stderr.contains("the plan is stale"),
        "{}",
        refused.stderr
    );
    assert_eq!(cloud.calls(CREATE), 2);
}

#[test]
fn a_plan_that_was_altered_is_refused() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    let text = std::fs::read_to_string(project.path("plan.json")).unwrap();
    for (from, to) in [
        ("\"1c2g\"", "\"8c16g\""),
        ("\"serial\": 0", "\"serial\": 1"),
        ("127.0.0.1", "127.0.0.2"),
    ] {
        assert!(text.contains(from), "{from} is not in\n{text}");
        project.write("plan.json", &text.replace(from, to));
        for command in ["apply", "show"] {
            let refused = project.run(&[command, "plan.json"]).ended(1);
            assert!(
                refused
                    .stderr
                    .contains("the saved plan was altered after it was made"),
                "{from}: {}",
                refused.stderr
            );
        }
    }
    assert_eq!(cloud.calls(CREATE), 0);
}

#[test]
fn a_plan_is_stale_when_the_state_has_moved_on() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    project.gateways([
        Gateway::new("a").with("description: new"),
        Gateway::new("b"),
    ]);
    project.run(&["plan", "--out", "plan.json"]).well();
    project.run(&["state", "rm", "gateway.b"]).well();
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    assert!(
        refused
            .stderr
            .contains("the state has moved on from serial")
            && refused.stderr.contains("changed: gateway.b"),
        "{}",
        refused.stderr
    );
    assert_eq!(cloud.calls(MODIFY), 0);
}

#[test]
fn a_plan_is_stale_when_the_files_have_changed_but_not_when_lines_have_moved() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.run(&["plan", "--out", "plan.json"]).well();
    project.gateways([
        Gateway::new("a"),
        Gateway::new("b").with("description: new"),
    ]);
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    assert!(
        refused
            .stderr
            .contains("the files have changed since it was made: gateway.b"),
        "{}",
        refused.stderr
    );
    project.gateways([Gateway::new("a")]);
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    assert!(refused.stderr.contains("gateway.b"), "{}", refused.stderr);
    assert_eq!(cloud.calls(CREATE), 0);
    // The same gateways in another order, with a remark.
    project.gateways(["b", "a"].map(Gateway::new));
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write("gateways.yaml", &format!("# a remark\n{yaml}"));
    project.run(&["apply", "plan.json"]).well();
    assert_eq!(cloud.gateways().len(), 2);
}

#[test]
fn a_plan_is_for_one_cloud_and_one_region() {
    let cloud = Cloud::start(&[]);
    let other = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    project.connect(&other);
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    assert!(
        refused
            .stderr
            .contains("the plan was made for another endpoint"),
        "{}",
        refused.stderr
    );
    project.connect(&cloud);
    project.write("gwplan.yaml", "provider: { region: ap-beijing }\n");
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    assert!(
        refused
            .stderr
            .contains("the plan was made for another region: ap-guangzhou, not ap-beijing"),
        "{}",
        refused.stderr
    );
    assert!(cloud.gateways().is_empty() && other.gateways().is_empty());
}

#[test]
fn a_saved_plan_takes_no_further_wishes() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    for flag in ["--target", "--exclude", "--replace"] {
        let refused = project
            .run(&["apply", "plan.json", flag, "gateway.a"])
            .ended(1);
        assert!(
            refused.stderr.contains("a saved plan is applied as it is"),
            "{}",
            refused.stderr
        );
    }
    project.write("plan.json", "no plan\n");
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    assert!(
        refused.stderr.contains("the file is no saved plan"),
        "{}",
        refused.stderr
    );
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_digest_stands_for_one_plan_wherever_it_is_made() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    project.gateways([
        Gateway::new("a").with("description: new"),
        Gateway::new("c"),
    ]);
    let first = project.digest();
    assert_eq!(first.len(), 64);
    assert_eq!(project.digest(), first);
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    assert_eq!(plan["gwplan"]["digest"], first.as_str());
    // Another copy of the same project, with the gateways in another order.
    let copy = Project::on(&cloud);
    copy.gateways([
        Gateway::new("c"),
        Gateway::new("a").with("description: new"),
    ]);
    std::fs::create_dir(copy.path("state")).unwrap();
    std::fs::copy(
        project.path("state/default.json"),
        copy.path("state/default.json"),
    )
    .unwrap();
    assert_eq!(copy.digest(), first);
    // Any other plan has another.
    copy.gateways([
        Gateway::new("a").with("description: newer"),
        Gateway::new("c"),
    ]);
    assert_ne!(copy.digest(), first);
}

#[test]
fn only_the_expected_digest_is_applied() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let approved = project.digest();
    let wrong = project
        .run(&["apply", "--expect-digest", &"0".repeat(64)])
        .ended(1);
    assert!(
        wrong
            .stderr
            .contains("this plan is not the one that was approved"),
        "{}",
        wrong.stderr
    );
    for poor in [&approved[..11], "not-hexadecimal", ""] {
        let refused = project.run(&["apply", "--expect-digest", poor]).ended(1);
        assert!(
            refused.stderr.contains("is no digest of a plan"),
            "{}",
            refused.stderr
        );
    }
    // Approval doesn't skip the comparison.
    let both = ["apply", "--auto-approve", "--expect-digest", "0123456789ab"];
    project.run(&both).ended(1);
    project.gateways([Gateway::new("a").with("description: slipped in")]);
    project
        .run(&["apply", "--expect-digest", &approved])
        .ended(1);
    assert!(cloud.gateways().is_empty());

    project.gateways([Gateway::new("a")]);
    let start = approved[..12].to_uppercase();
    project.run(&["apply", "--expect-digest", &start]).well();
    assert_eq!(cloud.gateways().len(), 1);

    project.gateways([Gateway::new("a").with("description: new")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    project
        .run(&["apply", "plan.json", "--expect-digest", &approved])
        .ended(1);
    let approved = project.digest();
    project
        .run(&["apply", "plan.json", "--expect-digest", &approved])
        .well();
}

#[test]
fn a_gateway_that_changed_since_the_plan_stops_its_own_step_alone() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let names = ["deleted", "free", "replaced", "updated"];
    project.gateways(names.map(Gateway::new));
    project.apply().well();
    project.gateways([
        Gateway::new("free").with("description: new"),
        Gateway::new("replaced").with("ingressClassName: new"),
        Gateway::new("updated").with("description: new"),
    ]);
    project.run(&["plan", "--out", "plan.json"]).well();
    for name in ["deleted", "replaced", "updated"] {
        cloud.patch(&project.id(name), &json!({ "NodeConfig": { "Number": 5 } }));
    }
    let run = project.run(&["apply", "plan.json"]).ended(1);
    for name in ["deleted", "replaced", "updated"] {
        assert!(
            run.stdout.contains(&format!("failed: gateway.{name}\n")),
            "{}",
            run.stdout
        );
    }
    assert!(
        run.stdout
            .contains("has changed in the cloud since the plan was made: nodeConfig"),
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains("failed: gateway.free"),
        "{}",
        run.stdout
    );
    assert_eq!(cloud.gateways().len(), 4);
    assert_eq!(cloud.calls(MODIFY), 1);
    assert_eq!(project.record("free")["applied"]["description"], "new");
}
