//! `gwplan drift`.

use std::collections::BTreeMap;

use clap::Args;

use crate::engine;
use crate::plan::drift;
use crate::view;

use crate::cli::arguments::Format;
use crate::cli::cloud::connect;
use crate::cli::failure::Failure;
use crate::cli::workspace::{Workspace, block_on, schema_of};
use crate::cli::{Exit, Session};

/// Compares the cloud with the state, and changes nothing.
///
/// Fields that `lifecycle.ignoreChanges` named at the last apply have a section of their own and don't
/// count.
#[derive(Debug, Args)]
pub(in crate::cli) struct DriftArgs {
    /// Exits with 2 where there is drift.
    #[arg(long)]
    detailed_exitcode: bool,
    /// The form of the output.
    #[arg(long, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &DriftArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    let state = workspace.state()?;
    workspace.check_cloud(session, &state)?;
    let snapshot = block_on(async {
        let connection = connect(session, &workspace, &state).await?;
        // The files don't matter here: only what was applied is compared.
        let consistency = workspace.project.timeouts.consistency;
        let nothing = BTreeMap::new();
        let refresh = engine::refresh(&connection.client, &nothing, &state, consistency);
        Ok(refresh.await?)
    })?;
    workspace.check_found(session, &state, &snapshot)?;
    if !state.intents.is_empty() {
        session.terminal.hint(
            "requests are open: until the run under way has ended, or `gwplan recover` has settled them, what they change may seem to be drift",
        );
    }
    let found = drift(&state, &snapshot, &schema_of, &|address| {
        let record = state.resources.get(address);
        let ignored = record.and_then(|record| record.ignore_changes.as_deref());
        ignored.unwrap_or_default()
    });
    session.terminal.product(&match args.format {
        Format::Text => view::drift_text(&found),
        Format::Json => view::drift_json(&found),
    })?;
    Ok(if args.detailed_exitcode && !found.counted.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    })
}
