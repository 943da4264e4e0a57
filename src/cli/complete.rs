//! What the shell offers where a value is to be typed: addresses, environments, regions, saved plans.
//!
//! The shell asks the program itself ([`COMPLETE_VARIABLE`] is then in its environment), so what is offered
//! is what the project holds at that moment. Nothing here may fail or print: a project that can't be read
//! offers nothing.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Arg;
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter,
};
use clap_complete::env::CompleteEnv;

use crate::backend::{Backend as _, LocalBackend};
use crate::config::{self, PROJECT_FILE, Project};
use crate::files::Reach;
use crate::kinds;
use crate::schema::meta::REGIONS;

use super::command::command;
use super::environment::Environment;
use super::home::Home;

/// The variable of the environment by which a shell's script asks for completions.
pub(super) const COMPLETE_VARIABLE: &str = "GWPLAN_COMPLETE";

/// How far into a file the mark of a saved plan is looked for.
const HEAD: u64 = 256;

/// Answers a shell that asks for completions; tells whether one did.
pub(super) fn answer(arguments: &[OsString]) -> clap::error::Result<bool> {
    let current = std::env::current_dir().ok();
    CompleteEnv::with_factory(command)
        .var(COMPLETE_VARIABLE)
        .try_complete(arguments.iter().cloned(), current.as_deref())
}

/// Adds what the shell is to offer, by the name of the value that an argument takes.
pub(super) fn with_completions(arg: Arg) -> Arg {
    let value = arg.get_value_names().and_then(<[_]>::first);
    let value = value.map_or("", |name| name.as_str()).to_owned();
    match (arg.get_id().as_str(), value.as_str()) {
        // The simulator's, which is an address of the network.
        ("listen", _) => arg,
        (_, "ADDR" | "FROM") => arg.add(ArgValueCandidates::new(addresses)),
        ("env", _) => arg.add(ArgValueCandidates::new(environments)),
        (_, "REGION") => arg.add(ArgValueCandidates::new(|| offered(REGIONS))),
        (_, "DIR") => arg.add(ArgValueCompleter::new(PathCompleter::dir())),
        (_, "PLANFILE") => arg.add(paths(is_saved_plan)),
        (_, "PLANFILE | PATH") => arg.add(paths(|path| is_yaml(path) || is_saved_plan(path))),
        ("paths", _) => arg.add(paths(is_yaml)),
        _ => arg,
    }
}

/// Offers folders to go into, and the files that fit; relative to the folder of `-C`.
fn paths(fits: fn(&Path) -> bool) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &std::ffi::OsStr| {
        let root = Place::of_the_line().root;
        let root = std::path::absolute(&root).unwrap_or(root);
        let completer = PathCompleter::any()
            .current_dir(root)
            .filter(move |path| path.is_dir() || fits(path));
        clap_complete::engine::ValueCompleter::complete(&completer, current)
    })
}

fn is_yaml(path: &Path) -> bool {
    config::is_yaml(path) && path.file_name().is_none_or(|name| name != PROJECT_FILE)
}

/// Tells whether a file begins as a saved plan does; plans can be large, and many files are none.
fn is_saved_plan(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains("\"gwplanPlan\"")
}

fn offered<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Vec<CompletionCandidate> {
    let words = words.into_iter();
    words
        .map(|word| CompletionCandidate::new(word.as_ref()))
        .collect()
}

fn environments() -> Vec<CompletionCandidate> {
    offered(Place::of_the_line().project().environments)
}

/// Offers the addresses of the files and those of the state.
fn addresses() -> Vec<CompletionCandidate> {
    let place = Place::of_the_line();
    let (reach, project) = (place.reach(), place.project());
    let files = config::find_files_if_any(&project, &reach).unwrap_or_default();
    let region = project.region.as_deref().unwrap_or_default();
    let loaded = config::load(&kinds::schemas(), &project, region, &reach, &files);
    let path = &project.state_path;
    let state = reach.check_place(path).ok().map(|()| {
        let backend = LocalBackend::new(reach.root().join(path), "", kinds::id_form);
        backend.load().ok().flatten()
    });
    let recorded = state.flatten().map(|loaded| loaded.state.resources);
    let known: BTreeSet<String> = loaded
        .desired
        .into_keys()
        .chain(recorded.unwrap_or_default().into_keys())
        .map(|address| address.to_string())
        .collect();
    offered(known)
}

/// Says where the command that is being typed would work.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    root: PathBuf,
    environment: Option<String>,
}

impl Place {
    /// Reads the line that is being typed, which the shell passes after `--`.
    fn of_the_line() -> Self {
        let environment = Environment::read();
        let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
        let words = words.map(|word| word.to_string_lossy().into_owned());
        Self::read(words, environment.get("GWPLAN_ENV"))
    }

    fn read(words: impl Iterator<Item = String>, environment: Option<&str>) -> Self {
        let mut place = Self {
            root: PathBuf::from("."),
            environment: environment.map(str::to_owned),
        };
        let mut words = words.skip(1);
        while let Some(word) = words.next() {
            if word == "--env" {
                place.environment = words.next();
            } else if let Some(name) = word.strip_prefix("--env=") {
                place.environment = Some(name.to_owned());
            } else if word == "-C" {
                place.root = words.next().unwrap_or_else(|| ".".to_owned()).into();
            } else if let Some(folder) = word.strip_prefix("-C") {
                place.root = folder.into();
            }
        }
        place
    }

    fn project(&self) -> Project {
        let options = config::Options {
            environment: self.environment.clone(),
            ..config::Options::default()
        };
        Project::load(&self.reach(), &kinds::schemas(), &options).0
    }

    fn reach(&self) -> Reach {
        let user_home = Environment::read().home;
        let home = Home::find(&self.root, user_home.as_deref());
        Reach::new(&home.root, user_home.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_where_it_would_work() {
        let read = |line: &str, environment| {
            let place = Place::read(line.split(' ').map(str::to_owned), environment);
            (place.root.display().to_string(), place.environment)
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(read("gwplan plan", None), (".".to_owned(), None));
        assert_eq!(read("gwplan plan", Some("a")), (".".to_owned(), some("a")));
        assert_eq!(
            read("gwplan -C x --env b plan", Some("a")),
            ("x".to_owned(), some("b"))
        );
        assert_eq!(
            read("gwplan plan -Cy --env=c", None),
            ("y".to_owned(), some("c"))
        );
    }
}
