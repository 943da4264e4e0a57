//! `gwplan review`.

mod record;

use std::path::PathBuf;

use clap::Args;

use crate::forge::{Comment, Marker, Origin, Posted};
use crate::model::{Diagnostic, Fault, SourceLine};
use crate::plan::Goal;
use crate::review::{Outline, Review};
use crate::view::{self, MarkdownOptions};

use crate::cli::arguments::max_bytes;
use crate::cli::faces::MAX_BYTES;
use crate::cli::failure::Failure;
use crate::cli::planning::{SelectionArgs, check_place};
use crate::cli::policing::refuse_denied;
use crate::cli::posting::{Obstacle, keep, post, summarize};
use crate::cli::proposal::{Proposal, Query, Reach, propose};
use crate::cli::stage::{ForgeArgs, Stage, refuse_without_request};
use crate::cli::workspace::{Workspace, refuse_errors, schema_of};
use crate::cli::{Exit, Session};

use record::Record;

/// Plans, and keeps a comment on the pull request that shows the plan.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReviewArgs {
    /// The files or folders with gateways; by default the project's folder.
    paths: Vec<PathBuf>,
    /// Plans from the files and the state alone, as is done for a fork and where there are no
    /// credentials.
    #[arg(long)]
    offline: bool,
    /// Prints the comment, and sends nothing to the service that hosts the pull request.
    #[arg(long)]
    dry_run: bool,
    /// The most bytes of the comment: what is least dangerous is left out first. Destroys are left out
    /// last, by name, and then the first lines say so.
    #[arg(long, value_name = "N", default_value_t = MAX_BYTES, value_parser = max_bytes)]
    max_bytes: usize,
    /// Writes the plan to DIR as well, as plan.json, plan.md, plan.txt, plan.html and
    /// plan-summary.json.
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,
    /// Exits with 2 where there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    forge: ForgeArgs,
}

impl ReviewArgs {
    /// Returns the paths that the command line names.
    pub(super) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        self.paths.iter_mut().chain(&mut self.artifacts).collect()
    }
}

pub(super) fn run(args: &ReviewArgs, session: &Session) -> Result<Exit, Failure> {
    let mut stage = Stage::find(&args.forge, session);
    let origin = if args.dry_run {
        stage.told_origin(session)
    } else {
        refuse_without_request(&stage)?;
        stage.origin(session)
    };
    let folder = stage.folder.as_deref().unwrap_or_default();
    let marker = Marker::new(folder, session.options.environment.as_deref());
    let desk = Desk {
        args,
        session,
        stage,
        origin,
        marker,
    };
    match desk.propose() {
        Ok(proposal) => desk.show(&proposal),
        Err(failure @ (Failure::Usage(_) | Failure::Output(_))) => Err(failure),
        Err(failure) => desk.show_failure(failure),
    }
}

/// Holds what showing a review takes.
struct Desk<'a> {
    args: &'a ReviewArgs,
    session: &'a Session,
    stage: Stage,
    origin: Origin,
    marker: Marker,
}

