//! Settings of gwplan.yaml that are more than a text or a number.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;

use crate::model::{Attributes, Diagnostic, FieldPath, Value, short_lineage, value_at};
use crate::schema::Allowances;

use super::read::Place;

/// Holds how long apply waits for the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a new resource to be ready.
    pub create: Duration,
    /// For a deleted resource to be gone.
    pub delete: Duration,
    /// For the cloud to show what a request made whose answer was lost.
    pub consistency: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let half_an_hour = Duration::from_mins(30);
        Self {
            create: half_an_hour,
            delete: half_an_hour,
            consistency: Duration::from_mins(1),
        }
    }
}

pub(super) fn read_duration(
    key: &str,
    written: &str,
    place: Option<Place<'_>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Duration {
    let parsed = written
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    match parsed {
        Some(duration) if !duration.is_zero() => duration,
        _ => {
            let path = FieldPath::from_iter(["timeouts", key]);
            let location = place.map(|place| place.locate(&path, false));
            let fault = Diagnostic::error(
                "wrong-form",
                format!("`timeouts.{key}` is {written:?}, which is not a duration"),
            )
            .help("write it like 45m, 90s or 1h 30m, and more than nothing");
            diagnostics.push(fault.at(location));
            Timeouts::default().create
        }
    }
}

/// Reads the lineages of other projects' states, whole or shortened.
pub(super) fn other_states(attributes: &Attributes) -> BTreeSet<String> {
    let path = FieldPath::from_iter(["state", "others"]);
    let items = match value_at(attributes, &path) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let lineages = items.iter().filter_map(Value::as_text);
    lineages.map(short_lineage).collect()
}

pub(super) fn allowances(attributes: &Attributes) -> Allowances {
    let Some(Value::Map(allow)) = attributes.get("allow") else {
        return Allowances::new();
    };
    let words = |value: &Value| match value {
        Value::List(items) => items
            .iter()
            .filter_map(Value::as_text)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    allow
        .iter()
        .map(|(key, value)| (key.clone(), words(value)))
        .collect()
}
