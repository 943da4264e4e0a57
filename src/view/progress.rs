//! A run as it happens, for people: lines that move at a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
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

/// The lines at a terminal: a row for each of the first steps under way, and the total below them.
struct Moving {
    lines: MultiProgress,
    total: ProgressBar,
    rows: HashMap<Address, ProgressBar>,
    /// What is under way without a row, in the order in which it began: the next for a row that gets free.
    unseen: IndexMap<Address, Unseen>,
}

/// What a row would show.
struct Unseen {
    status: String,
    since: Instant,
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
                "stopping: gwplan starts nothing new and waits for the calls under way (press Ctrl-C again to exit at once)".to_owned(),
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
            moving.clear();
        }
    }
}

impl Moving {
    fn new(steps: usize) -> Self {
        let lines = MultiProgress::new();
        let total = lines.add(ProgressBar::new(steps as u64));
        // The templates are constant; a bad one shows up in the first test. The last line must not fill the
        // screen's width: the `^C` that a terminal adds to it would begin a line that nobody clears.
        if let Ok(style) = ProgressStyle::with_template("{pos}/{len} done, {elapsed} so far {msg}")
        {
            total.set_style(style);
        }
        total.enable_steady_tick(Duration::from_millis(500));
        Self {
            lines,
            total,
            rows: HashMap::new(),
            unseen: IndexMap::new(),
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Started { address, action } => {
                let begun = Unseen {
                    status: doing(*action).to_owned(),
                    since: Instant::now(),
                };
                self.unseen.insert(address.clone(), begun);
            }
            Event::Waiting {
                address, status, ..
            } => self.set_status(address, status),
            Event::Completed { address, .. } | Event::Failed { address, .. } => {
                if let Some(row) = self.rows.remove(address) {
                    row.finish_and_clear();
                    self.lines.remove(&row);
                }
                self.unseen.shift_remove(address);
                self.total.inc(1);
            }
            _ => {}
        }
        self.fill();
    }

    fn set_status(&mut self, address: &Address, status: &str) {
        // These lines are drawn beside the terminal that the others go through.
        let status = visible(status).into_owned();
        if let Some(row) = self.rows.get(address) {
            row.set_message(status);
        } else if let Some(unseen) = self.unseen.get_mut(address) {
            unseen.status = status;
        }
    }

    /// Gives the free rows to those that have waited longest for one.
    fn fill(&mut self) {
        while self.rows.len() < MAX_MOVING
            && let Some((address, begun)) = self.unseen.shift_remove_index(0)
        {
            let row = self.row(&address, begun);
            self.rows.insert(address, row);
        }
        let more = match self.unseen.len() {
            0 => String::new(),
            more => format!("({more} more under way)"),
        };
        self.total.set_message(more);
    }

    fn row(&self, address: &Address, begun: Unseen) -> ProgressBar {
        let row = ProgressBar::new_spinner().with_elapsed(begun.since.elapsed());
        let row = self.lines.insert_before(&self.total, row);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})") {
            row.set_style(style);
        }
        row.set_prefix(address.to_string());
        row.set_message(begun.status);
        row.enable_steady_tick(Duration::from_millis(100));
        row
    }

    /// Takes all lines away; a row that is left would be drawn once more by its clock.
    fn clear(self) {
        for row in self.rows.values() {
            row.finish_and_clear();
        }
        self.total.finish_and_clear();
        self.lines.clear().ok();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> Address {
        format!("gateway.g{number:02}").parse().expect("an address")
    }

    fn started(number: usize) -> Event {
        Event::Started {
            address: address(number),
            action: Action::Create,
        }
    }

    fn ended(number: usize) -> Event {
        Event::Completed {
            address: address(number),
            action: Action::Create,
            id: "gateway-1".to_owned(),
            elapsed: Duration::ZERO,
        }
    }

    #[test]
    fn a_row_that_gets_free_goes_to_the_step_that_has_waited_longest() {
        let mut moving = Moving::new(MAX_MOVING + 3);
        (0..MAX_MOVING + 3).for_each(|number| moving.take(&started(number)));
        let (first, second) = (address(MAX_MOVING), address(MAX_MOVING + 1));
        assert!(moving.rows.len() == MAX_MOVING && !moving.rows.contains_key(&first));
        assert_eq!(moving.total.message(), "(3 more under way)");
        // Its status is kept for the row, and one that ends unseen gets none.
        moving.take(&Event::Waiting {
            address: first.clone(),
            status: "Creating".to_owned(),
            elapsed: Duration::ZERO,
        });
        moving.take(&ended(MAX_MOVING + 1));
        moving.take(&ended(0));
        assert_eq!(moving.rows[&first].message(), "Creating");
        assert!(!moving.rows.contains_key(&second));
        (1..=MAX_MOVING).for_each(|number| moving.take(&ended(number)));
        assert_eq!(moving.rows.len(), 1);
        assert_eq!(moving.total.message(), "");
    }
}
