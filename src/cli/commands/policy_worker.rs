//! `gwplan policy-worker`, which gwplan alone calls.

use anyhow::Context;
use clap::Args;

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::policing::apart;

/// Runs policies that it reads from stdin, within a bound of memory.
#[derive(Debug, Args)]
pub(in crate::cli) struct PolicyWorkerArgs {}

pub(super) fn run(_: &PolicyWorkerArgs) -> Result<Exit, Failure> {
    apart::work().context("the policies can't be run")?;
    Ok(Exit::Done)
}
