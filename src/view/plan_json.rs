//! The plan in Terraform's plan JSON, format version 1.2.
//!
//! What Terraform has no word for stands under the one key `gwplan`. The time is left out: the same
//! plan gives the same bytes.

mod configuration;
mod own;
mod sides;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
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
use sides::Sides;

/// Renders a plan on one line; the same plan gives the same bytes.
pub fn render(review: &Review<'_>, state: &State, schemas: Schemas<'_>) -> String {
    let plan = review.plan;
    let state = &plan.moved_state(state);
    let sides = Sides::of(plan, state);
    let before = || {
        sides
            .addresses()
            .filter_map(|one| Some((one, sides.before(one)?)))
    };
    let after = || {
        sides
            .addresses()
            .filter_map(|one| Some((one, sides.after(one)?)))
    };
    let shown = |(address, values): (&Address, _)| resource(address, schemas, &values);
    let drift = || plan.drift.iter();
    let json = PlanJson {
        // What policies deny is a plan without errors that apply does not carry out.
        applyable: review.verdict.barrier.is_none() && !plan.is_empty(),
        checks: [],
        complete: !plan.partial,
        configuration: configuration(plan, state, schemas),
        errored: has_errors(&plan.diagnostics),
        format_version: "1.2",
        gwplan: own(review),
        output_changes: Nothing {},
        planned_values: RootModule::of(Each(|| after().map(shown))),
        prior_state: PriorState {
            format_version: STATE_FORMAT,
            terraform_version: TERRAFORM_VERSION,
            values: RootModule::of(Each(|| before().map(shown))),
        },
        relevant_attributes: relevant_attributes(plan),
        resource_changes: Each(|| resource_changes(plan, &sides, schemas)),
        resource_drift: Each(|| drift().map(|one| resource_drift(one, state, schemas))),
        terraform_version: TERRAFORM_VERSION,
        variables: Nothing {},
    };
    // Writing plain data to memory can't fail.
    let mut json = serde_json::to_string(&json).unwrap_or_default();
    json.push('\n');
    match visible_json(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(visible) => visible,
    }
}

/// The sections in their order; lists of resources are made one item at a time, while they are written: of a
/// large plan, the values take far more memory than their text.
#[derive(Serialize)]
struct PlanJson<'a, A, B, C, D, E, F> {
    applyable: bool,
    // There are none of these, but not every tool looks before it reads.
    checks: [(); 0],
    complete: bool,
    configuration: E,
    errored: bool,
    format_version: &'a str,
    gwplan: F,
    output_changes: Nothing,
    planned_values: RootModule<A>,
    prior_state: PriorState<B>,
    relevant_attributes: Vec<Json>,
    resource_changes: C,
    resource_drift: D,
    terraform_version: &'a str,
    variables: Nothing,
}

/// An object without any key.
#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct PriorState<B> {
    format_version: &'static str,
    terraform_version: &'static str,
    values: RootModule<B>,
}

/// The resources, in the place where Terraform has them.
#[derive(Serialize)]
struct RootModule<R> {
    root_module: Module<R>,
}

#[derive(Serialize)]
struct Module<R> {
    resources: R,
}

impl<R> RootModule<R> {
    fn of(resources: R) -> Self {
        let root_module = Module { resources };
        Self { root_module }
    }
}

/// A list whose items are made while it is written, and dropped then.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
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

/// Renders what happens to each resource, by address.
fn resource_changes<'a>(
    plan: &'a Plan,
    sides: &'a Sides<'a>,
    schemas: Schemas<'a>,
) -> impl Iterator<Item = Json> + 'a {
    let steps = plan.steps.iter().map(|step| (&step.address, Some(step)));
    let unchanged = plan.unchanged.iter().map(|address| (address, None));
    let all: BTreeMap<&Address, Option<&Step>> = steps.chain(unchanged).collect();
    let former = plan.former_addresses();
    let changes = all.into_iter().filter_map(move |(address, step)| {
        let mut change = match step {
            Some(step) => resource_change(step, sides, schemas),
            None => unchanged_json(address, sides, schemas)?,
        };
        if let Some(from) = former.get(address) {
            change["previous_address"] = json!(from.to_string());
        }
        Some(change)
    });
    let given_up = plan.steps.iter();
    let given_up = given_up.filter_map(|step| Some((step, step.deleted_successor()?)));
    let given_up = given_up.map(move |(step, successor)| deposed(step, successor, schemas));
    changes.chain(given_up)
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
        sides.before(&step.address).as_ref(),
        sides.after(&step.address).as_ref(),
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
    let values = &sides.before(address)?;
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
