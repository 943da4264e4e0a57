//! Addresses that move, and plans of a part.

use serde_json::{Value as Json, json};

use crate::support::{Cloud, Gateway, Project};

const CREATE: &str = "CreateCloudNativeAPIGateway";

fn steps(project: &Project, arguments: &[&str]) -> Vec<(String, String)> {
    let all = [&["plan", "--format", "json"], arguments].concat();
    let plan = project.run(&all).well().json();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    plan["gwplan"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (text(&step["address"]), text(&step["action"])))
        .collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    owned.collect()
}

fn chain() -> [Gateway<'static>; 4] {
    [
        Gateway::new("alone"),
        Gateway::new("base"),
        Gateway::new("middle").after(&["base"]),
        Gateway::new("top").after(&["middle"]),
    ]
}

#[test]
fn state_mv_renames_an_address_and_those_who_depend_on_it_follow() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("old"), Gateway::new("upon").after(&["old"])]);
    project.apply().well();
    let (id, calls) = (project.id("old"), cloud.stats()["calls"].clone());
    project
        .run(&["state", "mv", "gateway.old", "gateway.new"])
        .well();
    assert_eq!(cloud.stats()["calls"], calls, "the cloud is not asked");
    assert_eq!(project.id("new"), id);
    assert!(project.record("old").is_null());
    assert_eq!(project.record("upon")["dependsOn"], json!(["gateway.new"]));
    project.write(
        "gateways.yaml",
        &std::fs::read_to_string(project.path("gateways.yaml"))
            .unwrap()
            .replace("  old:\n", "  new:\n")
            .replace("gateway.old", "gateway.new"),
    );
    project.run(&["plan", "--detailed-exitcode"]).well();

    for (from, to, says) in [
        (
            "gateway.old",
            "gateway.other",
            "the state holds no gateway.old",
        ),
        (
            "gateway.new",
            "gateway.upon",
            "the state holds gateway.upon already",
        ),
        ("gateway.new", "network.new", "that is another kind"),
    ] {
        let before = project.state();
        let refused = project.run(&["state", "mv", from, to]).ended(1);
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
        assert_eq!(project.state(), before);
    }
}

#[test]
fn state_rm_forgets_a_gateway_that_lives_on() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    let id = project.id("a");
    let said = project.run(&["state", "rm", "gateway.a"]).well();
    assert!(said.stdout.contains(&id), "{}", said.stdout);
    assert_eq!(cloud.gateways().len(), 2);
    // It still carries the mark of its address: a second one is not made on the quiet.
    let plan = project.run(&["plan"]).ended(1);
    assert!(
        plan.stdout.contains("# gateway.a will be created"),
        "{}",
        plan.stdout
    );
    assert!(
        plan.stderr
            .contains(&format!("gwplan import gateway.a {id}")),
        "{}",
        plan.stderr
    );
    project.run(&["orphans", "--release", &id]).well();
    let plan = project.run(&["plan"]).well();
    assert!(plan.stderr.contains("namesake"), "{}", plan.stderr);
    project.gateways([Gateway::new("b")]);
    project.run(&["plan", "--detailed-exitcode"]).well();
    project.destroy().well();
    assert_eq!(cloud.names(), ["a"]);
}

#[test]
fn a_key_that_was_renamed_alone_is_recognised() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("old")]);
    project.apply().well();
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write("gateways.yaml", &yaml.replace("  old:\n", "  new:\n"));
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stderr
            .contains("moved: [{ from: gateway.old, to: gateway.new }]"),
        "{}",
        plan.stderr
    );
    // The name in the cloud tells, whatever else changed with the key; one of another name is another.
    let renamed = yaml.replace("  old:\n", "  new:\n");
    for (from, to, is_likely) in [
        ("number: 2", "number: 3", true),
        ("name: old", "name: other", false),
    ] {
        project.write("gateways.yaml", &renamed.replace(from, to));
        let plan = project.run(&["plan"]).well();
        assert_eq!(plan.stderr.contains("moved:"), is_likely, "{}", plan.stderr);
        assert_eq!(
            plan.stdout.contains("`moved`"),
            is_likely,
            "{}",
            plan.stdout
        );
    }
}

