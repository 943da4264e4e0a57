//! What plan, apply and destroy have in common.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, timeout};

use crate::config;
use crate::engine;
use crate::model::{Address, Fault};
use crate::plan::{Binding, Goal, Inputs, Plan, SavedPlan, Selection, Snapshot, plan};
use crate::review::Destination;
use crate::state::State;

use super::Session;
use super::cloud::{Connection, described, endpoint_name};
use super::failure::Failure;
use super::siblings::Siblings;
use super::terminal::Terminal;
use super::unread;
use super::workspace::{Wanted, Workspace, schema_of};

/// Which part of the whole is asked for.
#[derive(Debug, Default, Args)]
pub(super) struct SelectionArgs {
    /// Takes only this resource and what it depends on, or, to destroy, what depends on it; may be
    /// repeated.
    #[arg(long = "target", value_name = "ADDR")]
    targets: Vec<Address>,
    /// Leaves out this resource and what depends on it; may be repeated.
    #[arg(long = "exclude", value_name = "ADDR")]
    excludes: Vec<Address>,
    /// Believes it where all that the state holds is gone, though nothing says whose account this is.
    #[arg(long)]
    allow_all_gone: bool,
}

impl SelectionArgs {
    /// Returns the arguments that ask for the same part again.
    pub(super) fn words(&self) -> Vec<String> {
        let Self {
            targets,
            excludes,
            allow_all_gone,
        } = self;
        let allowed = allow_all_gone.then(|| "--allow-all-gone".to_owned());
        let targets = targets
            .iter()
            .map(|target| ["--target".to_owned(), target.to_string()]);
        let excludes = excludes
            .iter()
            .map(|exclude| ["--exclude".to_owned(), exclude.to_string()]);
        targets.chain(excludes).flatten().chain(allowed).collect()
    }

    /// Joins it with the resources that are to be replaced.
    pub(super) fn with_replace(&self, replace: &[Address]) -> Selection {
        Selection {
            targets: self.targets.clone(),
            excludes: self.excludes.clone(),
            replace: replace.to_owned(),
            allow_all_gone: self.allow_all_gone,
        }
    }
}

/// Holds what a plan is made of, but for what the cloud shows.
pub(super) struct Planner<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) state: &'a State,
    pub(super) goal: Goal,
    pub(super) selection: &'a Selection,
    pub(super) workspace: &'a Workspace,
}

impl Planner<'_> {
    /// Asks the cloud and plans.
    pub(super) async fn with_cloud(
        &self,
        session: &Session,
        connection: &Connection,
    ) -> Result<Plan, Failure> {
        let refresh = engine::refresh(
            &connection.client,
            &self.wanted.desired,
            self.state,
            self.workspace.project.timeouts.consistency,
        );
        let snapshot = while_telling(connection.terminal, refresh).await?;
        self.workspace.check_found(session, self.state, &snapshot)?;
        if !self.selection.allow_all_gone {
            self.workspace.check_all_gone(self.state, &snapshot)?;
        }
        let project = &self.workspace.project;
        let mut other_states = project.other_states.clone();
        // A sibling that can't be read is told of where it matters: it holds up no plan of this one.
        if let Ok(siblings) = Siblings::of(project, session) {
            other_states.extend(siblings.lineages());
        }
        self.make(session, Some(&snapshot), &other_states)
    }

    /// Plans from the files and the state alone.
    pub(super) fn offline(&self, session: &Session) -> Result<Plan, Failure> {
        self.make(session, None, &self.workspace.project.other_states)
    }

    fn make(
        &self,
        session: &Session,
        snapshot: Option<&Snapshot>,
        other_states: &BTreeSet<String>,
    ) -> Result<Plan, Failure> {
        let inputs = Inputs {
            desired: &self.wanted.desired,
            moved: &self.wanted.moved,
            removed: &self.wanted.removed,
            state: self.state,
            snapshot,
            schemas: &schema_of,
            locate: &|address, path| self.wanted.sources.locate(address, path),
            goal: self.goal,
            selection: self.selection,
            ownership: self.workspace.project.ownership_tag,
            other_states,
        };
        let mut plan = plan(&inputs)?;
        let project = &self.workspace.project;
        unread::check(&mut plan, self.wanted, project, &session.reach);
        Ok(plan)
    }
}

