//! `gwplan schema`.

use clap::{Args, ValueEnum};

use crate::config::Project;
use crate::kinds;
use crate::schema::{Allowances, json_schema};

use crate::cli::failure::Failure;
use crate::cli::{Exit, Session};

/// Prints the JSON Schema of the YAML files, for editors.
#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaArgs {
    /// Which files it describes.
    #[arg(value_enum, default_value = "gateways")]
    of: Of,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The files that describe gateways.
    Gateways,
    /// The files that an environment lays over the others.
    Overlay,
    /// The project file, gwplan.yaml.
    Project,
}

pub(super) fn run(args: &SchemaArgs, session: &Session) -> Result<Exit, Failure> {
    let schemas = kinds::schemas();
    let allow = allowed(session);
    let schema = match args.of {
        Of::Gateways => json_schema::resources(&schemas, &allow),
        Of::Overlay => json_schema::overlay(&schemas, &allow),
        Of::Project => json_schema::project(&schemas, &allow),
    };
    session.terminal.product(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}

/// Returns the words that the project allows besides those that gwplan knows; none outside a project.
///
/// An editor needs the schema of a project with faults too; validate tells of those.
pub(super) fn allowed(session: &Session) -> Allowances {
    let (project, _) = Project::load(&session.reach, &kinds::schemas(), &session.options);
    project.allow
}
