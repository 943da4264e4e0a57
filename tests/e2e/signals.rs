//! Ctrl-C and its kin.

use crate::support::{Cloud, Gateway, Project, Run, fleet, look_until, names};

const CREATE: &str = "CreateCloudNativeAPIGateway";

/// Returns the addresses that the report names as unfinished.
fn unfinished(run: &Run) -> Vec<&str> {
    let lines = run.stdout.lines();
    lines
        .skip_while(|line| !line.starts_with("  unfinished: "))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(str::trim)
        .collect()
}

fn interrupted_by(signal: &str) {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a"),
        Gateway::new("b"),
        Gateway::new("c").after(&["a", "b"]),
    ]);
    let run = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 2);
    run.signal(signal);
    let run = run.end().ended(130);
    assert!(run.stdout.contains("Apply interrupted."), "{}", run.stdout);
    assert!(
        unfinished(&run) == ["gateway.a", "gateway.b"],
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("not started: gateway.c"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr
            .contains("run the same command again to continue"),
        "{}",
        run.stderr
    );
    assert_eq!(project.statuses(), [("creating".to_owned(), 2)].into());
    let id = project.id("a");

    project.apply().well();
    assert_eq!(project.id("a"), id);
    let mut made = cloud.names();
    made.sort();
    assert_eq!(made, ["a", "b", "c"]);
    assert_eq!(cloud.calls(CREATE), 3);
    assert_eq!(project.statuses(), [("ready".to_owned(), 3)].into());
}

#[test]
fn sigint_ends_an_apply_that_the_next_one_goes_on_with() {
    interrupted_by("INT");
}

#[test]
fn sigterm_ends_an_apply_that_the_next_one_goes_on_with() {
    interrupted_by("TERM");
}

#[test]
fn an_interrupted_destroy_is_gone_on_with() {
    let cloud = Cloud::start(&["--delete-time", "3s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b").after(&["a"])]);
    project.apply().well();
    let run = project.start(&["destroy", "--auto-approve"]);
    project.wait_for("deleting", 1);
    run.signal("INT");
    let run = run.end().ended(130);
    assert!(unfinished(&run) == ["gateway.b"], "{}", run.stdout);
    project.destroy().well();
    assert!(cloud.gateways().is_empty() && project.statuses().is_empty());
    assert_eq!(cloud.calls("DeleteCloudNativeAPIGateway"), 2);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    // The answer to the create takes longer than any test: only the second signal can end the run.
    let cloud = Cloud::start(&["--fault", "CreateCloudNativeAPIGateway=latency:10m"]);
    let project = Project::on(&cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\ntimeouts: { consistency: 1s }\n",
    );
    project.gateways([Gateway::new("a")]);
    let mut run = project.start(&["apply", "--auto-approve"]);
    look_until("creates", || cloud.calls(CREATE) == 1);
    let mut told = run.stderr();
    run.signal("INT");
    let mut line = String::new();
    while !line.contains("stopping") {
        line.clear();
        let read = std::io::BufRead::read_line(&mut told, &mut line).unwrap();
        assert_ne!(read, 0, "it ended without a word");
    }
    run.signal("INT");
    run.end().ended(130);
    // The lock went with the process.
    cloud.set_faults(&[]);
    project.apply().well();
}

#[test]
fn creates_that_still_wait_for_their_turn_are_not_sent() {
    let cloud = Cloud::start(&["--create-time", "5s"]);
    let project = Project::on(&cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, requestsPerSecond: 4 }\n",
    );
    let names = names(60);
    project.gateways(fleet(&names));
    let run = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 2);
    run.signal("INT");
    let run = run.end().ended(130);
    let sent = cloud.calls(CREATE);
    assert!(sent < 40, "{sent} of 60 creates were sent: {}", run.stdout);
    let recorded = project.statuses().values().sum::<usize>() as u64;
    assert_eq!(recorded, sent);
}
