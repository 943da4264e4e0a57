//! How a command that changes the state begins, once it has the lock: it settles what runs that were cut
//! off have left open.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::api::Client;
use crate::backend::{Hold, Loaded, Lock, LockStatus};
use crate::engine::{self, Choices, Gate, Patience, Recovery};
use crate::model::{Diagnostic, Fault};
use crate::plan::Snapshot;
use crate::state::State;

use super::Session;
use super::cloud::{connect, endpoint_name, without_port};
use super::failure::Failure;
use super::planning::while_telling;
use super::signals;
use super::workspace::{Workspace, block_on, refuse_errors};

/// Stands for a sender whose name was lost with the record that held it.
const UNKNOWN_SENDER: &str = "unknown";

/// Holds the state for writing.
pub(super) struct Writing {
    pub(super) state: State,
    pub(super) lock: Arc<dyn Lock>,
}

impl Writing {
    /// Takes a state as it was read, and tells of a record that a crash has cut off.
    pub(super) fn of(session: &Session, loaded: Loaded, lock: Arc<dyn Lock>) -> Self {
        let Loaded {
            mut state,
            unfolded: _,
            torn,
        } = loaded;
        if torn {
            session.terminal.error(
                "A crash cut off the last record of the journal: gwplan drops it and asks the cloud instead.",
            );
            // The record that is lost may have said that a request left.
            for intent in state.intents.values_mut() {
                if intent.sent.is_none() {
                    intent.sent = Some(session.clock.now());
                    // Who wrote it went down with the record, or its name would be in the lock.
                    let proven = !lock.ended().is_empty();
                    intent.sender = (!proven).then(|| UNKNOWN_SENDER.to_owned());
                }
            }
        }
        Self { state, lock }
    }

    /// Writes the state, unless the lock was taken away meanwhile: then another may be writing.
    pub(super) fn store(&self, workspace: &Workspace) -> Result<(), Fault> {
        // What is done beside a plan that was begun was not approved with it: nothing is left of that one.
        let state = State {
            open_plan: None,
            ..self.state.clone()
        };
        self.hold(workspace).check()?;
        workspace.backend.store(&state)
    }

    /// Writes what recovery has found out about requests, which belong to the plan that was begun.
    fn store_recovered(&self, workspace: &Workspace) -> Result<(), Fault> {
        self.hold(workspace).check()?;
        workspace.backend.store(&self.state)
    }

    /// Returns the state's place with its lock.
    pub(super) fn hold(&self, workspace: &Workspace) -> Hold {
        Hold::new(Arc::clone(&workspace.backend), Arc::clone(&self.lock))
    }

    /// Makes a gate for requests that need no record in the state.
    pub(super) fn gate(&self, session: &Session, workspace: &Workspace, client: &Client) -> Gate {
        Gate::new(client.clone(), session.clock.clone(), self.hold(workspace))
    }
}

/// Says why it can take minutes to find out what runs have done that were not seen to end.
fn tell_wait(session: &Session, state: &State, consistency: Duration) {
    let senders = state.intents.values();
    let count = senders.filter(|intent| intent.sender.is_some()).count();
    if count == 0 {
        return;
    }
    let most = SignedDuration::try_from(engine::may_live_for(consistency));
    session.terminal.status(&format!(
        "{count} of them may still be on its way: nothing proves that its run has ended (its lock was taken away, or it ran on another machine). What the cloud does not show is waited for until {:#} after it was written down; by then the cloud refuses it.",
        most.unwrap_or(SignedDuration::MAX)
    ));
}

/// Tells what recovery has found out, a line each.
fn tell(session: &Session, notes: &[String]) -> Result<(), Failure> {
    if session.json_lines {
        let told = |note: &String| Diagnostic::warning("recovery", note.clone());
        return refuse_errors(session, notes.iter().map(told).collect());
    }
    for note in notes {
        session.terminal.error(note);
    }
    Ok(())
}

impl Workspace {
    /// Returns the state, whose lock was taken, when nothing in it is open any more.
    ///
    /// # Errors
    /// Where the state can't be read or written, or only the user can tell how a request of a run before
    /// has ended.
    pub(super) fn begin(&self, session: &Session, lock: Box<dyn Lock>) -> Result<Writing, Failure> {
        let (writing, recovery) = self.begin_with(session, lock, &Choices::new())?;
        if recovery.undecided.is_empty() {
            return Ok(writing);
        }
        Err(Failure::Diagnostics(recovery.undecided))
    }

