//! Kills at random moments, of runs that do everything at once.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;

use crate::check::{self, Faults, Sort};
use crate::points::{APPLY, asked_for};
use crate::support::{Cloud, Project};
use crate::wish::{self, Wish};

/// How many runs are killed, unless `GWPLAN_CRASH_ROUNDS` says else.
const ROUNDS: usize = 40;
/// How many clouds there are at once, each with a project of its own.
const LANES: usize = 8;
/// How long a run is let live at most: about as long as most take.
const LONGEST: Duration = Duration::from_secs(3);
/// One in so many runs that follow is killed too.
const TWICE_IN: u32 = 4;
/// Before one in so many runs that follow, the files are edited.
const EDITED_IN: u32 = 3;
/// So many kills are told of at once.
const TELL_EACH: usize = 50;

#[derive(Default)]
struct Figures {
    kills: usize,
    rounds: usize,
    faults: Faults,
}

#[test]
fn a_run_that_is_killed_at_any_moment_loses_nothing_and_makes_nothing_twice() {
    let rounds = asked_for("GWPLAN_CRASH_ROUNDS", ROUNDS);
    let begun = AtomicUsize::new(0);
    let figures = Mutex::new(Figures::default());
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (begun, figures) = (&begun, &figures);
            scope.spawn(move || {
                let mut lane = Lane::new(lane);
                while begun.fetch_add(1, Ordering::Relaxed) < rounds {
                    lane.round(figures);
                }
            });
        }
    });
    let figures = figures.into_inner().unwrap();
    tell(&figures);
    assert!(figures.faults.is_empty(), "\n{}", figures.faults);
}

/// Writes past the test's own capture: the figures are what a run of this is for.
fn tell(figures: &Figures) {
    let Figures {
        kills,
        rounds,
        faults,
    } = figures;
    let line = format!(
        "random moments: rounds {rounds}, kills {kills}, duplicates {}, orphans {}, states unreadable {}, other faults {}\n",
        faults.count(Sort::Duplicate),
        faults.count(Sort::Orphan),
        faults.count(Sort::Unreadable),
        faults.count(Sort::Other),
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// A cloud and a project that one round after the other is played in.
struct Lane {
    number: usize,
    round: u64,
    rng: Rng,
    world: World,
}

struct World {
    cloud: Cloud,
    project: Project,
    wishes: Vec<Wish>,
    /// How many gateways must have been made so far.
    creates: u64,
}

impl World {
    /// Every other cloud shows things late.
    fn new(lane: usize) -> Self {
        let (lag, consistency) = if lane.is_multiple_of(2) {
            ("0s", "300ms")
        } else {
            ("400ms", "1s")
        };
        let cloud = Cloud::start(&[
            "--create-time",
            "300ms",
            "--update-time",
            "300ms",
            "--delete-time",
            "300ms",
            "--lag",
            lag,
        ]);
        let project = Project::on(&cloud);
        let text = format!(
            "provider: {{ region: ap-guangzhou }}\ntimeouts: {{ consistency: {consistency} }}\n"
        );
        project.write("gwplan.yaml", &text);
        Self {
            cloud,
            project,
            wishes: Vec::new(),
            creates: 0,
        }
    }

    fn apply_and_kill(&self, after: Duration, faults: &mut Faults) -> bool {
        let run = self.project.start(APPLY);
        sleep(after);
        run.signal("KILL");
        let run = run.end();
        if !matches!(run.code, None | Some(0)) {
            let (code, out, err) = (run.code, run.stdout, run.stderr);
            faults.add(
                Sort::Other,
                format!("it ended with {code:?}:\n{out}\n{err}"),
            );
        }
        check::is_readable(&self.project, faults);
        run.code.is_none()
    }

    /// Makes the files want something else.
    fn wish(&mut self, rng: &mut Rng) {
        let before = std::mem::take(&mut self.wishes);
        self.wishes = wish::changed(&before, rng);
        self.creates += wish::creates(&before, &self.wishes);
        wish::write(&self.project, &self.wishes, "");
    }
}

impl World {
    /// Edits the files between a run that was killed and the next one; nothing is taken out, since what
    /// was protected takes two applies for that.
    fn edit(&mut self, rng: &mut Rng) {
        let wishes = self.wishes.iter().map(|wish| Wish {
            // What the run that was killed was replacing can't be protected before that is done.
            protected: false,
            ..wish.varied(rng)
        });
        self.wishes = wishes.collect();
        wish::write(&self.project, &self.wishes, "");
    }
}

impl Lane {
    fn new(number: usize) -> Self {
        Self {
            number,
            round: 0,
            rng: Rng::with_seed(number as u64),
            world: World::new(number),
        }
    }

    /// Changes the files, kills the run that follows, and checks what the next one makes of it; a
    /// run that was done before its time is followed by another round.
    fn round(&mut self, figures: &Mutex<Figures>) {
        while !self.try_to_kill(figures) {}
    }

    fn try_to_kill(&mut self, figures: &Mutex<Figures>) -> bool {
        self.round += 1;
        let (world, rng) = (&mut self.world, &mut self.rng);
        let mut faults = Faults::default();
        world.wish(rng);
        let after = moment(rng, LONGEST);
        let mut kills = usize::from(world.apply_and_kill(after, &mut faults));
        let killed = kills > 0;
        if killed && rng.u32(..TWICE_IN) == 0 {
            let after = moment(rng, LONGEST / 2);
            kills += usize::from(world.apply_and_kill(after, &mut faults));
        }
        let edited = killed && rng.u32(..EDITED_IN) == 0;
        if edited {
            world.edit(rng);
        }
        let planned = check::planned(&world.project, &mut faults);
        check::run_well(&world.project, APPLY, &mut faults);
        check::is_as_planned(&world.cloud, &planned, &mut faults);
        if edited {
            // What the run that was killed had made for other files may have been of use or not.
            world.creates = check::creates(&world.cloud);
        }
        check::creates_are(&world.cloud, world.creates, &mut faults);
        let found = check::all(&world.cloud, &world.project, &world.wishes, &[]);
        faults.0.extend(found.0);
        if !faults.is_empty() {
            // What comes next must not be blamed for it.
            self.world = World::new(self.number);
        }
        let circumstances = format!(
            "lane {}, round {}, after {after:?}",
            self.number, self.round
        );
        let mut figures = figures.lock().unwrap();
        let known = figures.faults.0.len();
        figures.faults.take(faults, &circumstances);
        // At once: a long run may not live to its end.
        for (sort, text) in &figures.faults.0[known..] {
            let line = format!("{sort:?}: {text}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
        }
        let told = figures.kills / TELL_EACH;
        figures.kills += kills;
        figures.rounds += 1;
        if figures.kills / TELL_EACH > told {
            tell(&figures);
        }
        killed
    }
}

fn moment(rng: &mut Rng, longest: Duration) -> Duration {
    longest.mul_f64(rng.f64())
}
