//! The phrases in which all faces of a plan speak.

mod counts;
mod size;

use std::fmt::{self, Write};

use crate::model::{Address, SourceLine, Value, visible};
use crate::plan::{
    Action, Fate, FieldChange, How, LikelyMove, Loss, Plan, PlannedCall, Reason, Step, Successor,
};
use crate::policy::Finding;
use crate::review::{Barrier, Bill, Item, Risk, Shift, Verdict};

pub(crate) use counts::few;
pub(super) use counts::{Tense, counted, counts, listed, plural};
pub(super) use size::{Of, gist, growth, of_each, portrait, stake};

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Words of our own.
    Words(&'static str),
    /// A word from elsewhere: an address, a path, an id.
    Word(String),
}

/// Prints the part as plain text.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Word(word) => f.write_str(&visible(word)),
        }
    }
}

/// Says why a step is in the plan, and where the files say so.
pub(super) struct Cause<'a> {
    /// Why.
    pub(super) parts: Vec<Part>,
    /// The line.
    pub(super) line: Option<&'a SourceLine>,
    /// Whether the line is that of an earlier version of the file.
    pub(super) past: bool,
}

impl Cause<'_> {
    fn plain(words: &'static str) -> Self {
        Self {
            parts: vec![Part::Words(words)],
            line: None,
            past: false,
        }
    }
}

/// Prints a cause as plain text, its line included.
impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parts, line, past } = self;
        f.write_str(&plain(parts))?;
        match line {
            Some(line) if *past => write!(f, "{PAST}{line}"),
            Some(line) => write!(f, ", {line}"),
            None => Ok(()),
        }
    }
}

/// Stands before a line that is not there any more.
pub(super) const PAST: &str = "; its block stood at ";

/// Joins parts to plain text.
pub(super) fn plain(parts: &[Part]) -> String {
    parts.iter().map(ToString::to_string).collect()
}

/// Says what becomes of a resource, in the phrases that Terraform made a convention.
pub(super) fn headline(step: &Step) -> &'static str {
    match step.action {
        Action::Create => "will be created",
        Action::Update if step.calls.is_empty() => {
            "stays as it is; the replacement that was started will be destroyed"
        }
        Action::AwaitCreate if !step.changes.is_empty() => {
            "is being created already; apply waits for it and updates it in-place"
        }
        Action::Update => "will be updated in-place",
        Action::Replace => "must be replaced",
        Action::Delete => "will be destroyed",
        Action::AwaitCreate => "is being created already; apply waits for it",
        Action::AwaitDelete => "is being destroyed already; apply waits for it",
        Action::Forget if step.reason == Reason::Removed => "will no longer be managed",
        Action::Record => "stays as it is; gwplan's record of it will be updated",
        Action::Forget => "is gone already; its record will be dropped",
    }
}

/// Returns the sign of a step, as Terraform writes it.
pub(super) fn sign(step: &Step) -> &'static str {
    match step.action {
        Action::Create => "+",
        Action::Update | Action::Record => "~",
        Action::Replace if step.create_before_destroy => "+/-",
        Action::Replace => "-/+",
        Action::Delete => "-",
        Action::AwaitCreate | Action::AwaitDelete => ">",
        Action::Forget => ".",
    }
}

/// Says why a step is in the plan: the field that forces it, the block that was taken out; and what the
/// resource was called until now.
pub(super) fn causes<'a>(item: &'a Item<'_>) -> Vec<Cause<'a>> {
    let mut causes = reasons(item);
    causes.extend(item.step.successor.as_ref().map(succession));
    causes.extend(item.likely_move.map(|likely| renaming(item.step, likely)));
    if let Some(from) = item.moved_from {
        causes.push(Cause {
            parts: vec![
                Part::Words("it was "),
                Part::Word(from.to_string()),
                Part::Words(" until now"),
            ],
            ..Cause::plain("")
        });
    }
    causes
}

