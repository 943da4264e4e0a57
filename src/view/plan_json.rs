//! The plan in Terraform's plan JSON, format version 1.2.
//!
//! What Terraform has no word for stands under the one key `gwplan`. The time is left out: the same
//! plan gives the same bytes.

mod configuration;
mod own;
mod sides;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value as Json, json};

use crate::model::{Address, has_errors, set_value_at, visible_json};
use crate::plan::{Action, Drift, DriftedField, How, Plan, Reason, Schemas, Step, Successor};
use crate::review::Review;
use crate::state::State;

use super::terraform::{
    PROVIDER, STATE_FORMAT, TERRAFORM_VERSION, resource, resource_type, values,
};
use configuration::configuration;
use own::own;
use sides::{Resources, Sides};

/// Renders a plan on one line; the same plan gives the same bytes.
pub fn render(review: &Review<'_>, state: &State, schemas: Schemas<'_>) -> String {
    let plan = review.plan;
    let state = &plan.moved_state(state);
    let sides = Sides::of(plan, state);
    let drift = plan.drift.iter();
    let drift = drift.map(|drift| resource_drift(drift, state, schemas));
    let errored = has_errors(&plan.diagnostics);
    // What policies deny is a plan without errors that apply does not carry out.
    let applyable = review.verdict.barrier.is_none() && !plan.is_empty();
    // Each section becomes text before the next one is built: of a large plan, the values take far more
    // memory than their text.
    let sections: BTreeMap<&str, Box<RawValue>> = [
        ("format_version", raw("1.2")),
        ("terraform_version", raw(TERRAFORM_VERSION)),
        // There are none of these, but not every tool looks before it reads.
        ("variables", raw(json!({}))),
        ("output_changes", raw(json!({}))),
        ("checks", raw(json!([]))),
        ("planned_values", raw(root_module(&sides.after, schemas))),
        ("resource_drift", raw(drift.collect::<Vec<_>>())),
        (
            "resource_changes",
            raw(resource_changes(plan, &sides, schemas)),
        ),
        ("prior_state", raw(prior_state(&sides, schemas))),
        ("configuration", raw(configuration(plan, state, schemas))),
        ("relevant_attributes", raw(relevant_attributes(plan))),
        ("complete", raw(!plan.partial)),
        ("applyable", raw(applyable)),
        ("errored", raw(errored)),
        ("gwplan", raw(own(review))),
    ]
    .into();
    let json = serde_json::to_string(&sections).unwrap_or_default();
    format!("{}\n", visible_json(&json))
}

/// Writes plain data as JSON, which can't fail; the data itself is gone with that.
fn raw<T: Serialize>(value: T) -> Box<RawValue> {
    let text = to_raw_value(&value);
    drop(value);
    text.unwrap_or_default()
}

fn prior_state(sides: &Sides, schemas: Schemas<'_>) -> Json {
    json!({
        "format_version": STATE_FORMAT,
        "terraform_version": TERRAFORM_VERSION,
        "values": root_module(&sides.before, schemas),
    })
}

/// Counts the actions of a plan as GitLab's merge request widget wants them, on one line.
///
/// A replacement is a create and a delete.
pub fn render_summary(plan: &Plan) -> String {
    let words = plan.steps.iter().flat_map(|step| {
        let given_up: &[&str] = match step.deleted_successor() {
            Some(_) => &["delete"],
            None => &[],
        };
        actions(step).iter().chain(given_up)
    });
    let words: Vec<&str> = words.copied().collect();
    let count = |wanted: &str| words.iter().filter(|word| **word == wanted).count();
    let (create, update, delete) = (count("create"), count("update"), count("delete"));
    format!("{{\"create\":{create},\"update\":{update},\"delete\":{delete}}}\n")
}

fn root_module(resources: &Resources, schemas: Schemas<'_>) -> Json {
    let resources = resources.iter();
    let resources = resources.map(|(address, values)| resource(address, schemas, values));
    json!({ "root_module": { "resources": resources.collect::<Vec<_>>() } })
}

/// Renders what happens to each resource, by address.
fn resource_changes(plan: &Plan, sides: &Sides, schemas: Schemas<'_>) -> Vec<Json> {
    let steps = plan.steps.iter();
    let steps = steps.map(|step| (&step.address, resource_change(step, sides, schemas)));
    let unchanged = plan.unchanged.iter();
    let unchanged =
        unchanged.filter_map(|address| Some((address, unchanged_json(address, sides, schemas)?)));
    let mut changes: BTreeMap<&Address, Json> = steps.chain(unchanged).collect();
    for (to, from) in plan.former_addresses() {
        if let Some(change) = changes.get_mut(to) {
            change["previous_address"] = json!(from.to_string());
        }
    }
    let given_up = plan.steps.iter();
    let given_up = given_up.filter_map(|step| Some((step, step.deleted_successor()?)));
    let given_up = given_up.map(|(step, successor)| deposed(step, successor, schemas));
    changes.into_values().chain(given_up).collect()
}

/// Renders the delete of what a replacement that was cut off has made: Terraform calls a second object of
/// one address deposed, and names it by a key.
fn deposed(step: &Step, successor: &Successor, schemas: Schemas<'_>) -> Json {
    let mut before = values(&successor.before);
    before.insert("gatewayId".to_owned(), json!(successor.identity.id));
    before.insert("region".to_owned(), json!(successor.identity.region));
    let mut object = head(&step.address, schemas);
    object.insert("deposed".to_owned(), json!(successor.identity.id));
    let change = change_json(&["delete"], Some(&before), None, &json!({}));
    object.insert("change".to_owned(), change);
    Json::Object(object)
}

