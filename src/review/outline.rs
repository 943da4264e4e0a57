//! What has changed between two plans.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::{Address, FieldPath, Value, leaves};
use crate::plan::{Action, Plan, Step, step_digest};

/// The version of the record that [`Outline::encode`] writes.
const VERSION: &str = "1";
/// Stands where the digest would, in the record of a plan that has none.
const NO_DIGEST: &str = "-";
/// How many hexadecimal digits of a step's digest tell it from what it was before.
const MARK_DIGITS: usize = 8;

/// Holds of a plan what tells it from another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The plan's digest; nothing for a plan that was made without asking the cloud.
    pub digest: Option<String>,
    /// What is to be done, by address.
    pub entries: BTreeMap<Address, Entry>,
    /// Whether entries were left out for lack of room.
    pub cut: bool,
}

/// Holds of a step what tells it from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is to be done.
    pub action: Action,
    /// The first digits of the step's digest.
    pub mark: String,
    /// What each field has before and after; nothing where that was not kept.
    pub fields: Option<Fields>,
}

/// Holds what each field has before and after.
pub type Fields = BTreeMap<FieldPath, (Option<Value>, Option<Value>)>;

/// Tells what one plan does otherwise than another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What differs, by address.
    pub shifts: BTreeMap<Address, Shift>,
    /// Whether the earlier plan was known in part only, so that more may differ.
    pub partial: bool,
}

/// Tells how a step differs from what it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shift {
    /// It was not in the plan.
    Came(Action),
    /// It is not in the plan any more.
    Went(Action),
    /// It is of another kind.
    Turned {
        /// What was to be done.
        before: Action,
        /// What is to be done now.
        now: Action,
    },
    /// It is of the same kind, and does something else.
    Differs {
        /// What is to be done.
        action: Action,
        /// The fields that differ: what each was to have, and what it is to have now; empty where
        /// that is not known.
        fields: BTreeMap<FieldPath, [Option<Value>; 2]>,
    },
}

impl Outline {
    /// Takes the outline of a plan.
    pub fn of(plan: &Plan, digest: &str) -> Self {
        let steps = plan.steps.iter();
        let entries = steps.map(|step| (step.address.clone(), Entry::of(step)));
        Self {
            // What was made offline can't be approved, wherever its outline is kept.
            digest: plan.refreshed.then(|| digest.to_owned()),
            entries: entries.collect(),
            cut: false,
        }
    }

    /// Reads the outline out of a plan's JSON, as `gwplan plan --format json` writes it.
    pub fn from_json(json: &Json) -> Option<Self> {
        let own = json.get("gwplan")?;
        let steps = own.get("steps")?.as_array()?.iter();
        let entries = steps.map(|step| {
            let address = step.get("address")?.as_str()?.parse().ok()?;
            Some((address, Entry::from_json(step)?))
        });
        Some(Self {
            digest: own.get("digest")?.as_str().map(str::to_owned),
            entries: entries.collect::<Option<_>>()?,
            cut: false,
        })
    }

    /// Writes it on one line of letters, digits, spaces and `. - _ = :`, within some bytes.
    ///
    /// The values of fields are not in it. What has no room is left out, and that is said.
    pub fn encode(&self, max_bytes: usize) -> String {
        let digest = self.digest.as_deref().unwrap_or(NO_DIGEST);
        let mut line = format!("{VERSION} {digest}");
        for (address, Entry { action, mark, .. }) in &self.entries {
            let entry = format!(" {address}={}:{mark}", action.word());
            if line.len() + entry.len() + " cut".len() > max_bytes {
                return line + " cut";
            }
            line += &entry;
        }
        line
    }

    /// Reads what [`Outline::encode`] wrote.
    pub fn decode(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        if words.next() != Some(VERSION) {
            return None;
        }
        let mut outline = Self {
            digest: Some(words.next()?.to_owned()).filter(|word| word != NO_DIGEST),
            ..Self::default()
        };
        for word in words {
            if word == "cut" {
                outline.cut = true;
                continue;
            }
            let (address, entry) = word.split_once('=')?;
            let (action, mark) = entry.split_once(':')?;
            let entry = Entry {
                action: Action::from_word(action)?,
                mark: mark.to_owned(),
                fields: None,
            };
            outline.entries.insert(address.parse().ok()?, entry);
        }
        Some(outline)
    }

    /// Tells what a plan does otherwise than this one.
    pub fn difference(&self, now: &Self) -> Difference {
        let mut shifts = BTreeMap::new();
        for (address, entry) in &self.entries {
            let shift = match now.entries.get(address) {
                None => Some(Shift::Went(entry.action)),
                Some(now) => entry.shift(now),
            };
            shifts.extend(shift.map(|shift| (address.clone(), shift)));
        }
        if !self.cut {
            let came = now.entries.iter();
            let came = came.filter(|(address, _)| !self.entries.contains_key(*address));
            shifts.extend(came.map(|(address, now)| (address.clone(), Shift::Came(now.action))));
        }
        Difference {
            shifts,
            partial: self.cut,
        }
    }
}

impl Entry {
    /// Takes the outline of a step.
    pub fn of(step: &Step) -> Self {
        let mut fields = Fields::new();
        if step.changes.is_empty() {
            let made = leaves(&step.after).into_iter();
            fields.extend(made.map(|(path, value)| (path, (None, Some(value.clone())))));
        }
        for change in &step.changes {
            fields.insert(
                change.path.clone(),
                (change.before.clone(), change.after.clone()),
            );
        }
        let mut mark = step_digest(step);
        mark.truncate(MARK_DIGITS);
        Self {
            action: step.action,
            mark,
            fields: Some(fields),
        }
    }

    fn from_json(step: &Json) -> Option<Self> {
        let fields = step.get("fields")?.as_array()?.iter().map(|field| {
            let path = FieldPath::parse(field.get("path")?.as_str()?)?;
            let side = |key: &str| match field.get(key) {
                None | Some(Json::Null) => Some(None),
                Some(value) => serde_json::from_value(value.clone()).ok().map(Some),
            };
            Some((path, (side("before")?, side("after")?)))
        });
        Some(Self {
            action: Action::from_word(step.get("action")?.as_str()?)?,
            mark: step.get("mark")?.as_str()?.to_owned(),
            fields: Some(fields.collect::<Option<_>>()?),
        })
    }

    fn shift(&self, now: &Self) -> Option<Shift> {
        if self.action != now.action {
            return Some(Shift::Turned {
                before: self.action,
                now: now.action,
            });
        }
        (self.mark != now.mark).then(|| Shift::Differs {
            action: now.action,
            fields: match (&self.fields, &now.fields) {
                (Some(before), Some(now)) => differing(before, now),
                _ => BTreeMap::new(),
            },
        })
    }
}

/// Lists the fields that are to have another value than in the earlier plan.
fn differing(before: &Fields, now: &Fields) -> BTreeMap<FieldPath, [Option<Value>; 2]> {
    let after =
        |fields: &Fields, path: &FieldPath| fields.get(path).and_then(|(_, after)| after.clone());
    let paths = before.keys().chain(now.keys());
    // Of one that is only set from another value than before, nobody is told that it is to be the same.
    paths
        .map(|path| (path.clone(), [after(before, path), after(now, path)]))
        .filter(|(_, [before, now])| before != now)
        .collect()
}
