//! The plan in Terraform's plan JSON, format version 1.2.
//!
//! What Terraform has no word for stands under the one key `gwplan`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use crate::model::{Address, Attributes, Location, has_errors, is_invisible, set_value_at};
use crate::plan::{Action, Counts, Drift, DriftedField, How, Move, Plan, Reason, Schemas, Step};
use crate::policy::Finding;
use crate::review::{Entry, Item, Review, Verdict};
use crate::state::State;

use super::diagnostics::diagnostic_json;
use super::terraform::{
    PROVIDER, STATE_FORMAT, TERRAFORM_VERSION, record_values, resource, resource_type, values,
};
use super::words;

/// Renders a plan on one line; the same plan gives the same bytes.
pub fn render(review: &Review<'_>, state: &State, schemas: Schemas<'_>) -> String {
    let plan = review.plan;
    let state = &plan.moved_state(state);
    let mut changes: Vec<Json> = plan
        .steps
        .iter()
        .map(|step| resource_change(step, schemas))
        .collect();
    changes.extend(
        plan.unchanged
            .iter()
            .filter_map(|address| unchanged(address, state, schemas)),
    );
    let previous: BTreeMap<String, String> = plan
        .moves
        .iter()
        .map(|Move { from, to }| (to.to_string(), from.to_string()))
        .collect();
    for change in &mut changes {
        if let Some(from) = change["address"].as_str().and_then(|to| previous.get(to)) {
            change["previous_address"] = json!(from);
        }
    }
    changes.sort_by_cached_key(|change| change["address"].as_str().map(str::to_owned));
    let errored = has_errors(&plan.diagnostics);
    let json = json!({
        "format_version": "1.2",
        "terraform_version": TERRAFORM_VERSION,
        "planned_values": { "root_module": { "resources": planned_values(plan, state, schemas) } },
        "resource_changes": changes,
        "prior_state": prior_state(state, schemas),
        "configuration": { "root_module": {} },
        "resource_drift": plan.drift.iter().map(|drift| resource_drift(drift, state, schemas)).collect::<Vec<_>>(),
        "complete": !plan.partial,
        "applyable": !errored && !plan.is_empty(),
        "errored": errored,
        "gwplan": own(review),
    });
    format!("{}\n", written_out(&json.to_string()))
}

