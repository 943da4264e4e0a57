//! A gateway's life, from the first command to the last.

mod change;
mod drift;
mod order;
mod part;
mod protect;
mod replace;
mod resume;
mod saved;
mod texts;

use std::os::unix::fs::PermissionsExt;

use crate::support::{Cloud, Project};

/// Takes a new project through its whole life; `left` counts the gateways in the cloud.
fn live(project: &Project, left: impl Fn() -> usize) {
    project.run(&["validate"]).well();
    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(
        plan.stdout
            .contains("Plan: 1 to add, 0 to change, 0 to destroy."),
        "{}",
        plan.stdout
    );
    assert_eq!(left(), 0, "a plan must change nothing");
    assert!(project.state().is_null(), "a plan must write no state");

    let applied = project.apply().well();
    assert!(
        applied
            .stdout
            .contains("Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\nWhere: "),
        "{}",
        applied.stdout
    );
    assert_eq!(left(), 1);
    let record = project.record("example");
    let id = record["gatewayId"].as_str().unwrap();
    let task = record["taskId"].as_str().unwrap();
    assert!(
        id.starts_with("gateway-") && task.starts_with("task-"),
        "{record}"
    );
    assert_eq!(record["status"], "ready");
    let shown = project.run(&["state", "show", "gateway.example"]).well();
    assert!(
        shown.stdout.contains(id) && shown.stdout.contains(task),
        "{}",
        shown.stdout
    );
    let state = std::fs::metadata(project.path("state/default.json")).unwrap();
    assert_eq!(state.permissions().mode() & 0o777, 0o600);

    let plan = project.run(&["plan", "--detailed-exitcode"]).well();
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
    let before = project.state();
    let applied = project.apply().well();
    assert!(
        applied.stdout.starts_with("No changes."),
        "{}",
        applied.stdout
    );
    assert_eq!(
        project.state(),
        before,
        "nothing changed, so nothing is written"
    );

    project.destroy().well();
    assert_eq!(left(), 0);
    let state = project.state();
    assert_eq!(state["lineage"], before["lineage"]);
    assert!(
        state["resources"].as_object().unwrap().is_empty(),
        "{state}"
    );
    assert_eq!(project.run(&["state", "list"]).well().stdout, "");
}

#[test]
fn a_gateway_lives_and_dies_in_the_embedded_cloud() {
    let project = Project::empty();
    project.run(&["init"]).well();
    let stored = project.path("state/simulator.json");
    live(&project, || {
        let Ok(text) = std::fs::read_to_string(&stored) else {
            return 0;
        };
        let store: serde_json::Value = serde_json::from_str(&text).unwrap();
        store["gateways"].as_array().unwrap().len()
    });
}

#[test]
fn a_gateway_lives_and_dies_in_a_cloud_elsewhere() {
    let cloud = Cloud::start(&[]);
    let mut project = Project::empty();
    project.run(&["init"]).well();
    project.connect(&cloud);
    live(&project, || cloud.gateways().len());
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 1);
    assert_eq!(cloud.calls("DeleteCloudNativeAPIGateway"), 1);
    assert_eq!(
        cloud.stats()["rejections"]["CreateCloudNativeAPIGateway"],
        serde_json::Value::Null
    );
}

#[test]
fn init_overwrites_nothing() {
    let project = Project::empty();
    project.write("gateways.yaml", "gateways: {}\n");
    let refused = project.run(&["init"]).ended(1);
    assert!(
        refused.stderr.contains("gateways.yaml is there already"),
        "{}",
        refused.stderr
    );
    assert!(!project.path("gwplan.yaml").exists());
}

#[test]
fn init_renews_stale_schemas_and_leaves_the_rest_of_a_project_as_it_is() {
    let project = Project::empty();
    project.run(&["init"]).well();
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    let schema = read(".gwplan/gateways.schema.json");
    assert!(read(".gitignore").contains("/state/*simulator.json"));
    project.write(".gwplan/gateways.schema.json", "{}\n");
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    project.write("gateways.yaml", "gateways: {}\n");
    project.write(".gitignore", "mine\n");
    let told = project.run(&["init"]).well().stderr;
    assert_eq!(told, "renewed .gwplan/gateways.schema.json\n");
    assert_eq!(read(".gwplan/gateways.schema.json"), schema);
    assert!(read("gwplan.yaml").starts_with("provider") && read(".gitignore") == "mine\n");
    assert_eq!(read("gateways.yaml"), "gateways: {}\n");
    let told = project.run(&["init"]).well().stderr;
    assert!(told.contains("is there already"), "{told}");
}

#[test]
fn the_words_that_a_project_allows_are_in_its_schemas() {
    let project = Project::empty();
    project.run(&["init"]).well();
    let yaml = std::fs::read_to_string(project.path("gwplan.yaml")).unwrap();
    project.write(
        "gwplan.yaml",
        &format!("{yaml}allow: {{ gatewayVersion: [9.9.9] }}\n"),
    );
    for of in ["gateways", "overlay", "project"] {
        let schema = project.run(&["schema", of]).well().stdout;
        assert!(schema.contains("\"9.9.9\""), "{of}: {schema}");
    }
    project.run(&["init"]).well();
    let written = std::fs::read_to_string(project.path(".gwplan/gateways.schema.json")).unwrap();
    assert!(written.contains("\"9.9.9\""));
}
