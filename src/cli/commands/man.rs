//! `gwplan man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::manual::pages;
use crate::cli::{Exit, Session};

/// Prints the manual page, or writes the pages of all commands to a folder.
#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// Writes one page a command into DIR.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, session: &Session) -> Result<Exit, Failure> {
    let pages = pages();
    if let Some(folder) = &args.out {
        let context = || format!("the manual pages can't be written to {}", folder.display());
        std::fs::create_dir_all(folder).with_context(context)?;
        for (name, page) in &pages {
            std::fs::write(folder.join(name), page).with_context(context)?;
        }
    } else if let Some((_, page)) = pages.first() {
        session.terminal.product(page)?;
    }
    Ok(Exit::Done)
}
