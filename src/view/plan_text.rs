//! The plan for people, at a terminal and in a log.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use crate::model::{Attributes, OWNER_KEY, Value};
use crate::plan::{Action, Counts, FieldChange, Goal, How, Move, Plan, PlannedCall, Reason, Step};

const ADD: Style = AnsiColor::Green.on_default();
const CHANGE: Style = AnsiColor::Yellow.on_default();
const REMOVE: Style = AnsiColor::Red.on_default();
const QUIET: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();
/// Texts longer than this, in characters, are shown on a line each, with the differing words marked.
const LONG_TEXT: usize = 30;

/// Renders a plan.
pub fn render(plan: &Plan) -> String {
    let mut out = String::new();
    if !plan.drift.is_empty() {
        out += &super::drift::text(&plan.drift);
        out.push('\n');
    }
    if plan.is_empty() {
        let says = if plan.refreshed {
            "The cloud matches the files."
        } else {
            "The files match the state; the cloud was not asked."
        };
        line(&mut out, &format!("{STRONG}No changes.{STRONG:#} {says}"));
    } else {
        line(&mut out, "gwplan will perform the following actions:\n");
        for Move { from, to } in &plan.moves {
            line(
                &mut out,
                &format!("{STRONG}  # {from} has moved to {to}{STRONG:#}\n"),
            );
        }
        for step in &plan.steps {
            render_step(&mut out, step);
            out.push('\n');
        }
        line(&mut out, &summary(&plan.counts()));
        if !plan.refreshed {
            line(
                &mut out,
                "The cloud was not asked: what was changed there is not in this plan.",
            );
        }
    }
    if plan.partial {
        line(
            &mut out,
            "This plan is incomplete: what was not asked for by --target, or was left out by --exclude, is not in it.",
        );
    }
    for (address, path) in &plan.ignored {
        line(
            &mut out,
            &format!(
                "{QUIET}Ignored: {path} of {address} differs, which ignoreChanges leaves alone.{QUIET:#}"
            ),
        );
    }
    out
}

