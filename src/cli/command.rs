//! The command line as a whole: what the arguments of the commands declare, and what goes with it.
//!
//! Examples and completions are added here in one place: by the path of a command, and by the name of
//! the value that an argument takes. So an argument that takes an `ADDR` completes addresses, whichever
//! command it is of.

use clap::{Command, CommandFactory};

use super::Arguments;
use super::complete::with_completions;
use super::examples::examples_of;

/// Describes the command line: for parsing, help, completions and the manual.
pub(super) fn command() -> Command {
    decorated(Arguments::command(), "")
}

/// Adds to a command and those below it; `path` is how it is called, without the program's name.
fn decorated(command: Command, path: &str) -> Command {
    let command = command.mut_args(with_completions);
    let command = match examples_of(path) {
        [] => command,
        examples => {
            let lines = examples
                .iter()
                .map(|example| format!("  {}\n      $ {}", example.what, example.line));
            let text = lines.collect::<Vec<_>>().join("\n");
            command.after_help(format!("Examples:\n{text}"))
        }
    };
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        decorated(below, path.trim_start())
    })
}
