//! One gateway under an address.

use serde_json::json;

use super::{agrees, gateway, make, project, refused};
use crate::support::{Cloud, Gateway, Project};

const BLOCK: &str = "gateways:
  # ID, imported
  a:
    name: Edge
    gatewayVersion: 2.5.1
    nodeConfig:
      specification: 1c2g
      number: 2
    vpcConfig:
      vpcId: vpc-59cag821
      subnetId: subnet-8tzp8uz1
    description: 'no: it is on'
    tags:
      on: 'no'
      team: edge
    internetConfig:
      internetPayMode: TRAFFIC
      internetMaxBandwidthOut: 100
";

fn edge(cloud: &Cloud) -> String {
    let more = json!({
        "description": "no: it is on",
        "tags": { "team": "edge", "on": "no" },
        "internetConfig": { "internetPayMode": "TRAFFIC", "internetMaxBandwidthOut": 100 },
        "promId": "prom-788abcdef",
    });
    make(cloud, "ap-guangzhou", &[gateway("Edge", &more)]).remove(0)
}

#[test]
fn without_yaml_the_block_to_paste_is_printed_and_nothing_is_recorded() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = edge(&cloud);
    let run = project.run(&["import", "gateway.a", &id]).ended(1);
    // A key that some reader takes for a truth value is quoted too.
    let block = BLOCK.replace("ID", &id).replace("on: 'no'", "'on': 'no'");
    assert_eq!(run.stdout, block);
    for part in ["would delete what was just taken over", "--out FILE"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert!(project.state().is_null());

    project.write("gateways.yaml", &run.stdout);
    let run = project.run(&["import", "gateway.a", &id]).well();
    assert!(
        run.stdout.contains("Imported 1 resource."),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("gwplan plan"), "{}", run.stderr);
    assert_eq!(project.record("a")["gatewayId"], id.as_str());
    agrees(&project);
}

#[test]
fn with_a_file_to_write_the_yaml_is_made() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = edge(&cloud);
    let run = project
        .run(&["import", "gateway.a", &id, "--out", "edge.yaml"])
        .well();
    assert!(run.stderr.contains("wrote edge.yaml"), "{}", run.stderr);
    let written = std::fs::read_to_string(project.path("edge.yaml")).unwrap();
    assert!(written.starts_with(&format!("gateways:\n  # {id}, imported\n  a:\n")));
    agrees(&project);
    let calls = cloud.calls("CreateCloudNativeAPIGateway");
    project.apply().well();
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), calls);
    project.destroy().well();
    assert!(cloud.gateways().is_empty());
}

#[test]
fn what_nothing_shows_is_taken_from_the_yaml_and_what_differs_is_a_change() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = edge(&cloud);
    let yaml = BLOCK.replace("on: 'no'", "'on': 'no'") + "    promId: prom-788abcdef\n";
    project.write("gateways.yaml", &yaml);
    project.run(&["import", "gateway.a", &id]).well();
    agrees(&project);
    project.run(&["state", "rm", "gateway.a"]).well();

    project.write(
        "gateways.yaml",
        &yaml
            .replace("no: it is on", "other")
            .replace("team: edge", "team: core"),
    );
    project.run(&["import", "gateway.a", &id]).well();
    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(
        plan.stdout.contains("will be updated in-place"),
        "{}",
        plan.stdout
    );
    for part in ["description", "core"] {
        assert!(plan.stdout.contains(part), "{}", plan.stdout);
    }
    // Nobody changed anything behind gwplan's back.
    project.run(&["drift", "--detailed-exitcode"]).well();
    project.apply().well();
    assert_eq!(cloud.gateways()[0]["Description"], "other");
    agrees(&project);
}

#[test]
fn what_the_state_holds_is_not_taken_over_twice() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let id = project.id("a");
    refused(
        &project,
        &["import", "gateway.a", "gateway-1"],
        &["the state holds gateway.a already", &id],
    );
    refused(
        &project,
        &["import", "gateway.b", &id],
        &["already, as gateway.a", "state mv gateway.a gateway.b"],
    );
    refused(
        &project,
        &["import", "gateway.c", "gateway-1", "--out", "gwplan.yaml"],
        &["no plan would read gateways from gwplan.yaml"],
    );
}