    /// Does so with what the user says about requests that only they can settle.
    pub(super) fn begin_with(
        &self,
        session: &Session,
        lock: Box<dyn Lock>,
        choices: &Choices,
    ) -> Result<(Writing, Recovery), Failure> {
        let lock: Arc<dyn Lock> = lock.into();
        signals::let_go_at_first(&lock);
        signals::leave_at_first(session.terminal)?;
        let Some(loaded) = self.backend.load()? else {
            lock.ended_is_noted();
            let state = State::new();
            return Ok((Writing { state, lock }, Recovery::default()));
        };
        let unfolded = loaded.unfolded;
        let mut writing = Writing::of(session, loaded, lock);
        // That they have ended is proven by the lock, which won't tell it for ever: the state remembers it.
        // The serial stays: a journal that was just folded is known as such by it, where a crash leaves it.
        let noted = writing.state.note_ended(writing.lock.ended());
        if unfolded || noted {
            writing.store_recovered(self)?;
        }
        writing.lock.ended_is_noted();
        let recovery = self.recover(session, &mut writing, choices)?;
        Ok((writing, recovery))
    }

    /// Settles the open requests, and records how they have ended.
    fn recover(
        &self,
        session: &Session,
        writing: &mut Writing,
        choices: &Choices,
    ) -> Result<Recovery, Failure> {
        let state = &writing.state;
        if state.intents.is_empty() && choices.is_empty() {
            return Ok(Recovery::default());
        }
        self.check_cloud(session, state)?;
        session.terminal.status(&format!(
            "A previous run was interrupted: asking the cloud how {} of its requests ended.",
            state.intents.len()
        ));
        let timeouts = &self.project.timeouts;
        tell_wait(session, state, timeouts.consistency);
        let recovery = block_on(async {
            let connection = connect(session, self, state).await?;
            let asking = engine::recover(
                &connection.client,
                state,
                session.clock.now(),
                Patience {
                    consistency: timeouts.consistency,
                    work: timeouts.create,
                },
                choices,
            );
            Ok(while_telling(session.terminal, asking).await?)
        })?;
        if !recovery.changes.is_empty() {
            for change in recovery.changes.iter().cloned() {
                writing.state.take(change);
            }
            writing.state.serial += 1;
            writing.store_recovered(self)?;
        }
        tell(session, &recovery.notes)?;
        Ok(recovery)
    }

    /// Notes which cloud the state's resources are in.
    pub(super) fn bind(&self, session: &Session, state: &mut State) {
        state.cloud = Some(endpoint_name(session, self));
        // Where the account can't be told, what is known of it stays true: another one is refused.
        let asked = self.account.get().cloned().flatten();
        state.account = asked.or(state.account.take());
    }

    /// Refuses to look for the state's resources in another cloud: there they would all be gone.
    ///
    /// Of servers on this machine the port means nothing yet: see [`Workspace::check_found`].
    pub(super) fn check_cloud(&self, session: &Session, state: &State) -> Result<(), Failure> {
        let asked = endpoint_name(session, self);
        // Requests are not looked for at another port: what is not there would be taken for not done.
        let open = !state.intents.is_empty();
        let other = |cloud: &str| {
            let same_machine = without_port(cloud) == without_port(&asked);
            cloud != asked && (open || (!state.resources.is_empty() && !same_machine))
        };
        match &state.cloud {
            Some(cloud) if other(cloud) => Err(self.other_cloud(cloud, &asked).into()),
            _ => Ok(()),
        }
    }

    /// Refuses to believe that everything is gone from a server that has another port than the one
    /// that had it.
    pub(super) fn check_found(
        &self,
        session: &Session,
        state: &State,
        snapshot: &Snapshot,
    ) -> Result<(), Failure> {
        let asked = endpoint_name(session, self);
        let mut recorded = state.identities().peekable();
        match &state.cloud {
            Some(cloud)
                if *cloud != asked
                    && recorded.peek().is_some()
                    && recorded.all(|identity| snapshot.gone.contains(&identity)) =>
            {
                Err(self.other_cloud(cloud, &asked).into())
            }
            _ => Ok(()),
        }
    }

    fn other_cloud(&self, cloud: &str, asked: &str) -> Fault {
        let state = self.backend.place();
        Fault::new(format!(
            "the resources of the state {state} are in {cloud}, but the project names {asked}"
        ))
        .hint("name that cloud again (`provider.endpoint`, `provider.site`, GWPLAN_ENDPOINT), or set another `state.path` for this one; if both are the same cloud, change `cloud` in the state and run `gwplan state accept`")
    }

    /// Puts a word about the run that is under way in the place of what is said about runs that were cut
    /// off: what is open then is that run's own.
    pub(super) fn tell_of_live_run(
        &self,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<bool, Failure> {
        let LockStatus::Held(holder) = self.backend.lock_status()? else {
            return Ok(false);
        };
        let who = holder.map_or("another process".to_owned(), |holder| holder.to_string());
        diagnostics
            .retain(|diagnostic| !matches!(diagnostic.rule, "recovery" | "undecided" | "stray"));
        diagnostics.push(
            Diagnostic::warning("under-way", format!("a run is under way: {who}"))
                .help("what it has not finished yet is shown as it stands now"),
        );
        Ok(true)
    }
}
