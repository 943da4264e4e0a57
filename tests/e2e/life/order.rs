//! Long chains and wide fans.

use crate::support::{Cloud, Gateway, Project, names};

const FAST: &str = "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n";

/// Returns the gateways in the order in which the run's messages say that an event befell them.
fn order_of(lines: &[serde_json::Value], event: &str) -> Vec<String> {
    let told = lines.iter().filter(|line| line["type"] == event);
    told.map(|line| {
        line["hook"]["resource"]["resource_name"]
            .as_str()
            .unwrap()
            .to_owned()
    })
    .collect()
}

fn destroyed(project: &Project) -> Vec<serde_json::Value> {
    let all = ["destroy", "--auto-approve", "--format", "json"];
    project.run(&all).well().json_lines()
}

#[test]
fn a_chain_of_twenty_is_made_from_its_root_and_deleted_from_its_end() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.write("gwplan.yaml", FAST);
    let names = names(20);
    let before: Vec<Vec<&str>> = names
        .iter()
        .skip(1)
        .map(|name| vec![name.as_str()])
        .collect();
    // The first by name comes last in the chain.
    let gateways = names.iter().enumerate().map(|(at, name)| {
        let gateway = Gateway::new(name);
        match before.get(at) {
            Some(others) => gateway.after(others),
            None => gateway,
        }
    });
    project.gateways(gateways);
    project.apply().well();
    let made: Vec<String> = names.iter().rev().cloned().collect();
    assert_eq!(cloud.names(), made);
    project.run(&["plan", "--detailed-exitcode"]).well();
    let lines = destroyed(&project);
    assert_eq!(order_of(&lines, "apply_start"), names);
    assert_eq!(order_of(&lines, "apply_complete"), names);
    assert!(cloud.gateways().is_empty());
}

#[test]
fn a_fan_of_five_hundred_waits_for_its_root_and_outlives_none_of_it() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.write("gwplan.yaml", FAST);
    let names = names(500);
    let fan = names.iter().map(|name| Gateway::new(name).after(&["root"]));
    project.gateways(fan.chain([Gateway::new("root")]));
    project.apply().well();
    let made = cloud.names();
    assert_eq!(made.len(), 501);
    assert_eq!(made[0], "root");
    project.run(&["plan", "--detailed-exitcode"]).well();
    let lines = destroyed(&project);
    assert_eq!(order_of(&lines, "apply_start").last().unwrap(), "root");
    let ends = order_of(&lines, "apply_complete");
    assert_eq!((ends.len(), ends.last().unwrap().as_str()), (501, "root"));
    let root = lines.iter().position(|line| {
        line["type"] == "apply_start" && line["hook"]["resource"]["resource_name"] == "root"
    });
    let before = order_of(&lines[..root.unwrap()], "apply_complete");
    assert_eq!(before.len(), 500, "the root goes when all others are gone");
    assert!(cloud.gateways().is_empty());
}
