//! What a reviewer should see beside the lines of the files, as commands of a GitHub workflow.

use std::fmt::Write;

use crate::model::{Diagnostic, Location, SourceLine, told_diagnostics, visible};
use crate::plan::Reason;
use crate::policy::Finding;
use crate::review::{Group, Item, Review};

use super::words;

/// Turns the path of a file into the one under which the forge knows it; nothing for a file that it
/// doesn't know.
pub type FilePlace<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Renders what is dangerous about a plan, what policies say about it, and its diagnostics.
///
/// The worst comes first, since few annotations of a run are shown.
pub fn render(review: &Review<'_>, place: FilePlace<'_>) -> String {
    let mut out = String::new();
    let (denials, warnings): (Vec<&Finding>, Vec<&Finding>) =
        review.policy.iter().partition(|finding| finding.denies());
    for finding in denials {
        out += &policy(finding, review, place);
    }
    for item in review.group(Group::Danger) {
        out += &danger(item, place);
    }
    for finding in warnings {
        out += &policy(finding, review, place);
    }
    let diagnostics = told_diagnostics(&review.plan.diagnostics);
    out.extend(diagnostics.iter().map(|one| diagnostic(one, place)));
    out
}

/// Renders one diagnostic.
pub fn diagnostic(diagnostic: &Diagnostic, place: FilePlace<'_>) -> String {
    let properties = diagnostic.location.as_ref().and_then(|location| {
        let (start, end) = (location.start(), location.end());
        let file = escape(&place(location.file().path())?, true);
        let end_column = if end.line == start.line {
            format!(",endColumn={}", end.column)
        } else {
            String::new()
        };
        Some(format!(
            "file={file},line={},endLine={},col={}{end_column},",
            start.line, end.line, start.column
        ))
    });
    let mut message = diagnostic.summary.clone();
    if !diagnostic.help.is_empty() {
        message.push('\n');
        message.push_str(&diagnostic.help);
    }
    for (location, note) in &diagnostic.related {
        let _ = write!(message, "\n{note}: {}", location.label());
    }
    let level = diagnostic.severity.word();
    command(
        level,
        &properties.unwrap_or_default(),
        diagnostic.rule,
        &message,
    )
}

/// Says what is lost, at the line that forces it.
fn danger(item: &Item<'_>, place: FilePlace<'_>) -> String {
    let step = item.step;
    let causes = words::causes(item);
    let mut lines = causes
        .iter()
        .filter_map(|cause| Some((cause.line?, cause.past)));
    let properties = match (lines.next(), item.block) {
        // A block that was taken out has a file at most: what stands at its line now is another thing.
        (Some((line, true)), _) => at(line, false, place),
        (Some((line, false)), _) | (None, Some(line)) => at(line, true, place),
        (None, None) => String::new(),
    };
    let title = format!("{} {}", step.address, words::headline(step));
    let causes = causes.iter().map(ToString::to_string);
    let losses = step.losses.iter();
    let losses = losses.map(|loss| format!("lost for good: {}", words::plain(&words::loss(loss))));
    let message: Vec<String> = std::iter::once(title.clone())
        .chain(causes)
        .chain(words::growth(item))
        .chain(losses)
        .collect();
    command("warning", &properties, &title, &message.join("\n"))
}

fn policy(finding: &Finding, review: &Review<'_>, place: FilePlace<'_>) -> String {
    let level = if finding.denies() { "error" } else { "warning" };
    let mut items = review.items.iter();
    let about = finding.address.as_ref();
    let item = about.and_then(|about| items.find(|item| item.step.address == *about));
    let rule = finding.location.as_ref().map(Location::line);
    let blocks = item.filter(|item| item.step.reason != Reason::LeftTheFiles);
    let line = blocks.and_then(|item| item.block).or(rule.as_ref());
    let properties = line.map(|line| at(line, true, place));
    let about = about.map(|address| format!("{address}: "));
    let message = about.unwrap_or_default() + &finding.message;
    command(
        level,
        &properties.unwrap_or_default(),
        &finding.rule,
        &message,
    )
}

fn at(line: &SourceLine, is_there: bool, place: FilePlace<'_>) -> String {
    let SourceLine { file, line } = line;
    let Some(file) = place(file) else {
        return String::new();
    };
    let file = escape(&file, true);
    if is_there {
        format!("file={file},line={line},")
    } else {
        format!("file={file},")
    }
}

fn command(level: &str, properties: &str, title: &str, message: &str) -> String {
    let lines: Vec<_> = message.split('\n').map(inert).collect();
    let (title, message) = (
        escape(&inert(title), true),
        escape(&lines.join("\n"), false),
    );
    format!("::{level} {properties}title={title}::{message}\n")
}

/// Writes out what can't be seen, and breaks what begins a command in its old form, which the runner looks for
/// anywhere in a line.
fn inert(line: &str) -> String {
    visible(line).replace("##[", "## [")
}

/// Escapes as GitHub's workflow commands need it: in properties `:` and `,` end the value.
fn escape(text: &str, property: bool) -> String {
    let text = text
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    if property {
        text.replace(':', "%3A").replace(',', "%2C")
    } else {
        text
    }
}
