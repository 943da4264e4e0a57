//! Plans that are kept in a file, and the digest that names a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::{Address, Desired, Fault, hex};
use crate::state::State;

use super::{Goal, Move, Plan, Selection, Step};

/// The newest format of plan files, and the only one that is read.
///
/// Files of format 1 did not say what they were planned for, so they can't be planned afresh.
const FORMAT: u64 = 2;

/// How many resources are named that have moved.
const TOLD: usize = 10;

/// Says what a plan was made against; it can be applied to nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Binding {
    /// The project's environment; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// The state's id.
    pub lineage: String,
    /// The cloud that was asked.
    pub endpoint: String,
    /// The account that holds the resources; empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// The region of resources that name none.
    pub region: String,
}

/// Holds a plan with what binds it.
///
/// What is applied is never read from the file: it is planned afresh, from the goal, the selection and
/// the paths that are kept here, and carried out only if that plan has the digest of this one. So all that
/// no digest covers, such as what to record, comes from the fresh plan alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedPlan {
    /// Marks the file as a plan, and says in which format.
    pub gwplan_plan: u64,
    /// What the plan was made against.
    pub binding: Binding,
    /// The state's serial that it was made from.
    pub serial: u64,
    /// What the plan is for.
    pub goal: Goal,
    /// Which part of the whole was asked for.
    pub selection: Selection,
    /// A digest of each record that it was made from, to tell which has moved.
    pub records: BTreeMap<Address, String>,
    /// The files or folders that were named when it was made.
    pub paths: Vec<PathBuf>,
    /// A digest of each resource that the files described, to tell which has been edited since.
    pub desired: BTreeMap<Address, String>,
    /// The plan.
    pub plan: Plan,
    /// The digest of the plan and its binding.
    pub digest: String,
    /// A digest of all of the above, to tell that nothing was altered.
    pub seal: String,
}

/// Holds what a plan that is kept was made from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// What was recorded.
    pub state: &'a State,
    /// What the files said.
    pub desired: &'a BTreeMap<Address, Desired>,
    /// The files or folders that were named.
    pub paths: &'a [PathBuf],
    /// What the plan is for.
    pub goal: Goal,
    /// Which part of the whole was asked for.
    pub selection: &'a Selection,
}

/// Returns the digest of a plan: the same for the same plan on every machine.
///
/// It covers what is to be done, to what, and against what; not where in the files it was written,
/// and not the state's serial, which also grows by what changes nothing.
pub fn digest(plan: &Plan, binding: &Binding) -> String {
    #[derive(Serialize)]
    struct Content<'a> {
        binding: &'a Binding,
        steps: &'a [Step],
        moves: &'a [Move],
    }
    sha256(&Content {
        binding,
        steps: &plan.steps,
        moves: &plan.moves,
    })
}

/// Returns the digest of one step, wherever in a plan it stands.
pub fn step_digest(step: &Step) -> String {
    // Its neighbours are none of its own.
    sha256(&Step {
        after_steps: Vec::new(),
        ..step.clone()
    })
}

/// Digests plain data over its canonical bytes: struct fields in their order, maps sorted.
pub(super) fn sha256(value: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    hex(&Sha256::digest(bytes))
}

fn record_digests(state: &State) -> BTreeMap<Address, String> {
    state
        .resources
        .iter()
        .map(|(address, record)| (address.clone(), sha256(record)))
        .collect()
}

/// Digests what the files say of a resource: all but where it stands in them.
pub(super) fn desired_digest(desired: &Desired) -> String {
    let Desired {
        address: _,
        region,
        attributes,
        depends_on,
        prevent_destroy,
        create_before_destroy,
        ignore_changes,
        location: _,
    } = desired;
    sha256(&(
        region,
        attributes,
        depends_on,
        prevent_destroy,
        create_before_destroy,
        ignore_changes,
    ))
}

fn desired_digests(desired: &BTreeMap<Address, Desired>) -> BTreeMap<Address, String> {
    desired
        .iter()
        .map(|(address, desired)| (address.clone(), desired_digest(desired)))
        .collect()
}

