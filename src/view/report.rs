//! How a run ended, for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::event::Report;
use crate::plan::Action;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Renders the end of a run: what was done, what failed and why, what was not begun.
pub fn render(report: &Report, verb: &str) -> String {
    let mut out = String::new();
    let count = |wanted: &[Action]| {
        report
            .done
            .iter()
            .filter(|(_, action)| wanted.contains(action))
            .count()
    };
    let added = count(&[Action::Create, Action::Replace, Action::AwaitCreate]);
    let changed = count(&[Action::Update]);
    let destroyed = count(&[Action::Delete, Action::Replace, Action::AwaitDelete]);
    let counts = format!("{added} added, {changed} changed, {destroyed} destroyed");
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
