//! One writer at a time.

use crate::support::{Cloud, Gateway, Project};

#[test]
fn a_second_apply_is_told_who_holds_the_state_and_a_plan_is_not_kept_out() {
    let cloud = Cloud::start(&["--create-time", "10m"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let first = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    for command in ["apply", "destroy"] {
        let second = project.run(&[command, "--auto-approve"]).ended(1);
        let told = second.stderr;
        assert!(
            told.contains("state/default.json is locked by `gwplan apply` of tester on "),
            "{told}"
        );
        assert!(
            told.contains(&format!("(process {}), since 2", first.process())),
            "{told}"
        );
        let since = told.split("since ").nth(1).unwrap();
        let since = since.split_whitespace().next().unwrap();
        assert_eq!(since.len(), "2025-09-01T12:00:00Z".len(), "{told}");
        assert!(told.contains("hint: "), "{told}");
        assert_eq!(second.stdout, "");
    }
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stdout.contains("is being created already"),
        "{}",
        plan.stdout
    );
    project.run(&["state", "list"]).well();
    project.run(&["show"]).well();
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 1);
    first.signal("INT");
    first.end().ended(130);
}

#[test]
fn a_lock_dies_with_its_holder() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let first = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    first.signal("KILL");
    assert_eq!(first.end().code, None);
    project.apply().well();
    assert_eq!(cloud.gateways().len(), 1);
}
