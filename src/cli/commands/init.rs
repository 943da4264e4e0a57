//! `gwplan init`.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::Args;

use crate::config::PROJECT_FILE;
use crate::files;
use crate::kinds;
use crate::model::Fault;
use crate::schema::json_schema;

use crate::cli::failure::Failure;
use crate::cli::{Exit, Session};

/// Writes a project to start from: gwplan.yaml, a gateways file, and schemas for editors.
#[derive(Debug, Args)]
pub(in crate::cli) struct InitArgs {}

const GATEWAYS_FILE: &str = "gateways.yaml";
const SCHEMA_FOLDER: &str = ".gwplan";

const PROJECT: &str = "\
# yaml-language-server: $schema=.gwplan/project.schema.json
provider:
  region: ap-guangzhou
  # The embedded simulated cloud: free, and good to learn on. Remove the line for the real cloud.
  endpoint: simulator
defaults:
  tags:
    managed-by: gwplan
";

const GATEWAYS: &str = "\
# yaml-language-server: $schema=.gwplan/gateways.schema.json
gateways:
  # The key names the gateway in gwplan: its address is gateway.example.
  example:
    name: example
    gatewayVersion: 2.5.1
    nodeConfig:
      specification: 1c2g
      number: 2
    vpcConfig:
      vpcId: vpc-example1
      subnetId: subnet-example1
    description: The first gateway
";

pub(super) fn run(_: &InitArgs, session: &Session) -> Result<Exit, Failure> {
    let root = &session.root;
    let existing = [PROJECT_FILE, GATEWAYS_FILE]
        .into_iter()
        .find(|name| root.join(name).symlink_metadata().is_ok());
    if let Some(name) = existing {
        let fault = Fault::new(format!("{name} is there already"));
        return Err(fault.hint("init begins a new project and overwrites nothing: choose an empty folder with -C DIR").into());
    }
    let schemas = kinds::schemas();
    let files = [
        (
            format!("{SCHEMA_FOLDER}/gateways.schema.json"),
            format!("{:#}\n", json_schema::resources(&schemas)),
        ),
        (
            format!("{SCHEMA_FOLDER}/project.schema.json"),
            format!("{:#}\n", json_schema::project(&schemas)),
        ),
        (PROJECT_FILE.to_owned(), PROJECT.to_owned()),
        (GATEWAYS_FILE.to_owned(), GATEWAYS.to_owned()),
    ];
    for (name, text) in &files {
        session
            .reach
            .check_place(Path::new(name))
            .map_err(|error| {
                let fault = Fault::new(format!("{name} can't be written")).because(error);
                fault.hint("begin the project in a folder without links")
            })?;
        write(&root.join(name), text)?;
        session.terminal.status(&format!("wrote {name}"));
    }
    session
        .terminal
        .hint("edit gateways.yaml, then run `gwplan plan`");
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let context = || format!("{} can't be written", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(context)?;
    }
    // A schema may be there from an older gwplan; through a link, another file would be written over.
    files::write_over(path, text.as_bytes()).with_context(context)?;
    Ok(())
}
