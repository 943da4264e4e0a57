//! A cloud that misbehaves.

use crate::support::{Cloud, Gateway, Project, fleet, names};

const FLEET: usize = 50;
const CREATE: &str = "CreateCloudNativeAPIGateway";
const DELETE: &str = "DeleteCloudNativeAPIGateway";

fn survives(order: &str, faults: &[&str]) {
    let cloud = Cloud::start(&[
        "--list-order",
        order,
        "--create-time",
        "1s",
        "--delete-time",
        "1s",
    ]);
    let project = Project::on(&cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n",
    );
    let names = names(FLEET);
    project.gateways(fleet(&names));
    cloud.set_faults(faults);
    project.apply().well();
    assert_eq!(project.statuses(), [("ready".to_owned(), FLEET)].into());
    assert_eq!(cloud.gateways().len(), FLEET);
    assert_eq!(cloud.calls(CREATE), 50);
    project.destroy().well();
    assert!(project.statuses().is_empty());
    assert!(cloud.gateways().is_empty());
}

const BAD_LINE: [&str; 4] = [
    "read=status:502@0.03",
    "read=code:RequestLimitExceeded@0.03",
    "read=reset@0.02",
    "read=cut@0.02",
];

#[test]
fn a_bad_line_does_no_harm_with_the_newest_first() {
    survives("newest", &BAD_LINE);
}

#[test]
fn a_bad_line_does_no_harm_with_the_oldest_first() {
    survives("oldest", &BAD_LINE);
}

#[test]
fn lists_that_lag_behind_do_no_harm() {
    survives("newest", &["read=empty@0.2"]);
}

#[test]
fn every_second_question_may_fail() {
    let cloud = Cloud::start(&["--create-time", "1s", "--delete-time", "1s"]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    cloud.set_faults(&["read=status:503@0.25", "read=cut@0.25"]);
    project.apply().well();
    project.destroy().well();
    assert!(cloud.gateways().is_empty());
}

#[test]
fn what_is_throttled_is_sent_again() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    cloud.set_faults(&[&format!("{CREATE}=code:RequestLimitExceeded#2")]);
    project.apply().well();
    assert_eq!((cloud.calls(CREATE), cloud.gateways().len()), (3, 1));
    cloud.set_faults(&[&format!("{DELETE}=code:RequestLimitExceeded#2")]);
    project.destroy().well();
    assert_eq!((cloud.calls(DELETE), cloud.gateways().len()), (3, 0));
}

#[test]
fn what_the_cloud_refuses_is_told_with_its_word_and_what_to_do() {
    let cloud = Cloud::start(&["--quota", "1"]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    let failed = project.apply().ended(1);
    let told = &failed.stdout;
    for part in [
        "failed: gateway.",
        "FailedOperation.Resource",
        "RequestId",
        "next: ",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert_eq!(project.statuses(), [("ready".to_owned(), 1)].into());
}

#[test]
fn a_delete_is_over_only_when_the_cloud_says_so() {
    let cloud = Cloud::start(&["--delete-time", "2s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let asked = cloud.calls("DescribeCloudNativeAPIGateway");
    // The list shows nothing from the start, while the gateway is there for two seconds yet.
    cloud.set_faults(&["DescribeCloudNativeAPIGateways=empty"]);
    let run = project
        .run(&["destroy", "--auto-approve", "--format", "json"])
        .well();
    assert!(cloud.gateways().is_empty());
    assert!(project.statuses().is_empty());
    let deleting = run
        .json_lines()
        .iter()
        .filter(|line| line["hook"]["status"] == "Deleting")
        .count();
    assert!(deleting > 0, "it was never seen on its way: {}", run.stdout);
    assert!(cloud.calls("DescribeCloudNativeAPIGateway") > asked + 2);
}
