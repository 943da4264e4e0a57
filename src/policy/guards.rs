//! The guards of gwplan.yaml: bounds that a plan must keep, without a language for them.
//!
//! What a plan leaves as it is, is not judged, and neither is a value that a resource has already:
//! a guard that is new to a project holds up nothing that was there before.

use std::collections::BTreeSet;

use crate::model::{Address, Attributes, Diagnostic, FieldPath, Location, Value, value_at};
use crate::plan::{Action, Move, Plan, Reason, Schemas, Step};
use crate::schema::Guarded;
use crate::state::State;

use super::glob::matches;
use super::{Finding, Level, sort};

/// Holds what policies are about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What is recorded before it is carried out.
    pub state: &'a State,
    /// The tables of fields.
    pub schemas: Schemas<'a>,
}

/// Finds where a setting under `policy` stands.
pub type Locate<'a> = &'a dyn Fn(&FieldPath) -> Option<Location>;

/// What is against a guard: the resource, if it is about one, and why.
type Offence = (Option<Address>, String);

/// Finds what is against a guard with these settings.
type Check = fn(&Attributes, &Subject<'_>) -> Vec<Offence>;

/// The guards by their key, with the id of their rule.
const GUARDS: &[(&str, &str, Check)] = &[
    ("maxDestroys", "max-destroys", max_destroys),
    ("protected", "protected", protected),
    ("keepProtection", "keep-protection", keep_protection),
    ("requiredTags", "required-tags", required_tags),
    ("allowedRegions", "allowed-regions", allowed_regions),
    (
        "allowedSpecifications",
        "allowed-specifications",
        allowed_specifications,
    ),
    ("allowedVersions", "allowed-versions", allowed_versions),
    ("maxBandwidth", "max-bandwidth", max_bandwidth),
];

/// Holds a plan to the settings under `policy`, which have been checked.
pub fn evaluate(settings: &Attributes, locate: Locate<'_>, subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, rule, check) in GUARDS {
        let Some(guard) = settings.get(*key).and_then(Value::as_map) else {
            continue;
        };
        let level = match guard.get("level").and_then(Value::as_text) {
            Some("warn") => Level::Warn,
            _ => Level::Deny,
        };
        let location = locate(&FieldPath::from_iter([*key]));
        let offences = check(guard, subject).into_iter();
        findings.extend(offences.map(|(address, message)| Finding {
            level,
            rule: (*rule).to_owned(),
            message,
            address,
            location: location.clone(),
            is_rest: false,
        }));
    }
    sort(&mut findings);
    findings
}

/// Warns of patterns that protect nothing, and of moves out of their reach: a slip of the pen looks like
/// protection.
pub fn idle(settings: &Attributes, locate: Locate<'_>, subject: &Subject<'_>) -> Vec<Diagnostic> {
    let Some(guard) = settings.get("protected").and_then(Value::as_map) else {
        return Vec::new();
    };
    let Subject { plan, state, .. } = subject;
    let planned = plan.steps.iter().map(|step| &step.address);
    let known: Vec<String> = planned
        .chain(&plan.unchanged)
        .chain(state.resources.keys())
        .map(Address::to_string)
        .collect();
    let patterns = texts(guard, "addresses").enumerate();
    let idle = patterns.filter(|(_, pattern)| !known.iter().any(|name| matches(pattern, name)));
    let idle = idle.filter_map(|(at, pattern)| {
        let path = FieldPath::from_iter(["protected", "addresses", &at.to_string()]);
        let summary = format!("`policy.protected` names {pattern}, and no resource fits that");
        let warning = Diagnostic::warning("idle-policy", summary)
            .help("check it against `gwplan state list`; `*` stands for any characters");
        Some(warning.at(Some(locate(&path)?)))
    });
    idle.chain(moved_out(guard, locate, plan)).collect()
}

/// Warns of what no pattern fits any more once it has its new address: the next plan knows that one alone.
fn moved_out<'a>(
    guard: &'a Attributes,
    locate: Locate<'a>,
    plan: &'a Plan,
) -> impl Iterator<Item = Diagnostic> + 'a {
    plan.moves.iter().filter_map(move |Move { from, to }| {
        let pattern = protecting(guard, from)?;
        if protecting(guard, to).is_some() {
            return None;
        }
        let summary = format!("{pattern} protects {from}, but not {to}, which it becomes");
        let warning = Diagnostic::warning("idle-policy", summary)
            .help("later plans know the new address alone: add it to `policy.protected.addresses`")
            .about(to);
        let path = FieldPath::from_iter(["protected", "addresses"]);
        Some(warning.at(locate(&path)))
    })
}

