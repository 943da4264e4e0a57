//! A run as it happens, for people: lines that move at a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::event::Event;
use crate::model::{Address, visible};
use crate::plan::{Action, Half};

/// Between two plain lines about a resource whose status stays the same.
const QUIET_FOR: Duration = Duration::from_mins(1);
/// How many moving lines there are at most, so that they fit the screen.
const MAX_MOVING: usize = 12;

/// Shows events; it keeps what each resource last showed.
pub struct Progress {
    moving: Option<Moving>,
    shown: HashMap<Address, Shown>,
}

struct Shown {
    status: String,
    at: Duration,
}

struct Moving {
    lines: MultiProgress,
    total: ProgressBar,
    bars: HashMap<Address, ProgressBar>,
    /// How many are under way for which there was no room.
    unseen: usize,
}

impl Progress {
    /// Begins; `moving` says whether stderr is a terminal, `steps` how many steps there are.
    pub fn new(moving: bool, steps: usize) -> Self {
        Self {
            moving: moving.then(|| Moving::new(steps)),
            shown: HashMap::new(),
        }
    }

    /// Takes an event and returns the plain line to print, if there is one to.
    ///
    /// At a terminal the returned lines must go through [`Progress::suspend`].
    pub fn take(&mut self, event: &Event) -> Option<String> {
        if let Some(moving) = &mut self.moving {
            moving.take(event);
        }
        match event {
            Event::Started { address, action } => {
                let line = format!("{address}: {}...", doing(*action));
                self.moving.is_none().then_some(line)
            }
            Event::Accepted { address, id, half: Half::Unmake, .. } => {
                Some(format!("{address}: the cloud has accepted the delete of {id}"))
            }
            Event::Accepted { address, id, task_id, half: Half::Make } => {
                let task = task_id.as_ref().map(|task| format!(", {task}"));
                Some(format!("{address}: accepted by the cloud as {id}{}", task.unwrap_or_default()))
            }
            Event::Waiting { address, status, elapsed } => self.waiting(address, status, *elapsed),
            // How long it took as a whole is not known: a run before began it.
            Event::Completed { address, action: action @ (Action::AwaitCreate | Action::AwaitDelete), id, elapsed } => {
                Some(format!("{address}: {}, after waiting {} for it [{id}]", done(*action), seconds(*elapsed)))
            }
            Event::Completed { address, action, id, elapsed } => {
                Some(format!("{address}: {} after {} [{id}]", done(*action), seconds(*elapsed)))
            }
            Event::Failed { address, failure, elapsed, .. } => {
                Some(format!("{address}: failed after {}: {}", seconds(*elapsed), failure.summary))
            }
            Event::Trouble { message, .. } => Some(format!("warning: {message}")),
            Event::Stopping => Some(
                "stopping: nothing new is begun; calls under way are waited for (press Ctrl-C again to leave at once)".to_owned(),
            ),
        }
    }

    fn waiting(&mut self, address: &Address, status: &str, elapsed: Duration) -> Option<String> {
        if self.moving.is_some() {
            return None;
        }
        let due = self.shown.get(address).is_none_or(|shown| {
            shown.status != status || elapsed.saturating_sub(shown.at) >= QUIET_FOR
        });
        due.then(|| {
            self.shown.insert(
                address.clone(),
                Shown {
                    status: status.to_owned(),
                    at: elapsed,
                },
            );
            format!("{address}: {status} ({} so far)", seconds(elapsed))
        })
    }

    /// Runs `print` while no moving line is on the screen.
    pub fn suspend(&self, print: impl FnOnce()) {
        match &self.moving {
            Some(moving) => moving.lines.suspend(print),
            None => print(),
        }
    }

    /// Takes the moving lines away.
    pub fn finish(&mut self) {
        if let Some(moving) = self.moving.take() {
            moving.lines.clear().ok();
        }
    }
}

impl Moving {
    fn new(steps: usize) -> Self {
        let lines = MultiProgress::new();
        let total = lines.add(ProgressBar::new(steps as u64));
        // The templates are constant; a bad one shows up in the first test.
        if let Ok(style) =
            ProgressStyle::with_template("{pos}/{len} done, {elapsed} so far {wide_msg}")
        {
            total.set_style(style);
        }
        total.enable_steady_tick(Duration::from_millis(500));
        Self {
            lines,
            total,
            bars: HashMap::new(),
            unseen: 0,
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Started { address, action } if self.bars.len() < MAX_MOVING => {
                let bar = self
                    .lines
                    .insert_before(&self.total, ProgressBar::new_spinner());
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})")
                {
                    bar.set_style(style);
                }
                bar.set_prefix(address.to_string());
                bar.set_message(doing(*action));
                bar.enable_steady_tick(Duration::from_millis(100));
                self.bars.insert(address.clone(), bar);
            }
            Event::Started { .. } => self.unseen += 1,
            Event::Waiting {
                address, status, ..
            } => {
                if let Some(bar) = self.bars.get(address) {
                    // These lines are drawn beside the terminal that the others go through.
                    bar.set_message(visible(status).into_owned());
                }
            }
            Event::Completed { address, .. } | Event::Failed { address, .. } => {
                match self.bars.remove(address) {
                    Some(bar) => bar.finish_and_clear(),
                    None => self.unseen = self.unseen.saturating_sub(1),
                }
                self.total.inc(1);
            }
            _ => {}
        }
        let more = if self.unseen == 0 {
            String::new()
        } else {
            format!("({} more under way)", self.unseen)
        };
        self.total.set_message(more);
    }
}

fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Delete => "destroying",
        Action::AwaitCreate => "waiting for its creation",
        Action::AwaitDelete => "waiting for its deletion",
        Action::Forget => "forgetting",
        Action::Record => "recording",
    }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Create | Action::AwaitCreate => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete | Action::AwaitDelete => "destroyed",
        Action::Forget => "forgotten",
        Action::Record => "recorded",
    }
}

fn seconds(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds < 60 {
        format!("{seconds}s")
    } else {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    }
}
