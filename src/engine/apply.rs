//! Dispatches the steps of a plan, in order and in parallel.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::api::Client;
use crate::event::{Event, Failure, Report, Sink};
use crate::model::{Clock, Fault};
use crate::plan::{Half, Plan, Step};
use crate::state::{Change, Record, State};

use super::calm::calm;
use super::gate::Gate;
use super::look::Scout;
use super::record::Recorder;
use super::settle::{Inquirer, Patience};
use super::slots::{Slot, Slots};
use super::step::{Begun, Crew, Done, Trouble, carry_out};
use super::tags::Tagger;
use super::watch::Watcher;

/// Holds what a run needs beside the plan.
pub struct Run {
    /// The way to the cloud.
    pub client: Client,
    /// The way to the state, whose lock the caller holds.
    pub recorder: Recorder,
    /// Takes what happens.
    pub events: Sink,
    /// Turns true when the user asks to stop.
    pub stop: watch::Receiver<bool>,
    /// How many steps are about to send something at once, without those that wait for the cloud; by
    /// default as many as the client's pace lets out in a few seconds.
    pub parallelism: Option<usize>,
    /// How many steps are under way at once, waiting for the cloud included; by default any number.
    pub under_way: Option<usize>,
    /// How long to wait for a new resource.
    pub create_limit: Duration,
    /// How long to wait for a deleted resource.
    pub delete_limit: Duration,
    /// How long the cloud may take to show what a request has made whose answer was lost.
    pub consistency: Duration,
    /// Tells when a request is sent.
    pub clock: Clock,
}

/// Carries a plan out: each step after those that it comes after, as many at once as the rate allows.
///
/// A step that fails stops only what comes after it. When the user asks to stop, or the state can't
/// be written, nothing new is begun; what is under way is brought to a recorded end.
///
/// # Errors
/// A fault where the bookkeeping of the plan can't be written; steps that fail are in the report.
pub async fn apply(plan: &Plan, state: &State, run: Run) -> Result<Report, Fault> {
    let mut moved = plan.moved_state(state);
    moved.resources.extend(plan.bookkeeping.iter().cloned());
    let changes = differences(state, &moved);
    // Written even where nothing changes: a state that can't be written is found out before the
    // first request is sent, not after.
    if !changes.is_empty() || !plan.steps.is_empty() {
        run.recorder.write(changes).await?;
    }
    let Run {
        client,
        recorder,
        events,
        stop,
        parallelism,
        under_way,
        create_limit,
        delete_limit,
        consistency,
        clock,
    } = run;
    let events = calm(events);
    let gate = Gate::recording(client.clone(), clock.clone(), recorder.clone());
    let (watcher, watching) = Watcher::start(client.clone(), Arc::clone(&events), stop.clone());
    let crew = Crew {
        tagger: Tagger::start(gate.clone(), stop.clone()),
        scout: Scout::start(client.clone()),
        gate,
        inquirer: Inquirer::new(
            client.clone(),
            &moved,
            Patience {
                consistency,
                work: create_limit,
            },
        ),
        clock,
        lineage: state.lineage.as_str().into(),
        client,
        recorder: recorder.clone(),
        watcher,
        events,
        create_limit,
        delete_limit,
        stop,
        halt: Arc::new(watch::channel(false).0),
    };
    let slots = Slots::new(parallelism, crew.client.requests_per_second());
    let dispatcher = Dispatcher::new(plan, &moved, crew);
    let under_way = under_way.unwrap_or(usize::MAX).max(1);
    let report = dispatcher.run(&slots, under_way).await;
    if report.is_complete() && state.open_plan.is_some() {
        // Where that can't be written, the end of the run says so: all that was done is in the report.
        recorder.write(vec![Change::Done {}]).await.ok();
    }
    // Its last waiter is gone by now.
    watching.abort();
    Ok(report)
}

/// Lists what turns one state's records into another's.
fn differences(before: &State, after: &State) -> Vec<Change> {
    let dropped = before
        .resources
        .keys()
        .filter(|address| !after.resources.contains_key(*address))
        .map(Change::forgotten);
    let changed = after
        .resources
        .iter()
        .filter(|(address, record)| before.resources.get(*address) != Some(record))
        .map(|(address, record)| Change::recorded(address, record.clone()));
    dropped.chain(changed).collect()
}

