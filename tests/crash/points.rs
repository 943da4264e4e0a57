//! Runs that are killed at each of their numbered points.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use tempfile::TempDir;

use crate::check::{self, Faults, Sort};
use crate::support::{Cloud, Project, Run};
use crate::wish::{self, Wish};

/// How many points are struck at once: the runs wait for the cloud some of the time, and scenarios go side by
/// side too.
const AT_ONCE: usize = 6;
/// Each so many-th point is struck, unless `GWPLAN_CRASH_EACH` says else; one of each name is struck in any case.
const EACH: u64 = 2;
/// How many points two runs of a scenario may differ by.
const SPREAD: u64 = 4;
/// Each so many-th time the run that follows is killed too.
const TWICE_EACH: u64 = 4;
/// The last point at which a run that follows is killed: most of them pass more.
const LAST_OF_SECOND: u64 = 40;
/// The cloud takes its time, so that kills come while it works.
const FLAGS: [&str; 6] = [
    "--create-time",
    "300ms",
    "--update-time",
    "300ms",
    "--delete-time",
    "300ms",
];

pub(crate) const APPLY: &[&str] = &["apply", "--auto-approve"];

/// A cloud and a project as they are before the run that is killed, to be copied.
pub(crate) struct Base {
    store: TempDir,
    project: Project,
}

impl Base {
    /// Begins with these gateways.
    pub(crate) fn of(wishes: &[Wish]) -> Self {
        Self::with(wishes, |_| {})
    }

    /// Begins with these gateways and what is done to them.
    pub(crate) fn with(wishes: &[Wish], more: impl FnOnce(&Project)) -> Self {
        let store = tempfile::tempdir().unwrap();
        let cloud = cloud_of(store.path());
        let project = project_on(&cloud);
        if !wishes.is_empty() {
            wish::write(&project, wishes, "");
            project.apply().well();
        }
        more(&project);
        drop(cloud);
        Self { store, project }
    }

    /// Reads a file of the project.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.project.path(name)).unwrap()
    }

    fn copy(&self, store: &Path) -> (Cloud, Project) {
        copy_files(self.store.path(), store);
        let cloud = cloud_of(store);
        let project = project_on(&cloud);
        copy_files(&self.project.path(""), &project.path(""));
        (cloud, project)
    }
}

fn cloud_of(store: &Path) -> Cloud {
    let file = store.join("cloud.json");
    let mut flags = vec!["--store", file.to_str().unwrap()];
    flags.extend(FLAGS);
    Cloud::start(&flags)
}

fn project_on(cloud: &Cloud) -> Project {
    let project = Project::on(cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou }\ntimeouts: { consistency: 300ms }\n",
    );
    project
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs a command that is to be killed at a point.
pub(crate) fn run_killed(project: &mut Project, at: &str, arguments: &[&str]) -> Run {
    project.set("GWPLAN_CRASH_AT", at);
    let run = project.run(arguments);
    project.set("GWPLAN_CRASH_AT", "");
    run
}

/// Describes a run, and what must be true when it was killed anywhere and taken up again.
pub(crate) struct Scenario<'a> {
    pub(crate) name: &'a str,
    pub(crate) base: Base,
    /// What the files want, and lines beside the gateways.
    pub(crate) files: (&'a [Wish], &'a str),
    /// Where an apply before is killed: its number and its name.
    pub(crate) cut: Option<&'a str>,
    /// The run.
    pub(crate) run: &'a [&'a str],
    /// Whether what follows may be an apply that is killed too.
    pub(crate) twice: bool,
    /// What a user does after a kill.
    pub(crate) again: fn(&Project, &mut Faults),
    /// What must be there in the end.
    pub(crate) wishes: &'a [Wish],
    /// The names of gateways that live on without the state.
    pub(crate) given_up: &'a [&'a str],
    /// How many gateways are made, all in all.
    pub(crate) creates: u64,
    /// The points that must be among those at which the run was killed.
    pub(crate) struck: &'a [&'a str],
}

/// Applies once more.
pub(crate) fn apply_again(project: &Project, faults: &mut Faults) {
    check::run_well(project, APPLY, faults);
}

impl Default for Scenario<'_> {
    fn default() -> Self {
        Self {
            name: "",
            base: Base::of(&[]),
            files: (&[], ""),
            cut: None,
            run: APPLY,
            twice: true,
            again: apply_again,
            wishes: &[],
            given_up: &[],
            creates: 0,
            struck: &[],
        }
    }
}

#[derive(Default)]
struct Figures {
    names: BTreeMap<String, u64>,
    kills: u64,
    faults: Faults,
}

