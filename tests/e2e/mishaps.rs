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
    // The journal outgrows what a file may hold after a few gateways; 20 a second are sent.
    let run = project.run_within(80, false, &["apply", "--auto-approve"]);
    assert_eq!(run.code, Some(1), "{}\n{}", run.stdout, run.stderr);
    let made = cloud.gateways().len();
    assert!((1..20).contains(&made), "{made} were made");
    assert!(run.stdout.contains("not started"), "{}", run.stdout);
}

#[test]
fn a_terminal_that_closes_is_an_interruption_like_any_other() {
    let cloud = Cloud::start(&["--create-time", "30s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let running = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    running.signal("HUP");
    running.end().ended(130);
    assert_eq!(project.statuses(), [("creating".to_owned(), 1)].into());
}

#[test]
fn an_interruption_does_not_wait_for_a_question_that_hangs() {
    let cloud = Cloud::start(&["--create-time", "30s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let running = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    let asked = cloud.calls("DescribeCloudNativeAPIGateways");
    // The next question gets no answer before the test is over, and the cloud counts it all the same.
    cloud.set_faults(&["read=latency:50s"]);
    crate::support::look_until("questions that hang", || {
        cloud.calls("DescribeCloudNativeAPIGateways") > asked
    });
    running.signal("INT");
    running.end().ended(130);
}

#[test]
fn programs_that_read_json_are_told_of_faults_in_json() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("oops: 1")]);
    for command in ["apply", "destroy"] {
        let run = project.run(&[command, "--auto-approve", "--format", "json"]);
        let lines = run.ended(1).json_lines();
        let types: Vec<&str> = lines
            .iter()
            .map(|line| line["type"].as_str().unwrap())
            .collect();
        assert_eq!(types, ["version", "diagnostic"], "{command}");
        let diagnostic = &lines[1]["diagnostic"];
        assert_eq!(diagnostic["range"]["filename"], "gateways.yaml");
        assert_eq!(diagnostic["severity"], "error");
    }
    project.gateways([Gateway::new("a")]);
    let mut project = project;
    project.set("TENCENTCLOUD_SECRET_KEY", "wrong-and-not-real");
    let run = project
        .run(&["apply", "--auto-approve", "--format", "json"])
        .ended(1);
    let lines = run.json_lines();
    let told = lines[1]["diagnostic"]["summary"].as_str().unwrap();
    assert!(told.contains("AuthFailure.SignatureFailure"), "{told}");
}

#[test]
fn what_gwplan_itself_was_deleting_is_no_drift() {
    let cloud = Cloud::start(&["--delete-time", "1s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let running = project.start(&["apply", "--auto-approve", "--replace", "gateway.a"]);
    project.wait_for("deleting", 1);
    running.signal("KILL");
    running.end();
    crate::support::look_until("empty clouds", || cloud.gateways().is_empty());
    let plan = project.run(&["plan"]).well();
    assert!(!plan.stdout.contains("outside gwplan"), "{}", plan.stdout);
    assert!(
        plan.stdout
            .contains("it completes a replacement that was started"),
        "{}",
        plan.stdout
    );
    project.run(&["drift", "--detailed-exitcode"]).well();
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
}
