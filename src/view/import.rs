//! What was taken over, for people.

use std::fmt::Write;

use crate::model::{Address, Value, visible};
use crate::state::Record;

/// Renders a table of the resources that were taken over.
pub fn taken(records: &[(Address, Record)]) -> String {
    table(records) + &format!("\nImported {}.\n", count(records.len()))
}

/// Renders a table of the resources that would be taken over.
pub fn proposal(records: &[(Address, Record)]) -> String {
    table(records) + &format!("\n{} to import.\n", count(records.len()))
}

/// Asks whether that many are taken over.
pub fn question(number: usize) -> String {
    format!("Take over {}?", count(number))
}

fn count(number: usize) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} resource{plural}")
}

fn table(taken: &[(Address, Record)]) -> String {
    let rows: Vec<[String; 5]> = taken
        .iter()
        .map(|(address, record)| {
            let name = record.observed.get("name").map(Value::to_string);
            [
                address.to_string(),
                record.id.clone(),
                record.region.clone(),
                visible(&record.cloud_status).into_owned(),
                name.unwrap_or_default(),
            ]
        })
        .collect();
    let head = ["ADDRESS", "ID", "REGION", "STATUS", "NAME"].map(str::to_owned);
    let mut widths = [0; 5];
    for row in std::iter::once(&head).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in std::iter::once(&head).chain(&rows) {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}
