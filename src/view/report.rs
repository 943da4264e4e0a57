//! How a run ended, for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use indexmap::IndexMap;

use crate::event::Report;
use crate::model::{Address, Counts};
use crate::review::Destination;

use super::words::{self, Tense};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// How many addresses are named that have the same reason not to be begun.
const MOST_NAMED: usize = 10;

/// Renders the end of a run: what was done, what failed and why, what was not begun.
///
/// `moved` is how many records got another address: that is done before any step. `place` is where it was
/// done.
pub fn render(report: &Report, moved: usize, verb: &str, place: &Destination) -> String {
    let mut out = String::new();
    let counts = Counts {
        moved,
        ..report.counts
    };
    let counts = words::counted(&counts, Tense::Done);
    if report.failed.is_empty() && !report.interrupted {
        let _ = writeln!(out, "{GOOD}{verb} complete!{GOOD:#} Resources: {counts}.");
        let _ = writeln!(out, "Where: {place}.");
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
    let _ = writeln!(out, "Where: {place}.");
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
    not_started(report, &mut out);
    out
}

/// Names what was not begun, once for each reason: an interruption is the reason of many.
fn not_started(report: &Report, out: &mut String) {
    let mut by_reason: IndexMap<&str, Vec<&Address>> = IndexMap::new();
    for (address, why) in &report.not_started {
        by_reason.entry(why).or_default().push(address);
    }
    for (why, addresses) in by_reason {
        let names = words::few(&addresses, MOST_NAMED, ToString::to_string);
        let _ = writeln!(out, "\n  not started: {names}\n    {why}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Destination {
        Destination {
            environment: Some("prod".to_owned()),
            cloud: "the simulated cloud".to_owned(),
            state: Some("state/prod.json".to_owned()),
        }
    }

    #[test]
    fn everything_that_was_done_is_counted_and_what_was_not_is_left_out() {
        let report = |counts: Counts| Report {
            counts,
            ..Report::default()
        };
        let few = Counts {
            add: 1,
            change: 1,
            destroy: 1,
            ..Counts::default()
        };
        let plain = "1 added, 1 changed, 1 destroyed";
        let end = |text: &str| {
            let place = "environment prod on the simulated cloud (state: state/prod.json)";
            format!("Resources: {text}.\nWhere: {place}.\n")
        };
        assert!(render(&report(few), 0, "Apply", &place()).ends_with(&end(plain)));
        let all = Counts {
            resume: 2,
            forget: 1,
            ..few
        };
        let more = format!("{plain}, 2 waited for, 1 forgotten, 3 moved");
        assert!(render(&report(all), 3, "Apply", &place()).ends_with(&end(&more)));
    }

    #[test]
    fn what_was_not_begun_is_named_once_for_each_reason() {
        let one = |number: usize, why: &str| {
            let address = format!("gateway.g{number}").parse().expect("an address");
            (address, why.to_owned())
        };
        let mut all: Vec<_> = (0..12).map(|number| one(number, "interrupted")).collect();
        all.insert(1, one(99, "it comes after another"));
        let report = Report {
            not_started: all,
            interrupted: true,
            ..Report::default()
        };
        let told = render(&report, 0, "Apply", &place());
        let (_, told) = told.split_once("\n\n").expect("a list");
        assert_eq!(
            told,
            "  not started: gateway.g0, gateway.g1, gateway.g2, gateway.g3, gateway.g4, gateway.g5, \
             gateway.g6, gateway.g7, gateway.g8, gateway.g9 and 2 more\n    interrupted\n\
             \n  not started: gateway.g99\n    it comes after another\n"
        );
    }
}
