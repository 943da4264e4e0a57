//! What apply would do, decided ahead of it.
//!
//! Planning is pure: no I/O, no clock, no printing. The same inputs give the same plan, and the plan
//! leaves apply nothing to decide.
//!
//! [`plan()`] goes through five hands: `recovery` presumes how requests that were cut off have ended,
//! `moves` gives records their new addresses, `decide` says what
//! is to be done about each address (by `diff`), `select` narrows it to what was asked for, and
//! `order` says what comes after what.

mod decide;
mod diff;
mod drift;
mod guard;
mod known;
mod moves;
mod order;
mod owners;
mod places;
mod recovery;
mod renames;
mod resume;
mod saved;
mod select;
mod settled;
mod strays;
mod succession;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, Attributes, Counts, Desired, Diagnostic, Fault, FieldPath, Identity, Moved, Observed,
    Removed, SourceLine, Value,
};
use crate::schema::ResourceSchema;
use crate::state::{Record, State};

pub use drift::{Drift, DriftedField, Drifts, Ignores, drift};
pub use moves::carry_out as moved_state;
pub use places::Places;
pub use recovery::{Case, Verdict, choose, judge, undecided};
pub use renames::{LikelyMove, likely_moves};
pub use resume::{beyond, open_plan, scope};
pub use saved::{Binding, Origin, SavedPlan, digest, step_digest};
pub use strays::{Stray, strays};

/// Finds the schema of a kind.
pub type Schemas<'a> = &'a dyn Fn(&str) -> Option<&'static ResourceSchema>;

/// Finds the line of the files that says something about a resource; its block, for the root path.
pub type Locate<'a> = &'a dyn Fn(&Address, &FieldPath) -> Option<SourceLine>;

/// Holds what the cloud showed when it was asked.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The resources that the cloud showed, recorded or not, by identity.
    pub found: BTreeMap<Identity, Observed>,
    /// The recorded resources that the cloud says are not there.
    pub gone: BTreeSet<Identity>,
}

/// Says what the plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Make the cloud what the files say.
    Converge,
    /// Delete everything that the state holds.
    Destroy,
}

/// Says which part of the whole is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    /// These and what they depend on; everything where it is empty.
    pub targets: Vec<Address>,
    /// All but these and what depends on them.
    pub excludes: Vec<Address>,
    /// These are replaced although nothing forces it.
    pub replace: Vec<Address>,
    /// Whether all that is recorded may be gone at once, though nothing says whose account it is.
    pub allow_all_gone: bool,
}

/// Holds everything that a plan is made of.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What the files say.
    pub desired: &'a BTreeMap<Address, Desired>,
    /// Which records the files give another address.
    pub moved: &'a [Moved],
    /// Which records the files give up without deleting anything.
    pub removed: &'a [Removed],
    /// What is recorded.
    pub state: &'a State,
    /// What the cloud shows; nothing for a plan made offline.
    pub snapshot: Option<&'a Snapshot>,
    /// The tables of fields.
    pub schemas: Schemas<'a>,
    /// Where the files say what.
    pub locate: Locate<'a>,
    /// What the plan is for.
    pub goal: Goal,
    /// Which part of the whole is asked for.
    pub selection: &'a Selection,
    /// Whether what is made carries a tag that names its owner.
    pub ownership: bool,
    /// The states, by their shortened lineages, that are known to be other projects'.
    pub other_states: &'a BTreeSet<String>,
}

/// Holds what apply would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is to be done, by address.
    pub steps: Vec<Step>,
    /// Records that get another address, before anything else is done.
    pub moves: Vec<Move>,
    /// The addresses that are as they should be.
    pub unchanged: Vec<Address>,
    /// What was changed in the cloud by others since the last apply.
    pub drift: Vec<Drift>,
    /// Records that apply brings up to date with what was seen.
    ///
    /// It changes nothing that a later plan would do otherwise, so it is no step; and it is always made
    /// from the cloud as it is, never read from a file.
    #[serde(skip)]
    pub bookkeeping: Vec<(Address, Record)>,
    /// Differences that `ignoreChanges` leaves alone.
    pub ignored: Vec<(Address, FieldPath)>,
    /// Where the files speak of what the plan speaks of.
    pub places: BTreeMap<Address, Places>,
    /// Whether the cloud was asked.
    pub refreshed: bool,
    /// Whether a part of the whole was left out, as was asked for.
    pub partial: bool,
    /// What keeps the plan from being applied, and what to be aware of.
    #[serde(skip)]
    pub diagnostics: Vec<Diagnostic>,
}