/// Escapes what can't be seen, so that JSON in a log does no more than JSON in a file.
///
/// Such characters stand in strings alone, where an escape means the same.
fn written_out(json: &str) -> Cow<'_, str> {
    if !json.contains(is_invisible) {
        return Cow::Borrowed(json);
    }
    let mut units = [0; 2];
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_invisible(c) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn resource_change(step: &Step, schemas: Schemas<'_>) -> Json {
    let actions: &[&str] = match step.action {
        Action::Create => &["create"],
        Action::Update => &["update"],
        Action::Replace if step.create_before_destroy => &["create", "delete"],
        Action::Replace => &["delete", "create"],
        Action::Delete => &["delete"],
        Action::Forget => &["forget"],
        Action::AwaitCreate | Action::AwaitDelete => &["no-op"],
    };
    let made = matches!(step.action, Action::Create | Action::Replace);
    let before = if step.existing.is_some() {
        present(step, &step.before)
    } else {
        Json::Null
    };
    let after = match step.action {
        Action::Delete | Action::Forget | Action::AwaitDelete => Json::Null,
        Action::AwaitCreate => before.clone(),
        Action::Update => present(step, &step.after),
        Action::Create | Action::Replace => {
            let mut object = values(&step.after);
            object.insert("region".to_owned(), json!(step.region));
            Json::Object(object)
        }
    };
    let unknown = if made {
        json!({ "gatewayId": true, "taskId": true, "status": true })
    } else {
        json!({})
    };
    let mut change = json!({
        "actions": actions,
        "before": before,
        "after": after,
        "after_unknown": unknown,
        "before_sensitive": {},
        "after_sensitive": {},
    });
    if step.action == Action::Replace {
        let forcing = step
            .changes
            .iter()
            .filter(|change| change.how == How::Replace);
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

/// Renders what others did to a resource, as Terraform's `resource_drift` does.
fn resource_drift(drift: &Drift, state: &State, schemas: Schemas<'_>) -> Json {
    let Drift {
        address,
        id: _,
        gone,
        fields,
    } = drift;
    let before = state
        .resources
        .get(address)
        .map(|record| record.applied.clone())
        .unwrap_or_default();
    let mut after = before.clone();
    for DriftedField {
        path,
        applied: _,
        now,
    } in fields
    {
        set_value_at(&mut after, path, now.clone());
    }
    let mut object = head(address, schemas);
    object.insert(
        "change".to_owned(),
        json!({
            "actions": [if *gone { "delete" } else { "update" }],
            "before": values(&before),
            "after": if *gone { Json::Null } else { Json::Object(values(&after)) },
            "after_unknown": {},
            "before_sensitive": {},
            "after_sensitive": {},
        }),
    );
    Json::Object(object)
}

/// Returns the attributes of a resource that exists, with its identity.
fn present(step: &Step, attributes: &Attributes) -> Json {
    let mut object = values(attributes);
    if let Some(identity) = &step.existing {
        object.insert("gatewayId".to_owned(), json!(identity.id));
        object.insert("region".to_owned(), json!(identity.region));
    }
    Json::Object(object)
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

fn unchanged(address: &Address, state: &State, schemas: Schemas<'_>) -> Option<Json> {
    let object = record_values(state.resources.get(address)?);
    let mut entry = head(address, schemas);
    entry.insert(
        "change".to_owned(),
        json!({
            "actions": ["no-op"],
            "before": object,
            "after": object,
            "after_unknown": {},
            "before_sensitive": {},
            "after_sensitive": {},
        }),
    );
    Some(Json::Object(entry))
}

fn planned_values(plan: &Plan, state: &State, schemas: Schemas<'_>) -> Vec<Json> {
    let kept = plan
        .unchanged
        .iter()
        .filter_map(|address| Some((address, record_values(state.resources.get(address)?))));
    let made = plan
        .steps
        .iter()
        .filter(|step| !step.after.is_empty())
        .map(|step| {
            let mut object = values(&step.after);
            object.insert("region".to_owned(), json!(step.region));
            (&step.address, object)
        });
    let mut planned: Vec<_> = kept.chain(made).collect();
    planned.sort_by_key(|(a, _)| *a);
    planned
        .into_iter()
        .map(|(address, object)| resource(address, schemas, &object))
        .collect()
}

fn prior_state(state: &State, schemas: Schemas<'_>) -> Json {
    let resources = state
        .resources
        .iter()
        .map(|(address, record)| resource(address, schemas, &record_values(record)));
    json!({
        "format_version": STATE_FORMAT,
        "terraform_version": TERRAFORM_VERSION,
        "values": { "root_module": { "resources": resources.collect::<Vec<_>>() } },
    })
}

fn own(review: &Review<'_>) -> Json {
    let plan = review.plan;
    let mut steps: Vec<&Item<'_>> = review.items.iter().collect();
    steps.sort_by_key(|item| &item.step.address);
    let moves = plan
        .moves
        .iter()
        .map(|Move { from, to }| json!({ "from": from, "to": to }));
    let ignored = plan
        .ignored
        .iter()
        .map(|(address, path)| json!({ "address": address, "path": path }));
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "environment": review.environment,
        "refreshed": plan.refreshed,
        "verdict": verdict(review),
        "steps": steps.into_iter().map(own_step).collect::<Vec<_>>(),
        "moves": moves.collect::<Vec<_>>(),
        "digest": review.digest,
        "command": review.command,
        "ignored": ignored.collect::<Vec<_>>(),
        "policy": review.policy.iter().map(policy_json).collect::<Vec<_>>(),
        "diagnostics": plan.diagnostics.iter().map(diagnostic_json).collect::<Vec<_>>(),
    })
}

fn verdict(review: &Review<'_>) -> Json {
    let Verdict {
        counts:
            Counts {
                add,
                change,
                destroy,
                resume,
                forget,
                moved,
            },
        risk,
        tally,
        replaced,
        addresses_lost,
        unknown_addresses,
        barrier,
    } = &review.verdict;
    let tally = tally.iter();
    let tally: BTreeMap<&str, usize> = tally.map(|(risk, count)| (risk.word(), *count)).collect();
    json!({
        "risk": risk.word(),
        "says": words::verdict(&review.verdict),
        "risks": tally,
        "replaced": replaced,
        "addresses_lost": addresses_lost,
        "unknown_addresses": unknown_addresses,
        "blocked": barrier.map(words::barrier),
        "add": add,
        "change": change,
        "destroy": destroy,
        "wait": resume,
        "forget": forget,
        "move": moved,
    })
}

fn own_step(item: &Item<'_>) -> Json {
    let step = item.step;
    let changes = step.changes.iter().map(|change| {
        let how = match &change.how {
            How::InPlace(call) => call.as_str(),
            How::Replace => "replace",
        };
        json!({ "path": change.path, "how": how, "line": item.line_of(&change.path) })
    });
    let Entry { mark, fields, .. } = Entry::of(step);
    let fields = fields
        .iter()
        .flatten()
        .map(|(path, (before, after))| json!({ "path": path, "before": before, "after": after }));
    let causes = words::causes(item);
    json!({
        "address": step.address,
        "action": step.action.word(),
        "risk": item.risk.word(),
        "reason": step.reason.word(),
        "because": causes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "block": item.block,
        "mark": mark,
        "changes": changes.collect::<Vec<_>>(),
        "fields": fields.collect::<Vec<_>>(),
        "calls": step.calls.iter().map(|call| &call.action).collect::<Vec<_>>(),
        "losses": step.losses.iter().map(|loss| words::plain(&words::loss(loss))).collect::<Vec<_>>(),
    })
}

fn policy_json(finding: &Finding) -> Json {
    let Finding {
        level,
        rule,
        message,
        address,
        location,
    } = finding;
    let line = location.as_ref().map(Location::line);
    json!({
        "level": level.word(),
        "rule": rule,
        "message": message,
        "address": address,
        "line": line,
    })
}
