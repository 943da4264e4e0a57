//! What others change is told apart from what the files change.

use serde_json::{Value as Json, json};

use crate::support::{Cloud, Gateway, Project};

const PUBLIC: &str = "internetConfig: { internetMaxBandwidthOut: 10, slaType: clb.c2.medium }";

fn drift(project: &Project) -> Vec<Json> {
    let shown = project.run(&["drift", "--format", "json"]).well().json();
    let found = shown["drift"].as_array().unwrap().clone();
    assert_eq!(shown["drifted"], !found.is_empty());
    found
}

#[test]
fn drift_has_its_exit_code_and_changes_nothing() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: as it was")]);
    project.run(&["drift", "--detailed-exitcode"]).well();
    project.apply().well();
    let none = project.run(&["drift", "--detailed-exitcode"]).well();
    assert!(none.stdout.starts_with("No drift."), "{}", none.stdout);
    assert_eq!(drift(&project), Vec::<Json>::new());

    cloud.patch(
        &project.id("a"),
        &json!({ "Description": "as others want it" }),
    );
    // What the files say doesn't matter.
    project.gateways([Gateway::new("a").with("description: another")]);
    let before = (project.state(), cloud.gateways());
    project.run(&["drift"]).well();
    let found = project.run(&["drift", "--detailed-exitcode"]).ended(2);
    assert!(
        found
            .stdout
            .contains(r#"~ description: "as it was" → "as others want it""#),
        "{}",
        found.stdout
    );
    let found = drift(&project);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["address"], "gateway.a");
    assert_eq!(found[0]["gone"], false);
    assert_eq!(
        found[0]["fields"],
        json!([{ "path": "description", "applied": "as it was", "now": "as others want it" }])
    );
    assert_eq!((project.state(), cloud.gateways()), before);
    assert_eq!(cloud.calls("ModifyCloudNativeAPIGateway"), 0);
}

#[test]
fn every_kind_of_drift_is_seen_and_mended_in_place() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    let changes = [
        (
            "described",
            json!({ "Description": "theirs" }),
            "description",
        ),
        ("named", json!({ "Name": "theirs" }), "name"),
        (
            "protected",
            json!({ "DeleteProtect": true }),
            "deleteProtect",
        ),
        (
            "sized",
            json!({ "NodeConfig": { "Number": 5 } }),
            "nodeConfig.number",
        ),
        (
            "tagged",
            json!({ "Tags": [{ "TagKey": "env", "TagValue": "theirs" }] }),
            "tags.env",
        ),
        ("untagged", json!({ "Tags": [] }), "tags.env"),
        (
            "paid",
            json!({ "InternetPayMode": "TRAFFIC" }),
            "internetConfig.internetPayMode",
        ),
        (
            "fast",
            json!({ "InternetConfig": { "SlaType": "clb.c4.large" } }),
            "internetConfig.slaType",
        ),
        (
            "wide",
            json!({ "InternetMaxBandwidthOut": 99 }),
            "internetConfig.internetMaxBandwidthOut",
        ),
        ("cut", json!({ "InternetConfig": null }), "internetConfig"),
    ];
    let more = format!("description: ours\n    tags: {{ env: ours }}\n    {PUBLIC}");
    let gateways = changes
        .iter()
        .map(|(name, ..)| Gateway::new(name).with(&more));
    project.gateways(gateways);
    project.apply().well();
    for (name, change, _) in &changes {
        cloud.patch(&project.id(name), change);
    }
    let found = drift(&project);
    assert_eq!(found.len(), changes.len());
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    for (name, _, path) in &changes {
        let address = format!("gateway.{name}");
        let own = found
            .iter()
            .find(|drift| drift["address"] == address.as_str());
        let paths: Vec<&str> = own.unwrap()["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["path"].as_str().unwrap())
            .collect();
        assert_eq!(paths, [*path], "{name}");
        let mut steps = plan["gwplan"]["steps"].as_array().unwrap().iter();
        let step = steps
            .find(|step| step["address"] == address.as_str())
            .unwrap();
        assert_eq!(step["action"], "update", "{name}");
        assert_eq!(step["changes"][0]["path"], *path, "{name}");
    }
    project.apply().well();
    assert_eq!(drift(&project), Vec::<Json>::new());
    project.run(&["plan", "--detailed-exitcode"]).well();
    let mut names = cloud.names();
    names.sort();
    let mut ours: Vec<&str> = changes.iter().map(|(name, ..)| *name).collect();
    ours.sort_unstable();
    assert_eq!(names, ours);
}

