//! Where states live, and their locks.

mod local;
mod lock;
mod lost;
#[cfg(test)]
mod suite;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::Fault;
use crate::state::{Change, State};

pub use local::LocalBackend;

/// Keeps one project's state.
///
/// What every backend guarantees, and `suite` checks:
/// - `load` sees a whole state or none: never half of a write.
/// - `store` writes nothing that `load` would refuse.
/// - When `store` or `append` has returned, what it wrote survives a crash of the machine.
/// - At most one holder has the lock; it is free again when its holder is gone, however it went.
pub trait Backend: Send + Sync {
    /// Reads the state; nothing where none was ever stored. Needs no lock.
    fn load(&self) -> Result<Option<Loaded>, Fault>;

    /// Reads the state also where something other than gwplan has changed it; all else must be right.
    fn load_edited(&self) -> Result<Option<Loaded>, Fault>;

    /// Reads the backup of the state, which a run before began from, if there is one that can be read.
    fn load_backup(&self) -> Option<State>;

    /// Takes the lock for writing, or says who holds it.
    fn lock(&self, holder: &Holder) -> Result<Box<dyn Lock>, LockError>;

    /// Finds out who holds the lock. Nothing is made or changed, and nobody is kept from taking it.
    fn lock_status(&self) -> Result<LockStatus, Fault>;

    /// Takes the lock away from the holder of this id; tells whether that held it.
    ///
    /// The holder is not asked, and finds out by [`Lock::is_held`] alone.
    fn break_lock(&self, id: &str) -> Result<bool, Fault>;

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
pub trait Lock: Send + Sync {
    /// Returns the holder before, if that ended without letting the lock go.
    fn taken_over(&self) -> Option<&Holder>;

    /// Tells whether it is still this holder's: it may have been taken away by force, and then
    /// another may be writing already.
    fn is_held(&self) -> bool;

    /// Returns the id of this holder.
    fn id(&self) -> &str;

    /// Returns the ids of holders before that are known to have ended: none of them sends anything any
    /// more. One that is not among them may be asleep, on this machine or another, and wake.
    fn ended(&self) -> &[String];

    /// Tells the lock that the state remembers who has ended: the lock need not tell the next holder.
    fn ended_is_noted(&self);

    /// Takes the holder's name off, since the process is about to end in order.
    ///
    /// Where nobody has noted who had ended before, the name of that holder stays: it is the proof.
    fn let_go(&self);
}

/// Reports that the lock was taken away, and another run may be writing by now.
fn robbed(backend: &dyn Backend) -> Fault {
    let state = backend.place();
    Fault::new(format!(
        "the lock of the state {state} was taken away by force"
    ))
    .hint(
        "nothing more is written; what this run has done since, the next run asks the cloud about",
    )
}

/// A state and its lock: what is done under it is right for as long as the lock is held.
#[derive(Clone)]
pub struct Hold {
    backend: Arc<dyn Backend>,
    lock: Arc<dyn Lock>,
}

impl Hold {
    /// Joins a backend and the lock that was taken on it.
    pub fn new(backend: Arc<dyn Backend>, lock: Arc<dyn Lock>) -> Self {
        Self { backend, lock }
    }

    /// Returns the backend.
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Returns the id of the lock.
    pub fn id(&self) -> &str {
        self.lock.id()
    }

    /// Makes sure that the lock is still held; one look at the file system.
    ///
    /// # Errors
    /// A fault where it was taken away by force: nothing more may be written or sent then.
    pub fn check(&self) -> Result<(), Fault> {
        if self.lock.is_held() {
            return Ok(());
        }
        Err(robbed(self.backend()))
    }
}

/// Says why the lock can't be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody holds it.
    #[error("the state {place} is locked by {}", said(holder.as_deref()))]
    Held {
        /// The state's place.
        place: String,
        /// Who, if it has written its name.
        holder: Option<Box<Holder>>,
    },
    /// It can't be found out whether somebody does.
    #[error(transparent)]
    Failed(#[from] Fault),
}

/// Says who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockStatus {
    /// Nobody does.
    Free,
    /// Nobody does; this holder ended without letting it go.
    LeftOver(Holder),
    /// Somebody does, who may not have written its name.
    Held(Option<Holder>),
}

/// Tells who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The lock's id, another one each time that it is taken; empty from versions that had none.
    #[serde(default)]
    pub id: String,
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
    /// Where the run can be watched, if a pipeline makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The ids of holders before that ended without letting the lock go, as the lock itself has proven.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user,
            host,
            process,
            command,
            since,
            url,
            ..
        } = self;
        write!(
            f,
            "`gwplan {command}` of {user} on {host} (process {process}), since {since}"
        )?;
        match url {
            Some(url) => write!(f, ", see {url}"),
            None => Ok(()),
        }
    }
}

fn said(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
}
