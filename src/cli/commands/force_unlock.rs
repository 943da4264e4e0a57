//! `gwplan force-unlock`.

use clap::Args;
use rustix::process::{Pid, test_kill_process};

use crate::backend::{Holder, LockStatus};
use crate::model::Fault;

use crate::cli::failure::Failure;
use crate::cli::locking::host;
use crate::cli::workspace::Workspace;
use crate::cli::{Exit, Session};

/// Takes the state's lock away from a run on another machine that can't let it go any more.
///
/// There is seldom a need: a lock is free as soon as its holder has ended. A run that is under way
/// on this machine is never robbed of its lock; end that process instead.
#[derive(Debug, Args)]
pub(in crate::cli) struct ForceUnlockArgs {
    /// The id of the lock, as `gwplan lock status` shows it.
    #[arg(value_name = "LOCK_ID")]
    id: String,
    /// Goes on without asking.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &ForceUnlockArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    let place = workspace.backend.place();
    let holder = holder_of(workspace.backend.lock_status()?, &args.id, &place)?;
    if is_here(&holder) {
        let process = holder.process;
        let fault = Fault::new(format!(
            "the state {place} is locked by {holder}, which is under way on this machine"
        ));
        return Err(fault
            .hint(format!(
                "end process {process}, for example by `kill {process}`: the system then frees the lock"
            ))
            .into());
    }
    if !args.force && !ask(&holder, &place, session)? {
        session.terminal.status("Nothing was done.");
        return Ok(Exit::Failed);
    }
    if !workspace.backend.break_lock(&args.id)? {
        let fault = Fault::new(format!(
            "the lock {} of the state {place} was released meanwhile",
            args.id
        ));
        return Err(fault.hint("there is nothing left to do").into());
    }
    session.terminal.product(&format!(
        "The state {place} is unlocked. The run that held the lock must not go on: make sure that it has ended.\n"
    ))?;
    Ok(Exit::Done)
}

/// Returns the holder, if the lock is held and its id is this.
fn holder_of(status: LockStatus, id: &str, place: &str) -> Result<Holder, Fault> {
    match status {
        LockStatus::Held(Some(holder)) if holder.id == id => Ok(holder),
        LockStatus::Held(Some(holder)) => {
            let held = match holder.id.as_str() {
                "" => "has none".to_owned(),
                held => format!("is {held}"),
            };
            let fault = Fault::new(format!(
                "the state {place} is not locked under the id {id}: the lock's id {held}"
            ));
            Err(fault.hint(format!("it is held by {holder}")))
        }
        LockStatus::Held(None) => Err(Fault::new(format!(
            "the state {place} is locked by an unknown process"
        ))
        .hint("try again; if it stays so, end the process that holds the lock file open")),
        LockStatus::LeftOver(_) => Err(Fault::new(format!("nothing locks the state {place}"))
            .hint("a run ended without releasing its lock; the next one takes it over by itself")),
        LockStatus::Free => {
            Err(Fault::new(format!("nothing locks the state {place}"))
                .hint("there is nothing to do"))
        }
    }
}

/// Tells whether the holder is under way on this machine.
///
/// The lock is known to be held: a process of this number here is hardly another one. Where there
/// is none, the lock is that of a machine of the same name.
fn is_here(holder: &Holder) -> bool {
    if holder.host != host() {
        return false;
    }
    let id = i32::try_from(holder.process).ok().and_then(Pid::from_raw);
    // A process that may not be sent signals is there too.
    id.is_some_and(|id| test_kill_process(id) != Err(rustix::io::Errno::SRCH))
}

fn ask(holder: &Holder, place: &str, session: &Session) -> Result<bool, Failure> {
    if !session.terminal.can_ask() {
        let fault = Fault::new(format!(
            "force-unlock asks before it takes the lock from {holder}, but there is no terminal to ask at"
        ));
        return Err(Failure::Usage(fault.hint(
            "make sure that this run has ended, then pass --force to go on without asking",
        )));
    }
    session.terminal.confirm(&format!(
        "The state {place} is locked by {holder}. Two runs at once corrupt a state. Has that run ended, and do you want to remove its lock?"
    ))
}
