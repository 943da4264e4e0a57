//! `gwplan apply`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Args, ValueEnum};

use crate::engine::{self, Recorder, Run};
use crate::event::{Event, Report, Sink};
use crate::model::{Address, Fault, told_diagnostics, visible};
use crate::plan::{Action, Goal, Plan, SavedPlan, Selection, digest, open_plan, scope};
use crate::policy::Finding;
use crate::review::{Context, Destination, Review};
use crate::view::{self, JsonLines, Progress};

use crate::cli::approval::{
    ApprovalArgs, Approved, Standing, only_by_digest, refuse_stale, rest_word,
};
use crate::cli::cloud::{Connection, connect};
use crate::cli::failure::Failure;
use crate::cli::locking::LockArgs;
use crate::cli::planning::{Planner, SelectionArgs, binding, destination, read_saved};
use crate::cli::policing::{OverrideArgs, police, remember};
use crate::cli::signals;
use crate::cli::workspace::{Wanted, Workspace, block_on, refuse_errors, schema_of};
use crate::cli::writing::Writing;
use crate::cli::{Exit, Session};

use super::refuse_missing;

/// Makes the cloud match the files, or applies a saved plan.
#[derive(Debug, Args)]
pub(in crate::cli) struct ApplyArgs {
    /// A saved plan, or the files or folders with gateways; by default the project's folder.
    #[arg(value_name = "PLANFILE | PATH")]
    paths: Vec<PathBuf>,
    /// Replaces this resource although nothing forces it; may be repeated.
    #[arg(long, value_name = "ADDR")]
    replace: Vec<Address>,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
}

impl ApplyArgs {
    /// Returns the paths that the command line names.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.paths.iter_mut().chain(self.how.path_mut()).collect()
    }
}

/// How a plan is carried out.
#[derive(Debug, Args)]
pub(super) struct HowArgs {
    /// Goes on without asking.
    #[arg(long)]
    auto_approve: bool,
    #[command(flatten)]
    approval: ApprovalArgs,
    /// How many gateways are looked at and sent about at once; by default as many as the rate lets out in 5 s.
    ///
    /// Gateways that only wait for the cloud don't count.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    parallelism: Option<u16>,
    /// How many gateways are under way at once, those included that wait for the cloud; by default any number.
    ///
    /// With 1, each is finished before the next one is begun.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    under_way: Option<u16>,
    #[command(flatten)]
    overriding: OverrideArgs,
    #[command(flatten)]
    lock: LockArgs,
    /// The form of the output.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// Terraform's machine-readable messages, one JSON object a line; needs --auto-approve.
    Json,
}

pub(super) fn run(args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    args.how.told(session, || apply(args, session))
}

impl HowArgs {
    /// Returns the path that the command line names.
    pub(super) fn path_mut(&mut self) -> Option<&mut PathBuf> {
        self.approval.approved_plan.as_mut()
    }

    /// Tells whether stdout is a stream of JSON messages.
    pub(super) fn writes_json_lines(&self) -> bool {
        self.format == Format::Json
    }

    /// Writes the line that output for programs begins with.
    fn begin(&self, session: &Session) -> Result<(), Failure> {
        match self.format {
            Format::Text => Ok(()),
            Format::Json => {
                let lines = JsonLines::new(&schema_of, session.clock.clone());
                session.terminal.product(&lines.version())
            }
        }
    }

    /// Runs a command; where programs read the output, a failure is told in it too.
    pub(super) fn told(
        &self,
        session: &Session,
        command: impl FnOnce() -> Result<Exit, Failure>,
    ) -> Result<Exit, Failure> {
        if self.format == Format::Text {
            return command();
        }
        let lines = JsonLines::new(&schema_of, session.clock.clone());
        command().or_else(|failure| {
            let diagnostics = failure.diagnostics();
            if diagnostics.is_empty() {
                return Err(failure);
            }
            for diagnostic in &*told_diagnostics(&diagnostics) {
                session.terminal.product(&lines.diagnostic(diagnostic))?;
            }
            Ok(Exit::Failed)
        })
    }
}

