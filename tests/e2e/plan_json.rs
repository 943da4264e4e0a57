//! What tools that read Terraform's plans index without looking.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::support::{Cloud, Gateway, Project};

/// A key, and what may stand there.
type Key<'a> = (&'a str, fn(&Json) -> bool);

/// The keys that a plan must have, and what may stand there.
const PLAN: &[Key<'static>] = &[
    ("format_version", Json::is_string),
    ("terraform_version", Json::is_string),
    ("variables", Json::is_object),
    ("output_changes", Json::is_object),
    ("checks", Json::is_array),
    ("planned_values", Json::is_object),
    ("resource_drift", Json::is_array),
    ("resource_changes", Json::is_array),
    ("prior_state", Json::is_object),
    ("configuration", Json::is_object),
    ("relevant_attributes", Json::is_array),
    ("complete", Json::is_boolean),
    ("applyable", Json::is_boolean),
    ("errored", Json::is_boolean),
    ("gwplan", Json::is_object),
];

/// What every mention of a resource says of it.
const RESOURCE: &[Key<'static>] = &[
    ("address", Json::is_string),
    ("mode", |mode| mode == "managed"),
    ("type", |kind| kind == "tse_gateway"),
    ("name", Json::is_string),
];

const CHANGED: &[Key<'static>] = &[
    ("provider_name", has_three_parts),
    ("change", Json::is_object),
];

const CHANGE: &[Key<'static>] = &[
    ("actions", Json::is_array),
    ("before", is_side),
    ("after", is_side),
    ("after_unknown", Json::is_object),
    ("before_sensitive", is_marks),
    ("after_sensitive", is_marks),
];

const VALUED: &[Key<'static>] = &[
    ("provider_name", has_three_parts),
    ("schema_version", Json::is_u64),
    ("values", Json::is_object),
    ("sensitive_values", Json::is_object),
];

const CONFIGURED: &[Key<'static>] = &[
    ("provider_config_key", Json::is_string),
    ("schema_version", Json::is_u64),
    ("expressions", Json::is_object),
];

fn is_side(side: &Json) -> bool {
    side.is_object() || side.is_null()
}

fn is_marks(marks: &Json) -> bool {
    marks.is_object() || marks == false
}

fn has_three_parts(name: &Json) -> bool {
    name.as_str()
        .is_some_and(|name| name.split('/').count() == 3)
}

#[track_caller]
fn assert_has(object: &Json, keys: &[Key<'_>]) {
    for (key, fits) in keys {
        let value = object.get(key);
        assert!(value.is_some_and(fits), "{key} of {object}");
    }
}

fn list<'a>(plan: &'a Json, pointer: &str) -> &'a [Json] {
    let list = plan.pointer(pointer).and_then(Json::as_array);
    list.unwrap_or_else(|| panic!("{pointer} is a list"))
}

fn by_address<'a>(plan: &'a Json, pointer: &str) -> BTreeMap<&'a str, &'a Json> {
    let entries = list(plan, pointer).iter();
    entries
        .map(|entry| (entry["address"].as_str().unwrap(), entry))
        .collect()
}

const PLANNED: &str = "/planned_values/root_module/resources";
const PRIOR: &str = "/prior_state/values/root_module/resources";
const WANTED: &str = "/configuration/root_module/resources";

/// Checks everything that holds for every plan.
#[track_caller]
fn assert_sound(plan: &Json) {
    assert_has(plan, PLAN);
    assert_eq!(plan["format_version"], "1.2");
    assert!(plan.get("timestamp").is_none());
    for (pointer, more) in [(PLANNED, VALUED), (PRIOR, VALUED), (WANTED, CONFIGURED)] {
        for entry in list(plan, pointer) {
            assert_has(entry, RESOURCE);
            assert_has(entry, more);
        }
    }
    let (before, after) = (by_address(plan, PRIOR), by_address(plan, PLANNED));
    for entry in list(plan, "/resource_changes") {
        assert_has(entry, RESOURCE);
        assert_has(entry, CHANGED);
        let change = &entry["change"];
        assert_has(change, CHANGE);
        let address = entry["address"].as_str().unwrap();
        let side = |side: &BTreeMap<&str, &Json>| {
            let entry = side.get(address);
            entry.map_or(Json::Null, |entry| entry["values"].clone())
        };
        assert_eq!(change["before"], side(&before), "{address} before");
        assert_eq!(change["after"], side(&after), "{address} after");
        if change["actions"] == json!(["no-op"]) {
            assert_eq!(change["before"], change["after"], "{address}");
        }
    }
    assert_configured(plan);
}