/// Gives a record another address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The address before.
    pub from: Address,
    /// The address after.
    pub to: Address,
}

/// Describes what is to be done about one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The resource.
    pub address: Address,
    /// What is to be done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The API region of the calls.
    pub region: String,
    /// The resource in the cloud, where there is one.
    pub existing: Option<Identity>,
    /// The attributes before; empty for a create.
    pub before: Attributes,
    /// The attributes after; empty for a delete.
    pub after: Attributes,
    /// What differs, field by field; only where the resource stays or is replaced.
    pub changes: Vec<FieldChange>,
    /// The calls that change the resource while it lives, in their order: those of an update, or
    /// those that follow a create.
    pub calls: Vec<PlannedCall>,
    /// The calls that come before the delete, such as lifting a protection.
    pub calls_before_delete: Vec<PlannedCall>,
    /// Whether a replacement is made before the old one is deleted.
    pub create_before_destroy: bool,
    /// Whether what is made carries a tag that names its owner; of what is forgotten, whether that tag
    /// is taken off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owned: bool,
    /// The resources that no record holds and that could be taken for the one that is made: those with its
    /// owner tag, and those of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namesakes: Vec<String>,
    /// What the cloud's list showed when the plan was made: apply stops the step if that has moved.
    pub seen: Option<Attributes>,
    /// What is lost for good.
    pub losses: Vec<Loss>,
    /// The addresses that the record will say it was made after.
    pub depends_on: Vec<Address>,
    /// Whether the record will say that destroying it is an error.
    pub prevent_destroy: bool,
    /// The fields that the record will say are left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_changes: Vec<FieldPath>,
    /// The resource that a replacement, which was cut off, has made to take the place of the existing
    /// one, and what becomes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<Successor>,
    /// What must have ended well before each half of this step begins.
    pub after_steps: Vec<Precedence>,
}

/// Tells what becomes of the resource that a replacement, which was cut off, has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// Its name in the cloud.
    pub identity: Identity,
    /// What becomes of it.
    pub fate: Fate,
    /// Its attributes as they are.
    pub before: Attributes,
    /// The calls that come before its delete, such as lifting a protection.
    pub calls_before_delete: Vec<PlannedCall>,
}

/// Says what becomes of a resource that a replacement, which was cut off, has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It takes the place that it was made for.
    Kept,
    /// It is deleted: it is not what the files want.
    Deleted,
}

/// Names one half of a step.
///
/// A replacement has both, in the one order or the other; every other step is one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Half {
    /// After it the resource is there as it is wanted.
    Make,
    /// After it the resource that was there is gone.
    Unmake,
}

/// Says that one half of a step begins only when a half of another step has ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Precedence {
    /// The half that has to wait.
    pub half: Half,
    /// The position in [`Plan::steps`] of the step that it waits for.
    pub step: usize,
    /// The half of that step that it waits for.
    pub ended: Half,
}