/// Renders a body within some bytes.
type Render<'a> = &'a dyn Fn(&MarkdownOptions<'_>) -> String;

impl Desk<'_> {
    fn query(&self) -> Query<'_> {
        // Without a token the forge can't be asked: what is not known to be trusted isn't.
        let guarded = self.origin.is_guarded() || self.origin == Origin::Unknown;
        Query {
            paths: &self.args.paths,
            goal: Goal::Converge,
            selection: &self.args.selection,
            replace: &[],
            reach: if self.args.offline || guarded {
                Reach::Offline
            } else {
                Reach::CloudIfAny
            },
        }
    }

    fn propose(&self) -> Result<Proposal, Failure> {
        let workspace = Workspace::open(self.session)?;
        propose(self.session, &workspace, &self.query())
    }

    /// Says what is to be known about how the plan was made.
    fn note(&self, proposal: Option<&Proposal>) -> Option<&'static str> {
        let asked = proposal.is_some_and(|proposal| proposal.plan.refreshed);
        match self.origin {
            _ if asked || self.args.offline => None,
            Origin::Fork => Some(
                "This comes from a fork, which is given no credentials: the plan is made from the files and the state alone.",
            ),
            Origin::Dependabot => Some(
                "This comes from Dependabot, which is given no credentials: the plan is made from the files and the state alone.",
            ),
            Origin::Unknown => Some(
                "Whether this comes from a fork could not be found out: the plan is made from the files and the state alone.",
            ),
            Origin::Own if proposal.is_none() => None,
            Origin::Own => Some(
                "There are no credentials for the cloud here: the plan is made from the files and the state alone.",
            ),
        }
    }

    /// Says where the log of this run is.
    fn run(&self) -> Option<String> {
        let page = self.stage.pipeline.as_ref()?.run.as_deref()?;
        let ends_link = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')');
        (!page.contains(ends_link)).then(|| format!("The log is in [this run]({page})."))
    }

    /// Shows a plan to everybody who is to see it.
    fn show(&self, proposal: &Proposal) -> Result<Exit, Failure> {
        let command = proposal.command(self.session, &self.query());
        let review = proposal.review(&command);
        let notes: Vec<&str> = self.note(Some(proposal)).into_iter().collect();
        for note in &notes {
            self.session.terminal.status(note);
        }
        self.log(&review)?;
        let outline = Outline::of(&proposal.plan, &proposal.digest);
        let remember = |earlier: Option<Record>| match earlier {
            Some(earlier) => Some(earlier.then(outline.clone())),
            None => Some(Record::new(outline.clone())),
        };
        let says_nothing = proposal.plan.is_empty()
            && proposal.plan.diagnostics.is_empty()
            && proposal.findings.is_empty();
        let render = |options: &MarkdownOptions<'_>| view::plan_markdown(&review, options);
        let one_line = |options: &MarkdownOptions<'_>| view::no_changes_markdown(&review, options);
        let body = Body {
            notes: &notes,
            remember: &remember,
            render: &render,
            in_place: if says_nothing { &one_line } else { &render },
            is_worth_a_comment: !says_nothing || self.args.dry_run,
        };
        let mut well = self.publish(&body)?;
        well &= self.keep(&self.artifacts(proposal, &review, &body));
        refuse_errors(self.session, proposal.plan.diagnostics.clone())?;
        refuse_denied(
            &proposal.findings,
            "change what it denies; `gwplan apply --override-policy REASON` applies the plan anyway",
        )?;
        Ok(match well {
            false => Exit::Failed,
            true if self.args.detailed_exitcode && !proposal.plan.is_empty() => Exit::Changes,
            true => Exit::Done,
        })
    }

    /// Renders the plan for files, each whole.
    fn artifacts(
        &self,
        proposal: &Proposal,
        review: &Review<'_>,
        body: &Body<'_>,
    ) -> Vec<(&'static str, Option<String>)> {
        if self.args.artifacts.is_none() {
            return Vec::new();
        }
        let link = |line: &SourceLine| self.stage.page(line);
        let json = view::plan_json(review, &proposal.state, &schema_of);
        vec![
            ("plan.json", Some(json)),
            ("plan.md", Some(self.markdown(body, None, None))),
            ("plan.txt", Some(plain(&view::plan_text(review)))),
            ("plan.html", Some(view::plan_html(review, Some(&link)))),
            (
                "plan-summary.json",
                Some(view::plan_json_summary(&proposal.plan)),
            ),
        ]
    }

    /// Shows why there is no plan.
    fn show_failure(&self, failure: Failure) -> Result<Exit, Failure> {
        let diagnostics = failure.diagnostics();
        if !self.args.dry_run && self.stage.is_workflow() {
            let place = |file: &str| self.stage.place(file);
            let lines = diagnostics.iter();
            let lines = lines.map(|one| view::diagnostic_annotation(one, &place));
            self.session.terminal.commands(&lines.collect::<String>())?;
        }
        let run = self.run();
        let notes: Vec<&str> = self.note(None).into_iter().chain(run.as_deref()).collect();
        let environment = self.session.options.environment.as_deref();
        let render = |options: &MarkdownOptions<'_>| {
            view::failure_markdown(environment, &diagnostics, options)
        };
        let body = Body {
            notes: &notes,
            // What was shown last is what the next plan is compared with.
            remember: &|earlier| earlier,
            render: &render,
            in_place: &render,
            is_worth_a_comment: true,
        };
        self.publish(&body)?;
        self.keep(&[
            ("plan.json", None),
            ("plan.md", Some(self.markdown(&body, None, None))),
            ("plan.txt", None),
            ("plan.html", None),
            ("plan-summary.json", None),
        ]);
        Err(failure)
    }

    /// Prints the plan for the log, and what belongs beside the lines of the files.
    fn log(&self, review: &Review<'_>) -> Result<(), Failure> {
        if self.args.dry_run {
            return Ok(());
        }
        self.session
            .terminal
            .told_product(&view::plan_text(review))?;
        if !self.stage.is_workflow() {
            return Ok(());
        }
        let place = |file: &str| self.stage.place(file);
        let annotations = view::plan_annotations(review, &place);
        self.session.terminal.commands(&annotations)
    }

    /// Writes the comment and the summary of the job; tells whether both went well.
    fn publish(&self, body: &Body<'_>) -> Result<bool, Failure> {
        if self.args.dry_run {
            let comment = self.comment(body, None);
            self.session
                .terminal
                .product(&comment.unwrap_or_default())?;
            return Ok(true);
        }
        let compose = |found: Option<&Comment>| self.comment(body, found);
        let clock = &self.session.clock;
        let outcome = post(self.stage.target(), clock, &self.marker, compose)?;
        let mut well = true;
        match outcome.posted {
            Ok(posted) => self.tell_posted(posted.as_ref()),
            Err(obstacle) => well &= self.tell_obstacle(obstacle),
        }
        let pipeline = self.stage.pipeline.as_ref();
        if let Some(summary) = pipeline.and_then(|pipeline| pipeline.summary.as_deref()) {
            let record = (body.remember)(earlier(outcome.found.as_ref()));
            let written = summarize(summary, |room| {
                self.markdown(body, record.as_ref(), Some(room.saturating_sub(1)))
            });
            well &= self.tell(written);
        }
        Ok(well)
    }

    /// Composes the comment; nothing where there is nothing to say and nothing to correct.
    fn comment(&self, body: &Body<'_>, found: Option<&Comment>) -> Option<String> {
        if found.is_none() && !body.is_worth_a_comment {
            return None;
        }
        let record = (body.remember)(earlier(found));
        let mut text = format!("{}\n", self.marker);
        if let Some(record) = &record {
            text += &record.lines(self.args.max_bytes / 8);
        }
        text.push('\n');
        let room = self.args.max_bytes.saturating_sub(text.len());
        let body = Body {
            render: body.in_place,
            ..*body
        };
        Some(text + &self.markdown(&body, record.as_ref(), Some(room)))
    }

    fn markdown(
        &self,
        body: &Body<'_>,
        record: Option<&Record>,
        max_bytes: Option<usize>,
    ) -> String {
        let link = |line: &SourceLine| self.stage.page(line);
        let since = record.and_then(Record::difference);
        let folder = self.stage.folder.as_deref().unwrap_or_default();
        (body.render)(&MarkdownOptions {
            max_bytes,
            project: (!folder.is_empty()).then_some(folder),
            link: Some(&link),
            since: since.as_ref(),
            notes: body.notes,
        })
    }

    fn tell_posted(&self, posted: Option<&Posted>) {
        let Some(posted) = posted else {
            let text = "No comment is written: there are no changes, and none were shown before.";
            return self.session.terminal.status(text);
        };
        let what = match posted {
            Posted::Created(_) => "The plan is in a new comment",
            Posted::Updated(_) => "The comment is up to date",
            Posted::Unchanged(_) => "The comment says this already",
        };
        let page = posted.comment().url.as_ref();
        let page = page.map(|page| format!(": {page}"));
        let text = format!("{what}{}", page.unwrap_or(".".to_owned()));
        self.session.terminal.status(&text);
    }

    /// Says why there is no comment; tells whether that was to be expected.
    fn tell_obstacle(&self, obstacle: Obstacle) -> bool {
        let Obstacle { fault, is_denial } = obstacle;
        if !(is_denial && self.origin.is_guarded()) {
            return self.tell(Err(fault));
        }
        let said = Diagnostic::warning("no-comment", format!("no comment is written: {fault}"))
            .help("a fork's pipeline may not write; the plan is in the log and in the summary of the job");
        let text = view::render_diagnostics(&[said], view::DiagnosticFormat::Text);
        self.session.terminal.error(&text);
        true
    }

    fn keep(&self, files: &[(&str, Option<String>)]) -> bool {
        let Some(folder) = &self.args.artifacts else {
            return true;
        };
        let session = self.session;
        let place = check_place(session, folder);
        self.tell(place.and_then(|()| keep(&session.root.join(folder), files)))
    }

    /// Says what went wrong while the rest goes on; tells whether nothing did.
    fn tell(&self, done: Result<(), Fault>) -> bool {
        let well = done.is_ok();
        if let Err(fault) = done {
            Failure::from(fault).tell(self.session.terminal);
        }
        well
    }
}

/// Holds what a review says, and how it is said in each place.
#[derive(Clone, Copy)]
struct Body<'a> {
    notes: &'a [&'a str],
    /// Joins what the comment remembers with what it is to remember.
    remember: &'a dyn Fn(Option<Record>) -> Option<Record>,
    /// Renders the whole.
    render: Render<'a>,
    /// Renders what stands in the comment.
    in_place: Render<'a>,
    /// Whether it is worth a comment where there is none yet.
    is_worth_a_comment: bool,
}

fn earlier(found: Option<&Comment>) -> Option<Record> {
    found.and_then(|found| Record::read(&found.body))
}

/// Drops colour.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
