//! The runs that the state remembers, for people and as JSON.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::model::visible;
use crate::state::{HistoryEntry, Override};

use super::words;

const STRONG: Style = Style::new().bold();
const ALARM: Style = AnsiColor::Yellow.on_default();

/// Renders the runs, the newest last.
pub fn text(history: &[HistoryEntry]) -> String {
    if history.is_empty() {
        return "No run has changed anything yet, as far as the state remembers.\n".to_owned();
    }
    history.iter().map(entry).collect()
}

/// Renders the runs as JSON, on one line.
pub fn json(history: &[HistoryEntry]) -> String {
    format!(
        "{}\n",
        json!({ "format_version": "1.0", "history": history })
    )
}

fn entry(entry: &HistoryEntry) -> String {
    let HistoryEntry {
        at,
        user,
        host,
        url,
        command,
        digest,
        planned,
        overridden,
    } = entry;
    // A state can be written by hand.
    let shown = |text: &str| visible(text).into_owned();
    let mut out = format!(
        "{STRONG}{at}{STRONG:#} {} by {} on {}: {}\n",
        shown(command),
        shown(user),
        shown(host),
        words::counted(planned, words::Tense::Planned)
    );
    let _ = writeln!(out, "    plan {}", shown(digest));
    if let Some(url) = url {
        let _ = writeln!(out, "    run  {}", shown(url));
    }
    if let Some(Override { reason, rules }) = overridden {
        let _ = writeln!(
            out,
            "    {ALARM}policy overridden{ALARM:#} ({}): {}",
            shown(&rules.join(", ")),
            shown(reason)
        );
    }
    out
}
