//! Dispatches the steps of a plan, in order and in parallel.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::api::Client;
use crate::event::{Event, Failure, Report, Sink};
use crate::model::{Clock, Fault};
use crate::plan::{Plan, Step};
use crate::state::{Change, State};

use super::record::Recorder;
use super::settle::{Inquirer, Patience};
use super::step::{Crew, Trouble, carry_out};
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
    /// How many steps are under way at once, waiting for the cloud included.
    pub parallelism: usize,
    /// How long to wait for a new resource.
    pub create_limit: Duration,
    /// How long to wait for a deleted resource.
    pub delete_limit: Duration,
    /// How long the cloud may take to show what a request has made whose answer was lost.
    pub consistency: Duration,
    /// Tells when a request is sent.
    pub clock: Clock,
}

/// Carries a plan out: each step after those that it comes after, as many at once as allowed.
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
        create_limit,
        delete_limit,
        consistency,
        clock,
    } = run;
    let (watcher, watching) = Watcher::start(client.clone(), Arc::clone(&events), stop.clone());
    let crew = Crew {
        tagger: Tagger::start(client.clone(), stop.clone()),
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
        recorder,
        watcher,
        events,
        create_limit,
        delete_limit,
        stop,
        halt: Arc::new(watch::channel(false).0),
    };
    let dispatcher = Dispatcher::new(plan, &moved, crew);
    let report = dispatcher.run(parallelism.max(1)).await;
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

struct Dispatcher<'a> {
    plan: &'a Plan,
    state: &'a State,
    crew: Crew,
    /// The steps that come after each step.
    followers: Vec<Vec<usize>>,
    /// How many steps each step still comes after.
    blockers: Vec<usize>,
    ready: BTreeSet<usize>,
    running: JoinSet<(usize, Instant, Result<String, Trouble>)>,
    begun: Vec<bool>,
    ended: Vec<bool>,
    ended_well: Vec<bool>,
    halted: bool,
    report: Report,
}

impl<'a> Dispatcher<'a> {
    fn new(plan: &'a Plan, state: &'a State, crew: Crew) -> Self {
        let count = plan.steps.len();
        let mut followers = vec![Vec::new(); count];
        for (at, step) in plan.steps.iter().enumerate() {
            for before in &step.after_steps {
                followers[*before].push(at);
            }
        }
        let blockers: Vec<usize> = plan
            .steps
            .iter()
            .map(|step| step.after_steps.len())
            .collect();
        let ready = (0..count).filter(|at| blockers[*at] == 0).collect();
        Self {
            plan,
            state,
            crew,
            followers,
            blockers,
            ready,
            running: JoinSet::new(),
            begun: vec![false; count],
            ended: vec![false; count],
            ended_well: vec![false; count],
            halted: false,
            report: Report::default(),
        }
    }

    async fn run(mut self, parallelism: usize) -> Report {
        let mut stop = self.crew.stop.clone();
        loop {
            self.note_stop(*stop.borrow());
            while !self.halted && self.running.len() < parallelism {
                let Some(at) = self.ready.pop_first() else {
                    break;
                };
                self.begin(at);
            }
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                Some(ended) = self.running.join_next() => {
                    // A step that panicked says nothing here: it is told of at the end.
                    if let Ok((at, started, result)) = ended {
                        self.ended[at] = true;
                        self.end(at, started, result);
                    }
                }
                Ok(()) = stop.changed() => {}
            }
        }
        self.note_not_started();
        self.report
    }

    fn note_stop(&mut self, asked: bool) {
        if asked && !self.report.interrupted {
            self.report.interrupted = true;
            self.halted = true;
            (self.crew.events)(Event::Stopping);
        }
    }

    fn begin(&mut self, at: usize) {
        let step = Arc::new(self.plan.steps[at].clone());
        let record = self.state.resources.get(&step.address).cloned();
        self.begun[at] = true;
        (self.crew.events)(Event::Started {
            address: step.address.clone(),
            action: step.action,
        });
        let source = self.plan.source_of(&step.address).cloned();
        let (crew, started) = (self.crew.clone(), Instant::now());
        self.running
            .spawn(async move { (at, started, carry_out(step, source, record, crew).await) });
    }

    fn end(&mut self, at: usize, started: Instant, result: Result<String, Trouble>) {
        let Step {
            address, action, ..
        } = &self.plan.steps[at];
        let (address, action, elapsed) = (address.clone(), *action, started.elapsed());
        match result {
            Ok(id) => {
                self.ended_well[at] = true;
                self.report.done.push((address.clone(), action));
                (self.crew.events)(Event::Completed {
                    address,
                    action,
                    id,
                    elapsed,
                });
                for follower in &self.followers[at] {
                    self.blockers[*follower] -= 1;
                    if self.blockers[*follower] == 0 {
                        self.ready.insert(*follower);
                    }
                }
            }
            Err(Trouble::NotSent) => self.begun[at] = false,
            Err(Trouble::Interrupted) => self.report.unfinished.push(address),
            Err(Trouble::Failed(failure)) => {
                self.report.failed.push((address.clone(), failure.clone()));
                (self.crew.events)(Event::Failed {
                    address,
                    action,
                    failure,
                    elapsed,
                });
            }
            Err(Trouble::Unrecorded(failure)) => {
                self.halted = true;
                self.report.failed.push((address.clone(), failure.clone()));
                (self.crew.events)(Event::Failed {
                    address,
                    action,
                    failure,
                    elapsed,
                });
            }
        }
    }

    fn note_not_started(&mut self) {
        for (at, step) in self.plan.steps.iter().enumerate() {
            if self.begun[at] && !self.ended[at] {
                let failure = Failure {
                    summary: "gwplan itself failed in this step".to_owned(),
                    help: "its record tells how far it came: plan again, and please report this"
                        .to_owned(),
                };
                self.report.failed.push((step.address.clone(), failure));
            }
            if self.begun[at] {
                continue;
            }
            let unmet = step
                .after_steps
                .iter()
                .find(|before| !self.ended_well[**before]);
            let why = match unmet {
                _ if self.report.interrupted => "the run was interrupted".to_owned(),
                Some(before) => {
                    let before = &self.plan.steps[*before].address;
                    format!("it comes after {before}, which did not end well")
                }
                None => "the state can't be written".to_owned(),
            };
            self.report.not_started.push((step.address.clone(), why));
        }
        self.report.done.sort();
        self.report.failed.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.report.unfinished.sort();
    }
}
