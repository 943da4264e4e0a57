//! Replacements: which of the two comes first, and what is left when one is cut off.

use serde_json::json;

use crate::support::{Cloud, Gateway, Project, look_until};

const CREATE: &str = "CreateCloudNativeAPIGateway";
const DELETE: &str = "DeleteCloudNativeAPIGateway";

const FIRST: &str = "lifecycle: { createBeforeDestroy: true }";
const FIRST_CHANGED: &str = "ingressClassName: other\n    lifecycle: { createBeforeDestroy: true }";

/// Makes a gateway that is created anew before the old one goes.
fn created_first(cloud: &Cloud) -> Project {
    let project = Project::on(cloud);
    project.gateways([Gateway::new("a").with(FIRST)]);
    project.apply().well();
    project.gateways([Gateway::new("a").with(FIRST_CHANGED)]);
    project
}

/// Returns the ids of all gateways in the cloud.
fn ids(cloud: &Cloud) -> Vec<String> {
    let gateways = cloud.gateways();
    let id = |gateway: &serde_json::Value| gateway["GatewayId"].as_str().unwrap().to_owned();
    gateways.iter().map(id).collect()
}

#[test]
fn a_replacement_deletes_and_then_creates() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let old = project.id("a");
    project.gateways([Gateway::new("a").with("ingressClassName: other")]);
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    let change = &plan["resource_changes"][0];
    assert_eq!(change["change"]["actions"], json!(["delete", "create"]));
    assert_eq!(change["action_reason"], "replace_because_cannot_update");
    // A delete that is refused keeps the create from being sent.
    cloud.set_faults(&[&format!("{DELETE}=code:InvalidParameterValue")]);
    project.apply().ended(1);
    assert_eq!(cloud.calls(CREATE), 1);
    assert_eq!(ids(&cloud), [old.as_str()]);
    cloud.set_faults(&[]);
    project.apply().well();
    assert_eq!(ids(&cloud), [project.id("a")]);
    assert_ne!(project.id("a"), old);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn create_before_destroy_lets_the_old_one_live_until_the_new_one_runs() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = created_first(&cloud);
    let old = project.id("a");
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    let actions = &plan["resource_changes"][0]["change"]["actions"];
    assert_eq!(*actions, json!(["create", "delete"]));

    let run = project.start(&["apply", "--auto-approve"]);
    look_until("a successor in the state", || {
        project.record("a")["successor"].is_object()
    });
    let record = project.record("a");
    assert_eq!(
        (&record["gatewayId"], &record["status"]),
        (&json!(old), &json!("ready"))
    );
    let successor = record["successor"].clone();
    assert_eq!(successor["status"], "creating");
    assert_eq!(cloud.calls(DELETE), 0, "the old one is still there");
    assert_eq!(cloud.gateways().len(), 2);
    run.end().well();
    assert_eq!(project.record("a")["gatewayId"], successor["gatewayId"]);
    assert!(project.record("a")["successor"].is_null());
    assert_eq!(ids(&cloud), [project.id("a")]);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

/// Begins a replacement and cuts it off while the new one is being made.
fn cut_off(cloud: &Cloud) -> (Project, String, String) {
    let project = created_first(cloud);
    let old = project.id("a");
    let run = project.start(&["apply", "--auto-approve"]);
    look_until("a successor in the state", || {
        project.record("a")["successor"].is_object()
    });
    run.signal("KILL");
    drop(run);
    let new = project.record("a")["successor"]["gatewayId"]
        .as_str()
        .unwrap()
        .to_owned();
    (project, old, new)
}

#[test]
fn a_replacement_that_was_cut_off_is_brought_to_its_end() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let (project, _, new) = cut_off(&cloud);
    assert_eq!(cloud.gateways().len(), 2);
    let plan = project.run(&["plan"]).well().stdout;
    assert!(
        plan.contains("it completes a replacement that was started"),
        "{plan}"
    );
    project.apply().well();
    assert_eq!(cloud.calls(CREATE), 2, "nothing is made twice");
    assert_eq!(ids(&cloud), [new.as_str()]);
    assert_eq!(project.id("a"), new);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

