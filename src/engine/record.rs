//! Writes the state while steps run.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::backend::{Backend, Hold};
use crate::kinds;
use crate::model::Fault;
use crate::state::{Change, Ledger, State, StateError};

/// Writes changes of the state, durably before it answers.
///
/// Changes that come in while a write is under way go out together in the next one, so that many
/// steps at once cost few writes.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::UnboundedSender<Entry>,
    hold: Hold,
}

struct Entry {
    changes: Vec<Change>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Holds the writer's end: it gives the state back when all recorders are dropped.
pub struct Writer(JoinHandle<(State, Result<(), Fault>)>);

impl Writer {
    /// Waits for the last write and returns the state.
    ///
    /// # Errors
    /// Where the state file can't be written: what was recorded durably is in its journal.
    pub async fn finish(self) -> Result<State, Fault> {
        let (state, outcome) = self
            .0
            .await
            .map_err(|error| Fault::new("the writer of the state stopped").because(error))?;
        outcome.map(|()| state)
    }
}

impl Recorder {
    /// Begins to write a state whose lock is held.
    ///
    /// # Errors
    /// Where the state is one that could not be read again.
    pub fn start(hold: Hold, state: State) -> Result<(Self, Writer), Fault> {
        let (queue, entries) = mpsc::unbounded_channel();
        let ledger = Ledger::new(&state, kinds::id_form).map_err(|error| {
            Fault::new("this plan would make a state that gwplan could not read")
                .because(error)
                .hint("nothing was sent; please report this")
        })?;
        let scribe = Scribe {
            hold: hold.clone(),
            state,
            ledger,
            begun: false,
            folded: true,
            unwritten: Vec::new(),
        };
        let task = tokio::spawn(scribe.write_all(entries));
        Ok((Self { queue, hold }, Writer(task)))
    }

    /// Returns the state that is written, with its lock.
    pub(super) fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Records changes in one write; they are durable when this returns well.
    pub async fn write(&self, changes: Vec<Change>) -> Result<(), Fault> {
        let (done, answer) = oneshot::channel();
        let sent = self.queue.send(Entry { changes, done }).is_ok();
        match answer.await {
            Ok(Ok(())) if sent => Ok(()),
            Ok(Err(message)) => Err(Fault::new(message)),
            _ => Err(Fault::new("the writer of the state stopped")),
        }
    }
}

struct Scribe {
    hold: Hold,
    state: State,
    ledger: Ledger,
    /// Whether the state file says where the journal begins.
    begun: bool,
    /// Whether the state file has all that is durable.
    folded: bool,
    /// What is not on the disk yet: it comes before all that follows.
    unwritten: Vec<Change>,
}

impl Scribe {
    async fn write_all(
        mut self,
        mut entries: mpsc::UnboundedReceiver<Entry>,
    ) -> (State, Result<(), Fault>) {
        let mut batch = Vec::new();
        while entries.recv_many(&mut batch, usize::MAX).await > 0 {
            let mut waiting = Vec::with_capacity(batch.len());
            for Entry { changes, done } in batch.drain(..) {
                match self.take(changes) {
                    Ok(()) => waiting.push(done),
                    // What would spoil the state is this step's fault alone.
                    Err(error) => {
                        done.send(Err(format!("it can't be recorded: {error}")))
                            .ok();
                    }
                }
            }
            if waiting.is_empty() {
                continue;
            }
            let outcome = self.write().await.map_err(|fault| describe(&fault));
            for done in waiting {
                // A step that no longer waits was cancelled; its change is written all the same.
                done.send(outcome.clone()).ok();
            }
        }
        // Nothing of this run is on its way any more: all who send have ended.
        let own = [self.hold.id().to_owned()];
        if self.state.note_ended(&own) {
            self.folded = false;
        }
        // What could not be written is still known here: the disk may have room again by now.
        let outcome = if self.folded && self.unwritten.is_empty() {
            Ok(())
        } else {
            self.fold().await
        };
        (self.state, outcome)
    }

    /// Takes changes over that are to be written, all or none.
    fn take(&mut self, changes: Vec<Change>) -> Result<(), StateError> {
        self.ledger.take(&changes, &self.state)?;
        for change in changes {
            self.state.take(change.clone());
            self.unwritten.push(change);
        }
        Ok(())
    }

    /// Writes the state file at first, and from then on what comes to it.
    async fn write(&mut self) -> Result<(), Fault> {
        self.state.serial += 1;
        let outcome = if self.begun {
            let changes = std::mem::take(&mut self.unwritten);
            let (changes, outcome) = self
                .blocking(changes, |backend, changes| backend.append(changes))
                .await?;
            self.unwritten = changes;
            outcome
        } else {
            self.store().await
        };
        match &outcome {
            Ok(()) => {
                self.folded = !self.begun;
                self.begun = true;
                self.unwritten.clear();
            }
            // The write that takes this one's place gets its number.
            Err(_) => self.state.serial -= 1,
        }
        outcome
    }

    /// Brings the state file up to date.
    async fn fold(&mut self) -> Result<(), Fault> {
        if !self.unwritten.is_empty() {
            self.state.serial += 1;
        }
        self.store().await
    }

    async fn store(&mut self) -> Result<(), Fault> {
        // A copy, so that whatever becomes of the write, the state is still known here.
        let state = self.state.clone();
        let (_, outcome) = self
            .blocking(state, |backend, state| backend.store(state))
            .await?;
        outcome
    }

    /// Works on a thread for blocking work, so that calls and waiting go on meanwhile.
    async fn blocking<T: Send + 'static>(
        &self,
        value: T,
        work: impl FnOnce(&dyn Backend, &T) -> Result<(), Fault> + Send + 'static,
    ) -> Result<(T, Result<(), Fault>), Fault> {
        let hold = self.hold.clone();
        let task = tokio::task::spawn_blocking(move || {
            let outcome = hold.check().and_then(|()| work(hold.backend(), &value));
            (value, outcome)
        });
        task.await
            .map_err(|error| Fault::new("the writer of the state stopped").because(error))
    }
}

fn describe(fault: &Fault) -> String {
    let cause = std::error::Error::source(fault).map(|cause| format!(": {cause}"));
    let hint = fault.next_step().map(|hint| format!(" ({hint})"));
    format!(
        "{fault}{}{}",
        cause.unwrap_or_default(),
        hint.unwrap_or_default()
    )
}
