//! What users see of a gateway's later life, word for word.

use serde_json::json;

use crate::support::{Cloud, Gateway, Project, look_until};
use crate::transcripts::{check, transcript};

#[test]
fn drift_of_each_kind() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    let public = "tags: { env: prod, team: edge }\n    \
                  internetConfig: { internetMaxBandwidthOut: 10, slaType: clb.c2.medium }";
    project.gateways([
        Gateway::new("cut-off").with(public),
        Gateway::new("deleted"),
        Gateway::new("described").with("description: ours"),
        Gateway::new("kept"),
        Gateway::new("network").with(public),
        Gateway::new("tagged").with(public),
        Gateway::new("undescribed").with("description: ours"),
    ]);
    project.apply().well();
    let none = transcript(&project, &["drift"]);
    cloud.delete(&project.id("deleted"));
    let theirs = [
        ("cut-off", json!({ "InternetConfig": null })),
        ("described", json!({ "Description": "theirs" })),
        (
            "network",
            json!({ "InternetConfig": { "SlaType": "clb.c4.large", "InternetPayMode": "TRAFFIC" } }),
        ),
        (
            "tagged",
            json!({ "Tags": [{ "TagKey": "env", "TagValue": "test" }, { "TagKey": "theirs", "TagValue": "1" }] }),
        ),
        ("undescribed", json!({ "Description": "" })),
    ];
    for (name, change) in theirs {
        cloud.patch(&project.id(name), &change);
    }
    check(
        "drift",
        &[
            none,
            transcript(&project, &["drift", "--detailed-exitcode"]),
            transcript(&project, &["drift", "--format", "json"]),
            transcript(&project, &["plan"]),
        ],
    );
}

#[test]
fn drift_and_change_of_one_gateway() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: ours")]);
    project.apply().well();
    cloud.patch(
        &project.id("a"),
        &json!({ "NodeConfig": { "Number": 7 }, "Description": "theirs" }),
    );
    project.gateways([Gateway::new("a").with("description: ours\n    tags: { env: prod }")]);
    check(
        "drift_and_change",
        &[
            transcript(&project, &["plan"]),
            transcript(&project, &["apply", "--auto-approve"]),
            transcript(&project, &["drift"]),
        ],
    );
}

#[test]
fn what_a_replacement_costs() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    let public = "internetConfig: { internetMaxBandwidthOut: 10 }";
    let gateways = |changes: [&str; 3]| {
        let more = changes.map(|change| format!("{change}\n    {public}"));
        project.gateways([
            Gateway::new("edge").with(&more[0]),
            Gateway::new("first").with(&more[1]),
            Gateway::new("logs").with(&more[2]),
            Gateway::new("upon").after(&["edge"]),
        ]);
    };
    let first = "lifecycle: { createBeforeDestroy: true }";
    gateways(["deleteProtect: true", first, "enableCls: true"]);
    project.apply().well();
    cloud.patch(&project.id("first"), &json!({ "DeleteProtect": true }));
    let changed = format!("ingressClassName: other\n    {first}");
    gateways([
        "deleteProtect: true\n    ingressClassName: other",
        &changed,
        "enableCls: false",
    ]);
    let refused = transcript(&project, &["plan"]);
    gateways([
        "deleteProtect: false\n    ingressClassName: other",
        &changed,
        "enableCls: false",
    ]);
    check(
        "replacement",
        &[
            refused,
            transcript(&project, &["apply", "--auto-approve", "--under-way", "1"]),
        ],
    );
}

#[test]
fn a_network_that_goes() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("internetConfig: { internetMaxBandwidthOut: 10 }")]);
    project.apply().well();
    project.gateways([Gateway::new("a")]);
    check("network_removed", &[transcript(&project, &["plan"])]);
}

#[test]
fn a_replacement_that_is_asked_for() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a"),
        Gateway::new("safe").with("lifecycle: { preventDestroy: true }"),
    ]);
    project.apply().well();
    check(
        "replace_by_request",
        &[
            transcript(&project, &["plan", "--replace", "gateway.a"]),
            transcript(&project, &["plan", "--replace", "gateway.safe"]),
            transcript(&project, &["plan", "--replace", "gateway.b"]),
            transcript(&project, &["plan", "--replace", "a"]),
        ],
    );
}

