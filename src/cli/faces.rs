//! The faces of a plan, as the command line asks for them.

use clap::{Args, ValueEnum};

use crate::model::SourceLine;
use crate::review::Review;
use crate::state::State;
use crate::view::{self, MarkdownOptions};

use super::Session;
use super::arguments::max_bytes;
use super::failure::Failure;
use super::stage::{ForgeArgs, Stage};
use super::workspace::schema_of;

/// The most bytes of a comment, unless told otherwise: GitHub takes 65,536.
pub(super) const MAX_BYTES: usize = 65_000;

/// How a plan is shown.
#[derive(Debug, Args)]
pub(super) struct FaceArgs {
    /// The form of the output.
    #[arg(long, default_value = "text")]
    pub(super) format: PlanFormat,
    /// The most bytes that markdown may take: what is least dangerous is left out first. Destroys are
    /// left out last, by name, and then the first lines say so. GitHub takes 65,536.
    #[arg(long, value_name = "N", default_value_t = MAX_BYTES, value_parser = max_bytes)]
    max_bytes: usize,
}

/// The form of an output that shows a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For people.
    Text,
    /// Terraform's plan JSON, on one line; of a state, its state JSON.
    Json,
    /// The counts of creates, updates and deletes for GitLab's merge requests, on one line.
    JsonSummary,
    /// For a comment on a pull request, or the summary of a job.
    Markdown,
    /// A page for a browser, for a job's artifact: it needs nothing beside it.
    Html,
}

impl FaceArgs {
    /// Renders a plan in the form that is asked for; `state` is what it was made from.
    pub(super) fn render(
        &self,
        review: &Review<'_>,
        session: &Session,
        state: impl FnOnce() -> Result<State, Failure>,
    ) -> Result<String, Failure> {
        Ok(match self.format {
            PlanFormat::Text => view::plan_text(review),
            PlanFormat::Json => view::plan_json(review, &state()?, &schema_of),
            PlanFormat::JsonSummary => view::plan_json_summary(review.plan),
            PlanFormat::Markdown => {
                let options = MarkdownOptions {
                    max_bytes: Some(self.max_bytes),
                    link: Some(&pages(session)),
                    ..MarkdownOptions::default()
                };
                view::plan_markdown(review, &options)
            }
            PlanFormat::Html => view::plan_html(review, Some(&pages(session))),
        })
    }
}

impl FaceArgs {
    /// Writes what was rendered to stdout; at a terminal, text for people is broken between words.
    pub(super) fn show(&self, rendered: &str, session: &Session) -> Result<(), Failure> {
        match self.format {
            PlanFormat::Text => session.terminal.told_product(rendered),
            _ => session.terminal.product(rendered),
        }
    }
}

/// Finds the pages of the files' lines, where the pipeline's environment tells of the repository.
fn pages(session: &Session) -> impl Fn(&SourceLine) -> Option<String> {
    let stage = Stage::find(&ForgeArgs::default(), session);
    move |line| stage.page(line)
}
