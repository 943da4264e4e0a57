//! `gwplan validate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config::{self, Loaded, Project};
use crate::kinds;
use crate::model::{Diagnostic, Fault, Severity, sort_diagnostics};
use crate::view::{DiagnosticFormat, render_diagnostics};

use crate::cli::failure::Failure;
use crate::cli::{Exit, Session};

/// Checks the YAML, offline.
#[derive(Debug, Args)]
pub(in crate::cli) struct ValidateArgs {
    /// The files or folders to check; by default the project's folder.
    paths: Vec<PathBuf>,
    /// Takes warnings as errors.
    #[arg(long)]
    strict: bool,
    /// The form of the output.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: the source line and a caret.
    Text,
    /// Terraform's diagnostic objects.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
}

pub(super) fn run(args: &ValidateArgs, session: &Session) -> Result<Exit, Failure> {
    let (files, diagnostics) = check(args, session)?;
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let format = match args.format {
        Format::Text => DiagnosticFormat::Text,
        Format::Json => DiagnosticFormat::Json,
        Format::Sarif => DiagnosticFormat::Sarif,
        Format::Github => DiagnosticFormat::Github,
    };
    session
        .terminal
        .product(&render_diagnostics(&diagnostics, format))?;
    let files = plural(files, "file");
    if errors == 0 && (warnings == 0 || !args.strict) {
        let noted = if warnings == 0 {
            String::new()
        } else {
            format!(", with {}", plural(warnings, "warning"))
        };
        let success = format!("Success! {files} checked: the YAML is valid{noted}.\n");
        if args.format == Format::Text {
            session.terminal.product(&success)?;
        } else {
            session.terminal.status(&success);
        }
        return Ok(Exit::Done);
    }
    let strict = if errors == 0 {
        " (warnings count as errors with --strict)"
    } else {
        ""
    };
    session.terminal.status(&format!(
        "{files} checked: {}, {}{strict}",
        plural(errors, "error"),
        plural(warnings, "warning")
    ));
    Ok(Exit::Failed)
}

fn check(args: &ValidateArgs, session: &Session) -> Result<(usize, Vec<Diagnostic>), Failure> {
    let schemas = kinds::schemas();
    let (project, mut diagnostics) = Project::load(&session.root, &schemas);
    let files = config::find_files(&session.root, &args.paths).map_err(|error| {
        Fault::new(error.to_string()).hint("name the files or folders to check")
    })?;
    let region = session
        .environment
        .get("TENCENTCLOUD_REGION")
        .unwrap_or_default();
    let Loaded {
        desired: _,
        diagnostics: found,
    } = config::load(&schemas, &project, region, &session.root, &files);
    diagnostics.extend(found);
    sort_diagnostics(&mut diagnostics);
    Ok((files.len() + usize::from(project.found), diagnostics))
}

fn plural(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