impl Step {
    /// Returns the halves of the step in the order in which they are carried out.
    pub fn halves(&self) -> &'static [Half] {
        match self.action {
            Action::Create | Action::Update | Action::AwaitCreate | Action::Record => &[Half::Make],
            Action::Delete | Action::AwaitDelete | Action::Forget => &[Half::Unmake],
            Action::Replace if self.create_before_destroy => &[Half::Make, Half::Unmake],
            Action::Replace => &[Half::Unmake, Half::Make],
        }
    }

    /// Tells whether one half is part of the step.
    pub fn has(&self, half: Half) -> bool {
        self.halves().contains(&half)
    }

    /// Tells whether the step takes away what kept a resource that stays from being destroyed, or a field of
    /// it from being changed; `guard` names the flag that keeps the cloud from deleting it.
    pub fn lifts_protection(&self, guard: Option<&str>) -> bool {
        self.changes
            .iter()
            .any(|change| change.lifts_protection(guard))
    }

    /// Tells whether something differs that the cloud knows.
    pub fn changes_resource(&self) -> bool {
        self.changes.iter().any(|change| change.how != How::Record)
    }

    /// Returns the successor that the step deletes, if it deletes one.
    pub fn deleted_successor(&self) -> Option<&Successor> {
        let successor = self.successor.as_ref()?;
        (successor.fate == Fate::Deleted).then_some(successor)
    }

    /// Counts the resources that the step deletes: its own, and a successor that is given up.
    pub fn deletes(&self) -> usize {
        let own = matches!(self.action, Action::Delete | Action::Replace);
        usize::from(own) + usize::from(self.deleted_successor().is_some())
    }

    /// Counts what the step does.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            destroy: self.deletes(),
            ..Counts::default()
        };
        match self.action {
            Action::Create => counts.add = 1,
            Action::Replace if !self.finishes_successor() => counts.add = 1,
            Action::Update if self.calls.is_empty() => {}
            Action::Update | Action::Record => counts.change = 1,
            Action::Delete => {}
            // What takes the place of the one that is replaced is there already.
            Action::Replace | Action::AwaitCreate | Action::AwaitDelete => counts.resume = 1,
            Action::Forget => counts.forget = 1,
        }
        counts
    }

    /// Tells whether what takes the place of the existing resource is there already.
    pub fn finishes_successor(&self) -> bool {
        let successor = self.successor.as_ref();
        successor.is_some_and(|successor| successor.fate == Fate::Kept)
    }
}

/// Tells what is lost for good when a step is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The cloud's id.
    Id(String),
    /// A public address.
    Address(String),
    /// Public addresses, if there are any: the cloud was not asked.
    UnknownAddresses,
    /// What these may know of it, which depend on it.
    Dependants(Vec<Address>),
    /// The id of the resource that a replacement, which was cut off, has made.
    Successor(String),
}

impl Loss {
    /// Tells whether those who reach the resource from the public network lose the way to it.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Address(_) | Self::UnknownAddresses)
    }
}

/// Names one call that changes a resource while it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCall {
    /// The call, as the table of fields names it.
    pub action: String,
    /// The fields that it sets.
    pub paths: Vec<FieldPath>,
}

/// Says what is to be done about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed while it lives.
    Update,
    /// It is deleted and made anew.
    Replace,
    /// It is deleted.
    Delete,
    /// A create that the cloud has taken on already is waited for.
    AwaitCreate,
    /// A delete that the cloud has taken on already is waited for.
    AwaitDelete,
    /// Its record is dropped; the cloud is not touched.
    Forget,
    /// Its record gets what only gwplan knows, such as a protection; the cloud is not touched.
    Record,
}

impl Action {
    /// Returns the word that names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::AwaitCreate => "await-create",
            Self::AwaitDelete => "await-delete",
            Self::Forget => "forget",
            Self::Record => "record",
        }
    }

    /// Finds the action that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Create,
            Self::Update,
            Self::Replace,
            Self::Delete,
            Self::AwaitCreate,
            Self::AwaitDelete,
            Self::Forget,
            Self::Record,
        ];
        all.into_iter().find(|action| action.word() == word)
    }

    /// Tells whether a resource is there afterwards because of it.
    pub fn makes(self) -> bool {
        matches!(self, Self::Create | Self::Replace | Self::AwaitCreate)
    }

    /// Tells whether a resource that was there is not any more because of it.
    pub fn destroys(self) -> bool {
        matches!(self, Self::Delete | Self::Replace | Self::AwaitDelete)
    }
}

/// Says why a step is in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The files have it and the state doesn't.
    New,
    /// The state has it, but the cloud says it is not there.
    Gone,
    /// The state has it and the files don't.
    LeftTheFiles,
    /// Everything is to be destroyed.
    Destroy,
    /// The cloud gave up on it, with this status word.
    Failed(String),
    /// Its attributes differ.
    Differs,
    /// The user asked for it.
    Requested,
    /// A `removed` entry gives it up.
    Removed,
    /// A run before was cut off while the cloud was at work.
    Unfinished,
}

