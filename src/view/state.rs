//! The state, for people and in Terraform's state JSON.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr as _;

use crate::model::{Address, Attributes, Value, visible};
use crate::plan::Schemas;
use crate::state::{Record, State};

use super::terraform::{STATE_FORMAT, TERRAFORM_VERSION, record_values, resource};

/// Renders the addresses, one a line.
pub fn state_names(state: &State) -> String {
    let mut out = String::new();
    for address in state.resources.keys() {
        let _ = writeln!(out, "{address}");
    }
    out
}

/// Renders a line for each resource: its address, its id, where it stands, and how it is reached.
pub fn state_list(state: &State) -> String {
    const HEAD: [&str; 4] = ["ADDRESS", "ID", "STATUS", "PUBLIC ADDRESS"];
    if state.resources.is_empty() {
        return String::new();
    }
    let rows = state.resources.iter().map(|(address, record)| {
        let reached = record.public_addresses().join(", ");
        let reached = if reached.is_empty() { "-" } else { &reached };
        [
            address.to_string(),
            record.id.clone(),
            record.status.word().to_owned(),
            visible(reached).into_owned(),
        ]
    });
    let rows: Vec<[String; 4]> = [HEAD.map(str::to_owned)].into_iter().chain(rows).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].width())
            .max()
            .unwrap_or(0)
    };
    let widths = [0, 1, 2].map(width);
    let mut out = String::new();
    for [address, id, status, reached] in &rows {
        let [first, second, third] = widths;
        let _ = writeln!(
            out,
            "{address:first$}  {id:second$}  {status:third$}  {reached}"
        );
    }
    out
}

/// Renders the public addresses of resources that were made; nothing where none has one.
pub fn public_addresses(state: &State, made: &[&Address]) -> String {
    /// How many are told.
    const MOST: usize = 20;
    let reached = made.iter().filter_map(|address| {
        let addresses = state.resources.get(address)?.public_addresses().join(", ");
        (!addresses.is_empty()).then(|| format!("  {address}: {}\n", visible(&addresses)))
    });
    let reached: Vec<String> = reached.collect();
    if reached.is_empty() {
        return String::new();
    }
    let more = match reached.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("  and {more} more: `gwplan state list` lists them all\n"),
    };
    let shown: String = reached.into_iter().take(MOST).collect();
    format!("\nPublic addresses:\n{shown}{more}")
}

/// Renders the same as JSON, on one line.
pub fn state_list_json(state: &State) -> String {
    let rows = state.resources.iter().map(|(address, record)| {
        json!({
            "address": address,
            "gatewayId": record.id,
            "status": record.status.word(),
            "cloudStatus": record.cloud_status,
            "region": record.region,
            "publicIpAddresses": record.public_addresses(),
        })
    });
    format!("{}\n", Json::Array(rows.collect()))
}

/// Renders the whole state for people.
pub fn state_text(state: &State) -> String {
    if state.resources.is_empty() {
        let nothing_yet = state.history.is_empty() && state.serial == 0;
        return if nothing_yet {
            "The state is empty: gwplan has made nothing yet.\n".to_owned()
        } else {
            "The state is empty: gwplan manages nothing.\n".to_owned()
        };
    }
    let blocks: Vec<String> = state
        .resources
        .iter()
        .map(|(address, record)| record_text(address, record))
        .collect();
    blocks.join("\n")
}

/// Renders one record for people.
pub fn record_text(address: &Address, record: &Record) -> String {
    let Record {
        kind: _,
        id,
        task_id,
        status,
        cloud_status,
        region,
        made_for,
        depends_on,
        prevent_destroy,
        ignore_changes,
        source,
        applied,
        observed,
        outputs,
        successor,
    } = record;
    let mut out = format!("# {address}\n");
    let mut entry = |key: &str, value: &str| {
        let _ = writeln!(out, "{:<16} {value}", format!("{key}:"));
    };
    entry("gatewayId", id);
    entry("taskId", task_id.as_deref().unwrap_or("-"));
    entry(
        "status",
        &format!("{} (cloud: {cloud_status})", status.word()),
    );
    entry("region", region);
    if let Some(made_for) = made_for {
        entry("madeFor", &made_for.to_string());
    }
    if !depends_on.is_empty() {
        let names: Vec<String> = depends_on.iter().map(ToString::to_string).collect();
        entry("dependsOn", &names.join(", "));
    }
    if *prevent_destroy {
        entry("preventDestroy", "true");
    }
    if let Some(ignored) = ignore_changes.as_deref().filter(|all| !all.is_empty()) {
        let paths: Vec<String> = ignored.iter().map(ToString::to_string).collect();
        entry("ignoreChanges", &paths.join(", "));
    }
    if let Some(source) = source {
        entry("source", &source.to_string());
    }
    if let Some(successor) = successor {
        entry(
            "successor",
            &format!("{} ({})", successor.id, successor.status.word()),
        );
    }
    let mut merged = Value::Map(applied.clone());
    merged.merge(Value::Map(observed.clone()));
    if let Value::Map(attributes) = &merged {
        out.push_str("attributes:\n");
        attributes_text(&mut out, attributes, 2);
    }
    if !outputs.is_empty() {
        out.push_str("outputs:\n");
        attributes_text(&mut out, outputs, 2);
    }
    out
}

fn attributes_text(out: &mut String, attributes: &Attributes, indent: usize) {
    for (key, value) in attributes {
        match value {
            Value::Map(map) if !map.is_empty() => {
                let _ = writeln!(out, "{:indent$}{key}:", "");
                attributes_text(out, map, indent + 2);
            }
            _ => {
                let _ = writeln!(out, "{:indent$}{key}: {value}", "");
            }
        }
    }
}

/// Renders the state in Terraform's state JSON, on one line.
pub fn state_json(state: &State, schemas: Schemas<'_>) -> String {
    let resources = state
        .resources
        .iter()
        .map(|(address, record)| resource(address, schemas, &record_values(record)));
    let json = json!({
        "format_version": STATE_FORMAT,
        "terraform_version": TERRAFORM_VERSION,
        "values": { "root_module": { "resources": resources.collect::<Vec<_>>() } },
    });
    format!("{json}\n")
}