/// What is left alone is what the cloud had, wherever the run is cut off and whether it is recovered first.
#[test]
fn a_replacement_that_was_cut_off_between_its_halves_leaves_alone_what_is_ignored() {
    let lifecycle = "lifecycle: { ignoreChanges: [description, nodeConfig.number] }";
    let points = [
        "1 an answer is there",
        "2 a request leaves",
        "2 a request is let through",
    ];
    for (point, recovers) in points
        .into_iter()
        .flat_map(|point| [(point, false), (point, true)])
    {
        let cloud = Cloud::start(&[]);
        let mut project = Project::on(&cloud);
        project.write(
            "gwplan.yaml",
            "provider: { region: ap-guangzhou }\ntimeouts: { consistency: 300ms }\n",
        );
        let before = format!("description: one\n    {lifecycle}");
        project.gateways([Gateway::new("a").with(&before)]);
        project.apply().well();
        cloud.patch(&project.id("a"), &json!({ "NodeConfig": { "Number": 5 } }));
        let after = format!("description: two\n    ingressClassName: other\n    {lifecycle}");
        project.gateways([Gateway::new("a").with(&after)]);
        project.set("GWPLAN_CRASH_AT", point);
        let run = project.apply();
        assert_eq!(run.code, None, "{point}: {}", run.stderr);
        project.unset("GWPLAN_CRASH_AT");
        if recovers {
            project.run(&["recover"]).well();
        }
        project.apply().well();
        let made = &cloud.gateways()[0];
        let has = (&made["Description"], &made["NodeConfig"]["Number"]);
        assert_eq!(has, (&json!("one"), &json!(5)), "{point}, {recovers}");
        assert_eq!(cloud.calls(CREATE), 2);
        project.run(&["plan", "--detailed-exitcode"]).well();
    }
}

/// A delete that was never carried out leaves a gateway that serves, and the files may want that one again.
#[test]
fn a_replacement_whose_delete_was_not_sent_is_taken_back_where_the_old_one_fits() {
    for recovers in [false, true] {
        let cloud = Cloud::start(&[]);
        let mut project = created_first(&cloud);
        project.write(
            "gwplan.yaml",
            "provider: { region: ap-guangzhou }\ntimeouts: { consistency: 300ms }\n",
        );
        let old = project.id("a");
        project.set("GWPLAN_CRASH_AT", "2 a request leaves");
        let run = project.apply();
        assert_eq!(run.code, None, "{}", run.stderr);
        project.unset("GWPLAN_CRASH_AT");
        project.gateways([Gateway::new("a").with(FIRST)]);
        if recovers {
            project.run(&["recover"]).well();
        }
        project.apply().well();
        assert_eq!(ids(&cloud), [old.as_str()]);
        assert_eq!(cloud.calls(CREATE), 2, "no third one is made");
        project.run(&["plan", "--detailed-exitcode"]).well();
    }
}

/// What only the record holds is taken over by the successor that was begun for other files, too.
#[test]
fn a_replacement_that_was_cut_off_takes_over_what_the_files_say_by_now() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let (project, ..) = cut_off(&cloud);
    let more = "ingressClassName: other\n    lifecycle: { createBeforeDestroy: true, ignoreChanges: [description] }";
    project.gateways([Gateway::new("a").with(more)]);
    project.apply().well();
    assert!(project.record("a")["ignoreChanges"].is_array());
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_replacement_that_was_cut_off_is_destroyed_as_a_whole() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let (project, ..) = cut_off(&cloud);
    look_until("two gateways that run", || {
        cloud
            .gateways()
            .iter()
            .all(|gateway| gateway["Status"] == "Running")
    });
    project.destroy().well();
    assert!(cloud.gateways().is_empty());
    assert!(project.statuses().is_empty());
}

#[test]
fn a_successor_is_not_lost_when_others_delete_the_old_one() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let (project, old, new) = cut_off(&cloud);
    cloud.delete(&old);
    project.apply().well();
    assert_eq!(ids(&cloud), [new]);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_destroy_takes_the_successor_too_when_others_delete_the_old_one() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let (project, old, _) = cut_off(&cloud);
    look_until("two gateways that run", || {
        cloud
            .gateways()
            .iter()
            .all(|gateway| gateway["Status"] == "Running")
    });
    cloud.delete(&old);
    project.destroy().well();
    assert!(cloud.gateways().is_empty());
    assert!(project.statuses().is_empty());
}

/// Begins a replacement and cuts it off while the old one is being deleted.
fn cut_off_at_the_delete(cloud: &Cloud) -> Project {
    let project = created_first(cloud);
    let run = project.start(&["apply", "--auto-approve"]);
    look_until("a delete in the state", || {
        project.record("a")["status"] == "deleting"
    });
    look_until("a delete in the cloud", || cloud.calls(DELETE) == 1);
    run.signal("KILL");
    drop(run);
    project
}

