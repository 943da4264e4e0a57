//! The plan for people, at a terminal and in a log.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use crate::model::{Attributes, Counts, FieldPath, OWNER_KEY, Value, visible};
use crate::plan::{Action, FieldChange, Goal, How, Move, Plan, Reason, Step};
use crate::policy::Finding;
use crate::review::{Destination, Group, Item, Review, Risk};

use super::words::{self, Tense};

const ADD: Style = AnsiColor::Green.on_default();
const CHANGE: Style = AnsiColor::Yellow.on_default();
const REMOVE: Style = AnsiColor::Red.on_default();
const QUIET: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();
/// Texts longer than this, in characters, are shown on a line each, with the differing words marked.
const LONG_TEXT: usize = 30;

/// The groups of what stays managed, in the order in which they are told.
const MANAGED: [Group; 4] = [Group::Danger, Group::Update, Group::Create, Group::Wait];
/// How many lines a screen shows; of a longer plan the end says again what the beginning said.
const SCREEN_LINES: usize = 40;
/// How wide a list of addresses is, in characters.
const LIST_WIDTH: usize = 100;

/// Renders a plan: the verdict, what is dangerous, then the rest, then what to do with it.
pub fn render(review: &Review<'_>) -> String {
    let plan = review.plan;
    let mut out = String::new();
    if plan.is_empty() {
        render_nothing(&mut out, review);
    } else {
        render_verdict(&mut out, review);
        render_destination(&mut out, review);
        out.push('\n');
        line(&mut out, "gwplan will perform the following actions:\n");
        for group in MANAGED {
            render_group(&mut out, review, group);
        }
    }
    if !plan.moves.is_empty() {
        line(
            &mut out,
            "These get another address; the cloud is not touched:\n",
        );
    }
    for Move { from, to } in &plan.moves {
        line(
            &mut out,
            &format!("{STRONG}  # {from} has moved to {to}{STRONG:#}\n"),
        );
    }
    if review.group(Group::Forget).next().is_some() {
        line(&mut out, "These records are dropped:\n");
    }
    render_group(&mut out, review, Group::Forget);
    if !plan.drift.is_empty() {
        out += &super::drift::changed(&plan.drift);
        out.push('\n');
    }
    for (address, path) in &plan.ignored {
        line(
            &mut out,
            &format!(
                "{QUIET}Ignored: {path} of {address} differs, which ignoreChanges leaves alone.{QUIET:#}"
            ),
        );
    }
    if !plan.ignored.is_empty() {
        out.push('\n');
    }
    render_policy(&mut out, review.policy);
    render_end(&mut out, review);
    out
}

fn render_nothing(out: &mut String, review: &Review<'_>) {
    let says = words::unchanged(review.plan);
    line(out, &format!("{STRONG}No changes.{STRONG:#} {says}"));
    render_destination(out, review);
}

fn render_verdict(out: &mut String, review: &Review<'_>) {
    let verdict = &review.verdict;
    let style = risk_style(verdict.risk).bold();
    if let Some(barrier) = verdict.barrier {
        let barrier = words::barrier(barrier);
        line(out, &format!("{REMOVE}This plan {barrier}.{REMOVE:#}"));
    }
    let label = words::label(verdict.risk).to_uppercase();
    let says = words::verdict(verdict);
    let counted = words::counted(&verdict.counts, Tense::Planned);
    line(
        out,
        &format!("{style}{label}: this plan {says}{style:#}: {counted}."),
    );
}

/// Says which environment, cloud and state the plan is for.
fn render_destination(out: &mut String, review: &Review<'_>) {
    if let Some(destination) = review.destination {
        line(out, &format!("Where: {destination}."));
    }
}

fn risk_style(risk: Risk) -> Style {
    match risk {
        Risk::Destroy | Risk::LosesAddress | Risk::Replace | Risk::Shrinks => REMOVE,
        Risk::Cost | Risk::LiftsProtection => CHANGE,
        Risk::Safe | Risk::None => ADD,
    }
}

fn render_policy(out: &mut String, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    line(out, &format!("{STRONG}Policy:{STRONG:#}"));
    for finding in findings {
        let style = if finding.denies() { REMOVE } else { CHANGE };
        let word = finding.level.word();
        let rule = visible(&finding.rule);
        let message = visible(&finding.message);
        let about = words::about(finding).map(|address| format!(" ({address})"));
        let place = finding.location.as_ref();
        let place = place.map(|place| format!("  {QUIET}{}{QUIET:#}", place.line()));
        line(
            out,
            &format!(
                "  {style}{word}{style:#} [{rule}] {message}{}{}",
                about.unwrap_or_default(),
                place.unwrap_or_default()
            ),
        );
    }
    out.push('\n');
}

