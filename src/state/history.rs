//! The runs that have changed something, as the state remembers them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Address, Counts};

use super::State;

/// The most runs that are remembered; the oldest goes first.
pub const MAX_HISTORY: usize = 100;

/// Tells of one run that began to carry out a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HistoryEntry {
    /// When it began.
    pub at: Timestamp,
    /// The user's name.
    pub user: String,
    /// The machine's name.
    pub host: String,
    /// Where the run can be watched, if a pipeline made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The command: `apply` or `destroy`.
    pub command: String,
    /// The plan's digest, in hexadecimal digits.
    pub digest: String,
    /// What was to be done.
    pub planned: Counts,
    /// The policies that denied the plan and were overridden.
    #[serde(rename = "override", default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Override>,
}

/// Says why policies were overridden, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Override {
    /// The reason, in the words of whoever did it.
    pub reason: String,
    /// The ids of the rules, each once.
    pub rules: Vec<String>,
}

/// Holds what a run has begun, to tell later what is left of it from what is something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenPlan {
    /// The digest of the whole plan, by which it was approved.
    pub digest: String,
    /// A digest of what it was made against, and of what part of the whole was asked for.
    pub scope: String,
    /// Whether all of it is done; nothing but its name is kept then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// Digests of its moves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<String>,
    /// Its steps.
    pub steps: BTreeMap<Address, OpenStep>,
}

/// Holds what is needed to know one step of an [`OpenPlan`] again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenStep {
    /// The word of what is done.
    pub action: String,
    /// A digest of the step, without its place in the order.
    pub digest: String,
    /// Digests of the changes of its fields.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changes: BTreeSet<String>,
    /// Digests of the calls that change a resource while it lives, those before a delete among them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub calls: BTreeSet<String>,
    /// A digest of what is made, and of what could be taken for it.
    pub made: String,
    /// A digest of what the files say of the resource; nothing where they say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
}

impl State {
    /// Notes that all of the plan is done that was begun.
    pub(super) fn close_plan(&mut self) {
        if let Some(open) = &mut self.open_plan {
            open.done = true;
            open.moves.clear();
            open.steps.clear();
        }
    }

    /// Remembers a run; of those before, only the latest.
    pub fn remember(&mut self, entry: HistoryEntry) {
        self.history.push(entry);
        let over = self.history.len().saturating_sub(MAX_HISTORY);
        self.history.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::kinds;
    use crate::state::{decode, encode};

    fn entry(number: usize) -> HistoryEntry {
        HistoryEntry {
            at: "2026-01-02T03:04:05Z".parse().expect("a time"),
            user: "ada".to_owned(),
            host: "laptop".to_owned(),
            url: None,
            command: "apply".to_owned(),
            digest: number.to_string(),
            planned: Counts {
                add: 1,
                ..Counts::default()
            },
            overridden: Some(Override {
                reason: "a fire".to_owned(),
                rules: vec!["max-destroys".to_owned()],
            }),
        }
    }

    #[test]
    fn the_last_hundred_runs_are_remembered_and_read_back() {
        let mut state = State::new();
        assert!(!String::from_utf8_lossy(&encode(&state)).contains("history"));
        for number in 0..MAX_HISTORY + 7 {
            state.remember(entry(number));
        }
        assert_eq!(state.history.len(), MAX_HISTORY);
        assert_eq!(state.history[0].digest, "7");
        assert_eq!(decode(&encode(&state), kinds).expect("valid"), state);
    }

    #[test]
    fn what_is_no_history_is_refused() {
        let mut state = State::new();
        state.remember(entry(0));
        let text = String::from_utf8(encode(&state)).expect("text");
        let unknown = text.replace("\"reason\"", "\"raeson\"");
        let error = decode(unknown.as_bytes(), kinds)
            .expect_err("refused")
            .to_string();
        assert!(error.contains("raeson"), "{error}");
    }
}
