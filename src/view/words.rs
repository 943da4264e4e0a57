//! The phrases in which all faces of a plan speak.

use crate::model::SourceLine;
use crate::plan::{Action, Counts, FieldChange, How, PlannedCall, Reason, Step};
use crate::review::{Barrier, Item, Risk, Verdict};

/// Says why a step is in the plan, and where the files say so.
pub(super) struct Cause<'a> {
    /// Why, in words.
    pub(super) text: String,
    /// The line.
    pub(super) line: Option<&'a SourceLine>,
    /// Whether the line is that of an earlier version of the file.
    pub(super) past: bool,
}

impl Cause<'_> {
    fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            line: None,
            past: false,
        }
    }
}

/// Prints a cause as text, its line included.
impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { text, line, past } = self;
        match line {
            Some(line) if *past => write!(f, "{text}, where it stood at {line}"),
            Some(line) => write!(f, "{text}, {line}"),
            None => f.write_str(text),
        }
    }
}

/// Says what becomes of a resource, in the phrases that Terraform made a convention.
pub(super) fn headline(step: &Step) -> &'static str {
    match step.action {
        Action::Create => "will be created",
        Action::Update => "will be updated in-place",
        Action::Replace => "must be replaced",
        Action::Delete => "will be destroyed",
        Action::AwaitCreate => "is being created already; apply waits for it",
        Action::AwaitDelete => "is being destroyed already; apply waits for it",
        Action::Forget if step.reason == Reason::Removed => "will no longer be managed",
        Action::Forget => "is gone already; its record will be dropped",
    }
}

/// Returns the sign of a step, as Terraform writes it.
pub(super) fn sign(step: &Step) -> &'static str {
    match step.action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace if step.create_before_destroy => "+/-",
        Action::Replace => "-/+",
        Action::Delete => "-",
        Action::AwaitCreate | Action::AwaitDelete => ">",
        Action::Forget => ".",
    }
}

/// Says why a step is in the plan: the field that forces it, the block that was taken out.
pub(super) fn causes<'a>(item: &'a Item<'_>) -> Vec<Cause<'a>> {
    let step = item.step;
    let text = match (&step.reason, step.action) {
        (Reason::Differs, Action::Replace) => {
            let forcing = step.changes.iter().filter(|one| one.how == How::Replace);
            let forced = forcing.map(|FieldChange { path, .. }| Cause {
                text: format!("{path} forces it"),
                line: item.line_of(path).or(item.block),
                past: false,
            });
            return forced.collect();
        }
        (Reason::LeftTheFiles, _) => {
            return vec![Cause {
                text: "it is not in the YAML files".to_owned(),
                line: item.block,
                past: true,
            }];
        }
        (Reason::Removed, _) => {
            return vec![Cause {
                text: "a `removed` entry gives it up; it lives on in the cloud".to_owned(),
                line: item.block,
                past: false,
            }];
        }
        (Reason::Gone, Action::Create) => {
            "it is recorded, but the cloud says that it is not there: it was deleted outside gwplan"
                .to_owned()
        }
        (Reason::Failed(status), _) => format!("the cloud gave up on making it: {status}"),
        (Reason::Requested, _) => "it was asked for by --replace".to_owned(),
        (Reason::Destroy, _) => "everything is to be destroyed".to_owned(),
        (Reason::Unfinished, Action::Replace | Action::Create) => {
            "a replacement that was begun is brought to its end".to_owned()
        }
        _ => return Vec::new(),
    };
    vec![Cause::plain(text)]
}

/// Says how a step is carried out, where that is not plain from what it is.
pub(super) fn ways(step: &Step) -> Vec<String> {
    let mut ways = Vec::new();
    if step.action == Action::Replace && step.create_before_destroy {
        ways.push("the new one is made first, and the old one deleted when it runs".to_owned());
    }
    if !step.calls_before_delete.is_empty() {
        let calls = calls(&step.calls_before_delete);
        ways.push(format!("before the delete: {calls}"));
    }
    if !step.calls.is_empty() && step.action != Action::Update {
        ways.push(format!("after the create: {}", calls(&step.calls)));
    }
    ways
}

fn calls(calls: &[PlannedCall]) -> String {
    let texts = calls.iter().map(|PlannedCall { action, paths }| {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
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

/// Says what a plan does, without a full stop.
pub(super) fn counted(counts: &Counts) -> String {
    let Counts {
        add,
        change,
        destroy,
        resume,
        forget,
        moved,
    } = counts;
    let mut text = format!("{add} to add, {change} to change, {destroy} to destroy");
    for (number, what) in [
        (resume, "to wait for"),
        (forget, "to forget"),
        (moved, "to move"),
    ] {
        if *number > 0 {
            text += &format!(", {number} {what}");
        }
    }
    text
}

/// Names a risk, for a table of risks.
pub(super) fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "nothing to do",
        Risk::Safe => "safe",
        Risk::Cost => "changes the bill",
        Risk::Replace => "replace",
        Risk::LosesAddress => "loses public address",
        Risk::Destroy => "destroy",
    }
}

/// Says the highest risk of a plan, with how much is at stake.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let count = |risk: Risk| verdict.tally.get(&risk).copied().unwrap_or_default();
    let gateways = |number: usize| plural(number, "gateway");
    let mut parts = Vec::new();
    let destroyed = count(Risk::Destroy);
    if destroyed > 0 {
        parts.push(format!("destroys {}", gateways(destroyed)));
    }
    let exposed = count(Risk::LosesAddress);
    let replaced = count(Risk::Replace);
    if exposed > 0 {
        parts.push(match verdict.addresses_lost {
            0 => format!(
                "takes the way in from the public network from {}",
                gateways(exposed)
            ),
            lost => format!("loses {}", plural_es(lost, "public address")),
        });
    }
    if replaced > 0 {
        parts.push(format!("replaces {}", gateways(replaced)));
    }
    if parts.is_empty() {
        parts.push(match verdict.risk {
            Risk::None => "does nothing".to_owned(),
            Risk::Cost => {
                let count = count(Risk::Cost);
                let cost = if count == 1 { "costs" } else { "cost" };
                format!("changes what {} {cost}", gateways(count))
            }
            Risk::Safe => "destroys nothing, replaces nothing and costs nothing".to_owned(),
            Risk::Replace | Risk::LosesAddress | Risk::Destroy => String::new(),
        });
    }
    listed(&parts)
}

/// Says what keeps a plan from being applied.
pub(super) fn barrier(barrier: Barrier) -> String {
    match barrier {
        Barrier::Errors(number) => format!("can't be applied: {}", plural(number, "error")),
        Barrier::Policy(number) => format!("denied by policy: {}", plural(number, "reason")),
    }
}

/// Counts things whose plural ends in s.
pub(super) fn plural(number: usize, what: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {what}{end}")
}

fn plural_es(number: usize, what: &str) -> String {
    let end = if number == 1 { "" } else { "es" };
    format!("{number} {what}{end}")
}

/// Joins parts as a sentence does: `a, b and c`.
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