fn apply(args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    refuse_missing(&args.paths, session)?;
    if let [path] = args.paths.as_slice()
        && let Some(saved) = read_saved(session, path)?
    {
        return apply_saved(&saved, args, session);
    }
    let task = Task {
        paths: &args.paths,
        goal: Goal::Converge,
        selection: args.selection.with_replace(&args.replace),
        saved: None,
    };
    converge(&task, &args.how, session)
}

/// What is to be reached, and what of it.
pub(super) struct Task<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) goal: Goal,
    pub(super) selection: Selection,
    /// The plan that was reviewed as a file: what is planned afresh must be that very plan.
    pub(super) saved: Option<&'a SavedPlan>,
}

impl Task<'_> {
    fn command(&self) -> &'static str {
        match self.goal {
            Goal::Destroy if self.saved.is_none() => "destroy",
            _ => "apply",
        }
    }

    /// Reads what the files want.
    fn wanted(&self, workspace: &Workspace, session: &Session) -> Result<Wanted, Failure> {
        match self.goal {
            // A teardown needs no files; one that was planned from files is bound to them.
            Goal::Destroy if self.saved.is_none() => workspace.wanted_if_any(session),
            _ => workspace.wanted(session, self.paths),
        }
    }
}

/// Plans towards a goal, asks, and carries the plan out.
pub(super) fn converge(task: &Task<'_>, how: &HowArgs, session: &Session) -> Result<Exit, Failure> {
    let (goal, command) = (task.goal, task.command());
    let settled = how.auto_approve || how.approval.is_given() || task.saved.is_some();
    refuse_to_hang(settled, how, session, command)?;
    how.begin(session)?;
    let approved = how.approval.read(session)?;
    let workspace = Workspace::open(session)?;
    let wanted = task.wanted(&workspace, session)?;
    let lock = how.lock.take(&workspace, session, command)?;
    let mut writing = workspace.begin(session, lock)?;
    workspace.check_cloud(session, &writing.state)?;
    block_on(async {
        let state = &writing.state;
        let connection = connect(session, &workspace, state).await?;
        // Only now the account is known that it is to be applied in.
        let bound = binding(session, &workspace, state);
        if let Some(saved) = task.saved {
            saved.check(state, &wanted.desired, &bound)?;
        }
        let planner = Planner {
            wanted: &wanted,
            state,
            goal,
            selection: &task.selection,
            workspace: &workspace,
        };
        let mut plan = planner.with_cloud(session, &connection).await?;
        // A job that is run again has nothing to do, and needs no approval for that.
        let approved = match approved {
            None if !plan.is_empty() => how.approval.of_merge(session).await?,
            known => known,
        };
        let named = task.saved.map(|saved| &saved.digest);
        let given = approved.as_ref().map(|approved| &approved.digest);
        // Where two plans are named, neither is gone on with: the checks below tell them apart.
        let one = named.or(given);
        let one = one.filter(|one| given.is_none_or(|given| given == *one));
        let own = (digest(&plan, &bound), scope(&plan, &bound, &task.selection));
        let standing = Standing::of(one, &plan, (&own.0, &own.1), state, &wanted.desired);
        let is_rest = matches!(standing, Standing::Rest { .. });
        if let Some(saved) = task.saved
            && standing == Standing::Whole
        {
            refuse_stale(saved, &plan, &bound)?;
        }
        let findings = police(&mut plan, state, &workspace, session);
        let place = destination(session, &workspace);
        show_plan(&plan, &findings, goal, &place, how, session)?;
        refuse_errors(session, plan.diagnostics.clone())?;
        match standing {
            Standing::Whole => approved.map_or(Ok(()), |one| one.check(&plan, &bound))?,
            Standing::Rest { .. } if approved.as_ref().is_some_and(Approved::has_outline) => {
                return Err(only_by_digest().into());
            }
            Standing::Rest { of } => session.terminal.status(&rest_word(plan.steps.len(), of)),
            Standing::Beyond(told) => return Err(Failure::Diagnostics(told)),
            Standing::Done => {
                session
                    .terminal
                    .status("All of the approved plan is applied already.");
                return Ok(Exit::Done);
            }
        }
        let overridden = how.overriding.let_through(&findings, session)?;
        if !plan.is_empty() && !settled && !ask(&plan, goal, &place, session)? {
            session
                .terminal
                .status(&format!("{} cancelled: nothing was done.", verb_of(goal)));
            return Ok(Exit::Failed);
        }
        let kept = writing.state.open_plan.take().filter(|_| is_rest);
        let open = kept.unwrap_or_else(|| open_plan(&plan, &wanted.desired, own.0, own.1));
        remember(
            &mut writing.state,
            &plan,
            open,
            command,
            overridden,
            session,
        );
        let (report, unwritten) =
            carry_out(&plan, writing, &workspace, connection, how, session).await?;
        let exit = tell_end(&plan, &report, task, &place, how, session)?;
        tell_addresses(&report, &workspace, how, session)?;
        unwritten.map_or(Ok(exit), |fault| Err(fault.into()))
    })
}

