//! One file a command: its arguments and what it does.

mod apply;
mod completions;
mod destroy;
mod drift;
mod force_unlock;
mod graph;
mod import;
mod init;
mod lock;
mod man;
mod orphans;
mod output;
mod plan;
mod policy_worker;
mod recover;
mod review;
mod schema;
mod show;
mod simulator;
mod state;
mod validate;

use std::path::PathBuf;

use clap::Subcommand;

use crate::model::Fault;

use super::failure::Failure;
use super::policing::apart;
use super::{Exit, Session};

/// The commands, in the order of a gateway's life.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Plan(plan::PlanArgs),
    Review(review::ReviewArgs),
    Apply(apply::ApplyArgs),
    Destroy(destroy::DestroyArgs),
    Drift(drift::DriftArgs),
    Import(import::ImportArgs),
    Recover(recover::RecoverArgs),
    Orphans(orphans::OrphansArgs),
    Show(show::ShowArgs),
    Output(output::OutputArgs),
    Graph(graph::GraphArgs),
    State(state::StateArgs),
    Lock(lock::LockCommandArgs),
    ForceUnlock(force_unlock::ForceUnlockArgs),
    Schema(schema::SchemaArgs),
    Simulator(simulator::SimulatorArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    #[command(hide = true, name = apart::COMMAND)]
    PolicyWorker(policy_worker::PolicyWorkerArgs),
}

impl Command {
    /// Tells whether its output is a stream of JSON messages.
    pub(super) fn writes_json_lines(&self) -> bool {
        match self {
            Self::Apply(args) => args.how.writes_json_lines(),
            Self::Destroy(args) => args.how.writes_json_lines(),
            _ => false,
        }
    }

    /// Tells whether it works on a project, which may be above the folder that it is started in.
    pub(super) fn has_project(&self) -> bool {
        !matches!(
            self,
            Self::Init(_)
                | Self::Simulator(_)
                | Self::Completions(_)
                | Self::Man(_)
                | Self::PolicyWorker(_)
        )
    }

    /// Returns the paths that the command line names, but for those of all commands.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Validate(args) => args.paths_mut(),
            Self::Plan(args) => args.paths_mut(),
            Self::Review(args) => args.paths_mut(),
            Self::Apply(args) => args.paths_mut(),
            Self::Destroy(args) => args.how.path_mut().into_iter().collect(),
            Self::Import(args) => args.paths_mut(),
            Self::Show(args) => args.paths_mut(),
            Self::Graph(args) => args.paths.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// Runs the command.
    pub(super) fn run(self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Init(args) => init::run(&args, session),
            Self::Validate(args) => validate::run(&args, session),
            Self::Plan(args) => plan::run(&args, session),
            Self::Review(args) => review::run(&args, session),
            Self::Apply(args) => apply::run(&args, session),
            Self::Destroy(args) => destroy::run(&args, session),
            Self::Drift(args) => drift::run(&args, session),
            Self::Import(args) => import::run(&args, session),
            Self::Recover(args) => recover::run(&args, session),
            Self::Orphans(args) => orphans::run(&args, session),
            Self::Show(args) => show::run(&args, session),
            Self::Output(args) => output::run(&args, session),
            Self::Graph(args) => graph::run(&args, session),
            Self::State(args) => state::run(&args, session),
            Self::Lock(args) => lock::run(&args, session),
            Self::ForceUnlock(args) => force_unlock::run(&args, session),
            Self::Schema(args) => schema::run(&args, session),
            Self::Simulator(args) => simulator::run(&args, session),
            Self::Completions(args) => completions::run(&args, session),
            Self::Man(args) => man::run(&args, session),
            Self::PolicyWorker(args) => policy_worker::run(&args),
        }
    }
}

/// Refuses paths at which there is nothing, before they are taken for anything.
fn refuse_missing<'a>(
    paths: impl IntoIterator<Item = &'a PathBuf>,
    session: &Session,
) -> Result<(), Failure> {
    for path in paths {
        if matches!(session.root.join(path).try_exists(), Ok(false)) {
            let fault = Fault::new(format!("there is no file {}", path.display()));
            return Err(fault
                .hint("check the path; `gwplan plan --out FILE` makes a saved plan")
                .into());
        }
    }
    Ok(())
}
