//! `gwplan lock`.

use std::fmt::Write;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::backend::{Holder, LockStatus};

use crate::cli::arguments::Format;
use crate::cli::failure::Failure;
use crate::cli::workspace::Workspace;
use crate::cli::{Exit, Session};

/// Looks at the state's lock.
#[derive(Debug, Args)]
pub(in crate::cli) struct LockCommandArgs {
    #[command(subcommand)]
    command: LockCommand,
}

#[derive(Debug, Subcommand)]
enum LockCommand {
    /// Says whether a run holds the lock, and which; nothing is changed, and no credentials are
    /// needed.
    Status {
        /// The form of the output.
        #[arg(long, default_value = "text")]
        format: Format,
    },
}

pub(super) fn run(args: &LockCommandArgs, session: &Session) -> Result<Exit, Failure> {
    let LockCommand::Status { format } = args.command;
    let workspace = Workspace::open(session)?;
    let status = workspace.backend.lock_status()?;
    let place = workspace.backend.place();
    session.terminal.product(&match format {
        Format::Text => text(&status, &place),
        Format::Json => json(&status, &place),
    })?;
    Ok(Exit::Done)
}

fn text(status: &LockStatus, place: &str) -> String {
    match status {
        LockStatus::Free => format!("The state {place} is not locked.\n"),
        LockStatus::LeftOver(dead) => format!(
            "The state {place} is not locked. A run ended without releasing its lock; the next one takes it over.\n{}",
            fields(dead)
        ),
        LockStatus::Held(None) => {
            format!("The state {place} is locked by an unknown process.\n")
        }
        LockStatus::Held(Some(holder)) => {
            format!("The state {place} is locked.\n{}", fields(holder))
        }
    }
}

fn fields(holder: &Holder) -> String {
    let Holder {
        id,
        user,
        host,
        process,
        command,
        since,
        url,
        ended: _,
    } = holder;
    let mut text = String::new();
    for (key, value) in [
        ("lock id", id.as_str()),
        ("command", &format!("gwplan {command}")),
        ("user", user),
        ("host", host),
        ("process", &process.to_string()),
        ("since", &since.to_string()),
        ("run", url.as_deref().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            let _ = writeln!(text, "  {:<9} {value}", format!("{key}:"));
        }
    }
    text
}

fn json(status: &LockStatus, place: &str) -> String {
    let (locked, holder, left_over) = match status {
        LockStatus::Free => (false, Json::Null, Json::Null),
        LockStatus::LeftOver(dead) => (false, Json::Null, json!(dead)),
        LockStatus::Held(holder) => (true, json!(holder), Json::Null),
    };
    format!(
        "{}\n",
        json!({ "locked": locked, "holder": holder, "left_over": left_over, "place": place })
    )
}
