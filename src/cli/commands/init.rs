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

use super::schema::allowed;

/// Writes a project to start from, or renews the schemas for editors of one that is there.
#[derive(Debug, Args)]
pub(in crate::cli) struct InitArgs {}

const GATEWAYS_FILE: &str = "gateways.yaml";
const SCHEMA_FOLDER: &str = ".gwplan";

const IGNORE_FILE: &str = ".gitignore";

const IGNORED: &str = "\
# The simulated cloud's memory, and locks: both are of this machine alone.
/state/*simulator.json
/state/*.lock
";

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
    // A link that leads nowhere is there too: to write through it would make a file elsewhere.
    let is_there = |name: &str| root.join(name).symlink_metadata().is_ok();
    if is_there(PROJECT_FILE) {
        return renew(session);
    }
    if is_there(GATEWAYS_FILE) {
        let fault = Fault::new(format!("{GATEWAYS_FILE} is there already"));
        return Err(fault
            .hint("init begins a new project and overwrites nothing: choose an empty folder with -C DIR")
            .into());
    }
    let [gateways, project] = schemas(session);
    let mut files = vec![
        gateways,
        project,
        (PROJECT_FILE.to_owned(), PROJECT.to_owned()),
        (GATEWAYS_FILE.to_owned(), GATEWAYS.to_owned()),
    ];
    if !is_there(IGNORE_FILE) {
        files.push((IGNORE_FILE.to_owned(), IGNORED.to_owned()));
    }
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

/// Brings the schemas of a project that is there to this version's; its own files stay as they are.
fn renew(session: &Session) -> Result<Exit, Failure> {
    let root = &session.root;
    let is_stale = |(name, text): &(String, String)| {
        fs::read_to_string(root.join(name)).ok().as_ref() != Some(text)
    };
    let stale: Vec<_> = schemas(session).into_iter().filter(is_stale).collect();
    for (name, text) in &stale {
        write(&root.join(name), text)?;
        session.terminal.status(&format!("renewed {name}"));
    }
    if stale.is_empty() {
        let told =
            format!("{PROJECT_FILE} is there already, and its schemas are those of this version");
        session.terminal.status(&told);
    }
    Ok(Exit::Done)
}

/// Returns the schemas for editors, each with its path.
fn schemas(session: &Session) -> [(String, String); 2] {
    let kinds = kinds::schemas();
    let allow = allowed(session);
    [
        ("gateways", json_schema::resources(&kinds, &allow)),
        ("project", json_schema::project(&kinds, &allow)),
    ]
    .map(|(of, schema)| {
        let path = format!("{SCHEMA_FOLDER}/{of}.schema.json");
        (path, format!("{schema:#}\n"))
    })
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
