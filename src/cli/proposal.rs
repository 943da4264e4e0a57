//! A plan that is made to be shown: by plan and by review.

use std::path::PathBuf;

use crate::model::Address;
use crate::plan::{Binding, Goal, Plan, digest};
use crate::policy::Finding;
use crate::review::{Context, Destination, Review};
use crate::state::State;

use super::Session;
use super::cloud::{connect, connect_if_any};
use super::failure::Failure;
use super::planning::{Planner, SelectionArgs, binding, command_line, destination};
use super::policing::police;
use super::workspace::{Wanted, Workspace, block_on, schema_of};

/// Says what to plan.
pub(super) struct Query<'a> {
    /// The files or folders with gateways.
    pub(super) paths: &'a [PathBuf],
    /// What the plan is for.
    pub(super) goal: Goal,
    /// Which part of the whole is asked for.
    pub(super) selection: &'a SelectionArgs,
    /// What is replaced although nothing forces it.
    pub(super) replace: &'a [Address],
    /// Whether the cloud is asked.
    pub(super) reach: Reach,
}

/// Says whether the cloud is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It is asked.
    Cloud,
    /// It is asked if there are credentials.
    CloudIfAny,
    /// It is not asked.
    Offline,
}

/// Holds a plan, and what it was made from.
pub(super) struct Proposal {
    pub(super) plan: Plan,
    pub(super) wanted: Wanted,
    pub(super) state: State,
    pub(super) binding: Binding,
    pub(super) destination: Destination,
    pub(super) digest: String,
    /// What the project's policies say.
    pub(super) findings: Vec<Finding>,
    /// Whether another run is under way.
    pub(super) live: bool,
}

/// Makes a plan.
pub(super) fn propose(
    session: &Session,
    workspace: &Workspace,
    query: &Query<'_>,
) -> Result<Proposal, Failure> {
    let wanted = workspace.wanted(session, query.paths)?;
    let state = workspace.state()?;
    let selection = query.selection.with_replace(query.replace);
    let planner = Planner {
        wanted: &wanted,
        state: &state,
        goal: query.goal,
        selection: &selection,
        workspace,
    };
    let mut plan = match query.reach {
        Reach::Offline => planner.offline(session)?,
        reach => with_cloud(session, &planner, reach)?,
    };
    let live = workspace.tell_of_live_run(&mut plan.diagnostics)?;
    let findings = police(&mut plan, &state, workspace, session);
    let binding = binding(session, workspace, &state);
    Ok(Proposal {
        digest: digest(&plan, &binding),
        findings,
        destination: destination(session, workspace),
        plan,
        wanted,
        state,
        binding,
        live,
    })
}

fn with_cloud(session: &Session, planner: &Planner<'_>, reach: Reach) -> Result<Plan, Failure> {
    let workspace = planner.workspace;
    workspace.check_cloud(session, planner.state)?;
    block_on(async {
        let connection = if reach == Reach::CloudIfAny {
            match connect_if_any(session, workspace, planner.state).await? {
                Ok(connection) => connection,
                Err(_) => return planner.offline(session),
            }
        } else {
            connect(session, workspace, planner.state).await?
        };
        planner.with_cloud(session, &connection).await
    })
}

impl Proposal {
    /// Reviews the plan; `command` is what applies it.
    pub(super) fn review<'a>(&'a self, command: &'a str) -> Review<'a> {
        let context = Context {
            destination: Some(&self.destination),
            digest: &self.digest,
            command: Some(command),
            policy: &self.findings,
            schemas: &schema_of,
        };
        Review::new(&self.plan, context)
    }

    /// Returns the command line that makes this very plan again and applies it.
    pub(super) fn command(&self, session: &Session, query: &Query<'_>) -> String {
        let mut words = vec!["--expect-digest".to_owned(), self.digest.clone()];
        words.extend(query.selection.words());
        for address in query.replace {
            words.extend(["--replace".to_owned(), address.to_string()]);
        }
        if query.goal == Goal::Destroy {
            return command_line(session, "destroy", &words, &[]);
        }
        command_line(session, "apply", &words, query.paths)
    }
}