/// Tells what the plan comes to, how far it can be believed, and how it is applied.
fn render_end(out: &mut String, review: &Review<'_>) {
    let plan = review.plan;
    if !plan.is_empty() {
        // The first lines of a long plan have left the screen when it asks.
        if out.lines().count() > SCREEN_LINES {
            render_verdict(out, review);
            render_destination(out, review);
        }
        let counted = words::counted(&review.verdict.counts, Tense::Planned);
        line(out, &format!("{STRONG}Plan:{STRONG:#} {counted}."));
    }
    for caveat in words::caveats(plan) {
        line(out, caveat);
    }
    if let (Some(command), Some(digest)) = (review.command, review.digest) {
        line(out, &format!("Digest: {digest}"));
        line(out, &format!("Apply exactly this plan with: {command}"));
    }
}

/// Words the question whether a plan is to be applied: what it destroys, and where.
pub fn question(plan: &Plan, goal: Goal, place: &Destination) -> String {
    let Counts {
        destroy, resume, ..
    } = plan.counts();
    let destroyed = words::plural(destroy, "gateway");
    match goal {
        Goal::Destroy if destroy > 0 => format!("Destroy {destroyed} of {place} for good?"),
        Goal::Destroy if resume > 0 => {
            format!("Nothing is left to destroy in {place}. Wait for the deletes under way?")
        }
        Goal::Converge if destroy > 0 => {
            format!("Apply this plan, which destroys {destroyed}, to {place}?")
        }
        _ => format!("Apply this plan to {place}?"),
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn render_group(out: &mut String, review: &Review<'_>, group: Group) {
    for block in review.blocks(group) {
        match block.as_slice() {
            [] => continue,
            [item] => render_item(out, item),
            [item, ..] => render_alike(out, item, &block),
        }
        out.push('\n');
    }
}

fn render_item(out: &mut String, item: &Item<'_>) {
    let step = item.step;
    let address = &step.address;
    let causes = words::causes(item).into_iter();
    let causes: Vec<String> = causes.map(|cause| cause.to_string()).collect();
    let headline = format!("{address} {}", words::headline(step));
    render_heading(out, item, &headline, &causes);
    let portrait = words::portrait(item);
    if !portrait.is_empty() {
        note(out, QUIET, &words::plain(&portrait));
    }
    for loss in &step.losses {
        note(
            out,
            REMOVE,
            &format!("lost for good: {}", words::plain(&words::loss(loss))),
        );
    }
    let source = item.block.filter(|_| step.reason != Reason::LeftTheFiles);
    render_row(out, item, source.map(ToString::to_string));
    render_fields(out, item);
}

/// Shows what becomes of several resources alike: what differs for each, and then once what is the same.
fn render_alike(out: &mut String, first: &Item<'_>, block: &[&Item<'_>]) {
    let causes = words::causes(first).into_iter();
    let causes: Vec<String> = causes.map(|cause| words::plain(&cause.parts)).collect();
    let headline = words::headline_of_each(block.len(), first.step);
    render_heading(out, first, &headline, &causes);
    if block.iter().all(|item| words::of_each(item).is_empty()) {
        render_addresses(out, first.step, block);
    } else {
        for item in block {
            let lead = match item.step.reason {
                Reason::LeftTheFiles => "stood at ",
                _ => "",
            };
            let source = item.block.map(|block| format!("{lead}{block}"));
            render_row(out, item, source);
            for words::Of { parts, is_lost } in words::of_each(item) {
                let style = if is_lost { REMOVE } else { QUIET };
                line(
                    out,
                    &format!("      {style}{}{style:#}", words::plain(&parts)),
                );
            }
        }
    }
    render_fields(out, first);
}

/// Lists addresses, as many on a line as have room.
fn render_addresses(out: &mut String, step: &Step, block: &[&Item<'_>]) {
    let (style, sign) = (style_of(step.action), words::sign(step));
    let mut text = String::new();
    let mut lead = format!("{style}{sign:>3}{style:#} ");
    for (at, item) in block.iter().enumerate() {
        let comma = if at + 1 == block.len() { "" } else { "," };
        let address = format!("{}{comma}", item.step.address);
        if !text.is_empty() && text.len() + address.len() >= LIST_WIDTH {
            line(out, &format!("{lead}{}", text.trim_end()));
            (lead, text) = ("    ".to_owned(), String::new());
        }
        text += &address;
        text.push(' ');
    }
    line(out, &format!("{lead}{}", text.trim_end()));
}

/// Says what becomes of a resource, why, how, and in which direction.
fn render_heading(out: &mut String, item: &Item<'_>, headline: &str, causes: &[String]) {
    let style = if item.step.action == Action::Delete {
        REMOVE.bold()
    } else {
        STRONG
    };
    line(out, &format!("{style}  # {headline}{style:#}"));
    for text in causes.iter().cloned().chain(words::ways(item.step)) {
        note(out, QUIET, &text);
    }
    if let Some(growth) = words::growth(item) {
        let style = if item.risk == Risk::Shrinks {
            REMOVE
        } else {
            CHANGE
        };
        note(out, style, &growth);
    }
}

fn note(out: &mut String, style: Style, text: &str) {
    let text = visible(text);
    line(out, &format!("{style}  # ({text}){style:#}"));
}

/// Names one resource: its address, where it is, and where the files describe it.
fn render_row(out: &mut String, item: &Item<'_>, source: Option<String>) {
    let step = item.step;
    let address = &step.address;
    let style = style_of(step.action);
    let (sign, whereabouts) = (words::sign(step), words::whereabouts(step));
    let source = source.map(|line| format!("  {QUIET}{line}{QUIET:#}"));
    line(
        out,
        &format!(
            "{style}{sign:>3}{style:#} {address} [{whereabouts}]{}",
            source.unwrap_or_default()
        ),
    );
}

fn style_of(action: Action) -> Style {
    match action {
        Action::Create => ADD,
        Action::Replace | Action::Delete => REMOVE,
        Action::Update | Action::Record | Action::AwaitCreate | Action::AwaitDelete => CHANGE,
        Action::Forget => QUIET,
    }
}

/// Shows what becomes of the fields.
fn render_fields(out: &mut String, item: &Item<'_>) {
    let step = item.step;
    match step.action {
        Action::Create => render_new(out, item),
        // Nothing that the cloud knows differs: it is shown what the new one is made with.
        Action::Replace if !step.changes_resource() => render_new(out, item),
        _ => {}
    }
    match step.action {
        Action::Update | Action::Record | Action::Replace | Action::AwaitCreate => {
            let paths = step.changes.iter().map(|change| path_key(&change.path));
            let width = paths.map(|key| key.chars().count()).max();
            for change in &step.changes {
                render_change(out, step, change, width.unwrap_or_default());
            }
        }
        _ => {}
    }
}

/// Shows what a resource is made with; what every new one has unless told otherwise is left out.
fn render_new(out: &mut String, item: &Item<'_>) {
    render_attributes(out, &item.attributes, 6);
    line(
        out,
        &format!("      {ADD}+{ADD:#} gatewayId: {QUIET}(known after apply){QUIET:#}"),
    );
    if item.step.owned {
        line(
            out,
            &format!("      {ADD}+{ADD:#} tags.{OWNER_KEY}: {QUIET}(gwplan's own){QUIET:#}"),
        );
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

/// Writes a path as the key of a line.
fn path_key(path: &FieldPath) -> String {
    format!("{}:", visible(&path.to_string()))
}

/// Shows a change; `width` is that of the widest key among its neighbours, in characters.
fn render_change(out: &mut String, step: &Step, change: &FieldChange, width: usize) {
    let FieldChange {
        path,
        before,
        after,
        how,
        drifted: _,
    } = change;
    let style = match how {
        How::InPlace(_) | How::Record => QUIET,
        // What is lost by it is red, and this is only why.
        How::Replace => CHANGE,
    };
    let note = match words::how(step, change) {
        note if note.is_empty() => note,
        note => format!("  {style}# {note}{style:#}"),
    };
    let long = |value: &Option<Value>| {
        value
            .as_ref()
            .and_then(Value::as_text)
            .is_some_and(|text| text.chars().count() > LONG_TEXT)
    };
    let key = path_key(path);
    match (before, after) {
        (Some(Value::Text(old)), Some(Value::Text(new))) if long(before) || long(after) => {
            line(out, &format!("      {CHANGE}~{CHANGE:#} {key}{note}"));
            render_text_change(out, old, new);
        }
        (Some(old), Some(new)) => line(
            out,
            &format!("      {CHANGE}~{CHANGE:#} {key:<width$} {old} → {new}{note}"),
        ),
        (None, Some(new)) => line(
            out,
            &format!("      {ADD}+{ADD:#} {key:<width$} {new}{note}"),
        ),
        (Some(old), None) => line(
            out,
            &format!("      {REMOVE}-{REMOVE:#} {key:<width$} {old}{note}"),
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
            let shown = word.value().escape_debug().to_string();
            let shown = visible(&shown);
            if word.tag() == ChangeTag::Equal {
                let _ = write!(text, "{shown}");
            } else {
                let _ = write!(text, "{STRONG}{shown}{STRONG:#}");
            }
        }
        line(out, &format!("          {style}{sign}{style:#} \"{text}\""));
    }
}
