//! `gwplan plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::plan::Goal;
use crate::view;

use crate::cli::cloud::connect;
use crate::cli::failure::Failure;
use crate::cli::planning::{plan_offline, plan_with_cloud};
use crate::cli::workspace::{Workspace, block_on, refuse_errors, schema_of};
use crate::cli::{Exit, Session};

/// Shows what apply would do.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    /// The files or folders with gateways; by default the project's folder.
    paths: Vec<PathBuf>,
    /// The form of the output.
    #[arg(long, default_value = "text")]
    format: Format,
    /// Exits with 2 where there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Plans from the files and the state alone: no request is sent and no credentials are needed.
    #[arg(long)]
    offline: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// Terraform's plan JSON, on one line.
    Json,
}

pub(super) fn run(args: &PlanArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    let desired = workspace.desired(session, &args.paths)?;
    let state = workspace.state()?;
    let plan = if args.offline {
        plan_offline(&desired, &state, Goal::Converge)?
    } else {
        block_on(async {
            let connection = connect(session, &workspace).await?;
            plan_with_cloud(&connection, &desired, &state, Goal::Converge).await
        })?
    };
    session.terminal.product(&match args.format {
        Format::Text => view::plan_text(&plan),
        Format::Json => view::plan_json(&plan, &state, &schema_of),
    })?;
    let empty = plan.is_empty();
    refuse_errors(session, plan.diagnostics)?;
    Ok(if args.detailed_exitcode && !empty {
        Exit::Changes
    } else {
        Exit::Done
    })
}