#[test]
fn what_the_cloud_fills_in_and_what_others_add_is_no_drift() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("bandwidth").with("internetMaxBandwidthOut: 10"),
        Gateway::new("network").with("internetConfig: {}"),
        Gateway::new("plain"),
    ]);
    project.apply().well();
    for name in ["bandwidth", "network", "plain"] {
        let theirs = json!({ "Tags": [{ "TagKey": "theirs", "TagValue": "kept" }] });
        cloud.patch(&project.id(name), &theirs);
    }
    assert_eq!(drift(&project), Vec::<Json>::new());
    project.run(&["plan", "--detailed-exitcode"]).well();
    project.run(&["drift", "--detailed-exitcode"]).well();
}

#[test]
fn a_gateway_that_is_gone_is_drift() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    let id = project.id("a");
    cloud.delete(&id);
    let found = drift(&project);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0],
        json!({ "address": "gateway.a", "id": id, "gone": true, "fields": [] })
    );
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    assert_eq!(
        plan["resource_drift"][0]["change"]["actions"],
        json!(["delete"])
    );
    assert_eq!(plan["gwplan"]["steps"][0]["reason"], "gone");
    project.apply().well();
    assert_eq!(drift(&project), Vec::<Json>::new());
}

#[test]
fn what_both_changed_alike_is_no_change_any_more() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: before")]);
    project.apply().well();
    cloud.patch(&project.id("a"), &json!({ "Description": "after" }));
    project.gateways([Gateway::new("a").with("description: after")]);
    let plan = project.run(&["plan", "--detailed-exitcode"]).well();
    assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
    project.apply().well();
    assert_eq!(drift(&project), Vec::<Json>::new());
    assert_eq!(cloud.calls("ModifyCloudNativeAPIGateway"), 0);
}

#[test]
fn ignored_changes_are_listed_and_left_alone() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\n\
         defaults: { lifecycle: { ignoreChanges: [tags.owner] } }\n",
    );
    let more = "description: ours\n    tags: { owner: us, env: prod }\n    \
                lifecycle: { ignoreChanges: [nodeConfig.number, description] }";
    project.gateways([Gateway::new("a").with(more)]);
    project.apply().well();
    cloud.patch(
        &project.id("a"),
        &json!({ "Description": "theirs", "NodeConfig": { "Number": 7 } }),
    );
    let plan = project
        .run(&["plan", "--format", "json", "--detailed-exitcode"])
        .well()
        .json();
    let ignored: Vec<&str> = plan["gwplan"]["ignored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(ignored, ["nodeConfig.number", "description"]);
    project.apply().well();
    assert_eq!(cloud.gateways()[0]["Description"], "theirs");
    assert_eq!(cloud.gateways()[0]["NodeConfig"]["Number"], 7);
    // What is not ignored is changed without touching what is.
    let more = more.replace("env: prod", "env: test");
    project.gateways([Gateway::new("a").with(&more)]);
    project.apply().well();
    assert_eq!(cloud.gateways()[0]["NodeConfig"]["Number"], 7);
    assert_eq!(cloud.calls("UpdateCloudNativeAPIGatewaySpec"), 0);
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn a_public_network_that_others_add_is_seen_and_removed() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.apply().well();
    let before = cloud.calls("DescribeCloudNativeAPIGatewayConfig");
    project.run(&["plan"]).well();
    let asked = cloud.calls("DescribeCloudNativeAPIGatewayConfig") - before;
    assert_eq!(asked, 0, "a private gateway has no details to ask for");
    cloud.patch(
        &project.id("a"),
        &json!({ "InternetConfig": { "InternetMaxBandwidthOut": 100 } }),
    );
    project.run(&["drift", "--detailed-exitcode"]).ended(2);
    let found = drift(&project);
    assert_eq!(found.len(), 1);
    let field = &found[0]["fields"][0];
    assert_eq!(field["path"], "internetConfig");
    assert_eq!(field["applied"], Json::Null);
    assert_eq!(field["now"]["internetMaxBandwidthOut"], 100);
    let plan = project.run(&["plan", "--format", "json"]).well().json();
    let verdict = &plan["gwplan"]["verdict"];
    assert_eq!(verdict["risk"], "loses-address");
    assert_eq!(verdict["addresses_lost"], 1);
    project.apply().well();
    assert_eq!(cloud.gateways()[0]["EnableInternet"], false);
    assert_eq!(drift(&project), Vec::<Json>::new());
    project.run(&["plan", "--detailed-exitcode"]).well();
}

