//! Writes the state while steps run.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::backend::Backend;
use crate::model::{Address, Fault};
use crate::state::{Record, State};

/// Writes changes of the state, durably before it answers.
///
/// Changes that come in while a write is under way go out together in the next one, so that many
/// steps at once cost few writes.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::UnboundedSender<Entry>,
}

struct Entry {
    changes: Vec<(Address, Option<Record>)>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Holds the writer's end: it gives the state back when all recorders are dropped.
pub struct Writer(JoinHandle<State>);

impl Writer {
    /// Waits for the last write and returns the state.
    pub async fn finish(self) -> Result<State, Fault> {
        self.0
            .await
            .map_err(|error| Fault::new("the writer of the state stopped").because(error))
    }
}

impl Recorder {
    /// Begins to write to a backend, whose lock the caller holds.
    pub fn start(backend: Arc<dyn Backend>, state: State) -> (Self, Writer) {
        let (queue, entries) = mpsc::unbounded_channel();
        let task = tokio::spawn(write_all(backend, state, entries));
        (Self { queue }, Writer(task))
    }

    /// Records a resource; it is durable when this returns well.
    pub async fn put(&self, address: &Address, record: Record) -> Result<(), Fault> {
        self.send(vec![(address.clone(), Some(record))]).await
    }

    /// Records and drops several resources in one write.
    pub async fn write(&self, changes: Vec<(Address, Option<Record>)>) -> Result<(), Fault> {
        self.send(changes).await
    }

    /// Drops a resource's record; that is durable when this returns well.
    pub async fn forget(&self, address: &Address) -> Result<(), Fault> {
        self.send(vec![(address.clone(), None)]).await
    }

    async fn send(&self, changes: Vec<(Address, Option<Record>)>) -> Result<(), Fault> {
        let (done, answer) = oneshot::channel();
        let sent = self.queue.send(Entry { changes, done }).is_ok();
        match answer.await {
            Ok(Ok(())) if sent => Ok(()),
            Ok(Err(message)) => Err(Fault::new(message)),
            _ => Err(Fault::new("the writer of the state stopped")),
        }
    }
}

async fn write_all(
    backend: Arc<dyn Backend>,
    mut state: State,
    mut entries: mpsc::UnboundedReceiver<Entry>,
) -> State {
    let mut batch = Vec::new();
    let mut written = true;
    while entries.recv_many(&mut batch, usize::MAX).await > 0 {
        let mut waiting = Vec::with_capacity(batch.len());
        for Entry { changes, done } in batch.drain(..) {
            for (address, record) in changes {
                match record {
                    Some(record) => state.resources.insert(address, record),
                    None => state.resources.remove(&address),
                };
            }
            waiting.push(done);
        }
        state.serial += 1;
        let outcome = store(&backend, &mut state)
            .await
            .map_err(|fault| describe(&fault));
        written = outcome.is_ok();
        for done in waiting {
            // A step that no longer waits was cancelled; its change is written all the same.
            done.send(outcome.clone()).ok();
        }
    }
    // What could not be written is still known here: the disk may have room again by now.
    if !written {
        store(&backend, &mut state).await.ok();
    }
    state
}

/// Writes on a thread for blocking work, so that calls and waiting go on meanwhile.
async fn store(backend: &Arc<dyn Backend>, state: &mut State) -> Result<(), Fault> {
    let backend = Arc::clone(backend);
    let taken = std::mem::take(state);
    let task = tokio::task::spawn_blocking(move || {
        let outcome = backend.store(&taken);
        (taken, outcome)
    });
    match task.await {
        Ok((taken, outcome)) => {
            *state = taken;
            outcome
        }
        Err(error) => Err(Fault::new("the writer of the state stopped").because(error)),
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