/// What a half of a step came to.
type Ended = (Half, Result<Done, Trouble>);

struct Dispatcher<'a> {
    plan: &'a Plan,
    state: &'a State,
    crew: Crew,
    /// What each half of a step is waited for by: a step, and which half of it.
    followers: HashMap<(usize, Half), Vec<(usize, Half)>>,
    /// How many halves each half still comes after.
    blockers: HashMap<(usize, Half), usize>,
    ready: BTreeSet<(usize, Half)>,
    running: JoinSet<(usize, Ended)>,
    /// How far each step has come.
    progress: Vec<Progress>,
    halted: bool,
    /// Why nothing more was begun, where nobody asked to stop.
    hindrance: &'static str,
    report: Report,
}

/// How far a step has come.
#[derive(Default)]
struct Progress {
    /// When its first half began; nothing where it has not, or where nothing was sent.
    begun: Option<Instant>,
    /// The halves that ended well.
    done: Vec<Half>,
    /// The record as the first half has left it.
    record: Option<Record>,
    /// Whether a half ended otherwise, and that is told.
    told: bool,
    /// Whether a half is under way.
    running: bool,
}

impl<'a> Dispatcher<'a> {
    fn new(plan: &'a Plan, state: &'a State, crew: Crew) -> Self {
        let mut followers: HashMap<_, Vec<_>> = HashMap::new();
        let mut blockers: HashMap<(usize, Half), usize> = HashMap::new();
        for (at, step) in plan.steps.iter().enumerate() {
            for half in step.halves() {
                blockers.insert((at, *half), 0);
            }
            let own = match step.halves() {
                [first, second] => Some(((at, *first), (at, *second))),
                _ => None,
            };
            let others = step.after_steps.iter();
            let others = others.map(|one| ((one.step, one.ended), (at, one.half)));
            for (before, after) in others.chain(own) {
                followers.entry(before).or_default().push(after);
                *blockers.entry(after).or_default() += 1;
            }
        }
        let free = blockers.iter().filter(|(_, count)| **count == 0);
        let ready = free.map(|(node, _)| *node).collect();
        Self {
            plan,
            state,
            crew,
            followers,
            blockers,
            ready,
            running: JoinSet::new(),
            progress: plan.steps.iter().map(|_| Progress::default()).collect(),
            halted: false,
            hindrance: "the state can't be written",
            report: Report::default(),
        }
    }

    async fn run(mut self, slots: &Slots, under_way: usize) -> Report {
        let mut stop = self.crew.stop.clone();
        loop {
            self.note_stop(*stop.borrow());
            let wanted = self.ready.len().min(under_way - self.running.len());
            let begins = !self.halted && wanted > 0;
            if self.running.is_empty() && !begins {
                break;
            }
            tokio::select! {
                // What is begun comes first: it may end what others wait for, and gives slots back.
                biased;
                Some(ended) = self.running.join_next() => {
                    // A step that panicked says nothing here: it is told of at the end.
                    if let Ok((at, (half, result))) = ended {
                        self.progress[at].running = false;
                        self.end(at, half, result);
                    }
                }
                Ok(()) = stop.changed() => {}
                bunch = slots.take_bunch(wanted), if begins => {
                    for slot in bunch {
                        self.begin(slot);
                    }
                }
            }
        }
        self.note_not_finished();
        self.report
    }

    fn note_stop(&mut self, asked: bool) {
        if asked && !self.report.interrupted {
            self.report.interrupted = true;
            self.halted = true;
            (self.crew.events)(Event::Stopping);
        }
    }

    fn begin(&mut self, slot: Slot) {
        let Some((at, half)) = self.ready.pop_first() else {
            return;
        };
        let step = Arc::new(self.plan.steps[at].clone());
        let progress = &mut self.progress[at];
        let record = if progress.done.is_empty() {
            self.state.resources.get(&step.address).cloned()
        } else {
            progress.record.take()
        };
        progress.running = true;
        let started = match progress.begun {
            Some(started) => started,
            None => {
                let now = Instant::now();
                progress.begun = Some(now);
                (self.crew.events)(Event::Started {
                    address: step.address.clone(),
                    action: step.action,
                });
                now
            }
        };
        let begun = Begun {
            half,
            started,
            source: self.plan.source_of(&step.address).cloned(),
            record,
            slot,
        };
        let crew = self.crew.clone();
        self.running.spawn(async move {
            let result = carry_out(step, begun, crew).await;
            (at, (half, result))
        });
    }

