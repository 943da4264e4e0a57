//! `gwplan validate`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::config::{self, Files, Project};
use crate::kinds;
use crate::model::{Diagnostic, Fault, Severity, has_errors, sort_diagnostics};
use crate::view::{DiagnosticFormat, render_diagnostics};

use crate::cli::failure::Failure;
use crate::cli::policing;
use crate::cli::unread::skipped_note;
use crate::cli::workspace::{check_environment, unused_variable};
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

impl ValidateArgs {
    /// Returns the paths that the command line names.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.paths.iter_mut().collect()
    }
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
    let rendered = render_diagnostics(&diagnostics, format);
    if args.format == Format::Github {
        session.terminal.commands(&rendered)?;
    } else {
        session.terminal.product(&rendered)?;
    }
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

/// Checks the project, and each of its environments where none was chosen: no command runs without.
fn check(args: &ValidateArgs, session: &Session) -> Result<(usize, Vec<Diagnostic>), Failure> {
    let options = &session.options;
    let (project, diagnostics) = Project::load(&session.reach, &kinds::schemas(), options);
    if !has_errors(&diagnostics) || !project.environments.is_empty() {
        check_environment(&project, options)?;
    }
    let mut checked = Checked::default();
    if options.environment.is_some() || project.environments.is_empty() {
        checked.check(&project, diagnostics, args, session)?;
    } else {
        for name in &project.environments {
            let options = config::Options {
                environment: Some(name.clone()),
                ..options.clone()
            };
            let (project, found) = Project::load(&session.reach, &kinds::schemas(), &options);
            checked.check(&project, found, args, session)?;
        }
    }
    let skipped: Vec<_> = checked.skipped.iter().collect();
    if let Some(note) = skipped_note(&skipped) {
        session.terminal.status(&note);
    }
    let files = checked.files.len() - skipped.len() + usize::from(project.found);
    Ok((files, checked.finish()))
}

/// Holds what has been checked so far.
#[derive(Default)]
struct Checked {
    files: BTreeSet<PathBuf>,
    /// The files of other tools among them.
    skipped: BTreeSet<PathBuf>,
    found: Vec<(String, Vec<Diagnostic>)>,
    /// The command line's variables that no environment has asked for.
    unused: Option<BTreeMap<String, Diagnostic>>,
}

impl Checked {
    fn check(
        &mut self,
        project: &Project,
        mut diagnostics: Vec<Diagnostic>,
        args: &ValidateArgs,
        session: &Session,
    ) -> Result<(), Failure> {
        let reach = session.reach.clone().naming(&args.paths);
        let files = match config::find_files(project, &reach, &args.paths) {
            Ok(files) => files,
            // What is wrong with gwplan.yaml may be why, and is told in any case.
            Err(_) if has_errors(&diagnostics) => Files::default(),
            Err(error) => {
                let hint = error.hint("name the files or folders to check");
                return Err(Fault::new(error.to_string()).hint(hint).into());
            }
        };
        let region = session.environment.get("TENCENTCLOUD_REGION");
        let region = region.unwrap_or_default();
        let loaded = config::load(&kinds::schemas(), project, region, &reach, &files);
        diagnostics.extend(loaded.diagnostics);
        self.skipped.extend(loaded.skipped);
        diagnostics.extend(policing::check(project, session));
        let name = project.environment.clone().unwrap_or_default();
        self.found.push((name, diagnostics));
        self.files.extend(files.paths().cloned());
        self.files
            .extend(project.overlay_paths().map(Path::to_owned));
        let unused = project.unused_variables();
        let unused: BTreeMap<_, _> = unused
            .map(|name| (name.to_owned(), unused_variable(name, project)))
            .collect();
        match &mut self.unused {
            None => self.unused = Some(unused),
            Some(before) => before.retain(|name, _| unused.contains_key(name)),
        }
        Ok(())
    }

    fn finish(self) -> Vec<Diagnostic> {
        let mut diagnostics = config::join_environments(self.found);
        diagnostics.extend(self.unused.unwrap_or_default().into_values());
        sort_diagnostics(&mut diagnostics);
        diagnostics
    }
}

fn plural(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