/// Words the question whether a plan is to be carried out, by what it costs.
pub fn question(plan: &Plan, goal: Goal) -> String {
    let Counts {
        destroy, resume, ..
    } = plan.counts();
    match goal {
        Goal::Destroy if destroy > 0 => format!("Destroy {destroy} for good?"),
        Goal::Destroy if resume > 0 => {
            "Nothing is left to destroy. Wait for the deletes under way?".to_owned()
        }
        Goal::Converge if destroy > 0 => {
            format!("Carry this plan out, {destroy} to destroy among it?")
        }
        _ => "Carry this plan out?".to_owned(),
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn summary(counts: &Counts) -> String {
    let Counts {
        add,
        change,
        destroy,
        resume,
        forget,
        moved,
    } = counts;
    let mut text =
        format!("{STRONG}Plan:{STRONG:#} {add} to add, {change} to change, {destroy} to destroy");
    if *resume > 0 {
        let _ = write!(text, ", {resume} to wait for");
    }
    if *forget > 0 {
        let _ = write!(text, ", {forget} to forget");
    }
    if *moved > 0 {
        let _ = write!(text, ", {moved} to move");
    }
    text + "."
}

fn render_step(out: &mut String, step: &Step) {
    let address = &step.address;
    let (sign, style, what) = match step.action {
        Action::Create => ("+", ADD, "will be created"),
        Action::Update => ("~", CHANGE, "will be updated in-place"),
        Action::Replace if step.create_before_destroy => ("+/-", REMOVE, "must be replaced"),
        Action::Replace => ("-/+", REMOVE, "must be replaced"),
        Action::Delete => ("-", REMOVE, "will be destroyed"),
        Action::AwaitCreate => (">", CHANGE, "is being created already; apply waits for it"),
        Action::AwaitDelete => (
            ">",
            CHANGE,
            "is being destroyed already; apply waits for it",
        ),
        Action::Forget if step.reason == Reason::Removed => {
            (".", QUIET, "will no longer be managed")
        }
        Action::Forget => (".", QUIET, "is gone already; its record will be dropped"),
    };
    line(out, &format!("{STRONG}  # {address} {what}{STRONG:#}"));
    for note in notes(step) {
        line(out, &format!("{QUIET}  # ({note}){QUIET:#}"));
    }
    let id = step
        .existing
        .as_ref()
        .map(|identity| format!(" [{} in {}]", identity.id, identity.region));
    let region = if step.existing.is_none() {
        format!(" [{}]", step.region)
    } else {
        String::new()
    };
    line(
        out,
        &format!(
            "{style}{sign:>3}{style:#} {address}{}{region}",
            id.unwrap_or_default()
        ),
    );
    match step.action {
        Action::Create | Action::Replace if step.changes.is_empty() => {
            render_attributes(out, &step.after, 6);
            line(
                out,
                &format!("      {ADD}+{ADD:#} gatewayId: {QUIET}(known after apply){QUIET:#}"),
            );
            if step.owned {
                line(
                    out,
                    &format!(
                        "      {ADD}+{ADD:#} tags.{OWNER_KEY}: {QUIET}(gwplan's own){QUIET:#}"
                    ),
                );
            }
        }
        Action::Update | Action::Replace => {
            for change in &step.changes {
                render_change(out, change);
            }
        }
        _ => {}
    }
}

/// Tells why, how, and what it costs.
fn notes(step: &Step) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(reason(step));
    if step.action == Action::Replace && step.create_before_destroy {
        notes.push("the new one is made first, and the old one deleted when it runs".to_owned());
    }
    if !step.calls_before_delete.is_empty() {
        notes.push(format!(
            "before the delete: {}",
            calls_text(&step.calls_before_delete)
        ));
    }
    if !step.calls.is_empty() && step.action != Action::Update {
        notes.push(format!("after the create: {}", calls_text(&step.calls)));
    }
    notes.extend(
        step.losses
            .iter()
            .map(|loss| format!("lost for good: {loss}")),
    );
    notes
}

fn calls_text(calls: &[PlannedCall]) -> String {
    let texts = calls.iter().map(|PlannedCall { action, paths }| {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        format!("{action} for {}", paths.join(", "))
    });
    texts.collect::<Vec<_>>().join("; ")
}

fn reason(step: &Step) -> Option<String> {
    match (&step.reason, step.action) {
        (Reason::Gone, Action::Create) => Some(
            "it is recorded, but the cloud says that it is not there: it was deleted outside gwplan".to_owned(),
        ),
        (Reason::LeftTheFiles, _) => Some("it is not in the YAML files".to_owned()),
        (Reason::Failed(status), _) => Some(format!("the cloud gave up on making it: {status}")),
        (Reason::Requested, _) => Some("it was asked for by --replace".to_owned()),
        (Reason::Removed, _) => Some("a `removed` entry gives it up; it lives on in the cloud".to_owned()),
        (Reason::Unfinished, Action::Replace | Action::Create) => Some("a replacement that was begun is brought to its end".to_owned()),
        _ => None,
    }
}

fn render_attributes(out: &mut String, attributes: &Attributes, indent: usize) {
    let width = attributes
        .keys()
        .map(|key| key.chars().count())
        .max()
        .unwrap_or_default()
        + 1;
    for (key, value) in attributes {
        let key = format!("{key}:");
        match value {
            Value::Map(map) if !map.is_empty() => {
                line(out, &format!("{:indent$}{ADD}+{ADD:#} {key}", ""));
                render_attributes(out, map, indent + 4);
            }
            _ => line(
                out,
                &format!("{:indent$}{ADD}+{ADD:#} {key:<width$} {value}", ""),
            ),
        }
    }
}

fn render_change(out: &mut String, change: &FieldChange) {
    let FieldChange {
        path,
        before,
        after,
        how,
        drifted,
    } = change;
    let note = match how {
        How::InPlace(call) => format!("{QUIET}# by {call}{QUIET:#}"),
        How::Replace => format!("{REMOVE}# forces replacement{REMOVE:#}"),
    };
    let note = if *drifted {
        format!("{note}{QUIET}; was changed outside gwplan{QUIET:#}")
    } else {
        note
    };
    let long = |value: &Option<Value>| {
        value
            .as_ref()
            .and_then(Value::as_text)
            .is_some_and(|text| text.chars().count() > LONG_TEXT)
    };
    match (before, after) {
        (Some(Value::Text(old)), Some(Value::Text(new))) if long(before) || long(after) => {
            line(out, &format!("      {CHANGE}~{CHANGE:#} {path}:  {note}"));
            render_text_change(out, old, new);
        }
        (Some(old), Some(new)) => line(
            out,
            &format!("      {CHANGE}~{CHANGE:#} {path}: {old} → {new}  {note}"),
        ),
        (None, Some(new)) => line(out, &format!("      {ADD}+{ADD:#} {path}: {new}  {note}")),
        (Some(old), None) => line(
            out,
            &format!("      {REMOVE}-{REMOVE:#} {path}: {old}  {note}"),
        ),
        (None, None) => {}
    }
}

/// Shows two texts under each other, the words that differ in bold.
fn render_text_change(out: &mut String, old: &str, new: &str) {
    let diff = TextDiff::from_words(old, new);
    for (sign, style, other) in [
        ("-", REMOVE, ChangeTag::Insert),
        ("+", ADD, ChangeTag::Delete),
    ] {
        let mut text = String::new();
        for word in diff.iter_all_changes().filter(|word| word.tag() != other) {
            // Debug's escapes keep control characters from reaching the terminal.
            let shown = word.value().escape_debug();
            if word.tag() == ChangeTag::Equal {
                let _ = write!(text, "{shown}");
            } else {
                let _ = write!(text, "{STRONG}{shown}{STRONG:#}");
            }
        }
        line(out, &format!("          {style}{sign}{style:#} \"{text}\""));
    }
}
