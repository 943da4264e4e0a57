//! `gwplan completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::failure::Failure;
use crate::cli::{Arguments, Exit, Session};

/// Prints a completion script for a shell.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, session: &Session) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "gwplan", &mut script);
    session
        .terminal
        .product(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
