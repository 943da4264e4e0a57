//! What Terraform has no word for: the value of the key `gwplan`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::model::{Counts, Location, told_diagnostics};
use crate::plan::{Fate, How, Move};
use crate::policy::Finding;
use crate::review::{Bill, Entry, Item, Review, Verdict};

use super::super::diagnostics::diagnostic_json;
use super::super::words;
use super::Each;

/// What gwplan alone tells of a plan.
#[derive(Serialize)]
pub(super) struct Own<'a, S> {
    /// The one answer to "is there anything to apply?", for every pipeline.
    changes: bool,
    command: Option<&'a str>,
    diagnostics: Vec<Json>,
    digest: Option<&'a str>,
    environment: Option<&'a str>,
    ignored: Vec<Json>,
    moves: Vec<Json>,
    policy: Vec<Json>,
    refreshed: bool,
    steps: S,
    verdict: Json,
    version: &'static str,
}

/// Renders what gwplan alone tells of a plan.
pub(super) fn own<'a>(review: &'a Review<'a>) -> Own<'a, impl Serialize + 'a> {
    let plan = review.plan;
    let mut steps: Vec<&Item<'_>> = review.items.iter().collect();
    steps.sort_by_key(|item| &item.step.address);
    let moves = plan.moves.iter();
    let moves = moves.map(|Move { from, to }| json!({ "from": from, "to": to }));
    let ignored = plan.ignored.iter();
    let ignored = ignored.map(|(address, path)| json!({ "address": address, "path": path }));
    let diagnostics = told_diagnostics(&plan.diagnostics);
    Own {
        changes: !plan.is_empty(),
        command: review.command,
        diagnostics: diagnostics.iter().map(diagnostic_json).collect(),
        digest: review.digest,
        environment: review.environment(),
        ignored: ignored.collect(),
        moves: moves.collect(),
        policy: review.policy.iter().map(policy_json).collect(),
        refreshed: plan.refreshed,
        steps: Each(move || steps.clone().into_iter().map(own_step)),
        verdict: verdict(review),
        version: env!("CARGO_PKG_VERSION"),
    }
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
        given_up,
        shrunk,
        bills,
        lifted,
        addresses_lost,
        unknown_addresses,
        barrier,
    } = &review.verdict;
    let tally = tally.iter();
    let tally: BTreeMap<&str, usize> = tally.map(|(risk, count)| (risk.word(), *count)).collect();
    let bills = bills.iter();
    let bills: BTreeMap<&str, usize> = bills.map(|(bill, count)| (bill.word(), *count)).collect();
    json!({
        "risk": risk.word(),
        "says": words::verdict(&review.verdict),
        "risks": tally,
        "replaced": replaced,
        "given_up": given_up,
        "shrunk": shrunk,
        "bills": bills,
        "lifted_protections": lifted,
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
            How::InPlace(call) => words::call_name(change, call),
            How::Replace => "replace",
            How::Record => "record",
        };
        json!({ "path": change.path, "how": how, "line": item.line_of(&change.path) })
    });
    let Entry { mark, fields, .. } = Entry::of(step);
    let fields = fields
        .iter()
        .flatten()
        .map(|(path, (before, after))| json!({ "path": path, "before": before, "after": after }));
    let causes = words::causes(item);
    let growth = item.growth.iter().map(|one| {
        json!({ "unit": one.unit, "before": one.before, "after": one.after, "shrinks": one.shrinks() })
    });
    json!({
        "address": step.address,
        "action": step.action.word(),
        "risk": item.risk.word(),
        "bill": item.bill.map(Bill::word),
        "size": growth.collect::<Vec<_>>(),
        "reason": step.reason.word(),
        "because": causes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "block": item.block,
        "mark": mark,
        "changes": changes.collect::<Vec<_>>(),
        "fields": fields.collect::<Vec<_>>(),
        "successor": step.successor.as_ref().map(|one| json!({
            "gatewayId": one.identity.id,
            "kept": one.fate == Fate::Kept,
        })),
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
        // Its message says it.
        is_rest: _,
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
