//! Plans that are kept, reviewed and applied later.

use serde_json::json;

use gwplan::plan::SavedPlan;
use sha2::{Digest, Sha256};

use crate::support::{Cloud, Gateway, Project, look_until};

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
    let again = project.run(&["apply", "plan.json"]).well();
    assert!(
        again.stderr.contains("is applied already"),
        "{}",
        again.stderr
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
        refused.stderr.contains("the file is not a saved plan"),
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
    for part in [&approved[..12], &approved[..63]] {
        let refused = project.run(&["apply", "--expect-digest", part]).ended(1);
        let told = format!("is only a part of a digest: {} of 64 digits", part.len());
        assert!(refused.stderr.contains(&told), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("`gwplan plan` prints them"),
            "{}",
            refused.stderr
        );
    }
    let long = format!("{approved}0");
    for poor in [&long, "not-hexadecimal", ""] {
        let refused = project.run(&["apply", "--expect-digest", poor]).ended(1);
        assert!(
            refused.stderr.contains("is not a digest of a plan"),
            "{}",
            refused.stderr
        );
    }
    // Approval doesn't skip the comparison.
    let other = "0".repeat(64);
    let both = ["apply", "--auto-approve", "--expect-digest", &other];
    project.run(&both).ended(1);
    project.gateways([Gateway::new("a").with("description: slipped in")]);
    project
        .run(&["apply", "--expect-digest", &approved])
        .ended(1);
    assert!(cloud.gateways().is_empty());

    project.gateways([Gateway::new("a")]);
    let loud = approved.to_uppercase();
    project.run(&["apply", "--expect-digest", &loud]).well();
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
fn a_saved_plan_is_stale_when_the_cloud_has_changed() {
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
    assert!(run.stderr.contains("the plan is stale"), "{}", run.stderr);
    for name in ["deleted", "replaced", "updated"] {
        let told = format!("gateway.{name}: ");
        assert!(run.stderr.contains(&told), "{name}\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("gateway.free"), "{}", run.stderr);
    assert_eq!(cloud.gateways().len(), 4);
    assert_eq!(cloud.calls(MODIFY), 0);
}

#[test]
fn a_gateway_that_changes_while_a_run_is_under_way_stops_its_own_step_alone() {
    let cloud = Cloud::start(&["--create-time", "700ms"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("moved")]);
    project.apply().well();
    project.gateways([
        Gateway::new("first"),
        Gateway::new("moved")
            .after(&["first"])
            .with("description: new"),
    ]);
    let id = project.id("moved");
    let run = project.start(&["apply", "--auto-approve"]);
    look_until("two gateways", || cloud.names().len() == 2);
    cloud.patch(&id, &json!({ "NodeConfig": { "Number": 5 } }));
    let run = run.end().ended(1);
    for told in [
        "failed: gateway.moved\n",
        "has changed in the cloud since the plan was made: nodeConfig",
        "1 added",
    ] {
        assert!(run.stdout.contains(told), "{told}\n{}", run.stdout);
    }
    assert_eq!(cloud.calls(MODIFY), 0);
}

/// Writes a saved plan as somebody would who knows how gwplan seals it.
fn forge(project: &Project, alter: impl FnOnce(&mut serde_json::Value)) {
    let text = std::fs::read(project.path("plan.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    alter(&mut json);
    json["seal"] = json!("");
    let saved: SavedPlan = serde_json::from_value(json.clone()).unwrap();
    let seal = Sha256::digest(serde_json::to_vec(&saved).unwrap());
    json["seal"] = json!(gwplan::model::hex(&seal));
    project.write("plan.json", &json.to_string());
}

#[test]
fn a_forged_successor_in_a_saved_plan_is_never_deleted() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["doomed", "innocent"].map(Gateway::new));
    project.apply().well();
    project.gateways([Gateway::new("innocent")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    let approved = project.digest();
    let state: serde_json::Value =
        serde_json::from_slice(&std::fs::read(project.path("state/default.json")).unwrap())
            .unwrap();
    let record = |name: &str| state["resources"][format!("gateway.{name}")].clone();
    forge(&project, |json| {
        let mut record_of_doomed = record("doomed");
        record_of_doomed["successor"] = record("innocent");
        json["plan"]["bookkeeping"] = json!([["gateway.doomed", record_of_doomed]]);
    });
    let apply = ["apply", "plan.json", "--expect-digest", &approved];
    let run = project.run(&apply).well();
    assert!(run.stdout.contains("1 destroyed"), "{}", run.stdout);
    assert_eq!(cloud.names(), ["innocent"]);
}

#[test]
fn a_saved_plan_of_an_earlier_format_is_refused_with_a_way_on() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.run(&["plan", "--out", "plan.json"]).well();
    let text = std::fs::read_to_string(project.path("plan.json")).unwrap();
    project.write(
        "plan.json",
        &text.replace("\"gwplanPlan\": 2", "\"gwplanPlan\": 1"),
    );
    let refused = project.run(&["apply", "plan.json"]).ended(1);
    for told in ["was made by an earlier gwplan", "plan again"] {
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
    project.run(&["plan", "--out", "plan.json"]).well();
    project.run(&["apply", "plan.json"]).well();
}

#[test]
fn an_offline_plan_has_no_digest_in_any_face() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let digits = |text: &str| {
        let words = text.split(|c: char| !c.is_ascii_hexdigit());
        words.map(str::len).max().unwrap_or_default()
    };
    for format in ["text", "json", "markdown", "html"] {
        let online = project.run(&["plan", "--format", format]).well().stdout;
        assert_eq!(digits(&online), 64, "{format}");
        let offline = ["plan", "--offline", "--format", format];
        let offline = project.run(&offline).well().stdout;
        assert!(digits(&offline) < 64, "{format}: {offline}");
    }
    let review = ["review", "--offline", "--dry-run"];
    let comment = project.run(&review).well().stdout;
    assert!(digits(&comment) < 64, "{comment}");
    let json = project
        .run(&["plan", "--offline", "--format", "json"])
        .well();
    assert_eq!(json.json()["gwplan"]["digest"], json!(null));
    // What has no digest approves nothing.
    project.write("approved.json", &json.stdout);
    let refused = project
        .run(&["apply", "--approved-plan", "approved.json"])
        .ended(1);
    assert!(
        refused.stderr.contains("it was made offline"),
        "{}",
        refused.stderr
    );
}