#[test]
fn a_replacement_that_was_cut_off() {
    let cloud = Cloud::start(&["--create-time", "3s"]);
    let project = Project::on(&cloud);
    let first = "lifecycle: { createBeforeDestroy: true }";
    project.gateways([Gateway::new("a").with(first)]);
    project.apply().well();
    let changed = format!("ingressClassName: other\n    {first}");
    project.gateways([Gateway::new("a").with(&changed)]);
    let run = project.start(&["apply", "--auto-approve"]);
    look_until("a successor in the state", || {
        project.record("a")["successor"].is_object()
    });
    run.signal("KILL");
    drop(run);
    let shown = transcript(&project, &["state", "show", "gateway.a"]);
    look_until("two gateways that run", || {
        cloud
            .gateways()
            .iter()
            .all(|gateway| gateway["Status"] == "Running")
    });
    check(
        "replacement_cut_off",
        &[
            shown,
            transcript(&project, &["plan"]),
            transcript(&project, &["plan", "--destroy"]),
        ],
    );
}

#[test]
fn delete_protection() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("deleteProtect: true")]);
    let made = transcript(&project, &["apply", "--auto-approve"]);
    let destroyed = transcript(&project, &["plan", "--destroy"]);
    project.gateways([]);
    let left_out = transcript(&project, &["plan"]);
    project.gateways([Gateway::new("a").with("deleteProtect: false")]);
    check(
        "delete_protection",
        &[
            made,
            destroyed,
            left_out,
            transcript(&project, &["destroy", "--auto-approve"]),
        ],
    );
}

#[test]
fn a_part_of_the_whole() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("alone"),
        Gateway::new("base"),
        Gateway::new("top").after(&["base"]),
    ]);
    project.apply().well();
    check(
        "selection",
        &[
            transcript(&project, &["plan", "--target", "gateway.top"]),
            transcript(&project, &["plan", "--destroy", "--target", "gateway.base"]),
            transcript(&project, &["plan", "--destroy", "--exclude", "gateway.top"]),
            transcript(&project, &["plan", "--target", "gateway.nobody"]),
            transcript(&project, &["plan", "--exclude", "nobody"]),
            transcript(&project, &["plan", "--destroy", "--replace", "gateway.top"]),
        ],
    );
}

#[test]
fn addresses_that_move() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("kept"), Gateway::new("old")]);
    project.apply().well();
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    project.write("gateways.yaml", &yaml.replace("  old:\n", "  new:\n"));
    check(
        "moves",
        &[
            transcript(&project, &["plan"]),
            transcript(&project, &["state", "mv", "gateway.old", "gateway.kept"]),
            transcript(&project, &["state", "mv", "gateway.odl", "gateway.new"]),
            transcript(&project, &["state", "mv", "gateway.old", "network.old"]),
            transcript(&project, &["state", "mv", "gateway.old", "gateway.new"]),
            transcript(&project, &["plan"]),
            transcript(&project, &["state", "rm", "gateway.new"]),
            transcript(&project, &["state", "rm", "gateway.new"]),
            transcript(&project, &["plan", "--target", "gateway.new"]),
        ],
    );
}

