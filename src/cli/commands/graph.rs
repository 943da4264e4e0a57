//! `gwplan graph`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::view;

use crate::cli::failure::Failure;
use crate::cli::workspace::Workspace;
use crate::cli::{Exit, Session};

/// Prints which resources depend on which, offline.
#[derive(Debug, Args)]
pub(in crate::cli) struct GraphArgs {
    /// The files or folders with gateways; by default the project's.
    pub(super) paths: Vec<PathBuf>,
    /// The language that the graph is written in.
    #[arg(long, default_value = "dot")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Graphviz: `gwplan graph | dot -Tsvg >graph.svg`.
    Dot,
    /// Mermaid, which GitHub and GitLab draw in markdown.
    Mermaid,
}

pub(super) fn run(args: &GraphArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    let wanted = workspace.wanted(session, &args.paths)?;
    let text = match args.format {
        Format::Dot => view::graph_dot(&wanted.desired),
        Format::Mermaid => view::graph_mermaid(&wanted.desired),
    };
    session.terminal.product(&text)?;
    Ok(Exit::Done)
}
