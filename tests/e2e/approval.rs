//! What was approved is what is applied, and where it isn't, what differs is told.

use serde_json::json;

use super::support::{Cloud, Gateway, Project};

/// Approves what the project's plan is now, as a pipeline keeps it.
fn approve(project: &Project) -> String {
    let json = project.run(&["plan", "--format", "json"]).well();
    project.write("approved.json", &json.stdout);
    let digest = json.json()["gwplan"]["digest"].clone();
    digest.as_str().unwrap().to_owned()
}

#[test]
fn the_approved_plan_is_applied_by_its_json_alone() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let digest = approve(&project);
    let both = [
        "--approved-plan",
        "approved.json",
        "--expect-digest",
        &digest,
    ];
    project.run(&[&["apply"][..], &both].concat()).well();
    assert_eq!(cloud.names(), ["a"]);

    project.gateways([Gateway::new("a").with("description: new")]);
    project.run(&["plan", "--out", "approved.plan"]).well();
    project
        .run(&["apply", "--approved-plan", "approved.plan"])
        .well();
    assert_eq!(project.record("a")["applied"]["description"], "new");
}

#[test]
fn what_differs_from_the_approved_plan_is_told_resource_by_resource() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("gone"),
        Gateway::new("kept"),
        Gateway::new("turned"),
    ]);
    project.apply().well();
    project.gateways([
        Gateway::new("kept").with("description: approved"),
        Gateway::new("made"),
        Gateway::new("turned").with("description: approved"),
    ]);
    let digest = approve(&project);
    project.gateways([
        Gateway::new("gone"),
        Gateway::new("kept").with("description: slipped in"),
        Gateway::new("made"),
        Gateway::new("more"),
    ]);
    let apply = [
        "apply",
        "--expect-digest",
        &digest,
        "--approved-plan",
        "approved.json",
    ];
    let refused = project.run(&apply).ended(1).stderr;
    for told in [
        "this plan is not the one that was approved",
        "gateway.gone: delete is not in the plan any more",
        r#"gateway.kept: update is not the same: description was to be "approved" and is now to be "slipped in""#,
        "gateway.more: create is new",
        "gateway.turned: update has become delete",
    ] {
        assert!(refused.contains(told), "{told}\n{refused}");
    }
    assert!(!refused.contains("gateway.made"), "{refused}");
    assert_eq!(cloud.names(), ["gone", "kept", "turned"]);

    let json = ["--format", "json"];
    let lines = project
        .run(&[&apply[..], &json].concat())
        .ended(1)
        .json_lines();
    let told = lines.iter().filter(|line| line["type"] == "diagnostic");
    assert!(told.count() >= 5, "{lines:#?}");
}

#[test]
fn without_the_approved_plan_it_is_told_what_has_moved() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: mine")]);
    project.apply().well();
    project.gateways([
        Gateway::new("a").with("description: mine"),
        Gateway::new("b"),
    ]);
    let digest = approve(&project);
    cloud.patch(&project.id("a"), &json!({ "Description": "theirs" }));
    let refused = project.run(&["apply", "--expect-digest", &digest]).ended(1);
    let told = "gateway.a has been changed (description) outside gwplan since the last apply";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);

    let other = project
        .run(&["apply", "--expect-digest", &"0".repeat(64)])
        .ended(1);
    assert!(other.stderr.contains(told), "{}", other.stderr);
}

#[test]
fn a_file_that_is_no_plan_approves_nothing() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    for (text, told) in [("{}", "is not a gwplan plan"), ("", "is not a gwplan plan")] {
        project.write("approved.json", text);
        let refused = project
            .run(&["apply", "--approved-plan", "approved.json"])
            .ended(1);
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
    // What names no plan names them all.
    for digest in ["", "0", "0123456789ab"] {
        let forged = json!({ "gwplan": { "digest": digest, "steps": [] } });
        project.write("approved.json", &forged.to_string());
        let apply = ["apply", "--approved-plan", "approved.json"];
        let refused = project.run(&apply).ended(1);
        assert!(
            refused.stderr.contains("is not a gwplan plan"),
            "{}",
            refused.stderr
        );
    }
    // The digest of this plan over the steps of none.
    let mut altered: serde_json::Value = project.run(&["plan", "--format", "json"]).well().json();
    altered["gwplan"]["steps"] = json!([]);
    project.write("approved.json", &altered.to_string());
    let refused = project
        .run(&["apply", "--approved-plan", "approved.json"])
        .ended(1);
    assert!(refused.stderr.contains("was altered"), "{}", refused.stderr);
    let missing = project
        .run(&["apply", "--approved-plan", "nowhere.json"])
        .ended(1);
    assert!(
        missing.stderr.contains("nowhere.json"),
        "{}",
        missing.stderr
    );
    // The digest of another plan than the one in the file.
    approve(&project);
    let other = "0".repeat(64);
    let both = [
        "apply",
        "--approved-plan",
        "approved.json",
        "--expect-digest",
        &other,
    ];
    let refused = project.run(&both).ended(1);
    assert!(
        refused
            .stderr
            .contains("give the file and the digest of one plan"),
        "{}",
        refused.stderr
    );
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_teardown_is_approved_like_anything_else() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let plan = project.run(&["plan", "--destroy"]).well().stdout;
    let command = plan
        .lines()
        .find_map(|line| line.strip_prefix("Apply exactly this plan with: gwplan "));
    let words: Vec<&str> = command.unwrap().split(' ').collect();
    assert_eq!(words[..2], ["destroy", "--expect-digest"]);
    project.run(&words).well();
    assert!(cloud.gateways().is_empty());
}

#[test]
fn the_command_of_a_kept_plan_is_the_same_wherever_it_is_told() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: \"${var.words}\"")]);
    project.write("-v.vars", "words: kept\n");
    let kept = ["plan", "--var-file=-v.vars", "--out=-kept.plan"];
    let plan = project.run(&kept).well();
    let command = "gwplan apply '--var-file=-v.vars' -- -kept.plan";
    for told in [&plan.stdout, &plan.stderr] {
        assert!(told.contains(command), "{told}");
    }
    let unquoted = command.replace('\'', "");
    let words: Vec<&str> = unquoted.split(' ').skip(1).collect();
    project.run(&words).well();
    assert_eq!(project.record("a")["applied"]["description"], "kept");
}
