//! `gwplan plan`.

use std::path::{Path, PathBuf};
use std::slice;

use anyhow::Context as _;
use clap::Args;

use crate::files;
use crate::model::{Address, Fault};
use crate::plan::{Goal, Origin, SavedPlan};

use crate::cli::faces::FaceArgs;
use crate::cli::failure::Failure;
use crate::cli::planning::{SelectionArgs, check_place, command_line};
use crate::cli::policing::refuse_denied;
use crate::cli::proposal::{Proposal, Query, Reach, propose};
use crate::cli::workspace::{Workspace, refuse_errors};
use crate::cli::{Exit, Session};

/// Shows what apply would do.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    /// The files or folders with gateways; by default the project's folder.
    paths: Vec<PathBuf>,
    /// Keeps the plan in FILE, for `gwplan apply FILE`.
    #[arg(long, value_name = "FILE", conflicts_with = "offline")]
    out: Option<PathBuf>,
    #[command(flatten)]
    face: FaceArgs,
    /// Exits with 2 where there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Plans from the files and the state alone: no request is sent and no credentials are needed.
    #[arg(long)]
    offline: bool,
    /// Plans to delete everything that the state holds.
    #[arg(long)]
    destroy: bool,
    /// Plans to replace this resource although nothing forces it; may be repeated.
    #[arg(long, value_name = "ADDR", conflicts_with = "destroy")]
    replace: Vec<Address>,
    #[command(flatten)]
    selection: SelectionArgs,
}

impl PlanArgs {
    /// Returns the paths that the command line names.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.paths.iter_mut().chain(&mut self.out).collect()
    }

    fn query(&self) -> Query<'_> {
        Query {
            paths: &self.paths,
            goal: if self.destroy {
                Goal::Destroy
            } else {
                Goal::Converge
            },
            selection: &self.selection,
            replace: &self.replace,
            reach: if self.offline {
                Reach::Offline
            } else {
                Reach::Cloud
            },
        }
    }

    /// Returns the command line that applies the plan.
    fn apply_command(&self, session: &Session, proposal: &Proposal) -> String {
        match &self.out {
            Some(file) => command_line(session, "apply", &[], slice::from_ref(file)),
            None => proposal.command(session, &self.query()),
        }
    }
}

pub(super) fn run(args: &PlanArgs, session: &Session) -> Result<Exit, Failure> {
    let workspace = Workspace::open(session)?;
    if let Some(out) = &args.out {
        check_place(session, out)?;
        refuse_to_overwrite(&session.root.join(out), out)?;
    }
    let proposal = propose(session, &workspace, &args.query())?;
    let Proposal { plan, state, .. } = &proposal;
    if args.out.is_some() && !state.intents.is_empty() && !proposal.live {
        let fault = Fault::new(
            "a run was interrupted, and the results of its requests are not recorded yet",
        );
        return Err(fault
            .hint("run `gwplan recover`, then plan again: a plan that is kept must begin from what is recorded")
            .into());
    }
    let command = args.apply_command(session, &proposal);
    let review = proposal.review(&command);
    let face = args.face.render(&review, session, || Ok(state.clone()))?;
    args.face.show(&face, session)?;
    refuse_errors(session, plan.diagnostics.clone())?;
    refuse_denied(
        &proposal.findings,
        "change what it denies, or pass --override-policy REASON to apply or destroy",
    )?;
    let empty = plan.is_empty();
    if let Some(file) = &args.out {
        let Proposal {
            plan,
            state,
            wanted,
            binding,
            ..
        } = proposal;
        let query = args.query();
        let origin = Origin {
            state: &state,
            desired: &wanted.desired,
            paths: &args.paths,
            goal: query.goal,
            selection: &query.selection.with_replace(query.replace),
        };
        let saved = SavedPlan::new(plan, origin, binding);
        files::replace(&session.root.join(file), &saved.encode())
            .with_context(|| format!("the plan can't be written to {}", file.display()))?;
        session
            .terminal
            .hint(&format!("apply exactly this plan with: {command}"));
    }
    Ok(if args.detailed_exitcode && !empty {
        Exit::Changes
    } else {
        Exit::Done
    })
}

/// Refuses a place for the plan where something else is kept: only an older plan is written over.
fn refuse_to_overwrite(path: &Path, shown: &Path) -> Result<(), Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    if matches!(ending, Some("yaml" | "yml")) {
        let fault = Fault::new(format!("a plan can't be kept in {}", shown.display()));
        return Err(fault
            .hint("that would be read as YAML: name it like plan.json")
            .into());
    }
    let there = files::read_own(path);
    if there.is_ok_and(|there| there.is_none_or(|bytes| SavedPlan::is_one(&bytes))) {
        return Ok(());
    }
    let fault = Fault::new(format!(
        "{} is there already, and is not a plan",
        shown.display()
    ));
    Err(fault
        .hint("choose another name: gwplan writes over nothing but its own plans")
        .into())
}
