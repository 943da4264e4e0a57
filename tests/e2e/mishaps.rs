//! What must not be lost by a slip of the hand or a full disk.

use crate::support::{Cloud, Gateway, Project, fleet, names};

#[test]
fn a_link_to_nothing_is_told_and_destroys_nothing() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    std::fs::rename(project.path("gateways.yaml"), project.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", project.path("gateways.yaml")).unwrap();
    project.write("more.yaml", "gateways: {}\n");
    project.apply().well();
    std::fs::remove_file(project.path("elsewhere")).unwrap();
    let plan = project.run(&["plan"]).ended(1);
    assert!(plan.stderr.contains("unreadable-file"), "{}", plan.stderr);
    project.apply().ended(1);
    assert_eq!(cloud.gateways().len(), 1);
}

#[test]
fn a_saved_plan_is_written_over_nothing_but_a_plan() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    let state = project.state();
    for name in [
        "state/default.json",
        "gateways.yaml",
        "gwplan.yaml",
        "new.yml",
    ] {
        project.run(&["plan", "--out", name]).ended(1);
    }
    assert_eq!(project.state(), state);
    project.run(&["plan", "--out", "it.json"]).well();
    project.run(&["plan", "--out", "it.json"]).well();
}

#[test]
fn a_state_may_end_in_lock_and_keeps_its_own_lock() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\nstate: { path: state/x.lock }\n",
    );
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.run(&["plan", "--detailed-exitcode"]).well();
    project.destroy().well();
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_state_that_can_not_be_written_lets_no_create_be_sent() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(fleet(&names(40)));
    // No file may grow at all: the very first write of the state fails.
    let run = project.run_within(0, false, &["apply", "--auto-approve"]);
    assert_eq!(run.code, Some(1), "{}\n{}", run.stdout, run.stderr);
    assert!(cloud.gateways().is_empty(), "{}", run.stderr);
}

#[test]
fn a_state_that_can_not_be_written_any_more_stops_the_creates_that_wait_their_turn() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(fleet(&names(40)));
    // The state outgrows what a file may hold after a few gateways; 20 a second are sent.
    let run = project.run_within(16, false, &["apply", "--auto-approve"]);
    assert_eq!(run.code, Some(1), "{}\n{}", run.stdout, run.stderr);
    let made = cloud.gateways().len();
    assert!((1..20).contains(&made), "{made} were made");
    assert!(run.stdout.contains("not started"), "{}", run.stdout);
}
