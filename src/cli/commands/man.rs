//! `gwplan man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::cli::failure::Failure;
use crate::cli::{Arguments, Exit, Session};

/// Prints the manual page, or writes the pages of all commands to a folder.
#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// Writes one page a command into DIR.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, session: &Session) -> Result<Exit, Failure> {
    if let Some(folder) = &args.out {
        let context = || format!("the manual pages can't be written to {}", folder.display());
        std::fs::create_dir_all(folder).with_context(context)?;
        clap_mangen::generate_to(Arguments::command(), folder).with_context(context)?;
        return Ok(Exit::Done);
    }
    let mut page = Vec::new();
    Man::new(Arguments::command())
        .render(&mut page)
        .context("the manual page can't be made")?;
    session.terminal.product(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}
