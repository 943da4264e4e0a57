//! `gwplan destroy`.

use clap::Args;

use crate::plan::Goal;

use crate::cli::failure::Failure;
use crate::cli::{Exit, Session};

use super::apply::{HowArgs, converge};

/// Deletes everything that the state holds.
#[derive(Debug, Args)]
pub(in crate::cli) struct DestroyArgs {
    #[command(flatten)]
    how: HowArgs,
}

pub(super) fn run(args: &DestroyArgs, session: &Session) -> Result<Exit, Failure> {
    converge(&[], &args.how, session, Goal::Destroy)
}