/// Carries out a plan that was reviewed as a file: there is nothing left to ask.
fn apply_saved(saved: &SavedPlan, args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    if args.selection.with_replace(&args.replace) != Selection::default() {
        let fault = Fault::new("a saved plan is applied as it is");
        return Err(fault
            .hint("give --target, --exclude and --replace to `gwplan plan --out FILE`")
            .into());
    }
    let task = Task {
        paths: &saved.paths,
        goal: saved.goal,
        selection: saved.selection.clone(),
        saved: Some(saved),
    };
    converge(&task, &args.how, session)
}

fn verb_of(goal: Goal) -> &'static str {
    match goal {
        Goal::Converge => "Apply",
        Goal::Destroy => "Destroy",
    }
}

/// Asks whether a plan is to be applied. Whoever destroys several gateways types what they belong to: a yes is
/// said too fast at the terminal of another environment.
fn ask(plan: &Plan, goal: Goal, place: &Destination, session: &Session) -> Result<bool, Failure> {
    let question = view::question(plan, goal, place);
    if goal == Goal::Destroy && plan.counts().destroy > 1 {
        let name = place.environment.clone();
        let name = name.unwrap_or_else(|| project_name(session));
        return session.terminal.confirm_by(&name, &question);
    }
    session.terminal.confirm(&question)
}

/// Names the project by its folder; a name that nobody can type is none.
fn project_name(session: &Session) -> String {
    let root = session.root.canonicalize().unwrap_or_default();
    let name = root.file_name().and_then(|name| name.to_str());
    let typed = name.filter(|name| visible(name) == *name && name.trim() == *name);
    typed.unwrap_or("destroy").to_owned()
}

fn refuse_to_hang(
    approved: bool,
    how: &HowArgs,
    session: &Session,
    command: &str,
) -> Result<(), Failure> {
    if approved {
        return Ok(());
    }
    if how.format == Format::Json {
        let fault = Fault::new("--format json can't ask for approval");
        return Err(Failure::Usage(fault.hint("pass --auto-approve too")));
    }
    if !session.terminal.can_ask() {
        let fault = Fault::new(format!(
            "{command} asks for approval, but there is no terminal to ask at"
        ));
        return Err(Failure::Usage(fault.hint(
            "pass --auto-approve to go on without asking, or review with `gwplan plan` first",
        )));
    }
    Ok(())
}

fn show_plan(
    plan: &Plan,
    findings: &[Finding],
    goal: Goal,
    place: &Destination,
    how: &HowArgs,
    session: &Session,
) -> Result<(), Failure> {
    let text = match how.format {
        Format::Text if plan.is_empty() && goal == Goal::Destroy && findings.is_empty() => {
            "Nothing to destroy: the state is empty.\n".to_owned()
        }
        Format::Text => view::plan_text(&Review::new(
            plan,
            Context {
                // Whoever reads it is applying it.
                command: None,
                digest: "",
                destination: Some(place),
                policy: findings,
                schemas: &schema_of,
            },
        )),
        Format::Json => {
            let lines = JsonLines::new(&schema_of, session.clock.clone());
            let told = how.overriding.diagnostics(findings);
            let told = told.iter().map(|finding| lines.diagnostic(finding));
            let lines = lines.plan(plan) + &told.collect::<String>();
            return session.terminal.product(&lines);
        }
    };
    session.terminal.told_product(&text)
}