/// Names the addresses whose digests differ.
fn differing(then: &BTreeMap<Address, String>, now: &BTreeMap<Address, String>) -> Vec<String> {
    let all: BTreeSet<&Address> = then.keys().chain(now.keys()).collect();
    all.into_iter()
        .filter(|address| then.get(*address) != now.get(*address))
        .map(Address::to_string)
        .collect()
}

/// Joins the first few names; of a fleet, nobody reads all.
fn first_few(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(TOLD);
    names.truncate(TOLD);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

impl SavedPlan {
    /// Binds a plan to what it was made from.
    pub fn new(plan: Plan, origin: Origin<'_>, binding: Binding) -> Self {
        let Origin {
            state,
            desired,
            paths,
            goal,
            selection,
        } = origin;
        let digest = digest(&plan, &binding);
        let mut saved = Self {
            gwplan_plan: FORMAT,
            binding,
            serial: state.serial,
            goal,
            selection: selection.clone(),
            records: record_digests(state),
            paths: paths.to_owned(),
            desired: desired_digests(desired),
            plan,
            digest,
            seal: String::new(),
        };
        saved.seal = saved.content_seal();
        saved
    }

    fn content_seal(&self) -> String {
        sha256(&Self {
            seal: String::new(),
            ..self.clone()
        })
    }

    /// Writes the file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Tells whether bytes are a plan that can be written over: one that reads well, or one of an
    /// earlier format, which nothing can apply any more.
    pub fn is_one(bytes: &[u8]) -> bool {
        let format = || {
            let json: serde_json::Value = serde_json::from_slice(bytes).ok()?;
            json.get("gwplanPlan")?.as_u64()
        };
        Self::decode(bytes).is_ok() || format().is_some_and(|format| (1..FORMAT).contains(&format))
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// A fault where they are no plan of this format, or were altered since they were written.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let hint = "make one with `gwplan plan --out FILE`";
        let no_plan = |error: serde_json::Error| {
            Fault::new("the file is not a saved plan")
                .because(error)
                .hint(hint)
        };
        let json: serde_json::Value = serde_json::from_slice(bytes).map_err(no_plan)?;
        let format = json.get("gwplanPlan").and_then(serde_json::Value::as_u64);
        if format != Some(FORMAT) {
            return Err(match format {
                Some(1..FORMAT) => Fault::new("the saved plan was made by an earlier gwplan")
                    .hint("plan again with this one, review the new plan, and apply that"),
                _ => {
                    Fault::new("the file is not a saved plan that this gwplan can read").hint(hint)
                }
            });
        }
        let saved: Self = serde_json::from_value(json).map_err(no_plan)?;
        if saved.seal != saved.content_seal() || saved.digest != digest(&saved.plan, &saved.binding)
        {
            return Err(Fault::new("the saved plan was altered after it was made")
                .hint("plan again, and apply what gwplan wrote"));
        }
        Ok(saved)
    }

    /// Tells whether a plan that was made afresh is this one.
    pub fn is(&self, fresh: &Plan, binding: &Binding) -> bool {
        digest(fresh, binding) == self.digest
    }

    /// Checks that what the plan was made from is still the same, but for what the plan itself has done.
    ///
    /// This says what has moved; whether the plan may be applied, [`SavedPlan::is`] says alone.
    ///
    /// # Errors
    /// A fault that says which resource or which setting has moved since.
    pub fn check(
        &self,
        state: &State,
        desired: &BTreeMap<Address, Desired>,
        binding: &Binding,
    ) -> Result<(), Fault> {
        let again = "plan again, review the new plan, and apply that";
        let Binding {
            environment,
            lineage,
            endpoint,
            account,
            region,
        } = &self.binding;
        // A state that was not there yet has no id; its serial tells whether it has moved on.
        let lineage = if lineage.is_empty() {
            &binding.lineage
        } else {
            lineage
        };
        // Whoever planned may not have been allowed to ask for the account.
        let account = if account.is_empty() {
            &binding.account
        } else {
            account
        };
        for (what, then, now) in [
            ("environment", environment, &binding.environment),
            ("state", lineage, &binding.lineage),
            ("endpoint", endpoint, &binding.endpoint),
            ("account", account, &binding.account),
            ("region", region, &binding.region),
        ] {
            if then != now {
                let [then, now] = [then, now].map(|one| if one.is_empty() { "none" } else { one });
                return Err(Fault::new(format!(
                    "the plan was made for another {what}: {then}, not {now}"
                ))
                .hint(again));
            }
        }
        let edited = differing(&self.desired, &desired_digests(desired));
        if !edited.is_empty() {
            return Err(Fault::new(format!(
                "the plan is stale: the files have changed since it was made: {}",
                first_few(edited)
            ))
            .hint(again));
        }
        let moved = differing(&self.records, &record_digests(state));
        let open = state.open_plan.as_ref();
        if open.is_some_and(|open| open.digest == self.digest) {
            // What has moved is what a run of this very plan has done; the rest is held against it.
            return Ok(());
        }
        if self.serial != state.serial || !moved.is_empty() {
            let what = if moved.is_empty() {
                "nothing that it holds".to_owned()
            } else {
                first_few(moved)
            };
            let (then, now) = (self.serial, state.serial);
            return Err(Fault::new(format!("the plan is stale: the state has moved on from serial {then} to {now}; changed: {what}")).hint(again));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(words: [&str; 4]) -> Binding {
        let [environment, lineage, endpoint, region] = words.map(str::to_owned);
        Binding {
            environment,
            lineage,
            endpoint,
            account: String::new(),
            region,
        }
    }

    #[test]
    fn a_plan_for_one_account_is_not_applied_in_another() {
        let (state, desired) = (State::new(), BTreeMap::new());
        let of = |account: &str| Binding {
            account: account.to_owned(),
            ..binding(["", "one", "cloud", "region"])
        };
        let check = |then: &str, now: &str| {
            let saved = SavedPlan::new(Plan::default(), origin(&state, &desired), of(then));
            saved.check(&state, &desired, &of(now)).is_ok()
        };
        assert!(check("1", "1") && check("", "1") && check("", ""));
        assert!(!check("1", "2") && !check("1", ""));
        let [one, two, none] = ["1", "2", ""].map(|account| digest(&Plan::default(), &of(account)));
        assert!(one != two && two != none && none != one);
    }

    static EVERYTHING: Selection = Selection {
        targets: Vec::new(),
        excludes: Vec::new(),
        replace: Vec::new(),
        allow_all_gone: false,
    };

    fn origin<'a>(state: &'a State, desired: &'a BTreeMap<Address, Desired>) -> Origin<'a> {
        Origin {
            state,
            desired,
            paths: &[],
            goal: Goal::Converge,
            selection: &EVERYTHING,
        }
    }

    #[test]
    fn what_a_plan_was_made_without_it_is_not_applied_with() {
        let (state, desired) = (State::new(), BTreeMap::new());
        let check = |then: [&str; 4], now: [&str; 4]| {
            let plan = Plan::default();
            let saved = SavedPlan::new(plan, origin(&state, &desired), binding(then));
            let checked = saved.check(&state, &desired, &binding(now));
            checked.err().map(|fault| fault.to_string())
        };
        let none = ["", "", "", ""];
        assert_eq!(check(none, none), None);
        for (now, expected) in [
            (["prod", "", "", ""], "another environment: none, not prod"),
            (["", "", "cloud", ""], "another endpoint: none, not cloud"),
            (
                ["", "", "", "ap-guangzhou"],
                "another region: none, not ap-guangzhou",
            ),
        ] {
            let expected = format!("the plan was made for {expected}");
            assert_eq!(check(none, now), Some(expected));
        }
        assert_eq!(
            check(["prod", "", "", ""], none),
            Some("the plan was made for another environment: prod, not none".to_owned())
        );
        // A state gets its id with its first write; until then, a plan can't name it.
        assert_eq!(check(none, ["", "one", "", ""]), None);
        assert!(check(["", "one", "", ""], ["", "two", "", ""]).is_some());
    }
}