/// Checks that the configuration names the provider and describes what is planned.
#[track_caller]
fn assert_configured(plan: &Json) {
    let provider = &plan["configuration"]["provider_config"]["gwplan"];
    assert_eq!(provider["name"], "gwplan");
    assert!(has_three_parts(&provider["full_name"]));
    for entry in list(plan, WANTED) {
        assert_eq!(entry["provider_config_key"], "gwplan");
        let expressions = entry["expressions"].as_object().unwrap();
        assert!(expressions["name"]["constant_value"].is_string());
        let nodes = &expressions["nodeConfig"]["number"];
        assert!(nodes["constant_value"].is_u64(), "a block holds settings");
    }
    if plan["complete"] == true {
        let planned: BTreeSet<&str> = by_address(plan, PLANNED).into_keys().collect();
        let wanted: BTreeSet<&str> = by_address(plan, WANTED).into_keys().collect();
        assert_eq!(planned, wanted);
    }
}

fn plan(project: &Project, more: &[&str]) -> Json {
    let mut arguments = vec!["plan", "--format", "json"];
    arguments.extend(more);
    project.run(&arguments).well().json()
}

fn actions(plan: &Json) -> BTreeMap<&str, &Json> {
    let changes = by_address(plan, "/resource_changes").into_iter();
    changes
        .map(|(address, entry)| (address, &entry["change"]["actions"]))
        .collect()
}

/// Applies six gateways and writes files that do something else to each of them.
fn mixed(cloud: &Cloud) -> Project {
    let project = Project::on(cloud);
    let names = ["deleted", "given-up", "kept", "old", "replaced", "updated"];
    project.gateways(names.map(Gateway::new));
    project.apply().well();
    project.gateways([
        Gateway::new("created").after(&["kept", "updated"]),
        Gateway::new("kept"),
        Gateway::new("replaced").with("promId: prom-1"),
        Gateway::new("updated").with("description: New"),
    ]);
    project.write(
        "moves.yaml",
        "gateways:\n  renamed:\n    name: old\n    gatewayVersion: 2.5.1\n    \
         nodeConfig: { specification: 1c2g, number: 2 }\n    \
         vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }\n\
         moved: [{ from: gateway.old, to: gateway.renamed }]\n\
         removed: [{ from: gateway.given-up }]\n",
    );
    project
}

#[test]
fn a_plan_of_everything_is_sound() {
    let cloud = Cloud::start(&[]);
    let project = mixed(&cloud);
    let plan = plan(&project, &["--out", "all.plan"]);
    assert_sound(&plan);
    let wanted = [
        ("gateway.created", json!(["create"])),
        ("gateway.deleted", json!(["delete"])),
        ("gateway.given-up", json!(["forget"])),
        ("gateway.kept", json!(["no-op"])),
        ("gateway.renamed", json!(["no-op"])),
        ("gateway.replaced", json!(["delete", "create"])),
        ("gateway.updated", json!(["update"])),
    ];
    let wanted = wanted.iter().map(|(address, words)| (*address, words));
    assert_eq!(actions(&plan), wanted.collect());
    let changes = by_address(&plan, "/resource_changes");
    assert_eq!(
        changes["gateway.renamed"]["previous_address"],
        "gateway.old"
    );
    let replaced = changes["gateway.replaced"];
    assert_eq!(replaced["change"]["replace_paths"], json!([["promId"]]));
    assert_eq!(replaced["action_reason"], "replace_because_cannot_update");
    let created = by_address(&plan, WANTED)["gateway.created"];
    let after = json!(["gateway.kept", "gateway.updated"]);
    assert_eq!(created["depends_on"], after);
    let region = &created["expressions"]["region"];
    assert_eq!(region["constant_value"], "ap-guangzhou");

    let saved = project.run(&["show", "all.plan", "--format", "json"]);
    assert_eq!(saved.well().json(), plan, "a saved plan tells the same");
}