#[test]
fn a_target_brings_what_it_depends_on_and_nothing_else() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(chain());
    let plan = project.run(&["plan", "--target", "gateway.middle"]).well();
    assert!(
        plan.stdout.contains("This plan is incomplete"),
        "{}",
        plan.stdout
    );
    let asked = ["--target", "gateway.middle"];
    assert_eq!(
        steps(&project, &asked),
        pairs(&[("gateway.base", "create"), ("gateway.middle", "create")])
    );
    let plan = project.run(&["plan", "--format", "json", "--target", "gateway.middle"]);
    assert_eq!(plan.json()["complete"], false);
    project
        .run(&["apply", "--auto-approve", "--target", "gateway.middle"])
        .well();
    assert_eq!(cloud.names(), ["base", "middle"]);
    project.apply().well();
    assert_eq!(cloud.calls(CREATE), 4);
    // A destroy goes the other way: what stands upon the target goes first.
    project
        .run(&["destroy", "--auto-approve", "--target", "gateway.middle"])
        .well();
    let mut left = cloud.names();
    left.sort();
    assert_eq!(left, ["alone", "base"]);
}

#[test]
fn an_exclusion_takes_along_what_depends_on_it() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(chain());
    assert_eq!(
        steps(&project, &["--exclude", "gateway.middle"]),
        pairs(&[("gateway.alone", "create"), ("gateway.base", "create")])
    );
    assert_eq!(
        steps(
            &project,
            &[
                "--target",
                "gateway.top",
                "--target",
                "gateway.alone",
                "--exclude",
                "gateway.base"
            ]
        ),
        pairs(&[("gateway.alone", "create")])
    );
    let plan = project.run(&["plan", "--exclude", "gateway.middle"]).well();
    assert!(
        plan.stdout.contains("This plan is incomplete"),
        "{}",
        plan.stdout
    );
    project
        .run(&["apply", "--auto-approve", "--exclude", "gateway.middle"])
        .well();
    let mut made = cloud.names();
    made.sort();
    assert_eq!(made, ["alone", "base"]);
}

#[test]
fn a_plan_to_destroy_is_a_plan_like_any_other() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(chain());
    project.apply().well();
    project
        .run(&["plan", "--destroy", "--detailed-exitcode"])
        .ended(2);
    assert!(
        steps(&project, &["--destroy"])
            .iter()
            .all(|(_, action)| action == "delete")
    );
    assert_eq!(steps(&project, &["--destroy"]).len(), 4);
    assert_eq!(
        steps(&project, &["--destroy", "--target", "gateway.middle"]),
        pairs(&[("gateway.middle", "delete"), ("gateway.top", "delete")])
    );
    assert_eq!(
        steps(&project, &["--destroy", "--exclude", "gateway.middle"]),
        pairs(&[("gateway.alone", "delete"), ("gateway.top", "delete")])
    );
    project
        .run(&["plan", "--destroy", "--out", "plan.json"])
        .well();
    project.run(&["apply", "plan.json"]).well();
    assert!(cloud.gateways().is_empty());
    project
        .run(&["plan", "--destroy", "--detailed-exitcode"])
        .well();
}

