//! The command line: arguments, terminal, exit codes. The only part that talks to the user.

mod account;
mod approval;
mod arguments;
mod certificates;
mod cloud;
mod command;
mod commands;
mod complete;
mod disarm;
mod environment;
mod examples;
mod faces;
mod failure;
mod guesses;
mod home;
mod locking;
mod logging;
mod manual;
mod planning;
mod policing;
mod posting;
mod proposal;
mod seen;
mod siblings;
mod signals;
mod stage;
mod terminal;
mod unread;
mod workspace;
mod wrap;
mod writing;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{FromArgMatches as _, Parser, ValueEnum};

use crate::config;
use crate::files::Reach;
use crate::model::Clock;

use commands::Command;
use environment::Environment;
use failure::Failure;
use home::Home;
use terminal::Terminal;

/// Declares cloud native API gateways of Tencent Cloud in YAML, plans, and applies.
#[derive(Debug, Parser)]
#[command(
    name = "gwplan",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    next_help_heading = "Global options"
)]
#[command(
    after_help = "Exit codes: 0 done, 1 an error, 2 changes or drift (with --detailed-exitcode), 130 interrupted."
)]
struct Arguments {
    /// Works as if started in DIR.
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,

    /// When to colour the output.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: ColorWhen,

    /// Prints neither progress nor hints.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Logs each request to stderr; twice, with bodies.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,

    /// The environment of gwplan.yaml to work in; or set `GWPLAN_ENV`.
    #[arg(long, value_name = "NAME", global = true)]
    env: Option<String>,

    /// Sets a variable, for `${var.NAME}` in the YAML; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", global = true, value_parser = variable)]
    var: Vec<(String, String)>,

    /// Sets the variables that a YAML file holds; may be repeated. --var wins over it.
    #[arg(long, value_name = "FILE", global = true)]
    var_file: Vec<PathBuf>,

    /// Lets the project read in this folder, or this file, outside its repository; may be repeated. Or
    /// set `GWPLAN_ALLOW_PATH`.
    #[arg(long, value_name = "PATH", global = true)]
    allow_path: Vec<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

impl Arguments {
    /// Finds the project, and has all paths seen from its folder.
    fn find_home(&mut self, user_home: Option<&Path>) -> Home {
        let start = self.directory.as_deref().unwrap_or(Path::new("."));
        let home = if self.command.has_project() {
            Home::find(start, user_home)
        } else {
            Home::here(start)
        };
        let own = self.var_file.iter_mut().chain(&mut self.allow_path);
        for path in own.chain(self.command.paths_mut()) {
            *path = home.seen(path);
        }
        home
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if !config::is_variable_name(name) {
        return Err(format!(
            "{name:?} is not a valid name for a variable: use letters, digits, `-` and `_`, and begin with a letter or `_`"
        ));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Says when output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ColorWhen {
    /// At a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Says how a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Done.
    Done,
    /// It failed, and has said so.
    Failed,
    /// Done, and there are changes; with `--detailed-exitcode` alone.
    Changes,
    /// The user interrupted it.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Changes => 2,
            Exit::Interrupted => 130,
        })
    }
}

/// Holds what every command is given.
struct Session {
    root: PathBuf,
    /// What files the project may read.
    reach: Reach,
    /// What the command line adds to these.
    allowed_paths: Vec<PathBuf>,
    terminal: Terminal,
    environment: Environment,
    /// How the project is to be read.
    options: config::Options,
    clock: Clock,
    /// Whether stdout is a stream of JSON messages, which warnings belong to.
    json_lines: bool,
}

/// Runs the command that the arguments ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::read();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    certificates::drop_empty(&environment, &arguments);
    let in_workflow = environment.get("GITHUB_ACTIONS").is_some();
    match complete::answer(&arguments) {
        Ok(true) => return Exit::Done.into(),
        Ok(false) => {}
        Err(error) => return refuse(error, in_workflow).into(),
    }
    let mut arguments = match understand(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(error, in_workflow).into(),
    };
    let terminal = Terminal::new(arguments.color, arguments.quiet, in_workflow);
    logging::start(arguments.verbose, terminal);
    let home = arguments.find_home(environment.home.as_deref());
    let chosen = arguments.env.as_deref().or(environment.get("GWPLAN_ENV"));
    let options = config::Options {
        environment: chosen.map(str::to_owned),
        variables: arguments.var,
        variable_files: arguments.var_file,
    };
    let allowed = environment.get("GWPLAN_ALLOW_PATH").unwrap_or_default();
    let allowed = std::env::split_paths(allowed).filter(|path| !path.as_os_str().is_empty());
    let session = Session {
        reach: Reach::new(&home.root, environment.home.as_deref())
            .naming(&arguments.allow_path)
            .naming(allowed),
        allowed_paths: arguments.allow_path,
        root: home.root,
        terminal,
        environment,
        options,
        clock: Clock::system(),
        json_lines: arguments.command.writes_json_lines(),
    };
    match arguments.command.run(&session) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.tell(session.terminal).into(),
    }
}

/// Parses the arguments, also where they are spelled as those of other tools.
fn understand(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    let error = match parse(arguments) {
        Err(error) if error.use_stderr() => error,
        done => return done,
    };
    match guesses::respelled(arguments, &command::command()) {
        Some(respelled) => parse(&respelled),
        None => Err(error),
    }
}

fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    let matches = command::command().try_get_matches_from(arguments)?;
    Arguments::from_arg_matches(&matches)
}

/// Tells what is wrong with the arguments, or what they ask about the command itself.
fn refuse(error: clap::Error, in_workflow: bool) -> Exit {
    let terminal = Terminal::new(ColorWhen::Auto, false, in_workflow);
    if let Some(fault) = guesses::answer(&error) {
        return Failure::Usage(fault).tell(terminal);
    }
    let error = guesses::without_dangerous(error);
    if error.use_stderr() {
        // It repeats what was passed, which may be anybody's words: a file's name, say.
        terminal.error(&error.render().ansi().to_string());
        return Exit::Failed;
    }
    // There is nobody to tell where even that can't be printed.
    error.print().ok();
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if asked { Exit::Done } else { Exit::Failed }
}
