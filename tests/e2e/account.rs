//! Whose account the credentials are of.

use gwplan::sim::{DEFAULT_ACCOUNT, DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use serde_json::Value as Json;

use crate::support::{Cloud, Gateway, Project};

const WHO: &str = "GetCallerIdentity";
const OTHER_ID: &str = "AKID-other-not-a-real-secret-id";
const OTHER_KEY: &str = "other-not-a-real-secret-key";
const OTHER_ACCOUNT: &str = "200000000002";

/// A cloud of two accounts, and a project in the first with two gateways there.
fn two_accounts() -> (Cloud, Project) {
    let one = format!("{DEFAULT_SECRET_ID}:{DEFAULT_SECRET_KEY}");
    let other = format!("{OTHER_ID}:{OTHER_KEY}@{OTHER_ACCOUNT}");
    let cloud = Cloud::start(&["--credential", &one, "--credential", &other]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    (cloud, project)
}

fn be_other(project: &mut Project) {
    project.set("TENCENTCLOUD_SECRET_ID", OTHER_ID);
    project.set("TENCENTCLOUD_SECRET_KEY", OTHER_KEY);
}

/// Lets nobody ask whose account it is.
fn deny(cloud: &Cloud) {
    cloud.set_faults(&[&format!("{WHO}=code:UnauthorizedOperation")]);
}

#[test]
fn keys_of_another_account_are_refused_by_every_command_that_reaches_the_cloud() {
    let (cloud, mut project) = two_accounts();
    project.apply().well();
    assert_eq!(project.state()["account"], DEFAULT_ACCOUNT);
    be_other(&mut project);
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["destroy", "--auto-approve"],
        &["drift"],
        &["orphans"],
        &["import", "--all"],
        &["state", "retag", "gateway.a"],
    ] {
        let run = project.run(command).ended(1);
        for part in [DEFAULT_ACCOUNT, OTHER_ACCOUNT, "TENCENTCLOUD_SECRET_ID"] {
            assert!(run.stderr.contains(part), "{command:?}: {}", run.stderr);
        }
    }
    assert_eq!(cloud.gateways().len(), 2);
    // Nothing of an account is left in a state that holds nothing.
    project.connect(&cloud);
    project.destroy().well();
    be_other(&mut project);
    project.apply().well();
    assert_eq!(project.state()["account"], OTHER_ACCOUNT);
}

#[test]
fn a_plan_for_one_account_is_not_applied_in_another() {
    let (cloud, mut project) = two_accounts();
    let digest = project.digest();
    project.run(&["plan", "--out", "plan.json"]).well();
    be_other(&mut project);
    assert_ne!(project.digest(), digest);
    project.run(&["apply", "--expect-digest", &digest]).ended(1);
    let saved = project.run(&["apply", "plan.json"]).ended(1);
    let told = format!("another account: {DEFAULT_ACCOUNT}, not {OTHER_ACCOUNT}");
    assert!(saved.stderr.contains(&told), "{}", saved.stderr);
    assert!(cloud.gateways().is_empty());
    project.connect(&cloud);
    project.run(&["apply", "--expect-digest", &digest]).well();
    // Once the state names the account, the digest is the same for those who may not ask.
    project.gateways(["a", "b", "c"].map(Gateway::new));
    let digest = project.digest();
    deny(&cloud);
    let run = project.run(&["apply", "--expect-digest", &digest]).well();
    assert_eq!(run.stderr.matches(WHO).count(), 1, "{}", run.stderr);
    assert_eq!(project.state()["account"], DEFAULT_ACCOUNT);
}

#[test]
fn one_question_is_asked_in_a_run_that_reaches_the_cloud_and_none_in_others() {
    let (cloud, project) = two_accounts();
    project.apply().well();
    assert_eq!(cloud.calls(WHO), 1);
    project.run(&["plan"]).well();
    assert_eq!(cloud.calls(WHO), 2);
    project.run(&["plan", "--offline"]).well();
    project.run(&["state", "list"]).well();
    project.run(&["validate"]).well();
    assert_eq!(cloud.calls(WHO), 2);
}

#[test]
fn where_nobody_can_tell_the_account_not_everything_is_gone_at_once() {
    let (cloud, mut project) = two_accounts();
    deny(&cloud);
    project.apply().well();
    assert_eq!(project.state()["account"], Json::Null);
    be_other(&mut project);
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let run = project.run(command).ended(1);
        for part in ["all 2 resources", "--allow-all-gone"] {
            assert!(run.stderr.contains(part), "{}", run.stderr);
        }
    }
    assert_eq!(cloud.gateways().len(), 2);
    let allowed = ["plan", "--allow-all-gone", "--detailed-exitcode"];
    project.run(&allowed).ended(2);
    // One that was deleted by hand is planned anew.
    project.connect(&cloud);
    cloud.delete(&project.id("a"));
    project.run(&["plan", "--detailed-exitcode"]).ended(2);
    // The first write by somebody who may ask notes the account; from then on it decides.
    cloud.set_faults(&[]);
    project.apply().well();
    assert_eq!(project.state()["account"], DEFAULT_ACCOUNT);
    for name in ["a", "b"] {
        cloud.delete(&project.id(name));
    }
    project.run(&["plan", "--detailed-exitcode"]).ended(2);
}