/// Says that it is likely the same as another, under another key.
fn renaming(step: &Step, LikelyMove { from, to }: LikelyMove<'_>) -> Cause<'static> {
    let (other, words) = if step.address == *from {
        (
            to,
            " comes in with its name: if only the key was renamed, a `moved` entry keeps it",
        )
    } else {
        (
            from,
            ", which goes, has its name: if only the key was renamed, a `moved` entry keeps it",
        )
    };
    Cause {
        parts: vec![Part::Word(other.to_string()), Part::Words(words)],
        ..Cause::plain("")
    }
}

/// Says what becomes of what a replacement that was cut off has made.
fn succession(successor: &Successor) -> Cause<'static> {
    let fate = match successor.fate {
        Fate::Kept => ", which it created, takes its place",
        Fate::Deleted => ", which it created, will be destroyed",
    };
    Cause {
        parts: vec![
            Part::Words("a replacement was interrupted: "),
            Part::Word(successor.identity.id.clone()),
            Part::Words(fate),
        ],
        ..Cause::plain("")
    }
}

fn reasons<'a>(item: &'a Item<'_>) -> Vec<Cause<'a>> {
    let step = item.step;
    let words = match (&step.reason, step.action) {
        (Reason::Differs, Action::Replace) => {
            let forcing = step.changes.iter().filter(|one| one.how == How::Replace);
            let forced = forcing.map(|FieldChange { path, .. }| Cause {
                parts: vec![Part::Word(path.to_string()), Part::Words(" forces it")],
                line: item.line_of(path).or(item.block),
                past: false,
            });
            return forced.collect();
        }
        (Reason::LeftTheFiles, _) => {
            return vec![Cause {
                line: item.block,
                past: true,
                ..Cause::plain("it is not in the YAML files")
            }];
        }
        (Reason::Removed, _) => {
            return vec![Cause {
                line: item.block,
                ..Cause::plain("a `removed` entry gives it up; it stays in the cloud")
            }];
        }
        (Reason::Failed(status), _) => {
            let word = Part::Word(status.clone());
            return vec![Cause {
                parts: vec![Part::Words("the cloud could not create it: "), word],
                ..Cause::plain("")
            }];
        }
        (Reason::Gone, Action::Create) => {
            "it is recorded, but the cloud says that it is not there: it was deleted outside gwplan"
        }
        (Reason::Requested, _) => "it was asked for by --replace",
        (Reason::Destroy, _) => "a destroy was asked for",
        (Reason::Unfinished, Action::Replace | Action::Create) => {
            "it completes a replacement that was started"
        }
        _ => return Vec::new(),
    };
    vec![Cause::plain(words)]
}

/// Says what is lost, as in "lost for good: …".
pub(super) fn loss(loss: &Loss) -> Vec<Part> {
    match loss {
        Loss::Id(id) => vec![Part::Words("its id "), Part::Word(id.clone())],
        Loss::Address(address) => {
            vec![
                Part::Words("its public address "),
                Part::Word(address.clone()),
            ]
        }
        Loss::UnknownAddresses => vec![Part::Words(
            "its public addresses, if it has any: the cloud was not asked",
        )],
        Loss::Successor(id) => vec![
            Part::Word(id.clone()),
            Part::Words(", which the interrupted replacement created"),
        ],
        Loss::Dependants(dependants) => {
            let mut parts = vec![Part::Words("references to it from ")];
            for (index, address) in dependants.iter().enumerate() {
                if index > 0 {
                    parts.push(Part::Words(", "));
                }
                parts.push(Part::Word(address.to_string()));
            }
            let depend = if dependants.len() == 1 {
                ", which depends on it"
            } else {
                ", which depend on it"
            };
            parts.push(Part::Words(depend));
            parts
        }
    }
}