fn texts<'a>(settings: &'a Attributes, key: &str) -> impl Iterator<Item = &'a str> {
    let items = match settings.get(key) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(Value::as_text)
}

/// Lists a few names, and says how many more there are.
fn few<'a>(names: impl Iterator<Item = &'a Address>) -> String {
    const SHOWN: usize = 5;
    let names: Vec<String> = names.map(Address::to_string).collect();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

/// Counts what a plan destroys, but for what a run before has begun: that can't be taken back, and was let
/// through then. A successor that is given up was not.
fn destroyed(plan: &Plan) -> (usize, Vec<&Address>) {
    let begun: Vec<&Address> = destroying(plan).map(|step| &step.address).collect();
    let steps = plan.steps.iter();
    let given_up = steps.filter(|step| step.deleted_successor().is_some());
    let given_up: Vec<&Address> = given_up.map(|step| &step.address).collect();
    let count = begun.len() + given_up.len();
    let names: BTreeSet<&Address> = begun.into_iter().chain(given_up).collect();
    (count, names.into_iter().collect())
}

/// Returns the steps that destroy the resource of their address, but for those that a run before has begun.
fn destroying(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(|step| {
        matches!(step.action, Action::Delete | Action::Replace) && step.reason != Reason::Unfinished
    })
}

/// Returns the steps that give up what may be alive.
fn giving_up(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(|step| {
        // A plan that asked the cloud has seen what is there.
        let is_gone = plan.refreshed && step.seen.is_none();
        step.action == Action::Forget && step.reason == Reason::Removed && !is_gone
    })
}

fn max_destroys(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    let limit = settings.get("limit").and_then(Value::as_int).unwrap_or(0);
    let (count, names) = destroyed(subject.plan);
    if i64::try_from(count).is_ok_and(|count| count <= limit) {
        return Vec::new();
    }
    let names = few(names.into_iter());
    let message = format!(
        "the plan destroys {count} (replacements count), more than the limit of {limit}: {names}"
    );
    vec![(None, message)]
}

fn protected(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    // What is given up lives on, and counts only where the guard says so.
    let from = |word| {
        let mut actions = texts(settings, "actions").peekable();
        match actions.peek() {
            None => word != "forget",
            Some(_) => actions.any(|action| action == word),
        }
    };
    let former = subject.plan.former_addresses();
    let mut offences = Vec::new();
    for step in destroying(subject.plan).chain(giving_up(subject.plan)) {
        let (word, verb) = match step.action {
            Action::Replace => ("replace", "be replaced"),
            Action::Forget => ("forget", "no longer be managed"),
            _ => ("destroy", "be destroyed"),
        };
        // Another address takes nothing from under its protection.
        let before = former.get(&step.address).copied();
        let pattern = before
            .and_then(|before| protecting(settings, before))
            .or_else(|| protecting(settings, &step.address));
        if let Some(pattern) = pattern.filter(|_| from(word)) {
            let was = before.map_or(String::new(), |before| format!(", until now {before},"));
            let address = &step.address;
            let message = format!("{address}{was} is protected by {pattern}, and would {verb}");
            offences.push((Some(address.clone()), message));
        }
    }
    offences
}

/// Keeps plans from taking a protection off what stays; `addresses` may name fewer than all.
fn keep_protection(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    let all = texts(settings, "addresses").next().is_none();
    let Subject { plan, schemas, .. } = subject;
    let stays = plan.steps.iter().filter(|step| {
        matches!(
            step.action,
            Action::Update | Action::Record | Action::AwaitCreate
        )
    });
    let mut offences = Vec::new();
    for step in stays.filter(|step| all || protecting(settings, &step.address).is_some()) {
        let guard = schemas(step.address.kind()).and_then(|schema| schema.delete_guard);
        let lifted = step
            .changes
            .iter()
            .filter(|change| change.lifts_protection(guard));
        let lifted: Vec<String> = lifted.map(|change| change.path.to_string()).collect();
        if !lifted.is_empty() {
            let address = &step.address;
            let message = format!("{address} would lose protection: {}", lifted.join(", "));
            offences.push((Some(address.clone()), message));
        }
    }
    offences
}

/// Returns the pattern that protects what has this address.
fn protecting<'a>(settings: &'a Attributes, address: &Address) -> Option<&'a str> {
    let name = address.to_string();
    texts(settings, "addresses").find(|pattern| matches(pattern, &name))
}

