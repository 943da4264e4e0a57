//! `gwplan destroy`.

use clap::Args;

use crate::plan::Goal;

use crate::cli::failure::Failure;
use crate::cli::planning::SelectionArgs;
use crate::cli::{Exit, Session};

use super::apply::{HowArgs, Task, converge};

/// Deletes everything that the state holds.
///
/// With --target it deletes that resource and all that depends on it, since a dependent can't stay
/// without what it depends on; the plan names each of them before anything is deleted.
#[derive(Debug, Args)]
pub(in crate::cli) struct DestroyArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
}

pub(super) fn run(args: &DestroyArgs, session: &Session) -> Result<Exit, Failure> {
    let task = Task {
        paths: &[],
        goal: Goal::Destroy,
        selection: args.selection.with_replace(&[]),
        saved: None,
    };
    args.how
        .told(session, || converge(&task, &args.how, session))
}