#[test]
fn the_summary_counts_a_replacement_twice() {
    let cloud = Cloud::start(&[]);
    let project = mixed(&cloud);
    let wanted = "{\"create\":2,\"update\":1,\"delete\":2}\n";
    let summary = project.run(&["plan", "--format", "json-summary", "--out", "all.plan"]);
    assert_eq!(summary.well().stdout, wanted);
    let saved = project.run(&["show", "all.plan", "--format", "json-summary"]);
    assert_eq!(saved.well().stdout, wanted);
    let refused = project.run(&["show", "--format", "json-summary"]).ended(1);
    assert!(refused.stderr.contains("PLANFILE"), "{}", refused.stderr);
}

#[test]
fn a_plan_of_nothing_is_sound_and_its_configuration_is_not_empty() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([]);
    let nothing = plan(&project, &[]);
    assert_sound(&nothing);
    assert_eq!(nothing["resource_changes"], json!([]));
    assert_eq!(nothing["applyable"], false);
    project.gateways(["a", "b"].map(Gateway::new));
    let created = plan(&project, &["--offline"]);
    assert_sound(&created);
    assert_eq!(list(&created, WANTED).len(), 2);
    project.apply().well();
    let unchanged = plan(&project, &[]);
    assert_sound(&unchanged);
    assert_eq!(list(&unchanged, WANTED).len(), 2);
    assert_eq!(unchanged["applyable"], false);
}

#[test]
fn a_part_leaves_the_rest_as_it_is() {
    let cloud = Cloud::start(&[]);
    let project = mixed(&cloud);
    let part = plan(&project, &["--target", "gateway.updated"]);
    assert_sound(&part);
    assert_eq!(part["complete"], false);
    let planned = by_address(&part, PLANNED);
    assert!(planned.contains_key("gateway.deleted"), "{planned:?}");
    assert!(!planned.contains_key("gateway.created"), "{planned:?}");
}

#[test]
fn drift_is_told_with_the_attributes_that_it_bears_on() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a").with("description: Mine")]);
    project.apply().well();
    let id = project.id("a");
    cloud.patch(&id, &json!({ "Description": "Theirs" }));
    let plan = plan(&project, &[]);
    assert_sound(&plan);
    let drift = list(&plan, "/resource_drift");
    assert_has(&drift[0], RESOURCE);
    assert_has(&drift[0], CHANGED);
    assert_has(&drift[0]["change"], CHANGE);
    let change = &drift[0]["change"];
    assert_eq!(change["before"]["description"], "Mine");
    assert_eq!(change["after"]["description"], "Theirs");
    assert_eq!(change["after"]["gatewayId"], id.as_str());
    let relevant = json!([{ "resource": "gateway.a", "attribute": ["description"] }]);
    assert_eq!(plan["relevant_attributes"], relevant);
}

#[test]
fn what_is_only_waited_for_is_told_by_what_becomes_of_it() {
    let cloud = Cloud::start(&["--create-time", "1h", "--delete-time", "1h"]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    let mut running = project.start(&["apply", "--auto-approve"]);
    project.wait_for("creating", 2);
    running.close_stdout();
    drop(running);
    let created = plan(&project, &[]);
    assert_sound(&created);
    assert!(
        actions(&created)
            .values()
            .all(|words| **words == json!(["no-op"]))
    );
    project.gateways([Gateway::new("a")]);
    let left = plan(&project, &[]);
    assert_sound(&left);
    assert_eq!(actions(&left)["gateway.b"], &json!(["delete"]));
}
