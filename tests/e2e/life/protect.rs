//! What keeps a gateway from being deleted.

use serde_json::json;

use crate::support::{Cloud, Gateway, Project, look_until};

const CREATE: &str = "CreateCloudNativeAPIGateway";
const DELETE: &str = "DeleteCloudNativeAPIGateway";
const MODIFY: &str = "ModifyCloudNativeAPIGateway";

#[test]
fn delete_protection_is_set_after_the_create_and_lifted_only_where_the_yaml_lifts_it() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("deleteProtect: true")]);
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    assert_eq!(plan["gwplan"]["steps"][0]["calls"], json!([MODIFY]));
    project.apply().well();
    assert_eq!(cloud.gateways()[0]["DeleteProtect"], true);
    project.run(&["plan", "--detailed-exitcode"]).well();

    let refused = project.destroy().ended(1);
    assert!(
        refused.stderr.contains("the cloud's `deleteProtect` is on"),
        "{}",
        refused.stderr
    );
    project.gateways([]);
    let refused = project.apply().ended(1);
    assert!(
        refused.stderr.contains("put it back into the YAML"),
        "{}",
        refused.stderr
    );
    project.gateways([Gateway::new("a").with("deleteProtect: true\n    ingressClassName: other")]);
    let refused = project.apply().ended(1);
    assert!(
        refused.stderr.contains("the plan would replace gateway.a"),
        "{}",
        refused.stderr
    );
    assert_eq!(cloud.calls(DELETE), 0);
    assert_eq!(cloud.calls(MODIFY), 1);

    project.gateways([Gateway::new("a").with("deleteProtect: false")]);
    let destroyed = project.destroy().well();
    assert!(
        destroyed.stdout.contains("before the delete"),
        "{}",
        destroyed.stdout
    );
    assert_eq!(cloud.calls(MODIFY), 2);
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_protection_that_others_set_is_lifted_before_an_intended_delete() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let old = project.id("a");
    cloud.patch(&old, &json!({ "DeleteProtect": true }));
    project.gateways([Gateway::new("a").with("ingressClassName: other")]);
    project.apply().well();
    assert_ne!(project.id("a"), old);
    assert_eq!(cloud.gateways().len(), 1);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_new_gateway_that_takes_the_place_of_another_is_protected_too() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let lifecycle = "lifecycle: { createBeforeDestroy: true }";
    project.gateways([Gateway::new("a").with(lifecycle)]);
    project.apply().well();
    let old = project.id("a");
    let changed = format!("deleteProtect: true\n    ingressClassName: other\n    {lifecycle}");
    project.gateways([Gateway::new("a").with(&changed)]);
    project.apply().well();
    assert_ne!(project.id("a"), old);
    assert_eq!(cloud.gateways().len(), 1);
    assert_eq!(cloud.gateways()[0]["DeleteProtect"], true);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_replacement_that_was_cut_off_still_lifts_the_protection_of_the_old_one() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = Project::on(&cloud);
    let lifecycle = "lifecycle: { createBeforeDestroy: true }";
    project.gateways([Gateway::new("a").with(lifecycle)]);
    project.apply().well();
    cloud.patch(&project.id("a"), &json!({ "DeleteProtect": true }));
    let changed = format!("ingressClassName: other\n    {lifecycle}");
    project.gateways([Gateway::new("a").with(&changed)]);
    let run = project.start(&["apply", "--auto-approve"]);
    look_until("a successor in the state", || {
        project.record("a")["successor"].is_object()
    });
    run.signal("KILL");
    drop(run);
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
    assert_eq!(cloud.calls(CREATE), 2);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn prevent_destroy_outlives_the_block_that_asked_for_it() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.gateways([Gateway::new("a").with("lifecycle: { preventDestroy: true }")]);
    // Nothing changes in the cloud, but the state learns of it.
    project.run(&["plan", "--detailed-exitcode"]).ended(2);
    project.apply().well();
    assert_eq!(project.record("a")["preventDestroy"], true);
    project.gateways([]);
    let refused = project.apply().ended(1);
    assert!(
        refused
            .stderr
            .contains("the state remembers the protection"),
        "{}",
        refused.stderr
    );
    project
        .run(&["apply", "--replace", "gateway.a", "--auto-approve"])
        .ended(1);
    project.gateways([Gateway::new("a").with("lifecycle: { preventDestroy: false }")]);
    project.apply().well();
    assert!(project.record("a")["preventDestroy"].is_null());
    project.gateways([]);
    project.apply().well();
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_protection_that_is_set_or_lifted_in_the_files_is_a_step_and_takes_effect() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let shield = |flag: &str| {
        let lifecycle = format!("lifecycle: {{ preventDestroy: {flag} }}");
        project.gateways([Gateway::new("a").with(&lifecycle)]);
    };
    shield("false");
    project.apply().well();
    shield("true");
    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    let shown = "lifecycle.preventDestroy: true  # in gwplan's record";
    assert!(plan.stdout.contains(shown), "{}", plan.stdout);
    let digest = project.digest();
    project.run(&["apply", "--expect-digest", &digest]).well();
    assert_eq!(project.record("a")["preventDestroy"], true);
    project.run(&["plan", "--detailed-exitcode"]).well();

    shield("false");
    let plan = project.run(&["plan"]).well().stdout;
    let verdict = "CAUTION: this plan lifts the protection of 1 gateway";
    assert!(plan.starts_with(verdict), "{plan}");
    let json = project.run(&["plan", "--format", "json"]).well().json();
    let change = &json["resource_changes"][0]["change"];
    assert_eq!(change["actions"], serde_json::json!(["update"]));
    assert_ne!(change["before"], change["after"]);
    assert_eq!(json["gwplan"]["changes"], true);
    let guarded = "provider: { region: ap-guangzhou }\npolicy: { keepProtection: {} }\n";
    project.write("gwplan.yaml", guarded);
    let denied = project.run(&["plan"]).ended(1);
    let reason = "gateway.a would lose protection: lifecycle.preventDestroy";
    assert!(denied.stdout.contains(reason), "{}", denied.stdout);
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    project.apply().well();
    assert!(project.record("a")["preventDestroy"].is_null());
    project.gateways([]);
    project.apply().well();
    assert!(cloud.gateways().is_empty());
}
