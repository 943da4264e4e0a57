//! A run that sleeps while another takes its lock, and wakes.

use std::io::BufRead;

use serde_json::Value as Json;

use crate::support::{Cloud, Gateway, Project, Running, look_until};

use super::{PROMPT, exactly_once, project};

const CREATE: &str = "CreateCloudNativeAPIGateway";
const APPLY: &[&str] = &["apply", "--auto-approve"];

/// Starts an apply that stops itself at a point, and waits until it sleeps there.
pub(super) fn asleep_at(project: &mut Project, point: &str) -> Running {
    put_to_sleep(project, point, APPLY)
}

fn put_to_sleep(project: &mut Project, point: &str, arguments: &[&str]) -> Running {
    project.set("GWPLAN_STOP_AT", &format!("1 {point}"));
    let run = project.start(arguments);
    project.unset("GWPLAN_STOP_AT");
    let stat = format!("/proc/{}/stat", run.process());
    look_until("sleepers", || {
        let stat = std::fs::read_to_string(&stat).unwrap_or_default();
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" T"))
    });
    run
}

/// Takes the lock away from a sleeper as from another machine: on its own, that is refused while it lives.
fn take_lock_by_force(project: &Project) {
    let path = project.path("state/default.json.lock");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut holder: Json = serde_json::from_str(&text).unwrap();
    holder["host"] = "elsewhere".into();
    std::fs::write(&path, holder.to_string()).unwrap();
    let id = holder["id"].as_str().unwrap();
    project.run(&["force-unlock", "--force", id]).well();
}

fn sleeping_project(cloud: &Cloud) -> Project {
    let project = project(cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project
}

#[test]
fn a_holder_that_slept_after_its_record_sends_nothing_once_its_lock_is_gone() {
    let cloud = Cloud::start(&[]);
    let mut project = sleeping_project(&cloud);
    let sleeper = asleep_at(&mut project, "a request leaves");
    take_lock_by_force(&project);
    // By now the cloud takes no signature of that time any more.
    cloud.set_clock(400);
    let second = project.run(APPLY).well();
    let told = "nothing proves that its run has ended";
    assert!(second.stderr.contains(told), "{}", second.stderr);
    sleeper.signal("CONT");
    let first = sleeper.end().ended(1);
    let told = format!("{}{}", first.stdout, first.stderr);
    assert!(told.contains("taken away by force"), "{told}");
    assert_eq!(cloud.calls(CREATE), 1);
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn a_request_that_slept_after_the_last_look_at_the_lock_is_refused_by_the_cloud() {
    let cloud = Cloud::start(&[]);
    let mut project = sleeping_project(&cloud);
    let sleeper = asleep_at(&mut project, "a request is let through");
    take_lock_by_force(&project);
    cloud.set_clock(400);
    project.run(APPLY).well();
    sleeper.signal("CONT");
    sleeper.end().ended(1);
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn whoever_takes_over_from_a_sleeper_concludes_nothing_while_its_signature_is_good() {
    let cloud = Cloud::start(&[]);
    let mut project = sleeping_project(&cloud);
    let sleeper = asleep_at(&mut project, "a request is let through");
    take_lock_by_force(&project);
    let mut second = project.start(APPLY);
    let mut shown = second.stderr().lines().map_while(Result::ok);
    assert!(shown.any(|line| line.contains("nothing proves that its run has ended")));
    // The request of the sleeper is good still, and is carried out: the second run finds its gateway.
    sleeper.signal("CONT");
    sleeper.end();
    second.end().well();
    drop(shown);
    assert_eq!(cloud.calls(CREATE), 1);
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn what_needs_no_record_is_not_sent_either_once_the_lock_is_gone() {
    let cloud = Cloud::start(&[]);
    let mut project = sleeping_project(&cloud);
    project.run(APPLY).well();
    let id = project.id("a");
    let kept = [("a delete", "--delete"), ("a tag", "--release")];
    let points = [
        "the delete of an orphan leaves",
        "an owner tag is about to be taken off",
    ];
    for ((what, option), point) in kept.into_iter().zip(points) {
        project.run(&["state", "rm", "gateway.a"]).well();
        let arguments = ["orphans", option, &id, "--auto-approve"];
        let sleeper = put_to_sleep(&mut project, point, &arguments);
        take_lock_by_force(&project);
        project.run(&["import", "gateway.a", &id]).well();
        sleeper.signal("CONT");
        let ended = sleeper.end().ended(1);
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(told.contains("taken away by force"), "{what}: {told}");
        exactly_once(&cloud, &project, &["a".to_owned()]);
    }
    assert_eq!(cloud.calls("DeleteCloudNativeAPIGateway"), 0);
}

#[test]
fn a_holder_that_slept_with_nobody_else_there_goes_on() {
    let cloud = Cloud::start(&[]);
    let mut project = sleeping_project(&cloud);
    let sleeper = asleep_at(&mut project, "a request leaves");
    sleeper.signal("CONT");
    sleeper.end().well();
    // After the last look at the lock, too: nobody else was there, and the request is good still.
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    let sleeper = asleep_at(&mut project, "a request is let through");
    sleeper.signal("CONT");
    sleeper.end().well();
    exactly_once(&cloud, &project, &["a".to_owned(), "b".to_owned()]);
}