#[test]
fn addresses_that_nobody_knows_are_refused() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(chain());
    for flag in ["--target", "--exclude", "--replace"] {
        let refused = project.run(&["plan", flag, "gateway.nobody"]).ended(1);
        assert!(
            refused
                .stderr
                .contains("neither the files nor the state hold gateway.nobody"),
            "{}",
            refused.stderr
        );
        let refused = project
            .run(&["apply", "--auto-approve", flag, "nobody"])
            .ended(1);
        assert!(
            refused.stderr.contains("is not an address"),
            "{}",
            refused.stderr
        );
    }
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_protection_outside_the_selection_stands_in_nobodys_way() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a"),
        Gateway::new("safe").with("lifecycle: { preventDestroy: true }"),
    ]);
    project.apply().well();
    project.destroy().ended(1);
    project
        .run(&["destroy", "--auto-approve", "--target", "gateway.a"])
        .well();
    assert_eq!(cloud.names(), ["safe"]);
    // The same where the block that protects is not there any more.
    project.gateways([Gateway::new("b")]);
    project.apply().ended(1);
    project
        .run(&["apply", "--auto-approve", "--exclude", "gateway.safe"])
        .well();
    project
        .run(&["apply", "--auto-approve", "--target", "gateway.b"])
        .well();
    let mut left = cloud.names();
    left.sort();
    assert_eq!(left, ["b", "safe"]);
}

/// Adds entries to the end of the gateways file.
fn append(project: &Project, entries: &str) {
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write("gateways.yaml", &format!("{yaml}{entries}"));
}

#[test]
fn moved_entries_rename_along_a_chain_without_a_call_that_changes_anything() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "upon"].map(Gateway::new));
    project.apply().well();
    let (id, before) = (project.id("a"), cloud.gateways());
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write("gateways.yaml", &yaml.replace("  a:\n", "  c:\n"));
    append(
        &project,
        "moved:\n  - { from: gateway.a, to: gateway.b }\n  - { from: gateway.b, to: gateway.c }\n",
    );
    let plan = project
        .run(&["plan", "--detailed-exitcode"])
        .ended(2)
        .stdout;
    assert!(
        plan.contains("# gateway.a has moved to gateway.c"),
        "{plan}"
    );
    assert!(
        plan.contains("Plan: 0 to add, 0 to change, 0 to destroy, 1 to move."),
        "{plan}"
    );
    project.apply().well();
    assert_eq!(project.id("c"), id);
    assert!(project.record("a").is_null());
    assert_eq!(cloud.gateways(), before);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn removed_entries_forget_a_gateway_that_lives_on() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a"),
        Gateway::new("b").with("lifecycle: { preventDestroy: true }"),
    ]);
    project.apply().well();
    append(&project, "removed: [{ from: gateway.b }]\n");
    let refused = project.run(&["plan"]).ended(1);
    assert!(
        refused.stderr.contains("the files still describe it"),
        "{}",
        refused.stderr
    );
    project.gateways([Gateway::new("a")]);
    append(&project, "removed: [{ from: gateway.b }]\n");
    assert_eq!(steps(&project, &[]), pairs(&[("gateway.b", "forget")]));
    project.apply().well();
    assert!(project.record("b").is_null());
    assert_eq!(cloud.gateways().len(), 2, "it lives on");
    assert_eq!(cloud.calls("DeleteCloudNativeAPIGateway"), 0);
    let plan = project.run(&["plan", "--detailed-exitcode"]).well();
    assert!(
        plan.stderr.contains("there is no gateway.b to give up"),
        "{}",
        plan.stderr
    );
}

#[test]
fn moves_in_a_circle_are_refused_and_the_commands_that_are_named_exchange() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.apply().well();
    let (a, b, before) = (project.id("a"), project.id("b"), project.state());
    project.write(
        "moves.yaml",
        "moved:\n  - { from: gateway.a, to: gateway.b }\n  - { from: gateway.b, to: gateway.a }\n",
    );
    let refused = project.apply().ended(1);
    assert_eq!(project.state(), before);
    let told = refused.stderr;
    assert_eq!(told.matches("error[").count(), 1, "{told}");
    let commands: Vec<&str> = told
        .split('`')
        .filter_map(|part| part.strip_prefix("gwplan "))
        .collect();
    assert_eq!(commands.len(), 3, "{told}");
    std::fs::remove_file(project.path("moves.yaml")).unwrap();
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').collect();
        project.run(&arguments).well();
    }
    assert_eq!((project.id("a"), project.id("b")), (b, a));
}
