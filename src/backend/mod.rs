//! Where states live, and their locks.

mod local;
#[cfg(test)]
mod suite;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::Fault;
use crate::state::{Change, State};

pub use local::{LocalBackend, create_file, replace_file};

/// Keeps one project's state.
///
/// What every backend guarantees, and `suite` checks:
/// - `load` sees a whole state or none: never half of a write.
/// - When `store` or `append` has returned, what it wrote survives a crash of the machine.
/// - At most one holder has the lock; it is free again when its holder is gone, however it went.
pub trait Backend: Send + Sync {
    /// Reads the state; nothing where none was ever stored. Needs no lock.
    fn load(&self) -> Result<Option<Loaded>, Fault>;

    /// Takes the lock for writing, or says who holds it.
    fn lock(&self, holder: &Holder) -> Result<Box<dyn Lock>, Fault>;

    /// Puts the state in the place of the one before; the first time in a process, keeps that as a
    /// backup.
    fn store(&self, state: &State) -> Result<(), Fault>;

    /// Adds changes to the state that was stored last, in one write whose cost is that of the changes.
    ///
    /// Each such write makes the serial grow by one. What can't be written leaves no trace.
    fn append(&self, changes: &[Change]) -> Result<(), Fault>;

    /// Names the place, for messages.
    fn place(&self) -> String;
}

/// Holds a state as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The state.
    pub state: State,
    /// Whether a run that was cut off left changes that are not in the state file yet.
    pub unfolded: bool,
    /// Whether the last of these was cut off, and was dropped.
    pub torn: bool,
}

/// Holds the lock until it is dropped.
pub trait Lock: Send {}

/// Tells who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The user's name.
    pub user: String,
    /// The machine's name.
    pub host: String,
    /// The process id on that machine.
    pub process: u32,
    /// What the process does, for example `apply`.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
}
