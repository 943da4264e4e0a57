//! The project on disk: its settings, its files, its state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use uuid::Uuid;

use crate::backend::{Backend, Holder, LocalBackend};
use crate::config::{self, Files, FilesError, Loaded, PROJECT_FILE, Project, Sources};
use crate::files::Reach;
use crate::kinds;
use crate::model::{
    Address, Desired, Diagnostic, Fault, Moved, Removed, has_errors, told_diagnostics,
};
use crate::schema::{ResourceSchema, suggest};
use crate::state::State;
use crate::view::{DiagnosticFormat, JsonLines, render_diagnostics};

use super::Session;
use super::failure::Failure;
use super::locking;
use super::unread::skipped_note;

/// Holds a project that can be worked with.
pub(super) struct Workspace {
    pub(super) project: Project,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) state_path: PathBuf,
    /// Whose account the credentials are of, once it was asked for; nothing where that can't be told.
    pub(super) account: OnceLock<Option<String>>,
}

/// Holds what the files say.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) desired: BTreeMap<Address, Desired>,
    pub(super) moved: Vec<Moved>,
    pub(super) removed: Vec<Removed>,
    /// Where the files say what.
    pub(super) sources: Sources,
    /// The files that were read, those of other tools among them.
    pub(super) files: BTreeSet<PathBuf>,
    /// Whether the command line names the files.
    pub(super) is_given: bool,
}

/// Finds the table of a kind, in the form that plan and view take it.
pub(super) fn schema_of(kind: &str) -> Option<&'static ResourceSchema> {
    kinds::find(kind).map(super::super::kinds::Kind::schema)
}

impl Workspace {
    /// Opens the project in the session's folder.
    pub(super) fn open(session: &Session) -> Result<Self, Failure> {
        if !session.root.is_dir() {
            let fault = Fault::new(format!("{} is not a folder", session.root.display()));
            return Err(fault.hint("check the path that follows -C").into());
        }
        let (project, diagnostics) =
            Project::load(&session.reach, &kinds::schemas(), &session.options);
        if !project.found {
            let folder = shown_root(&session.root);
            let fault = Fault::new(format!(
                "there is no {PROJECT_FILE} in {folder} or above it"
            ));
            return Err(fault.hint(hint_without_project(&session.root)).into());
        }
        // Where the list of environments can't be read, that is what is to be told.
        if project.environments.is_empty() {
            refuse_errors(session, diagnostics)?;
            check_environment(&project, &session.options)?;
        } else {
            check_environment(&project, &session.options)?;
            require_environment(&project)?;
            refuse_errors(session, diagnostics)?;
        }
        let state_path = session.root.join(&project.state_path);
        let backend = Arc::new(local_backend(session, &project)?);
        Ok(Self {
            project,
            backend,
            state_path,
            account: OnceLock::new(),
        })
    }

    /// Loads the desired state, and refuses it if anything is wrong with it.
    pub(super) fn wanted(&self, session: &Session, paths: &[PathBuf]) -> Result<Wanted, Failure> {
        let reach = session.reach.clone().naming(paths);
        let files =
            config::find_files(&self.project, &reach, paths).map_err(|error| unfound(&error))?;
        let loaded = self.load(session, &reach, &files);
        let mut wanted = self.check(session, loaded)?;
        wanted.files.extend(files.paths().cloned());
        wanted.is_given = !paths.is_empty();
        Ok(wanted)
    }

    fn load(&self, session: &Session, reach: &Reach, files: &Files) -> Loaded {
        let region = self.region(session);
        config::load(&kinds::schemas(), &self.project, region, reach, files)
    }

    /// Tells what is to be said of what the files hold, and refuses it if anything is wrong with it.
    fn check(&self, session: &Session, loaded: Loaded) -> Result<Wanted, Failure> {
        let Loaded {
            desired,
            moved,
            removed,
            mut diagnostics,
            sources,
            skipped,
            is_all_foreign: _,
        } = loaded;
        if let Some(note) = skipped_note(&skipped) {
            session.terminal.status(&note);
        }
        let unused = self.project.unused_variables();
        diagnostics.extend(unused.map(|name| unused_variable(name, &self.project)));
        refuse_errors(session, diagnostics)?;
        if let Some(resource) = desired.values().find(|resource| resource.region.is_empty()) {
            let fault = Fault::new(format!("{} has no region", resource.address));
            return Err(fault
                .hint(format!(
                    "set `provider.region` in {PROJECT_FILE}, or TENCENTCLOUD_REGION"
                ))
                .into());
        }
        Ok(Wanted {
            desired,
            moved,
            removed,
            sources,
            files: self.project.overlay_paths().map(Path::to_owned).collect(),
            is_given: false,
        })
    }

    /// Loads the desired state as far as there is any: that its files are gone must not keep
    /// resources from being destroyed.
    pub(super) fn wanted_if_any(&self, session: &Session) -> Result<Wanted, Failure> {
        let reach = &session.reach;
        let files =
            config::find_files_if_any(&self.project, reach).map_err(|error| unfound(&error))?;
        if files.is_empty() && self.project.overlay_paths().next().is_none() {
            return Ok(Wanted::default());
        }
        let loaded = self.load(session, reach, &files);
        if loaded.is_all_foreign {
            return Ok(Wanted::default());
        }
        self.check(session, loaded)
    }

