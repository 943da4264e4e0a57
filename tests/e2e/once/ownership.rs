//! The mark of whom a gateway was made for.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::support::{Cloud, Gateway, Project};

use super::{PROMPT, exactly_once, project};

const UNMARKED: &str = "provider: { region: ap-guangzhou, ownershipTag: false }\n";

/// Returns the value of the only gateway's owner tag.
fn owner(cloud: &Cloud) -> Option<String> {
    let gateways = cloud.gateways();
    let tags = gateways[0]["Tags"].as_array().cloned().unwrap_or_default();
    tags.iter()
        .find(|tag| tag["TagKey"] == "gwplan:owner")
        .map(|tag| tag["TagValue"].as_str().unwrap().to_owned())
}

fn lineage(project: &Project) -> String {
    let state = project.state();
    let lineage = state["lineage"].as_str().unwrap().replace('-', "");
    lineage[..12].to_owned()
}

#[test]
fn a_new_gateway_carries_the_mark_from_its_first_moment() {
    let cloud = Cloud::start(&["--create-time", "20s"]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    let running = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    let expected = format!("{}/gateway.a", lineage(&project));
    assert_eq!(owner(&cloud), Some(expected));
    assert_eq!(cloud.calls("TagResources"), 0);
    running.signal("KILL");
    running.end();
}

#[test]
fn the_mark_is_no_drift_and_survives_every_change_of_the_tags() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    for tags in ["tags: { x: 1 }", "tags: { y: 2, z: 3 }", ""] {
        project.gateways([Gateway::new("a").with(tags)]);
        project.apply().well();
        assert!(owner(&cloud).is_some(), "{tags}");
        project.run(&["drift", "--detailed-exitcode"]).well();
        exactly_once(&cloud, &project, &["a".to_owned()]);
    }
    let record = project.record("a").to_string();
    assert!(!record.contains("gwplan:owner"), "{record}");
}

#[test]
fn more_tags_than_a_create_takes_follow_it() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    let mut tags = String::new();
    for number in 0..49 {
        let _ = write!(tags, "k{number:02}: v{number}, ");
    }
    let tags = format!("tags: {{ {tags} }}");
    project.gateways([Gateway::new("a").with(&tags)]);
    project.apply().well();
    let shown = cloud.gateways()[0]["Tags"].as_array().unwrap().len();
    assert_eq!(shown, 50);
    exactly_once(&cloud, &project, &["a".to_owned()]);
    let all = tags.replace(" }", "k49: v49 }");
    project.gateways([Gateway::new("a"), Gateway::new("b").with(&all)]);
    let plan = project.run(&["plan"]).ended(1);
    assert!(plan.stderr.contains("ownershipTag"), "{}", plan.stderr);
}

#[test]
fn a_project_can_do_without_the_mark() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, UNMARKED);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    assert_eq!(owner(&cloud), None);
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn what_is_taken_over_gets_the_mark_and_what_is_given_up_loses_it() {
    let cloud = Cloud::start(&[]);
    let theirs = project(&cloud, UNMARKED);
    theirs.gateways([Gateway::new("a")]);
    theirs.apply().well();
    let id = theirs.id("a");
    let ours = project(&cloud, PROMPT);
    ours.gateways([Gateway::new("a")]);
    ours.run(&["import", "gateway.a", &id]).well();
    let expected = format!("{}/gateway.a", lineage(&ours));
    assert_eq!(owner(&cloud), Some(expected));
    exactly_once(&cloud, &ours, &["a".to_owned()]);
    ours.write(
        "gateways.yaml",
        "gateways: {}\nremoved:\n  - { from: gateway.a }\n",
    );
    ours.apply().well();
    assert_eq!(owner(&cloud), None);
    assert_eq!(cloud.names(), ["a"]);
}

#[test]
fn a_tag_of_that_key_can_not_be_the_users() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a").with("tags: { 'gwplan:owner': me }")]);
    let run = project.run(&["validate"]).ended(1);
    assert!(run.stderr.contains("gwplan:") || run.stdout.contains("gwplan:"));
}

#[test]
fn who_takes_the_mark_off_outside_does_no_harm() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a").with("tags: { x: 1 }")]);
    project.apply().well();
    let tags: Json = json!([{ "TagKey": "x", "TagValue": "1" }]);
    cloud.patch(&project.id("a"), &json!({ "Tags": tags }));
    exactly_once(&cloud, &project, &["a".to_owned()]);
}