#[test]
fn an_empty_description_is_enforced_at_first_and_after_another() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let write = |text: &str| {
        let more = format!("description: {text}");
        project.gateways([Gateway::new("a").with(&more)]);
    };
    write("''");
    project.apply().well();
    let described = || cloud.gateways()[0]["Description"].clone();
    let meddle = || {
        let theirs = json!({ "Description": "theirs" });
        cloud.patch(&project.id("a"), &theirs);
        assert_eq!(drift(&project)[0]["fields"][0]["applied"], "");
        project.apply().well();
        assert_eq!(described(), "");
        project.run(&["plan", "--detailed-exitcode"]).well();
        assert_eq!(drift(&project), Vec::<Json>::new());
    };
    meddle();
    write("hello");
    project.apply().well();
    assert_eq!(described(), "hello");
    write("''");
    project.apply().well();
    assert_eq!(described(), "");
    meddle();
}

#[test]
fn what_stays_when_it_is_no_longer_set_is_said_once_in_every_face() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    let outer = "internetMaxBandwidthOut: 50\n    internetConfig: {}";
    project.gateways([Gateway::new("a").with(outer)]);
    project.apply().well();
    project.gateways([Gateway::new("a").with("internetConfig: {}")]);
    for face in ["text", "markdown", "json"] {
        let plan = project.run(&["plan", "--format", face]).well();
        let shown = format!("{}{}", plan.stdout, plan.stderr);
        assert!(
            shown.contains("the cloud keeps the value that is there now: 50"),
            "{shown}"
        );
    }
    project.apply().well();
    assert_eq!(cloud.gateways()[0]["InternetMaxBandwidthOut"], 50);
    let plan = project.run(&["plan"]).well();
    assert!(!plan.stderr.contains("keeps the value"), "{}", plan.stderr);
}

#[test]
fn ignored_fields_have_a_section_of_their_own_in_drift_and_no_part_in_its_exit_code() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    let more = "lifecycle: { ignoreChanges: [nodeConfig.number] }";
    project.gateways([Gateway::new("a").with(more)]);
    project.apply().well();
    let theirs = json!({ "NodeConfig": { "Number": 5 } });
    cloud.patch(&project.id("a"), &theirs);
    for _ in 0..2 {
        let text = project.run(&["drift", "--detailed-exitcode"]).well();
        let shown = &text.stdout;
        assert!(shown.starts_with("No drift but in fields"), "{shown}");
        assert!(shown.contains("Left alone by ignoreChanges"), "{shown}");
        assert!(shown.contains("nodeConfig.number: 2 → 5"), "{shown}");
        let json = project.run(&["drift", "--format", "json"]).well().json();
        assert_eq!(
            (&json["drifted"], &json["drift"]),
            (&json!(false), &json!([]))
        );
        assert_eq!(json["ignored"][0]["fields"][0]["path"], "nodeConfig.number");
        let plan = project.run(&["plan", "--format", "json"]).well().json();
        assert_eq!(plan["gwplan"]["ignored"][0]["path"], "nodeConfig.number");
        assert_eq!(plan.get("resource_drift").unwrap(), &json!([]));
        project.apply().well();
    }
    // What is not ignored counts beside it.
    cloud.patch(&project.id("a"), &json!({ "Name": "theirs" }));
    project.run(&["drift", "--detailed-exitcode"]).ended(2);
    assert_eq!(drift(&project)[0]["fields"].as_array().unwrap().len(), 1);
}
