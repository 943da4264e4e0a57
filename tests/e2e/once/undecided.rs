//! Creates without a mark of which several gateways could be the outcome.

use crate::support::{Cloud, Gateway, Project, Run};

use super::asleep::asleep_at;
use super::{exactly_once, project};

const UNMARKED: &str =
    "provider: { region: ap-guangzhou, ownershipTag: false }\ntimeouts: { consistency: 1s }\n";

/// Leaves a create whose answer was lost, and `twins` gateways that others made just like it, after
/// the plan was made.
fn lost(cloud: &Cloud, twins: usize) -> (Project, Run) {
    let mut ours = project(cloud, UNMARKED);
    ours.gateways([Gateway::new("a")]);
    // What is there before the plan is told apart by it, so they come while the request is about to leave.
    let run = asleep_at(&mut ours, "a request leaves");
    for _ in 0..twins {
        let theirs = project(cloud, UNMARKED);
        theirs.gateways([Gateway::new("a")]);
        theirs.apply().well();
    }
    cloud.set_faults(&["CreateCloudNativeAPIGateway=lost#1"]);
    run.signal("CONT");
    (ours, run.end())
}

#[test]
fn without_a_mark_name_settings_and_time_decide() {
    let cloud = Cloud::start(&[]);
    let (project, run) = lost(&cloud, 0);
    run.well();
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn a_namesake_that_was_there_before_is_not_taken_for_it() {
    let cloud = Cloud::start(&[]);
    let theirs = project(&cloud, UNMARKED);
    theirs.gateways([Gateway::new("a")]);
    theirs.apply().well();
    let project = project(&cloud, UNMARKED);
    project.gateways([Gateway::new("a")]);
    cloud.set_faults(&["CreateCloudNativeAPIGateway=lost#1"]);
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 2);
    assert_ne!(project.id("a"), theirs.id("a"));
}

#[test]
fn where_two_could_be_meant_the_user_is_asked() {
    let cloud = Cloud::start(&[]);
    let (project, run) = lost(&cloud, 1);
    run.ended(1);
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 2);
    let ids: Vec<String> = cloud
        .gateways()
        .iter()
        .map(|gateway| gateway["GatewayId"].as_str().unwrap().to_owned())
        .collect();
    for command in [&["recover"][..], &["apply", "--auto-approve"], &["plan"]] {
        let run = project.run(command).ended(1);
        for part in [ids[0].as_str(), &ids[1], "--choose gateway.a="] {
            assert!(run.stderr.contains(part), "{}", run.stderr);
        }
    }
    let wrong = project.run(&["recover", "--choose", "gateway.a=gateway-00000000"]);
    assert!(wrong.ended(1).stderr.contains("is none of those"));
    let choice = format!("gateway.a={}", ids[1]);
    project.run(&["recover", "--choose", &choice]).well();
    project.apply().well();
    assert_eq!(project.id("a"), ids[1]);
    assert_eq!(cloud.gateways().len(), 2);
}

#[test]
fn the_user_may_say_that_nothing_was_made() {
    let cloud = Cloud::start(&[]);
    let (project, run) = lost(&cloud, 1);
    run.ended(1);
    project
        .run(&["recover", "--choose", "gateway.a=none"])
        .well();
    assert!(project.statuses().is_empty());
    let idle = project.run(&["recover"]).well();
    assert!(
        idle.stdout.starts_with("Nothing to recover"),
        "{}",
        idle.stdout
    );
}