impl Scenario<'_> {
    /// Kills the run at each of its points, and checks what comes of it.
    pub(crate) fn strike_all(&self) {
        let each = asked_for("GWPLAN_CRASH_EACH", EACH);
        let next = AtomicU64::new(1);
        let end = AtomicU64::new(u64::MAX);
        let figures = Mutex::new(Figures::default());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let at = number * each;
                        if at >= end.load(Ordering::Relaxed) {
                            return;
                        }
                        if !self.strike(&at.to_string(), number, &figures) {
                            end.fetch_min(at + SPREAD, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        // Steps share writes as it happens, so a number may be of another point in each run: what
        // none has met is met by its name.
        let missed = self.missed(&figures.lock().unwrap());
        for name in missed {
            self.strike(&format!("1 {name}"), 1, &figures);
        }
        self.tell(&figures.into_inner().unwrap());
    }

    /// Kills the run at the named points alone, where all others are struck by other scenarios.
    pub(crate) fn strike_named(&self) {
        let figures = Mutex::new(Figures::default());
        for name in self.struck {
            self.strike(&format!("1 {name}"), 1, &figures);
        }
        self.tell(&figures.into_inner().unwrap());
    }

    fn missed(&self, figures: &Figures) -> Vec<&str> {
        let struck = self.struck.iter().copied();
        struck
            .filter(|name| !figures.names.contains_key(*name))
            .collect()
    }

    /// Kills the run at a point, if it has that.
    fn strike(&self, at: &str, number: u64, figures: &Mutex<Figures>) -> bool {
        let store = tempfile::tempdir().unwrap();
        let (cloud, mut project) = self.base.copy(store.path());
        wish::write(&project, self.files.0, self.files.1);
        if let Some(cut) = self.cut {
            let run = run_killed(&mut project, cut, APPLY);
            assert!(run.code.is_none(), "{cut}: {}\n{}", run.stdout, run.stderr);
        }
        let run = run_killed(&mut project, at, self.run);
        let mut faults = Faults::default();
        let mut kills = 0;
        if run.code.is_none() {
            kills += 1;
            check::is_readable(&project, &mut faults);
            if self.run == APPLY {
                check::is_remembered(&cloud, &project, &mut faults);
            }
            if self.twice && number.is_multiple_of(TWICE_EACH) {
                kills += strike_again(number, &mut project, &mut faults);
            }
        } else {
            run.ended_well(&mut faults);
        }
        (self.again)(&project, &mut faults);
        wish::write(&project, self.wishes, "");
        check::creates_are(&cloud, self.creates, &mut faults);
        faults
            .0
            .extend(check::all(&cloud, &project, self.wishes, self.given_up).0);
        let mut figures = figures.lock().unwrap();
        let name = name_of(&run);
        let circumstances = format!("{} killed at {at}, {name}", self.name);
        figures.faults.take(faults, &circumstances);
        figures.kills += kills;
        if run.code.is_none() {
            *figures.names.entry(name).or_default() += 1;
        }
        run.code.is_none()
    }

    fn tell(&self, figures: &Figures) {
        let Figures {
            names,
            kills,
            faults,
        } = figures;
        let points: u64 = names.values().sum();
        let line = format!(
            "{}: points {points}, kills {kills}, duplicates {}, orphans {}, states unreadable {}\n",
            self.name,
            faults.count(Sort::Duplicate),
            faults.count(Sort::Orphan),
            faults.count(Sort::Unreadable),
        );
        // Past the test's own capture: the figures are what a run of this is for.
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        let missed = self.missed(figures);
        assert!(faults.is_empty(), "{}\n{faults}", faults.0.len());
        assert!(missed.is_empty(), "never struck: {missed:?} in {names:#?}");
    }
}

/// Reads how much of a long run is asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "how long this test runs is no matter of the program's"
)]
pub(crate) fn asked_for<T: std::str::FromStr>(name: &str, usual: T) -> T {
    let asked = std::env::var(name).ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

/// Kills the run that follows a kill, too, anywhere.
fn strike_again(seed: u64, project: &mut Project, faults: &mut Faults) -> u64 {
    let point = Rng::with_seed(seed).u64(1..=LAST_OF_SECOND);
    let run = run_killed(project, &point.to_string(), APPLY);
    check::is_readable(project, faults);
    run.ended_well(faults);
    u64::from(run.code.is_none())
}

impl Run {
    /// Checks that the run was killed or ended well.
    fn ended_well(&self, faults: &mut Faults) {
        if !matches!(self.code, None | Some(0)) {
            let Self {
                code,
                stdout,
                stderr,
            } = self;
            faults.add(
                Sort::Other,
                format!("it ended with {code:?}:\n{stdout}\n{stderr}"),
            );
        }
    }
}

fn name_of(run: &Run) -> String {
    let line = run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("killed at point "));
    let name = line.and_then(|line| line.split_once(": "));
    name.map_or("nowhere", |(_, name)| name).to_owned()
}

/// Finds the names of all points in the sources.
fn names_in(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names_in(&path, names);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let found = text.split("crash::point(\"").skip(1);
            names.extend(found.map(|after| after.split('"').next().unwrap().to_owned()));
        }
    }
}

#[test]
fn every_point_is_struck_by_a_scenario() {
    let mut names = BTreeSet::new();
    names_in(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut names,
    );
    let struck: BTreeSet<String> = crate::scenarios::STRUCK
        .iter()
        .flat_map(|names| names.iter())
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(names, struck);
}