#[test]
fn a_replacement_that_was_cut_off_at_the_delete_keeps_the_new_one() {
    let cloud = Cloud::start(&["--delete-time", "4s"]);
    let project = cut_off_at_the_delete(&cloud);
    let new = project.record("a")["successor"]["gatewayId"].clone();
    project.apply().well();
    assert_eq!(ids(&cloud), [new.as_str().unwrap()]);
    assert_eq!(project.record("a")["gatewayId"], new);
    assert_eq!(cloud.calls(CREATE), 2);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_replacement_that_was_cut_off_at_the_delete_is_destroyed_as_a_whole() {
    let cloud = Cloud::start(&["--delete-time", "4s"]);
    let project = cut_off_at_the_delete(&cloud);
    project.destroy().well();
    assert_eq!(ids(&cloud), Vec::<String>::new());
    assert!(project.statuses().is_empty());
}

#[test]
fn a_create_that_fails_keeps_the_old_one_alive() {
    let cloud = Cloud::start(&[]);
    let project = created_first(&cloud);
    let old = project.id("a");
    cloud.set_faults(&[&format!("{CREATE}=code:InvalidParameterValue")]);
    project.apply().ended(1);
    assert_eq!(ids(&cloud), [old.as_str()], "the call was refused");
    assert_eq!(project.id("a"), old);

    cloud.set_faults(&[&format!("{CREATE}=fail-task#1")]);
    let failed = project.apply().ended(1);
    assert!(
        failed.stdout.contains("its status is CreateFailed"),
        "{}",
        failed.stdout
    );
    let record = project.record("a");
    assert_eq!(
        (&record["gatewayId"], &record["status"]),
        (&json!(old), &json!("ready"))
    );
    assert_eq!(record["successor"]["status"], "tainted");
    assert_eq!(cloud.calls(DELETE), 0);

    project.apply().well();
    assert_eq!(ids(&cloud), [project.id("a")]);
    assert_ne!(project.id("a"), old);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_replacement_that_is_asked_for_needs_no_change() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    let (a, b) = (project.id("a"), project.id("b"));
    let plan = project
        .run(&["plan", "--replace", "gateway.a", "--format", "json"])
        .well()
        .json();
    assert_eq!(
        plan["resource_changes"][0]["action_reason"],
        "replace_by_request"
    );
    project
        .run(&["apply", "--replace", "gateway.a", "--auto-approve"])
        .well();
    assert_ne!(project.id("a"), a);
    assert_eq!(project.id("b"), b);
    assert_eq!(cloud.gateways().len(), 2);
    let unknown = project.run(&["plan", "--replace", "gateway.c"]).ended(1);
    assert!(
        unknown
            .stderr
            .contains("neither the files nor the state hold gateway.c"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn what_could_not_be_made_is_replaced_in_the_order_that_was_asked_for() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with(FIRST)]);
    cloud.set_faults(&[&format!("{CREATE}=fail-task#1")]);
    project.apply().ended(1);
    let spoilt = project.id("a");
    assert_eq!(project.record("a")["status"], "tainted");
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    let change = &plan["resource_changes"][0];
    assert_eq!(change["change"]["actions"], json!(["create", "delete"]));
    assert_eq!(change["action_reason"], "replace_because_tainted");
    project.apply().well();
    assert_ne!(project.id("a"), spoilt);
    assert_eq!(ids(&cloud), [project.id("a")]);
}

#[test]
fn a_replacement_that_was_cut_off_and_is_not_wanted_any_more_is_taken_back() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = Project::on(&cloud);
    let version = |version: &str| {
        let more =
            format!("lifecycle: {{ createBeforeDestroy: true }}\n    ingressClassName: {version}");
        project.gateways([Gateway::new("a").with(&more)]);
    };
    version("one");
    project.apply().well();
    let old = project.id("a");
    version("two");
    let run = project.start(&["apply", "--auto-approve"]);
    look_until("a successor in the state", || {
        project.record("a")["successor"].is_object()
    });
    run.signal("INT");
    run.end().ended(130);
    version("one");
    let plan = project.run(&["plan"]).well().stdout;
    assert!(
        plan.contains("DANGER: this plan destroys 1 gateway"),
        "{plan}"
    );
    assert!(plan.contains("stays as it is"), "{plan}");
    let digest = project.digest();
    project.run(&["apply", "--expect-digest", &digest]).well();
    assert_eq!(ids(&cloud), [old.as_str()], "the one that fits stays");
    assert_eq!(project.id("a"), old);
    assert!(project.record("a")["successor"].is_null());
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_create_under_way_whose_files_were_edited_becomes_what_they_say() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: one")]);
    let run = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    run.signal("INT");
    run.end().ended(130);
    project.gateways([Gateway::new("a").with("description: two")]);
    let plan = project.run(&["plan"]).well().stdout;
    assert!(plan.contains("updates it in-place"), "{plan}");
    assert!(plan.contains(r#""one" → "two""#), "{plan}");
    project.apply().well();
    assert_eq!(cloud.gateways()[0]["Description"], "two");
    assert_eq!(cloud.calls(CREATE), 1);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_dependency_is_not_deleted_while_what_depended_on_it_still_stands() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("dep"), Gateway::new("top").after(&["dep"])]);
    project.apply().well();
    let dep = project.id("dep");
    project.gateways([Gateway::new("top").with("ingressClassName: other")]);
    cloud.set_faults(&[&format!("{DELETE}=code:InvalidParameterValue#1")]);
    let failed = project.apply().ended(1).stdout;
    assert!(
        failed.contains("it comes after gateway.top, which did not end well"),
        "{failed}"
    );
    assert!(ids(&cloud).contains(&dep), "the dependency waits");
    cloud.set_faults(&[]);
    project.apply().well();
    assert_eq!(ids(&cloud), [project.id("top")]);
}
