//! What machines read.

use serde_json::{Value as Json, json};

use crate::support::{Cloud, Gateway, Project};

#[test]
fn a_plan_in_json_is_one_line_that_never_varies_and_has_what_tools_read() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["changed", "gone", "kept", "left"].map(Gateway::new));
    project.apply().well();
    cloud.delete(&project.id("gone"));
    project.gateways([
        Gateway::new("changed").with("description: New"),
        Gateway::new("gone"),
        Gateway::new("kept"),
        Gateway::new("replaced"),
    ]);
    let first = project.run(&["plan", "--format", "json"]).well();
    let second = project.run(&["plan", "--format", "json"]).well();
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(first.stdout.matches('\n').count(), 1);
    assert!(first.stdout.ends_with('\n'));
    let plan = first.json();
    assert_eq!(plan["format_version"], "1.2");
    assert!(plan["terraform_version"].is_string());
    let changes = plan["resource_changes"].as_array().unwrap();
    let actions: Vec<_> = changes
        .iter()
        .map(|change| {
            (
                change["address"].as_str().unwrap(),
                &change["change"]["actions"],
            )
        })
        .collect();
    assert_eq!(
        actions,
        [
            ("gateway.changed", &json!(["update"])),
            ("gateway.gone", &json!(["create"])),
            ("gateway.kept", &json!(["no-op"])),
            ("gateway.left", &json!(["delete"])),
            ("gateway.replaced", &json!(["create"])),
        ]
    );
    for entry in changes {
        assert_eq!(entry["mode"], "managed");
        assert_eq!(entry["type"], "tse_gateway");
        assert!(entry["name"].is_string() && entry["provider_name"].is_string());
        for key in [
            "before",
            "after",
            "after_unknown",
            "before_sensitive",
            "after_sensitive",
        ] {
            assert!(entry["change"].get(key).is_some(), "{key} of {entry}");
        }
    }
    let created = &changes[4]["change"];
    assert_eq!(created["before"], Json::Null);
    assert_eq!(
        created["after"]["nodeConfig"],
        json!({ "number": 2, "specification": "1c2g" })
    );
    assert_eq!(created["after_unknown"]["gatewayId"], true);
    let updated = &changes[0]["change"];
    assert_eq!(updated["after"]["description"], "New");
    assert!(updated["before"]["description"].is_null());
    assert_eq!(
        updated["before"]["gatewayId"],
        updated["after"]["gatewayId"]
    );
    assert_eq!(changes[3]["change"]["after"], Json::Null);
    assert_eq!(
        changes[3]["action_reason"],
        "delete_because_no_resource_config"
    );
    let planned = plan["planned_values"]["root_module"]["resources"]
        .as_array()
        .unwrap();
    let planned: Vec<_> = planned
        .iter()
        .map(|one| one["address"].as_str().unwrap())
        .collect();
    assert_eq!(
        planned,
        [
            "gateway.changed",
            "gateway.gone",
            "gateway.kept",
            "gateway.replaced"
        ]
    );
    let prior = plan["prior_state"]["values"]["root_module"]["resources"]
        .as_array()
        .unwrap();
    assert_eq!(prior.len(), 3, "what is gone is not there before the plan");
    assert_eq!(
        (&plan["applyable"], &plan["errored"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(plan["gwplan"]["refreshed"], true);
}

const TYPES: [&str; 8] = [
    "version",
    "planned_change",
    "change_summary",
    "apply_start",
    "apply_progress",
    "apply_complete",
    "apply_errored",
    "diagnostic",
];

#[test]
fn an_apply_in_json_is_messages_that_tools_know() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("bad"),
        Gateway::new("good"),
        Gateway::new("late").after(&["bad"]),
    ]);
    cloud.set_faults(&["CreateCloudNativeAPIGateway=fail-task#1"]);
    let run = project
        .run(&["apply", "--auto-approve", "--format", "json"])
        .ended(1);
    let lines = run.json_lines();
    for line in &lines {
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(line[key].is_string(), "{key} of {line}");
        }
    }
    let mut types: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert!(types.iter().all(|word| TYPES.contains(word)), "{types:?}");
    assert_eq!(types[0], "version");
    assert_eq!(types[types.len() - 1], "change_summary");
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), TYPES.len(), "each type turns up: {types:?}");
    let of =
        |kind: &str| -> Vec<&Json> { lines.iter().filter(|line| line["type"] == kind).collect() };
    assert_eq!(of("planned_change").len(), 3);
    assert_eq!(
        of("planned_change")[0]["change"]["resource"]["addr"],
        "gateway.bad"
    );
    let accepted = of("apply_progress");
    assert!(
        accepted
            .iter()
            .any(|line| line["hook"]["id_key"] == "gatewayId"
                && line["hook"]["id_value"] == project.id("good").as_str())
    );
    assert_eq!(
        of("apply_complete")[0]["hook"]["resource"]["addr"],
        "gateway.good"
    );
    assert_eq!(
        of("apply_errored")[0]["hook"]["resource"]["addr"],
        "gateway.bad"
    );
    let summaries = of("change_summary");
    assert_eq!(summaries[0]["changes"]["operation"], "plan");
    assert_eq!(
        (
            &summaries[0]["changes"]["add"],
            &summaries[1]["changes"]["add"]
        ),
        (&json!(3), &json!(1))
    );
    assert_eq!(summaries[1]["changes"]["operation"], "apply");
}