impl Reason {
    /// Returns the word that names it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::LeftTheFiles => "left-the-files",
            Self::Destroy => "destroy",
            Self::Failed(_) => "failed",
            Self::Differs => "differs",
            Self::Requested => "requested",
            Self::Removed => "removed",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Describes the change of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub path: FieldPath,
    /// The value before, if it was set.
    pub before: Option<Value>,
    /// The value after, if it will be set.
    pub after: Option<Value>,
    /// How the cloud takes the change.
    pub how: How,
    /// Whether the cloud was changed by others here since the last apply.
    pub drifted: bool,
}

/// Says how the cloud takes a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The named API call makes it while the resource lives.
    InPlace(String),
    /// Only a new resource can have it.
    Replace,
    /// It is gwplan's own, and goes into the record alone.
    Record,
}

impl FieldChange {
    /// Tells whether the change takes a protection away; `guard` names the flag that keeps the cloud from
    /// deleting a resource.
    pub fn lifts_protection(&self, guard: Option<&str>) -> bool {
        let path = self.path.to_string();
        let goes_off = self.before == Some(true.into()) && self.after != self.before;
        match path.as_str() {
            "lifecycle.preventDestroy" => goes_off,
            "lifecycle.ignoreChanges" => is_wider(self),
            _ => Some(path.as_str()) == guard && goes_off,
        }
    }
}

/// Tells whether a list of ignored fields leaves more alone than the one before.
fn is_wider(change: &FieldChange) -> bool {
    let paths = |value: &Option<Value>| match value {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| FieldPath::parse(item.as_text()?))
            .collect(),
        _ => Vec::new(),
    };
    let before: Vec<FieldPath> = paths(&change.before);
    let is_new = |path: &FieldPath| !before.iter().any(|known| path.is_within(known));
    paths(&change.after).iter().any(is_new)
}

impl Plan {
    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.moves.is_empty()
    }

    /// Counts what is to be done.
    pub fn counts(&self) -> Counts {
        let moved = Counts {
            moved: self.moves.len(),
            ..Counts::default()
        };
        self.steps
            .iter()
            .fold(moved, |sum, step| sum + step.counts())
    }

    /// Returns the address that each resource had until now which gets another one.
    pub fn former_addresses(&self) -> BTreeMap<&Address, &Address> {
        let moves = self.moves.iter();
        moves.map(|Move { from, to }| (to, from)).collect()
    }

    /// Returns where the block of a resource stands in the files, or stood at the last apply.
    pub fn source_of(&self, address: &Address) -> Option<&SourceLine> {
        self.places.get(address)?.block.as_ref()
    }

    /// Returns the state as the plan's moves leave it; nothing else of the plan is done to it.
    pub fn moved_state(&self, state: &State) -> State {
        moved_state(state, &self.moves)
    }
}

/// Makes the plan.
///
/// # Errors
/// A fault where the state can't be planned with: a kind that this gwplan doesn't know, or recorded
/// dependencies that turn in a circle; and where an address that was asked for doesn't exist.
pub fn plan(inputs: &Inputs<'_>) -> Result<Plan, Fault> {
    let foreseen = recovery::foresee(inputs);
    let inputs = Inputs {
        state: &foreseen.state,
        ..*inputs
    };
    let moves::Resolved {
        moves,
        state,
        diagnostics,
    } = moves::resolve(&inputs);
    let inputs = Inputs {
        state: &state,
        ..inputs
    };
    let mut plan = decide::decide(&inputs)?;
    plan.moves = moves;
    for address in foreseen.dropped {
        // A move may have given it another address.
        let mut moved = plan.moves.iter().filter(|one| one.from == address);
        let address = moved.next().map_or(address.clone(), |one| one.to.clone());
        if let Some(record) = state.resources.get(&address) {
            let summary = format!("the replacement of {address} is gone");
            plan.diagnostics.push(
                Diagnostic::warning("recovery", summary)
                    .help("its record is removed; if you asked for it by --replace, ask again")
                    .about(&address),
            );
            plan.bookkeeping.push((address, record.clone()));
        }
    }
    plan.diagnostics.extend(foreseen.diagnostics);
    plan.diagnostics.extend(diagnostics);
    order::link(&mut plan, &state)?;
    select::narrow(&mut plan, &inputs)?;
    plan.places = places::find(&plan, &inputs);
    Ok(plan)
}
