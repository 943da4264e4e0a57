//! What was taken over, for people.

use std::fmt::Write;

use crate::model::{Address, Value};
use crate::state::Record;

/// Renders a table of the resources that were taken over.
pub fn render(taken: &[(Address, Record)]) -> String {
    let rows: Vec<[String; 5]> = taken
        .iter()
        .map(|(address, record)| {
            let name = record.observed.get("name").map(Value::to_string);
            [
                address.to_string(),
                record.id.clone(),
                record.region.clone(),
                record.cloud_status.clone(),
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
    let plural = if taken.len() == 1 { "" } else { "s" };
    let _ = writeln!(out, "\nImported {} resource{plural}.", taken.len());
    out
}