#[test]
fn a_destroy_in_json_says_so() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    let lines = project
        .run(&["destroy", "--auto-approve", "--format", "json"])
        .well()
        .json_lines();
    let last = lines.last().unwrap();
    assert_eq!(
        last["changes"],
        json!({ "add": 0, "change": 0, "import": 0, "remove": 1, "operation": "destroy" })
    );
}

#[test]
fn warnings_of_a_run_in_json_are_messages_too() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("tags: { tencent-team: edge }")]);
    for command in ["apply", "destroy"] {
        let run = project.run(&[command, "--auto-approve", "--format", "json"]);
        let run = run.well();
        assert_eq!(run.stderr, "", "{command}");
        let lines = run.json_lines();
        assert_eq!(lines[0]["type"], "version", "{command}");
        let warnings: Vec<&Json> = lines
            .iter()
            .filter(|line| line["type"] == "diagnostic")
            .collect();
        assert_eq!(warnings.len(), 1, "{command}: {warnings:?}");
        assert_eq!(warnings[0]["@level"], "warn");
        let told = &warnings[0]["diagnostic"];
        assert_eq!(
            (&told["severity"], &told["rule"]),
            (&json!("warning"), &json!("reserved-tag"))
        );
        assert_eq!(told["range"]["filename"], "gateways.yaml");
    }
}

#[test]
fn json_needs_approval_beforehand() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let refused = project.run(&["apply", "--format", "json"]).ended(1);
    assert!(
        refused.stderr.contains("--auto-approve"),
        "{}",
        refused.stderr
    );
    assert!(cloud.gateways().is_empty());
}

#[test]
fn the_state_in_json_has_what_tools_read() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a"),
        Gateway::new("b").with("tags: { env: prod }"),
    ]);
    project.apply().well();
    let shown = project.run(&["show", "--format", "json"]).well();
    assert_eq!(shown.stdout.matches('\n').count(), 1);
    let state = shown.json();
    assert_eq!(state["format_version"], "1.0");
    let resources = state["values"]["root_module"]["resources"]
        .as_array()
        .unwrap();
    assert_eq!(resources.len(), 2);
    let b = &resources[1];
    assert_eq!(
        (&b["address"], &b["type"], &b["mode"]),
        (
            &json!("gateway.b"),
            &json!("tse_gateway"),
            &json!("managed")
        )
    );
    assert_eq!(b["values"]["gatewayId"], project.id("b").as_str());
    assert_eq!(b["values"]["taskId"], project.record("b")["taskId"]);
    assert_eq!(b["values"]["tags"], json!({ "env": "prod" }));
}

#[test]
fn a_plan_that_was_approved_by_its_digest_is_applied_and_no_other() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    let approved = project.digest();
    assert_eq!(approved, project.digest(), "no state was ever written");
    project.gateways([Gateway::new("a"), Gateway::new("b")]);
    let refused = project
        .run(&["apply", "--expect-digest", &approved])
        .ended(1);
    assert!(refused.stderr.contains("digest"), "{}", refused.stderr);
    assert!(cloud.gateways().is_empty());
    project.gateways([Gateway::new("a")]);
    project.run(&["apply", "--expect-digest", &approved]).well();
    assert_eq!(cloud.names(), ["a"]);
}

#[test]
fn a_saved_plan_is_applied_once() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.run(&["plan", "--out", "first.plan"]).well();
    project.run(&["apply", "first.plan"]).well();
    let again = project.run(&["apply", "first.plan"]).well();
    let word = "All of the approved plan is applied already";
    assert!(again.stderr.contains(word), "{}", again.stderr);
    assert_eq!(cloud.calls("CreateCloudNativeAPIGateway"), 1);
}
