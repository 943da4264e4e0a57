//! The state, for people and in Terraform's state JSON.

use std::fmt::Write;

use serde_json::json;

use crate::model::{Address, Attributes, Value};
use crate::plan::Schemas;
use crate::state::{Record, State};

use super::terraform::{STATE_FORMAT, TERRAFORM_VERSION, record_values, resource};

/// Renders the addresses, one a line.
pub fn state_list(state: &State) -> String {
    let mut out = String::new();
    for address in state.resources.keys() {
        let _ = writeln!(out, "{address}");
    }
    out
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
