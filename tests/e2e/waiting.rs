//! Waits that end before the cloud is done.

use crate::support::{Cloud, Gateway, Project, fleet, names};

const CREATE: &str = "CreateCloudNativeAPIGateway";

fn with_timeouts(project: &Project, timeouts: &str) {
    project.write(
        "gwplan.yaml",
        &format!("provider: {{ region: ap-guangzhou }}\ntimeouts: {{ {timeouts} }}\n"),
    );
}

#[test]
fn a_create_that_takes_too_long_stays_recorded_and_is_waited_for_by_the_next_apply() {
    let cloud = Cloud::start(&["--create-time", "6s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b").after(&["a"])]);
    with_timeouts(&project, "create: 1s");
    let late = project.apply().ended(1);
    assert!(late.stdout.contains("after 1s"), "{}", late.stdout);
    assert!(late.stdout.contains("timeouts.create"), "{}", late.stdout);
    assert_eq!(project.statuses(), [("creating".to_owned(), 1)].into());
    let id = project.id("a");

    with_timeouts(&project, "create: 5m");
    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(
        plan.stdout.contains("is being created already"),
        "{}",
        plan.stdout
    );
    let applied = project.run(&["apply", "--auto-approve", "--format", "json"]);
    let lines = applied.well().json_lines();
    let summaries = lines.iter().filter(|line| line["type"] == "change_summary");
    let added: Vec<_> = summaries
        .map(|line| line["changes"]["add"].clone())
        .collect();
    assert_eq!(added, [2, 2]);
    assert_eq!(project.id("a"), id);
    assert_eq!(cloud.names(), ["a", "b"]);
    assert_eq!(cloud.calls(CREATE), 2);
    assert_eq!(project.statuses(), [("ready".to_owned(), 2)].into());
}

#[test]
fn a_delete_that_takes_too_long_is_waited_for_by_the_next_destroy() {
    let cloud = Cloud::start(&["--delete-time", "5s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    with_timeouts(&project, "delete: 1s");
    let late = project.destroy().ended(1);
    assert!(late.stdout.contains("timeouts.delete"), "{}", late.stdout);
    assert_eq!(project.statuses(), [("deleting".to_owned(), 1)].into());
    with_timeouts(&project, "delete: 5m");
    let destroyed = project.destroy().well().stdout;
    for counts in [
        "0 to add, 0 to change, 0 to destroy, 1 to wait for.",
        "0 added, 0 changed, 0 destroyed, 1 waited for.",
    ] {
        assert!(destroyed.contains(counts), "{destroyed}");
    }
    assert_eq!(cloud.calls("DeleteCloudNativeAPIGateway"), 1);
    assert!(cloud.gateways().is_empty() && project.statuses().is_empty());
}

#[test]
fn what_timed_out_becomes_ready_while_nobody_looks() {
    let store = tempfile::tempdir().unwrap();
    let file = store.path().join("cloud.json");
    let flags = ["--create-time", "4s", "--store", file.to_str().unwrap()];
    let cloud = Cloud::start(&flags);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    with_timeouts(&project, "create: 1s");
    project.apply().ended(1);
    // The cloud goes away and comes back elsewhere; its task has gone on meanwhile.
    drop(cloud);
    let cloud = Cloud::start(&flags);
    project.connect(&cloud);
    with_timeouts(&project, "create: 5m");
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
    assert_eq!(
        cloud.calls(CREATE),
        0,
        "the create was sent to the cloud before"
    );
}

#[test]
fn a_create_that_fails_while_nobody_looks_is_replaced() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    with_timeouts(&project, "create: 1s");
    cloud.set_faults(&["CreateCloudNativeAPIGateway=fail-task#1"]);
    project.apply().ended(1);
    crate::support::look_until("failed gateways", || {
        cloud.stats()["gateways"]["CreateFailed"] == 1
    });
    with_timeouts(&project, "create: 5m");
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout.contains("gateway.a must be replaced"),
        "{}",
        plan.stdout
    );
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
    assert_eq!(project.record("a")["status"], "ready");
}

#[test]
fn a_cloud_that_refuses_to_list_by_ids_is_asked_page_by_page() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = Project::on(&cloud);
    let names = names(105);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n",
    );
    project.gateways(fleet(&names));
    let running = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    cloud.set_faults(&[
        "DescribeCloudNativeAPIGateways=code:InvalidParameterValue.InvalidParameterValue#1",
    ]);
    running.end().well();
    assert_eq!(project.statuses(), [("ready".to_owned(), 105)].into());
}

#[test]
fn credentials_that_expire_in_a_wait_end_the_run_at_once_and_the_next_goes_on() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b").after(&["a"])]);
    let run = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    cloud.set_faults(&["*=code:AuthFailure.TokenFailure"]);
    let ended = run.end().ended(1);
    let told = format!("{}{}", ended.stdout, ended.stderr);
    assert!(told.contains("AuthFailure.TokenFailure"), "{told}");
    assert!(told.contains("new temporary credentials"), "{told}");
    assert!(!told.contains("goes on asking"), "{told}");
    assert_eq!(project.statuses(), [("creating".to_owned(), 1)].into());
    cloud.set_faults(&[]);
    project.apply().well();
    assert_eq!(cloud.names(), ["a", "b"]);
    assert_eq!(cloud.calls(CREATE), 2);
}