/// Names the call that makes a change, where one of two does, which the table names together: one for what
/// is set, and one for what is taken away.
pub(super) fn call_name<'a>(change: &FieldChange, call: &'a str) -> &'a str {
    match call.split_once(" and ") {
        Some((_, takes_away)) if change.after.is_none() => takes_away,
        Some((sets, _)) => sets,
        None => call,
    }
}

/// Says how a change is made, and that others had a hand in it; empty where there is nothing to say.
pub(super) fn how(step: &Step, change: &FieldChange) -> String {
    let how = match &change.how {
        How::Replace => "forces replacement".to_owned(),
        How::Record => "in gwplan's record".to_owned(),
        // What is made anew is made with it.
        How::InPlace(_) if step.action == Action::Replace => String::new(),
        How::InPlace(call) => format!("by {}", call_name(change, call)),
    };
    let outside = if change.drifted {
        "was changed outside gwplan"
    } else {
        ""
    };
    let said = [how.as_str(), outside];
    let said = said.into_iter().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("; ")
}

/// Says how a step differs from what it was in an earlier plan.
pub(super) fn shift(shift: &Shift) -> Vec<Part> {
    match shift {
        Shift::Came(action) => vec![Part::Words(action.word()), Part::Words(" is new")],
        Shift::Went(action) => {
            let gone = Part::Words(" is not in the plan any more");
            vec![Part::Words(action.word()), gone]
        }
        Shift::Turned { before, now } => {
            let turned = Part::Words(" has become ");
            vec![Part::Words(before.word()), turned, Part::Words(now.word())]
        }
        Shift::Differs { action, fields } => {
            let mut parts = vec![Part::Words(action.word()), Part::Words(" is not the same")];
            let mut lead = ": ";
            for (path, [before, now]) in fields {
                let value = |value: &Option<Value>| match value {
                    Some(value) => Part::Word(value.to_string()),
                    None => Part::Words("nothing"),
                };
                parts.extend([
                    Part::Words(lead),
                    Part::Word(path.to_string()),
                    Part::Words(" was to be "),
                    value(before),
                    Part::Words(" and is now to be "),
                    value(now),
                ]);
                lead = ", ";
            }
            parts
        }
    }
}

/// Says how a step is carried out, where that is not plain from what it is.
pub(super) fn ways(step: &Step) -> Vec<String> {
    let mut ways = Vec::new();
    if step.action == Action::Replace && step.create_before_destroy && !step.finishes_successor() {
        ways.push("the new one is made first, and the old one deleted when it runs".to_owned());
    }
    if !step.calls_before_delete.is_empty() {
        let calls = calls(&step.calls_before_delete);
        ways.push(format!("before the delete: {calls}"));
    }
    let told_by_field = matches!(step.action, Action::Update | Action::AwaitCreate);
    if !step.calls.is_empty() && !told_by_field {
        ways.push(format!("after the create: {}", calls(&step.calls)));
    }
    ways
}

fn calls(calls: &[PlannedCall]) -> String {
    let texts = calls.iter().map(|PlannedCall { action, paths }| {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        // What follows a create or comes before a delete takes nothing away.
        let action = action
            .split_once(" and ")
            .map_or(action.as_str(), |(sets, _)| sets);
        format!("{action} for {}", paths.join(", "))
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// Names the resource in the cloud, or where one will be made.
pub(super) fn whereabouts(step: &Step) -> String {
    match &step.existing {
        Some(identity) => format!("{} in {}", identity.id, identity.region),
        None => step.region.clone(),
    }
}

/// Names a risk, for a table of risks.
pub(super) fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "nothing to do",
        Risk::Safe => "safe",
        Risk::Cost => "changes the bill",
        Risk::LiftsProtection => "lifts protection",
        Risk::Shrinks => "shrinks",
        Risk::Replace => "replace",
        Risk::LosesAddress => "loses public address",
        Risk::Destroy => "destroy",
    }
}

/// Says what becomes of several resources at once, as a headline.
pub(super) fn headline_of_each(number: usize, step: &Step) -> String {
    format!(
        "Each of these {} {}",
        plural(number, "gateway"),
        headline(step)
    )
}

/// Names the highest risk of a plan in one word.
pub(super) fn label(risk: Risk) -> &'static str {
    match risk {
        Risk::None | Risk::Safe => "Safe",
        Risk::Cost => "Cost",
        Risk::LiftsProtection => "Caution",
        Risk::Shrinks | Risk::Replace | Risk::LosesAddress | Risk::Destroy => "Danger",
    }
}

