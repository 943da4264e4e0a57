//! The section `policy` of gwplan.yaml: its settings as they are laid over one another, and their places.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Attributes, Diagnostic, FieldPath, Location, Value, value_at};
use crate::schema::project::POLICY_KEY;

use super::read::Place;

/// The lists and limits that a guard is of no use without.
const NEEDED: &[(&str, &str)] = &[
    ("protected", "addresses"),
    ("requiredTags", "tags"),
    ("allowedRegions", "regions"),
    ("allowedSpecifications", "specifications"),
    ("allowedVersions", "versions"),
    ("maxBandwidth", "limit"),
];

/// Holds what plans are held to.
#[derive(Debug, Default)]
pub struct Policy {
    /// The settings by key; each guard is a map.
    pub settings: Attributes,
    /// Where each setting that was written stands.
    places: BTreeMap<FieldPath, Location>,
    /// Which of them the topmost section holds.
    own: BTreeSet<FieldPath>,
}

impl Policy {
    /// Takes the settings over; `sections` are those that hold them, the lowest first, and `unread` is what
    /// stands there, but wrongly.
    pub(super) fn new(
        settings: Option<&Value>,
        sections: &[Place<'_>],
        unread: &[&FieldPath],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut policy = Self {
            settings: settings
                .and_then(Value::as_map)
                .cloned()
                .unwrap_or_default(),
            ..Self::default()
        };
        let settings = policy.settings.clone();
        policy.find_places(&Value::Map(settings), &FieldPath::root(), sections);
        policy.check(unread, diagnostics);
        policy.check_patterns(diagnostics);
        policy
    }

    /// Returns where a setting stands, if it was written.
    pub fn location(&self, path: &FieldPath) -> Option<Location> {
        self.places.get(path).cloned()
    }

    /// Tells whether a setting is the chosen environment's own, or there are no environments: what all
    /// of them share need not be about each.
    pub fn is_own(&self, path: &FieldPath) -> bool {
        self.own.contains(path)
    }

    fn find_places(&mut self, value: &Value, path: &FieldPath, sections: &[Place<'_>]) {
        let inner: Vec<(String, &Value)> = match value {
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), value))
                .collect(),
            Value::List(items) => {
                let items = items.iter().enumerate();
                items.map(|(at, item)| (at.to_string(), item)).collect()
            }
            _ => Vec::new(),
        };
        for (key, value) in inner {
            let path = path.child(key);
            let holder = sections.iter().enumerate().rev();
            let holder = holder.map(|(at, section)| (at, section.under(POLICY_KEY)));
            let mut holder = holder.filter(|(_, section)| section.reaches(&path));
            if let Some((at, section)) = holder.next() {
                let location = section.locate(&path, false);
                self.places.insert(path.clone(), location);
                if at + 1 == sections.len() {
                    self.own.insert(path.clone());
                }
            }
            self.find_places(value, &path, sections);
        }
    }

    fn check(&self, unread: &[&FieldPath], diagnostics: &mut Vec<Diagnostic>) {
        for (guard, key) in NEEDED {
            let Some(Value::Map(settings)) = self.settings.get(*guard) else {
                continue;
            };
            let path = FieldPath::from_iter([*guard]);
            let needed = [POLICY_KEY, guard, key].map(str::to_owned);
            if unread.iter().any(|path| path.segments().ends_with(&needed)) {
                continue;
            }
            let fault = match settings.get(*key) {
                None => Some(("missing-key", "is missing")),
                Some(Value::List(items)) if items.is_empty() => Some(("missing-value", "is empty")),
                Some(_) => None,
            };
            if let Some((rule, what)) = fault {
                let summary = format!("`{POLICY_KEY}.{guard}.{key}` {what}");
                let help = "the guard needs it: fill it in, or remove the guard; `level: warn` makes it only warn";
                let fault = Diagnostic::error(rule, summary).help(help);
                diagnostics.push(fault.at(self.location(&path)));
            }
        }
    }

    /// Refuses patterns that no address can fit.
    fn check_patterns(&self, diagnostics: &mut Vec<Diagnostic>) {
        for guard in ["protected", "keepProtection"] {
            self.check_patterns_of(guard, diagnostics);
        }
    }

    fn check_patterns_of(&self, guard: &str, diagnostics: &mut Vec<Diagnostic>) {
        let path = FieldPath::from_iter([guard, "addresses"]);
        let Some(Value::List(items)) = value_at(&self.settings, &path) else {
            return;
        };
        for (at, item) in items.iter().enumerate() {
            let Some(pattern) = item.as_text().filter(|pattern| !may_fit(pattern)) else {
                continue;
            };
            let summary = format!("`{pattern}` fits no address");
            let fault = Diagnostic::error("bad-address", summary).help(
                "write KIND.NAME, for example gateway.prod-*; `*` stands for any characters, `?` for one",
            );
            diagnostics.push(fault.at(self.location(&path.child(at.to_string()))));
        }
    }
}

fn may_fit(pattern: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || "-_*?.".contains(c);
    let parts = pattern.matches('.').count();
    pattern.chars().all(sign) && parts <= 1 && (parts == 1 || pattern.starts_with('*'))
}