#[test]
fn saved_plans() {
    let cloud = Cloud::start(&[]);
    let other = Cloud::start(&[]);
    let mut project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    let mut texts = vec![
        transcript(&project, &["plan", "--out", "plan.json"]),
        transcript(&project, &["show", "plan.json"]),
        transcript(&project, &["apply", "plan.json", "--target", "gateway.a"]),
        transcript(
            &project,
            &["apply", "plan.json", "--expect-digest", "abcdef"],
        ),
        transcript(
            &project,
            &["apply", "plan.json", "--expect-digest", &"0".repeat(64)],
        ),
        transcript(&project, &["plan", "--offline", "--out", "other.json"]),
        transcript(&project, &["show", "gateways.yaml"]),
        transcript(&project, &["apply", "nowhere.json"]),
    ];
    let text = std::fs::read_to_string(project.path("plan.json")).unwrap();
    project.write("altered.json", &text.replace("1c2g", "8c16g"));
    project.write("broken.json", "{}\n");
    texts.push(transcript(&project, &["apply", "altered.json"]));
    texts.push(transcript(&project, &["apply", "broken.json"]));
    project.connect(&other);
    texts.push(format!(
        "# another cloud\n{}",
        transcript(&project, &["apply", "plan.json"])
    ));
    project.connect(&cloud);
    project.write("gwplan.yaml", "provider: { region: ap-beijing }\n");
    texts.push(format!(
        "# another region\n{}",
        transcript(&project, &["apply", "plan.json"])
    ));
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    project.gateways([
        Gateway::new("a").with("description: edited"),
        Gateway::new("c"),
    ]);
    texts.push(format!(
        "# edited files\n{}",
        transcript(&project, &["apply", "plan.json"])
    ));
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    texts.push(transcript(
        &project,
        &["apply", "plan.json", "--under-way", "1"],
    ));
    texts.push(transcript(&project, &["apply", "plan.json"]));
    check("saved_plans", &texts);
}

#[test]
fn a_cloud_that_moved_under_the_plan() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    project.apply().well();
    project.gateways([
        Gateway::new("a").with("description: new"),
        Gateway::new("b").with("description: new"),
    ]);
    project.run(&["plan", "--out", "plan.json"]).well();
    cloud.patch(
        &project.id("a"),
        &json!({ "NodeConfig": { "Number": 5 }, "Description": "theirs" }),
    );
    cloud.delete(&project.id("b"));
    check(
        "moved_under_the_plan",
        &[
            transcript(&project, &["apply", "plan.json", "--under-way", "1"]),
            transcript(&project, &["plan"]),
        ],
    );
}

#[test]
fn an_update_that_fails_on_the_way() {
    let cloud = Cloud::start(&["--update-time", "0s"]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    project.gateways([Gateway::new("a").with("description: new\n    tags: { env: prod }")]);
    cloud.set_faults(&["TagResources=code:InvalidParameterValue"]);
    let failed = transcript(&project, &["apply", "--auto-approve"]);
    cloud.set_faults(&[]);
    check("update_failed", &[failed, transcript(&project, &["plan"])]);
}

#[test]
fn what_others_are_deleting() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    cloud.patch(&project.id("a"), &json!({ "Status": "Deleting" }));
    check("being_deleted", &[transcript(&project, &["plan"])]);
}

#[test]
fn entries_that_move_and_give_up() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["given-up", "kept", "old"].map(Gateway::new));
    project.apply().well();
    let yaml = std::fs::read_to_string(project.path("gateways.yaml")).unwrap();
    let moved = yaml.replace("  old:\n", "  new:\n");
    let entries = |text: &str| project.write("entries.yaml", text);
    project.write("gateways.yaml", &moved);
    entries("removed: [{ from: gateway.given-up }]\n");
    let still_described = transcript(&project, &["plan", "-q"]);
    entries("moved: [{ from: gateway.old, to: gateway.kept }]\n");
    let taken = transcript(&project, &["plan", "-q"]);
    let blocks: Vec<&str> = moved.split("  given-up:\n").collect();
    let rest = blocks[1].split_at(blocks[1].find("  kept:").unwrap()).1;
    project.write("gateways.yaml", &format!("{}{rest}", blocks[0]));
    entries(
        "moved:\n  - { from: gateway.old, to: gateway.new }\n  \
         - { from: gateway.nobody, to: gateway.nowhere }\n\
         removed:\n  - { from: gateway.given-up }\n  - { from: gateway.stranger }\n",
    );
    check(
        "entries",
        &[
            still_described,
            taken,
            transcript(&project, &["plan"]),
            transcript(&project, &["apply", "--auto-approve"]),
            transcript(&project, &["plan"]),
        ],
    );
}