/// Terraform's words for what is done to a resource.
///
/// What is only waited for is told by what becomes of it: a delete under way ends as any other does.
fn actions(step: &Step) -> &'static [&'static str] {
    match step.action {
        Action::Create => &["create"],
        Action::Replace if step.create_before_destroy => &["create", "delete"],
        Action::Replace => &["delete", "create"],
        Action::Delete | Action::AwaitDelete => &["delete"],
        Action::Forget => &["forget"],
        // What is only waited for is not changed; that a successor is deleted is told apart.
        Action::Update | Action::AwaitCreate if step.calls.is_empty() => &["no-op"],
        Action::Update | Action::AwaitCreate | Action::Record => &["update"],
    }
}

fn resource_change(step: &Step, sides: &Sides, schemas: Schemas<'_>) -> Json {
    let unknown = match step.action {
        Action::Create | Action::Replace => {
            json!({ "gatewayId": true, "taskId": true, "status": true })
        }
        _ => json!({}),
    };
    let mut change = change_json(
        actions(step),
        sides.before.get(&step.address),
        sides.after.get(&step.address),
        &unknown,
    );
    if step.action == Action::Replace {
        let changes = step.changes.iter();
        let forcing = changes.filter(|change| change.how == How::Replace);
        change["replace_paths"] = forcing
            .map(|change| json!(change.path.segments()))
            .collect();
    }
    let mut object = head(&step.address, schemas);
    object.insert("change".to_owned(), change);
    if let Some(reason) = action_reason(step) {
        object.insert("action_reason".to_owned(), json!(reason));
    }
    Json::Object(object)
}

fn unchanged_json(address: &Address, sides: &Sides, schemas: Schemas<'_>) -> Option<Json> {
    let values = sides.before.get(address)?;
    let mut object = head(address, schemas);
    let change = change_json(&["no-op"], Some(values), Some(values), &json!({}));
    object.insert("change".to_owned(), change);
    Some(Json::Object(object))
}

/// Renders a change; nothing in it is sensitive, which Terraform writes as `false` of what is not there.
fn change_json(
    actions: &[&str],
    before: Option<&Map<String, Json>>,
    after: Option<&Map<String, Json>>,
    unknown: &Json,
) -> Json {
    let sensitive = |side: Option<&Map<String, Json>>| match side {
        Some(_) => json!({}),
        None => json!(false),
    };
    json!({
        "actions": actions,
        "before": before,
        "after": after,
        "after_unknown": unknown,
        "before_sensitive": sensitive(before),
        "after_sensitive": sensitive(after),
    })
}

/// Renders what others did to a resource, as Terraform's `resource_drift` does.
fn resource_drift(drift: &Drift, state: &State, schemas: Schemas<'_>) -> Json {
    let Drift {
        address,
        id,
        gone,
        fields,
    } = drift;
    let record = state.resources.get(address);
    let applied = record.map(|record| record.applied.clone());
    let applied = applied.unwrap_or_default();
    let mut now = applied.clone();
    for DriftedField {
        path,
        applied: _,
        now: value,
    } in fields
    {
        set_value_at(&mut now, path, value.clone());
    }
    let identified = |attributes| {
        let mut object = values(attributes);
        object.insert("gatewayId".to_owned(), json!(id));
        object
    };
    let (before, after) = (identified(&applied), identified(&now));
    let (action, after) = if *gone {
        ("delete", None)
    } else {
        ("update", Some(&after))
    };
    let mut object = head(address, schemas);
    let change = change_json(&[action], Some(&before), after, &json!({}));
    object.insert("change".to_owned(), change);
    Json::Object(object)
}

/// Names the fields that others changed and that the plan changes because of it.
fn relevant_attributes(plan: &Plan) -> Vec<Json> {
    let fields = plan.steps.iter().flat_map(|step| {
        let drifted = step.changes.iter().filter(|change| change.drifted);
        drifted.map(|change| (&step.address, change.path.segments()))
    });
    let relevant =
        fields.map(|(address, path)| json!({ "resource": address.to_string(), "attribute": path }));
    relevant.collect()
}

fn head(address: &Address, schemas: Schemas<'_>) -> Map<String, Json> {
    let mut object = Map::new();
    object.insert("address".to_owned(), json!(address.to_string()));
    object.insert("mode".to_owned(), json!("managed"));
    object.insert("type".to_owned(), json!(resource_type(address, schemas)));
    object.insert("name".to_owned(), json!(address.name()));
    object.insert("provider_name".to_owned(), json!(PROVIDER));
    object
}

/// Terraform's word for why, where it has one.
fn action_reason(step: &Step) -> Option<&'static str> {
    match (step.action, &step.reason) {
        (Action::Replace, Reason::Failed(_)) => Some("replace_because_tainted"),
        (Action::Replace, Reason::Differs) => Some("replace_because_cannot_update"),
        (Action::Replace, Reason::Requested) => Some("replace_by_request"),
        (Action::Delete, Reason::LeftTheFiles) => Some("delete_because_no_resource_config"),
        _ => None,
    }
}