    /// Returns the region of resources that name none; empty where nothing says one.
    pub(super) fn region<'a>(&'a self, session: &'a Session) -> &'a str {
        let own = self.project.region.as_deref();
        own.or(session.environment.get("TENCENTCLOUD_REGION"))
            .unwrap_or_default()
    }

    /// Loads the recorded state; an empty one where none was ever written.
    pub(super) fn state(&self) -> Result<State, Failure> {
        let loaded = self.backend.load()?;
        Ok(loaded.map(|loaded| loaded.state).unwrap_or_default())
    }

    /// Says who takes the lock.
    pub(super) fn holder(session: &Session, command: &str) -> Holder {
        let user = session
            .environment
            .get("USER")
            .or(session.environment.get("LOGNAME"));
        Holder {
            id: Uuid::new_v4().to_string(),
            user: user.unwrap_or("somebody").to_owned(),
            host: locking::host(),
            process: std::process::id(),
            command: command.to_owned(),
            since: locking::to_the_second(session.clock.now()),
            url: locking::run_url(&session.environment),
            ended: Vec::new(),
        }
    }
}

/// Says what to do about files that aren't found.
fn unfound(error: &FilesError) -> Fault {
    let hint = error.hint("check the paths that were given");
    Fault::new(error.to_string()).hint(hint)
}

/// Opens the place where a project's state lives; it must not lead out of the project.
pub(super) fn local_backend(session: &Session, project: &Project) -> Result<LocalBackend, Fault> {
    let path = &project.state_path;
    let shown = path.display().to_string();
    session.reach.check_place(path).map_err(|error| {
        Fault::new(format!("the state {shown} can't be used: {error}")).hint(error.hint())
    })?;
    let path = session.root.join(path);
    Ok(LocalBackend::new(path, shown, kinds::id_form))
}

/// Refuses an environment that gwplan.yaml does not hold.
pub(super) fn check_environment(
    project: &Project,
    options: &config::Options,
) -> Result<(), Failure> {
    let Some(asked) = &options.environment else {
        return Ok(());
    };
    let known = &project.environments;
    if known.contains(asked) {
        return Ok(());
    }
    let fault = Fault::new(format!("there is no environment {asked}"));
    if known.is_empty() {
        return Err(fault
            .hint(format!(
                "{PROJECT_FILE} holds no environments: leave --env and GWPLAN_ENV out"
            ))
            .into());
    }
    let likely = suggest(asked, known.iter().map(String::as_str));
    let likely = likely.map(|name| format!("did you mean {name}? "));
    let hint = format!(
        "{}{PROJECT_FILE} holds {}",
        likely.unwrap_or_default(),
        known.join(", ")
    );
    Err(fault.hint(hint).into())
}

/// Refuses to work on a project of several environments in none of them.
fn require_environment(project: &Project) -> Result<(), Failure> {
    if project.environment.is_some() {
        return Ok(());
    }
    let known = project.environments.join(", ");
    let fault = Fault::new(format!(
        "{PROJECT_FILE} holds several environments: {known}"
    ));
    Err(fault
        .hint("choose one with --env NAME, or set GWPLAN_ENV")
        .into())
}

/// Warns of a variable of the command line that nothing asks for.
pub(super) fn unused_variable(name: &str, project: &Project) -> Diagnostic {
    let help = match suggest(name, project.used_variables()) {
        Some(used) => format!("did you mean --var {used}=VALUE?"),
        None => format!("no value holds `${{var.{name}}}`: leave it out"),
    };
    Diagnostic::warning(
        "unused-variable",
        format!("nothing uses the variable {name}"),
    )
    .help(help)
}

fn shown_root(root: &Path) -> String {
    if root == Path::new(".") {
        "this folder".to_owned()
    } else {
        root.display().to_string()
    }
}

/// Says what to do where there is no project: a file may have nearly its name.
fn hint_without_project(root: &Path) -> String {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_near = |name: &String| {
        let path = Path::new(name);
        let stem = path
            .file_stem()
            .is_some_and(|stem| stem.eq_ignore_ascii_case("gwplan"));
        stem && config::is_yaml(path)
    };
    match names.find(is_near) {
        Some(name) => format!("rename {name} to {PROJECT_FILE}"),
        None => "begin a project with `gwplan init`, or name its folder with -C DIR".to_owned(),
    }
}

/// Shows warnings, in the form of the output, and turns errors into a failure.
pub(super) fn refuse_errors(
    session: &Session,
    diagnostics: Vec<Diagnostic>,
) -> Result<(), Failure> {
    if has_errors(&diagnostics) {
        return Err(Failure::Diagnostics(diagnostics));
    }
    if session.json_lines {
        let lines = JsonLines::new(&schema_of, session.clock.clone());
        let told = told_diagnostics(&diagnostics);
        let warnings = told.iter().map(|warning| lines.diagnostic(warning));
        return session.terminal.product(&warnings.collect::<String>());
    }
    if !diagnostics.is_empty() {
        session
            .terminal
            .tell(&render_diagnostics(&diagnostics, DiagnosticFormat::Text));
    }
    Ok(())
}

/// Runs a future on a runtime of its own, which only the commands that reach the cloud pay for.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime can't be started")?
        .block_on(future)
}
