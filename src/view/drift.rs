//! Drift, for people and as JSON.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::plan::{Drift, DriftedField};

const CHANGED: Style = AnsiColor::Yellow.on_default();
const GONE: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();

/// Renders what others changed in the cloud.
pub fn text(drifts: &[Drift]) -> String {
    if drifts.is_empty() {
        return format!("{STRONG}No drift.{STRONG:#} The cloud is as it was last applied.\n");
    }
    let mut out = "Changed outside gwplan since the last apply:\n".to_owned();
    for Drift {
        address,
        id,
        gone,
        fields,
    } in drifts
    {
        if *gone {
            let _ = writeln!(
                out,
                "\n{STRONG}  # {address} has been deleted{STRONG:#}\n  {GONE}-{GONE:#} {address} [{id}]"
            );
            continue;
        }
        let _ = writeln!(
            out,
            "\n{STRONG}  # {address} has been changed{STRONG:#}\n  {CHANGED}~{CHANGED:#} {address} [{id}]"
        );
        for DriftedField { path, applied, now } in fields {
            let now = now
                .as_ref()
                .map_or_else(|| "not set".to_owned(), ToString::to_string);
            let _ = writeln!(out, "      {CHANGED}~{CHANGED:#} {path}: {applied} → {now}");
        }
    }
    out
}

/// Renders it as JSON, on one line.
pub fn json(drifts: &[Drift]) -> String {
    format!(
        "{}\n",
        json!({ "format_version": "1.0", "drifted": !drifts.is_empty(), "drift": drifts })
    )
}
