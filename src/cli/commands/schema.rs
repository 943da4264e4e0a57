//! `gwplan schema`.

use clap::{Args, ValueEnum};

use crate::kinds;
use crate::schema::json_schema;

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
    let schema = match args.of {
        Of::Gateways => json_schema::resources(&kinds::schemas()),
        Of::Overlay => json_schema::overlay(&kinds::schemas()),
        Of::Project => json_schema::project(&kinds::schemas()),
    };
    session.terminal.product(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}
