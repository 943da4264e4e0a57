//! `gwplan recover`.

use clap::Args;

use crate::engine::Choices;
use crate::model::Address;

use crate::cli::failure::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::workspace::Workspace;
use crate::cli::{Exit, Session};

/// Finds out how the requests of a run that was cut off have ended, and records it.
///
/// Every command that changes the state does this first. Nothing is sent that changes the cloud.
#[derive(Debug, Args)]
pub(in crate::cli) struct RecoverArgs {
    /// Says which gateway a create has made, where several could be meant, or `none`; may be repeated.
    #[arg(long = "choose", value_name = "ADDR=GATEWAY_ID", value_parser = choice)]
    choices: Vec<(Address, Option<String>)>,
    #[command(flatten)]
    lock: LockArgs,
}

fn choice(text: &str) -> Result<(Address, Option<String>), String> {
    let (address, id) = text
        .split_once('=')
        .filter(|(_, id)| !id.is_empty())
        .ok_or("write it as ADDR=GATEWAY_ID, or ADDR=none")?;
    let address: Address = address.parse().map_err(|error| format!("{error}"))?;
    Ok((address, (id != "none").then(|| id.to_owned())))
}

pub(super) fn run(args: &RecoverArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    let choices: Choices = args.choices.iter().cloned().collect();
    let lock = args.lock.take(&workspace, session, "recover")?;
    let (_writing, recovery) = workspace.begin_with(session, lock, &choices)?;
    if !recovery.undecided.is_empty() {
        return Err(Failure::Diagnostics(recovery.undecided));
    }
    let text = if recovery.notes.is_empty() {
        "Nothing to recover: the result of every request is recorded.\n".to_owned()
    } else {
        let settled = recovery.notes.len();
        format!("Recovered: {settled} settled, by what the cloud shows.\n")
    };
    session.terminal.product(&text)?;
    Ok(Exit::Done)
}
