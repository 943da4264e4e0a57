//! Drift, for people and as JSON.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::model::Value;
use crate::plan::{Drift, DriftedField, Drifts};
use crate::review::alike_drifts;

use super::words;

const CHANGED: Style = AnsiColor::Yellow.on_default();
const GONE: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();

/// Renders what others changed in the cloud: what counts, and apart from it what `ignoreChanges` leaves
/// to them.
pub fn text(drifts: &Drifts) -> String {
    let Drifts { counted, ignored } = drifts;
    let mut out = if counted.is_empty() && ignored.is_empty() {
        format!("{STRONG}No drift.{STRONG:#} The cloud is as it was last applied.\n")
    } else if counted.is_empty() {
        format!("{STRONG}No drift{STRONG:#} but in fields that ignoreChanges leaves alone.\n")
    } else {
        changed(counted)
    };
    if !ignored.is_empty() {
        out += "\nLeft alone by ignoreChanges, and not counted as drift:\n";
        each(&mut out, ignored);
    }
    out
}

/// Renders what others changed and what counts.
pub(super) fn changed(drifts: &[Drift]) -> String {
    let mut out = "Changed outside gwplan since the last apply:\n".to_owned();
    each(&mut out, drifts);
    out
}

fn each(out: &mut String, drifts: &[Drift]) {
    for block in alike_drifts(drifts) {
        let Drift { gone, fields, .. } = block[0];
        let who = match block.as_slice() {
            [one] => one.address.to_string(),
            all => format!("Each of these {}", words::plural(all.len(), "gateway")),
        };
        let (what, style, sign) = if *gone {
            ("deleted", GONE, '-')
        } else {
            ("changed", CHANGED, '~')
        };
        let _ = writeln!(out, "\n{STRONG}  # {who} has been {what}{STRONG:#}");
        for Drift { address, id, .. } in block {
            let _ = writeln!(out, "  {style}{sign}{style:#} {address} [{id}]");
        }
        for DriftedField { path, applied, now } in fields {
            let [applied, now] = [applied, now].map(|value| shown(value.as_ref()));
            let _ = writeln!(out, "      {CHANGED}~{CHANGED:#} {path}: {applied} → {now}");
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "not set".to_owned(), ToString::to_string)
}

/// Renders it as JSON, on one line; `drifted` is about what counts.
pub fn json(drifts: &Drifts) -> String {
    let Drifts { counted, ignored } = drifts;
    format!(
        "{}\n",
        json!({
            "format_version": "1.0",
            "drifted": !counted.is_empty(),
            "drift": counted,
            "ignored": ignored,
        })
    )
}
