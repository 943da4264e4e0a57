//! Going on with an approved plan that was cut off, by the same command.

use serde_json::json;

use crate::support::{Cloud, Gateway, Project, fleet, look_until, names};

const CREATE: &str = "CreateCloudNativeAPIGateway";

/// How a plan was approved, and is applied.
fn approvals(project: &Project, goal: &[&str]) -> [Vec<String>; 2] {
    let plan = ["plan", "--out", "approved.plan"];
    let plan = project.run(&[&plan[..], goal].concat()).well().stdout;
    let digest = plan.lines().find_map(|line| line.strip_prefix("Digest: "));
    let command = if goal.is_empty() { "apply" } else { "destroy" };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    [
        words(&["apply", "approved.plan"]),
        words(&[command, "--expect-digest", digest.unwrap()]),
    ]
}

fn run(project: &Project, command: &[String]) -> crate::support::Run {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    project.run(&command)
}

/// Interrupts an apply as soon as something is recorded that was not; what was begun is recorded.
fn cut_off(project: &Project, command: &[String], has_begun: impl Fn() -> bool) {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let command = [&command[..], &["--under-way", "1"]].concat();
    let running = project.start(&command);
    look_until("something that is done", has_begun);
    running.signal("INT");
    let run = running.end().ended(130);
    assert!(
        run.stderr
            .contains("run the same command again to continue"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_left_of_an_approved_plan_is_applied_by_the_same_command() {
    for kind in 0..2 {
        let cloud = Cloud::start(&["--create-time", "300ms"]);
        let project = Project::on(&cloud);
        project.gateways(fleet(&names(4)));
        let command = approvals(&project, &[])[kind].clone();
        cut_off(&project, &command, || !project.record("g000").is_null());
        let made = cloud.names().len();
        assert!((1..4).contains(&made), "{made} are made");
        let rest = run(&project, &command).well();
        let word = "A run before has applied a part of the approved plan: this is the rest";
        assert!(rest.stderr.contains(word), "{}", rest.stderr);
        assert_eq!(cloud.calls(CREATE), 4);
        project.run(&["plan", "--detailed-exitcode"]).well();
        let done = run(&project, &command).well();
        assert!(
            done.stderr.contains("is applied already"),
            "{}",
            done.stderr
        );
        assert!(
            project.state()["openPlan"]["steps"]
                .as_object()
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn a_destroy_and_a_replacement_that_were_cut_off_go_on_too() {
    for kind in 0..2 {
        let cloud = Cloud::start(&["--delete-time", "300ms", "--create-time", "300ms"]);
        let project = Project::on(&cloud);
        project.gateways(fleet(&names(3)));
        project.apply().well();
        let other = "ingressClassName: other";
        let names = names(3);
        project.gateways(names.iter().map(|name| Gateway::new(name).with(other)));
        let command = approvals(&project, &[])[kind].clone();
        cut_off(&project, &command, || {
            project.record("g000")["status"] != "ready" || cloud.calls(CREATE) > 3
        });
        run(&project, &command).well();
        assert_eq!(cloud.calls(CREATE), 6);
        let command = approvals(&project, &["--destroy"])[kind].clone();
        cut_off(&project, &command, || {
            project.state()["resources"].as_object().unwrap().len() < 3
        });
        run(&project, &command).well();
        assert!(cloud.names().is_empty());
        run(&project, &command).well();
    }
}

#[test]
fn what_others_or_the_files_have_changed_meanwhile_was_not_approved() {
    for kind in 0..2 {
        let cloud = Cloud::start(&["--create-time", "300ms"]);
        let project = Project::on(&cloud);
        // What a run that was cut off has sent is soon known.
        let settings = "provider: { region: ap-guangzhou }\ntimeouts: { consistency: 300ms }\n";
        project.write("gwplan.yaml", settings);
        let names = names(14);
        project.gateways(fleet(&names[..2]));
        project.apply().well();
        let described = |name: &'static str| Gateway::new(name).with("description: new");
        project.gateways([described("g000"), described("g001"), Gateway::new("g002")]);
        let command = approvals(&project, &[])[kind].clone();
        cut_off(&project, &command, || {
            project.record("g000")["applied"]["description"] == "new"
        });
        // Another step than the approved one, where the approved one is not done.
        let id = project.id("g001");
        cloud.patch(&id, &json!({ "Description": "theirs" }));
        let refused = run(&project, &command).ended(1);
        let told = format!("{}{}", refused.stdout, refused.stderr);
        assert!(
            told.contains("gateway.g001 is not as the approved plan has left it"),
            "{told}"
        );
        cloud.patch(&id, &json!({ "Description": "" }));
        // Files that want more than was approved; ten are named.
        project.gateways(
            [described("g000"), described("g001")]
                .into_iter()
                .chain(fleet(&names[2..])),
        );
        let refused = run(&project, &command).ended(1);
        let told = format!("{}{}", refused.stdout, refused.stderr);
        assert_eq!(cloud.names().len(), 2, "{told}");
        if kind == 1 {
            assert!(told.contains("gateway.g003 was to stay as it is"), "{told}");
            assert!(told.contains("and 1 more"), "{told}");
        }
    }
}

#[test]
fn an_interrupted_plan_is_not_gone_on_with_under_another_digest() {
    let cloud = Cloud::start(&["--create-time", "300ms"]);
    let project = Project::on(&cloud);
    project.gateways(fleet(&names(4)));
    let command = approvals(&project, &[])[0].clone();
    cut_off(&project, &command, || !project.record("g000").is_null());
    let made = cloud.names().len();
    let other = "0".repeat(64);
    let refused = project.run(&["apply", "approved.plan", "--expect-digest", &other]);
    refused.ended(1);
    assert_eq!(cloud.names().len(), made);
    run(&project, &command).well();
}

/// What is done beside a plan that was begun was not approved with it, nor is it in another part or place.
#[test]
fn what_else_is_done_meanwhile_ends_the_approval() {
    for more in [
        &["state", "mv", "gateway.g000", "gateway.g009"][..],
        &["state", "rm", "gateway.g000"],
    ] {
        let cloud = Cloud::start(&["--create-time", "300ms"]);
        let project = Project::on(&cloud);
        project.gateways(fleet(&names(4)));
        let command = approvals(&project, &[])[1].clone();
        cut_off(&project, &command, || !project.record("g000").is_null());
        let part = [
            &command[..],
            &["--target".to_owned(), "gateway.g003".to_owned()],
        ]
        .concat();
        run(&project, &part).ended(1);
        run(&project, &["recover".to_owned()]).well();
        project.run(more).well();
        let made = cloud.names().len();
        run(&project, &command).ended(1);
        assert_eq!(cloud.names().len(), made);
    }
}