async fn carry_out(
    plan: &Plan,
    writing: Writing,
    workspace: &Workspace,
    connection: Connection,
    how: &HowArgs,
    session: &Session,
) -> Result<(Report, Option<Fault>), Failure> {
    let progress = Arc::new(Mutex::new(Progress::new(
        how.format == Format::Text && session.terminal.moves(),
        plan.steps.len(),
    )));
    let hold = writing.hold(workspace);
    let mut state = writing.state;
    workspace.bind(session, &mut state);
    let (recorder, writer) = Recorder::start(hold, state.clone())?;
    let run = Run {
        client: connection.client.clone(),
        recorder,
        events: sink(&progress, how, session),
        stop: signals::listen()?,
        parallelism: how.parallelism.map(usize::from),
        under_way: how.under_way.map(usize::from),
        create_limit: workspace.project.timeouts.create,
        delete_limit: workspace.project.timeouts.delete,
        consistency: workspace.project.timeouts.consistency,
        clock: session.clock.clone(),
    };
    connection.hush();
    let report = engine::apply(plan, &state, run).await;
    progress
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .finish();
    // All that was done is in the journal, or has been told with the step that it is about: the report
    // comes first.
    let unwritten = writer.finish().await.err();
    tracing::debug!(calls = ?connection.client.calls(), "requests sent");
    Ok((report?, unwritten))
}

/// Turns events into lines as they come.
fn sink(progress: &Arc<Mutex<Progress>>, how: &HowArgs, session: &Session) -> Sink {
    let terminal = session.terminal;
    match how.format {
        Format::Text => {
            let progress = Arc::clone(progress);
            Arc::new(move |event: Event| {
                let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(line) = progress.take(&event) {
                    progress.suspend(|| terminal.status(&line));
                }
            })
        }
        Format::Json => {
            let clock = session.clock.clone();
            Arc::new(move |event: Event| {
                let line = JsonLines::new(&schema_of, clock.clone()).event(&event);
                // A reader that went away must not keep the work from being brought to its end.
                terminal.product(&line).ok();
            })
        }
    }
}

/// Tells where what was made is reached, as far as the cloud has said so.
fn tell_addresses(
    report: &Report,
    workspace: &Workspace,
    how: &HowArgs,
    session: &Session,
) -> Result<(), Failure> {
    let made = |action: &Action| matches!(action, Action::Create | Action::Replace);
    let made: Vec<&Address> = report
        .done
        .iter()
        .filter_map(|(address, action)| made(action).then_some(address))
        .collect();
    if how.format == Format::Json || made.is_empty() {
        return Ok(());
    }
    let text = view::public_addresses(&workspace.state()?, &made);
    session.terminal.product(&text)
}

fn tell_end(
    plan: &Plan,
    report: &Report,
    task: &Task<'_>,
    place: &Destination,
    how: &HowArgs,
    session: &Session,
) -> Result<Exit, Failure> {
    let goal = task.goal;
    match how.format {
        Format::Json => {
            let lines = JsonLines::new(&schema_of, session.clock.clone());
            session.terminal.product(&lines.report(report, goal))?;
        }
        Format::Text if plan.is_empty() => {}
        Format::Text => {
            let text = view::report_text(report, plan.moves.len(), verb_of(goal), place);
            session.terminal.told_product(&format!("\n{text}"))?;
        }
    }
    if report.interrupted {
        session
            .terminal
            .hint("all that was started is recorded: run the same command again to continue");
        return Ok(Exit::Interrupted);
    }
    Ok(if report.is_complete() {
        Exit::Done
    } else {
        Exit::Failed
    })
}
