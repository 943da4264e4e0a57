//! `gwplan show`.

use clap::{Args, ValueEnum};

use crate::view;

use crate::cli::failure::Failure;
use crate::cli::workspace::{Workspace, schema_of};
use crate::cli::{Exit, Session};

/// Prints the state.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The form of the output.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// Terraform's state JSON, on one line.
    Json,
}

pub(super) fn run(args: &ShowArgs, session: &Session) -> Result<Exit, Failure> {
    let state = Workspace::open(session)?.state()?;
    session.terminal.product(&match args.format {
        Format::Text => view::state_text(&state),
        Format::Json => view::state_json(&state, &schema_of),
    })?;
    Ok(Exit::Done)
}
