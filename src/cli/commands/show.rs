//! `gwplan show`.

use std::path::PathBuf;
use std::slice;

use clap::Args;

use crate::model::Fault;
use crate::review::{Context, Destination, Review};
use crate::view;

use crate::cli::cloud::described;
use crate::cli::faces::{FaceArgs, PlanFormat};
use crate::cli::failure::Failure;
use crate::cli::planning::{command_line, read_saved};
use crate::cli::policing::police;
use crate::cli::workspace::{Workspace, schema_of};
use crate::cli::{Exit, Session};

use super::refuse_missing;

/// Prints the state, or a saved plan.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// A file that `gwplan plan --out` wrote; the state where none is named.
    #[arg(value_name = "PLANFILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    face: FaceArgs,
}

impl ShowArgs {
    /// Returns the paths that the command line names.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.plan.iter_mut().collect()
    }
}

pub(super) fn run(args: &ShowArgs, session: &Session) -> Result<Exit, Failure> {
    let text = match &args.plan {
        Some(path) => saved_plan(path, &args.face, session)?,
        None => recorded_state(args.face.format, session)?,
    };
    args.face.show(&text, session)?;
    Ok(Exit::Done)
}

fn saved_plan(path: &PathBuf, face: &FaceArgs, session: &Session) -> Result<String, Failure> {
    refuse_missing([path], session)?;
    let saved = read_saved(session, path)?.ok_or_else(|| {
        let fault = Fault::new(format!("{} is not a saved plan", path.display()));
        fault.hint("`gwplan plan --out FILE` makes one")
    })?;
    let mut plan = saved.plan.clone();
    let project = Workspace::open(session);
    let (state, findings) = match &project {
        Ok(workspace) => {
            let state = workspace.state()?;
            let findings = police(&mut plan, &state, workspace, session);
            (Some(state), findings)
        }
        Err(_) => {
            let hint = "there is no project here: what its policies say of the plan is not shown";
            session.terminal.hint(hint);
            (None, Vec::new())
        }
    };
    let command = command_line(session, "apply", &[], slice::from_ref(path));
    let environment = saved.binding.environment.clone();
    let state_path = project.as_ref().ok().map(|one| &one.project.state_path);
    let destination = Destination {
        environment: Some(environment).filter(|name| !name.is_empty()),
        cloud: described(&saved.binding.endpoint),
        state: state_path.map(|path| path.display().to_string()),
    };
    let review = Review::new(
        &plan,
        Context {
            destination: Some(&destination),
            digest: &saved.digest,
            command: Some(&command),
            policy: &findings,
            schemas: &schema_of,
        },
    );
    face.render(&review, session, || match (state, project) {
        (Some(state), _) => Ok(state),
        (None, project) => project?.state(),
    })
}

fn recorded_state(format: PlanFormat, session: &Session) -> Result<String, Failure> {
    let state = Workspace::open(session)?.state()?;
    match format {
        PlanFormat::Text => Ok(view::state_text(&state)),
        PlanFormat::Json => Ok(view::state_json(&state, &schema_of)),
        PlanFormat::JsonSummary | PlanFormat::Markdown | PlanFormat::Html => {
            let fault =
                Fault::new("the state is shown as text or as JSON: this form is one of a plan");
            Err(fault
                .hint("name a plan: `gwplan show PLANFILE --format …`")
                .into())
        }
    }
}
