//! The machine loses its power at any moment: what was asked for is there exactly once after all.
//!
//! A run is killed at one of its points while `strace` writes down what it asks of its disk. From that, the
//! project is rebuilt as a disk may hold it that was not told to sync: see [`disk`]. The cloud goes on, and
//! what the next run makes of it is checked.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

#[path = "../crash/check.rs"]
#[expect(dead_code, reason = "the other tests of crashes use the rest")]
mod check;
mod disk;
#[path = "../e2e/support.rs"]
#[expect(dead_code, reason = "the other tests of the program use the rest")]
mod support;
mod trace;
#[path = "../crash/wish.rs"]
#[expect(dead_code, reason = "the other tests of crashes use the rest")]
mod wish;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;

use check::{Faults, Sort};
use disk::Disk;
use support::{Cloud, Project, Run};
use wish::Wish;

/// How often the power goes, unless `GWPLAN_POWER_ROUNDS` says else.
const ROUNDS: u64 = 10;
/// How many clouds there are at once, each with a project of its own.
const LANES: u64 = 4;
/// The last point at which a run is killed: most pass fewer, and lose the power right after their end.
const LAST_POINT: u64 = 160;
/// One in so many runs that follow is killed too.
const TWICE_IN: u32 = 3;
/// Every so many rounds, a lane begins with an empty project.
const ROUNDS_OF_A_WORLD: u64 = 6;
/// How long the run that follows may take. It takes far less unless it waits until what the run before has
/// signed can't be accepted any more, which it need not: that the run before has ended must be on the disk.
const PATIENCE: &str = "60";

const APPLY: &[&str] = &["apply", "--auto-approve"];

#[derive(Default)]
struct Figures {
    losses: u64,
    undone: u64,
    faults: Faults,
}

#[test]
fn a_machine_that_loses_its_power_loses_nothing_that_was_promised() {
    let rounds = rounds();
    let begun = AtomicU64::new(0);
    let figures = Mutex::new(Figures::default());
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (begun, figures) = (&begun, &figures);
            scope.spawn(move || {
                let mut world = World::new();
                loop {
                    let round = begun.fetch_add(1, Ordering::Relaxed);
                    if round >= rounds {
                        return;
                    }
                    if world.round(&mut Rng::with_seed(round), round, figures)
                        || round / LANES % ROUNDS_OF_A_WORLD == lane
                    {
                        world = World::new();
                    }
                }
            });
        }
    });
    let figures = figures.into_inner().unwrap();
    // Past the test's own capture: the figures are what a run of this is for.
    let line = format!(
        "losses of power: rounds {rounds}, losses {}, of which took something back {}, duplicates {}, orphans {}, states unreadable {}, other faults {}\n",
        figures.losses,
        figures.undone,
        figures.faults.count(Sort::Duplicate),
        figures.faults.count(Sort::Orphan),
        figures.faults.count(Sort::Unreadable),
        figures.faults.count(Sort::Other),
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert!(figures.faults.is_empty(), "\n{}", figures.faults);
    assert!(figures.undone > 0, "no loss of power took anything back");
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long this test runs is no matter of the program's"
)]
fn rounds() -> u64 {
    let asked = std::env::var("GWPLAN_POWER_ROUNDS").ok();
    asked.map_or(ROUNDS, |asked| asked.parse().unwrap())
}

/// A cloud and a project that one round after the other is played in.
struct World {
    cloud: Cloud,
    project: Project,
    wishes: Vec<Wish>,
    /// How many gateways must have been made so far.
    creates: u64,
}

impl World {
    fn new() -> Self {
        let times = ["--create-time", "--update-time", "--delete-time"];
        let flags: Vec<&str> = times.iter().flat_map(|time| [*time, "100ms"]).collect();
        let cloud = Cloud::start(&flags);
        let project = Project::on(&cloud);
        project.write(
            "gwplan.yaml",
            "provider: { region: ap-guangzhou }\ntimeouts: { consistency: 300ms }\n",
        );
        Self {
            cloud,
            project,
            wishes: Vec::new(),
            creates: 0,
        }
    }

    /// Changes the files, takes the power from the run that follows, and checks what the next one makes of
    /// it; tells whether something was wrong.
    fn round(&mut self, rng: &mut Rng, round: u64, figures: &Mutex<Figures>) -> bool {
        let mut faults = Faults::default();
        let mut told = Vec::new();
        let before = std::mem::take(&mut self.wishes);
        self.wishes = wish::changed(&before, rng);
        self.creates += wish::creates(&before, &self.wishes);
        wish::write(&self.project, &self.wishes, "");
        told.push(self.lose_power(rng, &mut faults));
        if rng.u32(..TWICE_IN) == 0 {
            told.push(self.lose_power(rng, &mut faults));
        }
        let planned = check::planned(&self.project, &mut faults);
        let run = self.project.run_under(&["timeout", PATIENCE], APPLY);
        ended_well(&run, false, &mut faults);
        check::is_as_planned(&self.cloud, &planned, &mut faults);
        check::creates_are(&self.cloud, self.creates, &mut faults);
        let found = check::all(&self.cloud, &self.project, &self.wishes, &[]);
        faults.0.extend(found.0);
        let is_wrong = !faults.is_empty();
        let mut figures = figures.lock().unwrap();
        figures.losses += told.len() as u64;
        figures.undone += told.iter().filter(|told| !told.is_empty()).count() as u64;
        let circumstances = format!("round {round}, {told:#?}");
        figures.faults.take(faults, &circumstances);
        is_wrong
    }

    /// Kills an apply and leaves the project as a disk may hold it that lost its power at that moment;
    /// returns what was lost.
    fn lose_power(&mut self, rng: &mut Rng, faults: &mut Faults) -> Vec<String> {
        let traces = tempfile::tempdir().unwrap();
        let file = traces.path().join("trace");
        let mut disk = Disk::read(&self.project.path(""));
        let point = rng.u64(1..=LAST_POINT).to_string();
        self.project.set("GWPLAN_CRASH_AT", &point);
        let strace = trace::command(file.to_str().unwrap());
        let strace: Vec<&str> = strace.iter().map(String::as_str).collect();
        let run = self.project.run_under(&strace, APPLY);
        self.project.set("GWPLAN_CRASH_AT", "");
        ended_well(&run, true, faults);
        for event in trace::read(&std::fs::read_to_string(&file).unwrap()) {
            disk.take(event);
        }
        let whole = disk.whole();
        assert!(
            whole == contents(&self.project),
            "the trace does not tell what is in the folder: {:?}",
            whole.keys()
        );
        let lost = disk.lose_power(rng);
        disk.write();
        check::is_readable(&self.project, faults);
        lost
    }
}

/// Checks that a run ended well, or was killed where it may have been.
fn ended_well(run: &Run, may_be_killed: bool, faults: &mut Faults) {
    let was_killed = run.stderr.contains("killed at point");
    if run.code != Some(0) && !(may_be_killed && was_killed) {
        let (code, out, err) = (run.code, &run.stdout, &run.stderr);
        faults.add(
            Sort::Other,
            format!("it ended with {code:?}:\n{out}\n{err}"),
        );
    }
}

/// Reads all files of a project.
fn contents(project: &Project) -> BTreeMap<PathBuf, Vec<u8>> {
    Disk::read(&project.path("")).whole()
}