#[test]
fn what_is_not_there_or_not_meant_is_said() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    project.gateways([
        Gateway::new("a"),
        Gateway::new("s").with("region: ap-shanghai"),
    ]);
    let import = |arguments: &[&'static str]| [&["import"], arguments].concat();
    for (arguments, said) in [
        (
            import(&["gateway.a", "gateway-nope"]),
            ["no gateway-nope in ap-guangzhou", "--region REGION"],
        ),
        (
            import(&["gateway.s", "gateway-nope"]),
            ["no gateway-nope in ap-shanghai", "--region REGION"],
        ),
        (
            import(&["gateway.s", "gateway-nope", "--region", "ap-tokyo"]),
            ["it is in ap-shanghai, not in ap-tokyo", "--region"],
        ),
        (
            import(&[
                "gateway.x",
                "g",
                "--region",
                "ap-tokyo",
                "--region",
                "ap-seoul",
            ]),
            ["one gateway is in one region", "once"],
        ),
        (
            import(&["gateway.a", "g", "--out", "x.yaml"]),
            ["the YAML describes gateway.a already", "--out x.yaml"],
        ),
        (
            import(&["bucket.a", "g"]),
            ["does not know the kind of bucket.a", "begins with gateway"],
        ),
        (
            import(&["gateway.x", "g", "--out", ".x.yaml"]),
            ["no plan would read", "not hidden"],
        ),
        (
            import(&["gateway.x", "g", "--out", "x.json"]),
            ["no plan would read", "ends in .yaml"],
        ),
        (import(&["gateway.a"]), ["GATEWAY_ID", "required"]),
        (import(&[]), ["ADDR", "required"]),
        (
            import(&["gateway.a", "g", "--all"]),
            ["cannot be used with", "--all"],
        ),
    ] {
        refused(&project, &arguments, &said);
    }
    assert!(project.state().is_null());

    let nowhere = Project::on(&cloud);
    nowhere.write("gwplan.yaml", "provider: { requestsPerSecond: 0 }\n");
    for arguments in [&["import", "--all"][..], &["import", "gateway.x", "g"]] {
        refused(
            &nowhere,
            arguments,
            &["no region says where to look", "provider.region"],
        );
    }
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = edge(&cloud);
    project.write("other.yaml", "gateways: {}\n");
    let out = ["import", "gateway.a", &id, "--out", "other.yaml"];
    refused(
        &project,
        &out,
        &["other.yaml is there already", "overwrites nothing"],
    );
    let text = std::fs::read_to_string(project.path("other.yaml")).unwrap();
    assert_eq!(text, "gateways: {}\n");
    assert!(project.state().is_null());
}

#[test]
fn one_that_is_being_made_is_waited_for_and_one_that_goes_is_refused() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = project(&cloud, "");
    let private = make(&cloud, "ap-guangzhou", &[gateway("b", &json!({}))]).remove(0);
    let id = edge(&cloud);
    project
        .run(&["import", "gateway.b", &private, "--out", "b.yaml"])
        .well();
    // The cloud does not show a public network before it is made: YAML of it can't be written.
    let out = ["import", "gateway.a", &id, "--out", "a.yaml"];
    refused(
        &project,
        &out,
        &["still being made", "import it when it is made"],
    );
    let run = project.run(&["import", "--all"]).well();
    assert!(
        run.stdout.contains("Nothing was imported"),
        "{}",
        run.stdout
    );
    project.write("a.yaml", &BLOCK.replace("on: 'no'", "'on': 'no'"));
    project.run(&["import", "gateway.a", &id]).well();
    assert_eq!(project.statuses()["creating"], 2);
    project.run(&["plan", "--detailed-exitcode"]).ended(2);
    project.apply().well();
    assert_eq!(project.statuses()["ready"], 2);
    agrees(&project);

    cloud.patch(&id, &json!({ "Status": "Deleting" }));
    project.run(&["state", "rm", "gateway.a"]).well();
    refused(
        &project,
        &["import", "gateway.a", &id],
        &["is being deleted", "plan without it"],
    );
    project.write("gateways.yaml", "gateways: {}\n");
    std::fs::remove_file(project.path("a.yaml")).unwrap();
    let run = project.run(&["import", "--all"]).well();
    assert!(
        run.stderr
            .contains(&format!("{id} is left out: it is being deleted"))
    );
    assert!(
        run.stdout.contains("Nothing was imported"),
        "{}",
        run.stdout
    );
}

#[test]
fn one_that_the_cloud_calls_broken_is_not_replaced_for_it() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = edge(&cloud);
    cloud.patch(&id, &json!({ "Status": "Abnormal" }));
    project
        .run(&["import", "gateway.a", &id, "--out", "a.yaml"])
        .well();
    let plan = project.run(&["plan", "--detailed-exitcode"]);
    assert!(plan.stderr.contains("Abnormal"), "{}", plan.stderr);
    assert!(!plan.stdout.contains("must be replaced"), "{}", plan.stdout);
}

#[test]
fn one_that_no_yaml_can_describe_is_refused_with_the_reason() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = edge(&cloud);
    cloud.patch(&id, &json!({ "Name": "x".repeat(70) }));
    let said = [
        "no YAML can describe",
        "70 characters",
        "use 1 to 60 characters",
    ];
    refused(&project, &["import", "gateway.a", &id], &said);
    assert!(project.state().is_null());
}

#[test]
fn a_file_outside_the_projects_folder_is_named_to_each_plan() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, "");
    let id = edge(&cloud);
    let run = project
        .run(&["import", "gateway.a", &id, "--out", "more/a.yaml"])
        .well();
    assert!(
        run.stderr.contains("pass its path to each plan"),
        "{}",
        run.stderr
    );
    let plan = project.run(&["plan", "more", "--detailed-exitcode"]).well();
    assert!(plan.stdout.contains("No changes."));
    // Its address is known there, so that a second import of it needs no file.
    project.run(&["state", "rm", "gateway.a"]).well();
    project
        .run(&["import", "gateway.a", &id, "--path", "more"])
        .well();
}

#[test]
fn the_lock_is_taken() {
    let cloud = Cloud::start(&["--create-time", "1h"]);
    let project = project(&cloud, "");
    project.gateways([Gateway::new("a")]);
    let apply = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 1);
    refused(
        &project,
        &["import", "--all"],
        &["is locked by", "gwplan apply"],
    );
    drop(apply);
}