    fn end(&mut self, at: usize, half: Half, result: Result<Done, Trouble>) {
        let step = &self.plan.steps[at];
        let progress = &mut self.progress[at];
        let elapsed = progress.begun.map(|begun| begun.elapsed());
        let elapsed = elapsed.unwrap_or_default();
        let (address, action) = (step.address.clone(), step.action);
        match result {
            Ok(Done { id, record }) => {
                progress.done.push(half);
                progress.record = record;
                if progress.done.len() == step.halves().len() {
                    self.report.counts = self.report.counts + step.counts();
                    self.report.done.push((address.clone(), action));
                    (self.crew.events)(Event::Completed {
                        address,
                        action,
                        id,
                        elapsed,
                    });
                }
                for follower in self.followers.get(&(at, half)).into_iter().flatten() {
                    let blockers = self.blockers.entry(*follower).or_default();
                    *blockers -= 1;
                    if *blockers == 0 {
                        self.ready.insert(*follower);
                    }
                }
            }
            // What its other half has sent is no less sent.
            Err(Trouble::NotSent) if progress.done.is_empty() => progress.begun = None,
            Err(Trouble::NotSent | Trouble::Interrupted) => {
                progress.told = true;
                self.report.unfinished.push(address);
            }
            Err(Trouble::Failed(failure)) => self.note_failure(at, failure, elapsed),
            Err(Trouble::Denied(failure)) => {
                self.halted = true;
                self.hindrance = "the cloud refuses the credentials";
                self.note_failure(at, failure, elapsed);
            }
            Err(Trouble::Unrecorded(failure)) => {
                self.halted = true;
                self.note_failure(at, failure, elapsed);
            }
        }
    }

    fn note_failure(&mut self, at: usize, failure: Failure, elapsed: Duration) {
        let Step {
            address, action, ..
        } = &self.plan.steps[at];
        let (address, action) = (address.clone(), *action);
        self.progress[at].told = true;
        self.report.failed.push((address.clone(), failure.clone()));
        (self.crew.events)(Event::Failed {
            address,
            action,
            failure,
            elapsed,
        });
    }

    fn note_not_finished(&mut self) {
        for (at, step) in self.plan.steps.iter().enumerate() {
            let progress = &self.progress[at];
            let missing = step
                .halves()
                .iter()
                .find(|half| !progress.done.contains(half));
            let Some(missing) = missing.filter(|_| !progress.told) else {
                continue;
            };
            let address = step.address.clone();
            if progress.running {
                let failure = Failure {
                    summary: "gwplan itself failed in this step".to_owned(),
                    help: "its record tells how far it came: plan again, and please report this"
                        .to_owned(),
                };
                self.report.failed.push((address, failure));
            } else if progress.begun.is_some() && self.report.interrupted {
                self.report.unfinished.push(address);
            } else {
                let why = self.why_not_begun(at, *missing);
                self.report.not_started.push((address, why));
            }
        }
        self.report.done.sort();
        self.report.failed.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.report.unfinished.sort();
    }

    /// Says what has kept a half from being begun.
    fn why_not_begun(&self, at: usize, half: Half) -> String {
        let step = &self.plan.steps[at];
        let mut precedences = step.after_steps.iter();
        let unmet = precedences
            .find(|one| one.half == half && !self.progress[one.step].done.contains(&one.ended));
        let why = match unmet {
            _ if self.report.interrupted => "the run was interrupted".to_owned(),
            Some(before) => {
                let before = &self.plan.steps[before.step].address;
                format!("it comes after {before}, which did not end well")
            }
            None => self.hindrance.to_owned(),
        };
        match (self.progress[at].begun.is_some(), half) {
            (false, _) => why,
            (true, Half::Make) => format!("the old one is deleted, but no new one is made: {why}"),
            (true, Half::Unmake) => {
                format!("the new one is made, but the old one is not deleted: {why}")
            }
        }
    }
}
