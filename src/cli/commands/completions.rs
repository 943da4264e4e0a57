//! `gwplan completions`.

use clap::{Args, ValueEnum};
use clap_complete::env::Shells;

use crate::cli::complete::COMPLETE_VARIABLE;
use crate::cli::failure::Failure;
use crate::cli::{Exit, Session};
use crate::model::Fault;

/// Prints a completion script for a shell.
///
/// It completes commands and options, and from the project addresses, environments and saved plans: the
/// script asks gwplan while you type, so it stays right when gwplan is renewed.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// A shell that can complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Zsh => "zsh",
        }
    }
}

pub(super) fn run(args: &CompletionsArgs, session: &Session) -> Result<Exit, Failure> {
    let name = args.shell.name();
    let shells = Shells::builtins();
    let shell = shells
        .completer(name)
        .ok_or_else(|| Fault::new(format!("gwplan can't complete in {name}")))?;
    let mut script = Vec::new();
    shell
        .write_registration(COMPLETE_VARIABLE, "gwplan", "gwplan", "gwplan", &mut script)
        .map_err(anyhow::Error::from)?;
    session
        .terminal
        .product(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
