//! How a run ended, for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::event::Report;
use crate::plan::Action;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Renders the end of a run: what was done, what failed and why, what was not begun.
///
/// `moved` is how many records got another address: that is done before any step.
pub fn render(report: &Report, moved: usize, verb: &str) -> String {
    let mut out = String::new();
    let counts = counts(report, moved);
    if report.failed.is_empty() && !report.interrupted {
        let _ = writeln!(out, "{GOOD}{verb} complete!{GOOD:#} Resources: {counts}.");
        return out;
    }
    let how = if report.interrupted {
        "interrupted"
    } else {
        "incomplete"
    };
    let _ = writeln!(
        out,
        "{BAD}{verb} {how}.{BAD:#} Resources: {counts}; {} failed, {} unfinished, {} not started.",
        report.failed.len(),
        report.unfinished.len(),
        report.not_started.len(),
    );
    for (address, failure) in &report.failed {
        let _ = writeln!(out, "\n  failed: {address}\n    {}", failure.summary);
        if !failure.help.is_empty() {
            let _ = writeln!(out, "    next: {}", failure.help);
        }
    }
    if !report.unfinished.is_empty() {
        out.push_str(
            "\n  unfinished: the cloud is at work on these; the next apply goes on waiting\n",
        );
        for address in &report.unfinished {
            let _ = writeln!(out, "    {address}");
        }
    }
    for (address, why) in &report.not_started {
        let _ = writeln!(out, "\n  not started: {address}\n    {why}");
    }
    out
}

/// Counts what was done, in the words in which the plan counts what is to be done.
fn counts(report: &Report, moved: usize) -> String {
    let count = |wanted: &[Action]| {
        let done = report.done.iter();
        done.filter(|(_, action)| wanted.contains(action)).count()
    };
    let added = count(&[Action::Create, Action::Replace]);
    let changed = count(&[Action::Update]);
    let destroyed = count(&[Action::Delete, Action::Replace]);
    let mut text = format!("{added} added, {changed} changed, {destroyed} destroyed");
    for (number, what) in [
        (
            count(&[Action::AwaitCreate, Action::AwaitDelete]),
            "waited for",
        ),
        (count(&[Action::Forget]), "forgotten"),
        (moved, "moved"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    #[test]
    fn everything_that_was_done_is_counted_and_what_was_not_is_left_out() {
        let address = Address::new("gateway", "a").expect("an address");
        let done = |actions: &[Action]| Report {
            done: actions
                .iter()
                .map(|action| (address.clone(), *action))
                .collect(),
            ..Report::default()
        };
        let plain = "1 added, 1 changed, 1 destroyed";
        let report = done(&[Action::Create, Action::Update, Action::Delete]);
        assert_eq!(counts(&report, 0), plain);
        let report = done(&[
            Action::Replace,
            Action::Update,
            Action::AwaitCreate,
            Action::AwaitDelete,
            Action::Forget,
        ]);
        let more = format!("{plain}, 2 waited for, 1 forgotten, 3 moved");
        assert_eq!(counts(&report, 3), more);
        assert!(render(&report, 3, "Apply").ends_with(&format!("Resources: {more}.\n")));
    }
}