/// Says what a plan does that matters most, as what follows "this plan".
pub(super) fn verdict(verdict: &Verdict) -> String {
    let count = |risk: Risk| verdict.tally.get(&risk).copied().unwrap_or_default();
    let mut parts = Vec::new();
    let mut part = |number: usize, verb: &str, end: &str| {
        if number > 0 {
            // What is counted is named once.
            let counted = if parts.is_empty() {
                plural(number, "gateway")
            } else {
                number.to_string()
            };
            parts.push(format!("{verb} {counted}{end}"));
        }
    };
    if verdict.risk.is_danger() {
        part(count(Risk::Destroy), "destroys", "");
        part(verdict.replaced, "replaces", "");
        let bereft = count(Risk::LosesAddress) + count(Risk::Replace) - verdict.replaced;
        part(bereft, "takes", " off the public network");
        part(verdict.shrunk, "shrinks", "");
    } else {
        let created = verdict.counts.add;
        part(created, "creates", "");
        for (bill, number) in &verdict.bills {
            let verb = match bill {
                Bill::Dearer => "raises the cost of",
                Bill::Cheaper => "lowers the cost of",
                Bill::Changes | Bill::New => "changes the cost of",
            };
            part(*number, verb, "");
        }
    }
    part(verdict.lifted, "lifts the protection of", "");
    part(verdict.given_up, "stops managing", "");
    let mut says = listed(&parts);
    if parts.is_empty() {
        says = match verdict.risk {
            Risk::None => "does nothing".to_owned(),
            _ => "destroys nothing, replaces nothing and changes no cost".to_owned(),
        };
    }
    if verdict.addresses_lost > 0 {
        let end = if verdict.addresses_lost == 1 {
            ""
        } else {
            "es"
        };
        let _ = write!(
            says,
            ", losing {} public address{end}",
            verdict.addresses_lost
        );
    }
    if verdict.unknown_addresses {
        says += match verdict.addresses_lost {
            0 => ", and may lose public addresses",
            _ => ", and may lose more",
        };
    }
    says
}

/// Says, where there is nothing to do, what agrees with what.
pub(super) fn unchanged(plan: &Plan) -> &'static str {
    if plan.partial {
        "What was asked for matches the files; the rest was left out."
    } else if plan.refreshed {
        "The cloud matches the files."
    } else {
        "The files match the state; the cloud was not asked."
    }
}

/// Says how far a plan can be believed.
pub(super) fn caveats(plan: &Plan) -> Vec<&'static str> {
    let mut caveats = Vec::new();
    if !plan.refreshed && !plan.is_empty() {
        caveats.push("The cloud was not asked: what was changed there is not in this plan.");
    }
    if plan.partial {
        caveats.push(
            "This plan is incomplete: what was not asked for by --target, or was left out by --exclude, is not in it.",
        );
    }
    caveats
}

/// Says what keeps a plan from being applied.
pub(super) fn barrier(barrier: Barrier) -> String {
    match barrier {
        Barrier::Errors(number) => format!("can't be applied, for {}", plural(number, "error")),
        Barrier::Policy(number) => {
            format!("is denied by policy, for {}", plural(number, "reason"))
        }
    }
}

/// Returns the resource that a finding is about, unless its message names it already.
pub(super) fn about(finding: &Finding) -> Option<&Address> {
    let address = finding.address.as_ref()?;
    (!finding.message.contains(&address.to_string())).then_some(address)
}