/// How long the cloud may take to answer before the user is told that gwplan still waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits, and shows life while it takes long.
pub(super) async fn while_telling<T>(terminal: Terminal, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let started = Instant::now();
    loop {
        match timeout(PATIENCE, &mut work).await {
            Ok(done) => return done,
            Err(_) => {
                let seconds = started.elapsed().as_secs();
                terminal.status(&format!(
                    "still asking the cloud ({seconds}s so far); -v logs each request"
                ));
            }
        }
    }
}

/// The largest plan that is read; one of 100,000 gateways is a quarter of it.
const MAX_PLAN_BYTES: u64 = 1 << 30;

/// Reads a file that the command line names, such as a plan.
pub(super) fn read_named(session: &Session, path: &Path) -> Result<Vec<u8>, Fault> {
    let read = session.reach.read_named(path, MAX_PLAN_BYTES);
    read.map_err(|error| {
        let hint = error.hint();
        Fault::new(format!("{} can't be read", path.display()))
            .because(error)
            .hint(hint)
    })
}

/// Refuses a place for a file that the command line names, where a link of the repository leads out of it.
pub(super) fn check_place(session: &Session, path: &Path) -> Result<(), Fault> {
    session.reach.check_named_place(path).map_err(|error| {
        Fault::new(format!("nothing can be written to {}", path.display()))
            .because(error)
            .hint("name a place that no link leads to")
    })
}

/// Reads a saved plan; a path that is not JSON file names YAML instead.
pub(super) fn read_saved(session: &Session, path: &Path) -> Result<Option<SavedPlan>, Failure> {
    if config::is_yaml(path) || !session.root.join(path).is_file() {
        return Ok(None);
    }
    Ok(Some(SavedPlan::decode(&read_named(session, path)?)?))
}

/// Returns the command line that does `verb` to the same project as this one, each word quoted for a
/// shell where it has to be.
///
/// Of the variables it has the names alone: a plan is shown to others, and a value may be a secret.
pub(super) fn command_line(
    session: &Session,
    verb: &str,
    more: &[String],
    paths: &[PathBuf],
) -> String {
    let mut words = vec!["gwplan".to_owned()];
    if session.root != Path::new(".") {
        words.extend(["-C".to_owned(), session.root.display().to_string()]);
    }
    for path in &session.allowed_paths {
        words.push(format!("--allow-path={}", path.display()));
    }
    words.push(verb.to_owned());
    words.extend_from_slice(more);
    let config::Options {
        environment,
        variables,
        variable_files,
    } = &session.options;
    if let Some(environment) = environment {
        words.extend(["--env".to_owned(), environment.clone()]);
    }
    for file in variable_files {
        words.push(format!("--var-file={}", file.display()));
    }
    for (name, _) in variables {
        words.extend(["--var".to_owned(), format!("{name}=<value>")]);
    }
    let mut paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if paths.iter().any(|path| path.starts_with('-')) {
        // Else it would be taken for an option.
        paths.insert(0, "--".to_owned());
    }
    words.append(&mut paths);
    let quoted = words.iter().map(|word| {
        // No shell takes the byte that can't be quoted, and neither does an argument hold it.
        shlex::try_quote(word).unwrap_or_default()
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Says what a plan is for, in the words that people use of it.
pub(super) fn destination(session: &Session, workspace: &Workspace) -> Destination {
    Destination {
        environment: workspace.project.environment.clone(),
        cloud: described(&endpoint_name(session, workspace)),
        state: Some(workspace.project.state_path.display().to_string()),
    }
}

/// Says what a plan is made against.
pub(super) fn binding(session: &Session, workspace: &Workspace, state: &State) -> Binding {
    Binding {
        environment: workspace.project.environment.clone().unwrap_or_default(),
        // Before its first write a state gets a new id each time it is looked at.
        lineage: if state.serial == 0 {
            String::new()
        } else {
            state.lineage.clone()
        },
        endpoint: endpoint_name(session, workspace),
        account: workspace.account_of(state).unwrap_or_default(),
        region: workspace.region(session).to_owned(),
    }
}
