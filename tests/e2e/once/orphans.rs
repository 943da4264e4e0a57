//! Gateways that were made for a state that does not hold them.

use crate::support::{Cloud, Gateway, Project};

use super::{PROMPT, exactly_once, project};

/// Leaves a gateway that the state has forgotten.
fn forgotten(cloud: &Cloud) -> (Project, String) {
    let project = project(cloud, PROMPT);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    let id = project.id("b");
    project.run(&["state", "rm", "gateway.b"]).well();
    project.gateways([Gateway::new("a")]);
    (project, id)
}

#[test]
fn orphans_are_listed_with_what_can_be_done() {
    let cloud = Cloud::start(&[]);
    let (project, id) = forgotten(&cloud);
    let text = project.run(&["orphans"]).well().stdout;
    for part in [
        format!("{id} in ap-guangzhou: made for gateway.b"),
        format!("gwplan import gateway.b {id}"),
        format!("gwplan orphans --delete {id}"),
        format!("gwplan orphans --release {id}"),
    ] {
        assert!(text.contains(&part), "{text}");
    }
    let json = project.run(&["orphans", "--format", "json"]).well().json();
    assert_eq!(json["orphans"][0]["address"], "gateway.b");
    assert_eq!(json["orphans"].as_array().unwrap().len(), 1);
    let plan = project.run(&["plan"]).well();
    assert!(plan.stderr.contains(&format!("{id} in")), "{}", plan.stderr);
}

#[test]
fn an_orphan_is_deleted_only_with_approval_and_only_if_it_is_one() {
    let cloud = Cloud::start(&["--delete-time", "1s"]);
    let (project, id) = forgotten(&cloud);
    project.run(&["orphans", "--delete", &id]).ended(1);
    let recorded = project.id("a");
    let run = project.run(&["orphans", "--delete", &recorded, "--auto-approve"]);
    assert!(run.ended(1).stderr.contains("is not an orphan"));
    assert_eq!(cloud.gateways().len(), 2);
    project
        .run(&["orphans", "--delete", &id, "--auto-approve"])
        .well();
    exactly_once(&cloud, &project, &["a".to_owned()]);
    let text = project.run(&["orphans"]).well().stdout;
    assert!(text.starts_with("No orphans"), "{text}");
}

#[test]
fn an_orphan_is_taken_over_under_its_address() {
    let cloud = Cloud::start(&[]);
    let (project, id) = forgotten(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().ended(1);
    project.run(&["import", "gateway.b", &id]).well();
    exactly_once(&cloud, &project, &["a".to_owned(), "b".to_owned()]);
}

#[test]
fn what_was_made_for_a_lost_state_is_found_by_asking_for_any() {
    let cloud = Cloud::start(&[]);
    let (project, _) = forgotten(&cloud);
    std::fs::remove_dir_all(project.path("state")).unwrap();
    let text = project.run(&["orphans"]).well().stdout;
    assert!(text.contains("`--any-state` lists"), "{text}");
    let json = project
        .run(&["orphans", "--any-state", "--format", "json"])
        .well()
        .json();
    assert_eq!(json["orphans"].as_array().unwrap().len(), 2);
}

#[test]
fn no_stray_is_taken_for_what_a_create_made() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let lives_on = project.id("a");
    // It keeps the mark of its first address, and another gateway takes that address.
    project
        .run(&["state", "mv", "gateway.a", "gateway.old"])
        .well();
    project.gateways(["a", "old"].map(Gateway::new));
    project.apply().well();
    let replaced = project.id("a");
    project.run(&["state", "rm", "gateway.old"]).well();
    project.gateways([Gateway::new("a")]);
    cloud.set_faults(&["CreateCloudNativeAPIGateway=lost#1"]);
    let replace = &["apply", "--auto-approve", "--replace", "gateway.a"];
    let run = project.run(replace).ended(1);
    assert!(run.stderr.contains(&lives_on), "{}", run.stderr);
    assert_eq!(project.id("a"), replaced);
    project.run(&["orphans", "--release", &lives_on]).well();
    project.run(replace).well();
    assert_ne!(project.id("a"), lives_on);
    assert_ne!(project.id("a"), replaced);
    assert_eq!(cloud.gateways().len(), 2);
}

#[test]
fn what_a_live_run_makes_is_no_orphan_and_its_requests_are_not_cut_off() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = project(&cloud, PROMPT);
    project.gateways(["a", "b"].map(Gateway::new));
    let running = project.start(&["apply", "--auto-approve", "--under-way", "1"]);
    project.wait_for("creating", 1);
    let orphans = project.run(&["orphans"]).well();
    assert!(
        orphans.stdout.starts_with("No orphans"),
        "{}",
        orphans.stdout
    );
    let plan = project.run(&["plan"]).well();
    for run in [orphans, plan] {
        assert!(run.stderr.contains("a run is under way"), "{}", run.stderr);
        assert!(!run.stderr.contains("cut off"), "{}", run.stderr);
    }
    running.end().well();
    exactly_once(&cloud, &project, &["a".to_owned(), "b".to_owned()]);
}

#[test]
fn an_approved_digest_makes_nothing_twice_after_the_state_is_lost() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let digest = project.digest();
    let apply = ["apply", "--expect-digest", &digest];
    project.run(&apply).well();
    std::fs::remove_dir_all(project.path("state")).unwrap();
    let refused = project.run(&apply).ended(1);
    assert!(refused.stderr.contains("lost-state"), "{}", refused.stderr);
    assert_eq!(cloud.gateways().len(), 1);
}