/// Returns the steps after which a resource is there that this plan has made or changed, with the fields
/// that guards look at.
fn touched<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (&'a Step, &'static Guarded)> {
    let Subject { plan, schemas, .. } = *subject;
    plan.steps.iter().filter_map(move |step| {
        let touched = matches!(
            step.action,
            Action::Create | Action::Update | Action::Replace
        );
        let schema = schemas(step.address.kind()).filter(|_| touched)?;
        Some((step, &schema.guarded))
    })
}

fn required_tags(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (step, Guarded { tags, .. }) in touched(subject) {
        let found = tags.iter().filter_map(|path| FieldPath::parse(path));
        let found: Vec<&Attributes> = found
            .filter_map(|path| value_at(&step.after, &path)?.as_map())
            .collect();
        let missing: Vec<&str> = texts(settings, "tags")
            .filter(|key| !tags.is_empty() && !found.iter().any(|tags| tags.contains_key(*key)))
            .collect();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 { "tag" } else { "tags" };
            let message = format!("{} lacks the {noun} {}", step.address, missing.join(", "));
            offences.push((Some(step.address.clone()), message));
        }
    }
    offences
}

fn allowed_regions(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    let made = touched(subject).filter(|(step, _)| step.action.makes());
    let outside = made.filter(|(step, _)| !texts(settings, "regions").any(|r| r == step.region));
    outside
        .map(|(step, _)| {
            let allowed = texts(settings, "regions").collect::<Vec<_>>().join(", ");
            let message = format!(
                "{} would be made in {}; allowed: {allowed}",
                step.address, step.region
            );
            (Some(step.address.clone()), message)
        })
        .collect()
}

/// Returns what a step gives a field: a value that a resource has and keeps is not given.
fn given<'a>(step: &'a Step, path: &str) -> Option<&'a Value> {
    let path = FieldPath::parse(path)?;
    let after = value_at(&step.after, &path)?;
    let kept = step.action == Action::Update && value_at(&step.before, &path) == Some(after);
    (!kept).then_some(after)
}

fn allowed_specifications(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    let paths = |guarded: &'static Guarded| guarded.specification;
    allowed_words(settings, "specifications", paths, subject)
}

fn allowed_versions(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    let paths = |guarded: &'static Guarded| guarded.version;
    allowed_words(settings, "versions", paths, subject)
}

fn allowed_words(
    settings: &Attributes,
    key: &str,
    paths: impl Fn(&'static Guarded) -> &'static [&'static str],
    subject: &Subject<'_>,
) -> Vec<Offence> {
    let allowed: Vec<&str> = texts(settings, key).collect();
    let mut offences = Vec::new();
    for (step, guarded) in touched(subject) {
        for path in paths(guarded) {
            let word = given(step, path).and_then(Value::as_text);
            if let Some(word) = word.filter(|word| !allowed.contains(word)) {
                let message = format!(
                    "{} would have {path} {word}; allowed: {}",
                    step.address,
                    allowed.join(", ")
                );
                offences.push((Some(step.address.clone()), message));
            }
        }
    }
    offences
}

fn max_bandwidth(settings: &Attributes, subject: &Subject<'_>) -> Vec<Offence> {
    let Some(limit) = settings.get("limit").and_then(Value::as_int) else {
        return Vec::new();
    };
    let mut offences = Vec::new();
    for (step, Guarded { bandwidth, .. }) in touched(subject) {
        for path in *bandwidth {
            let wide = given(step, path).and_then(Value::as_int);
            if let Some(wide) = wide.filter(|wide| *wide > limit) {
                let message = format!(
                    "{} would have {path} {wide} Mbps; the limit is {limit} Mbps",
                    step.address
                );
                offences.push((Some(step.address.clone()), message));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests;
