//! Where a review is shown: the request, the repository around the project, and the job that runs us.

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::forge::{Comments, Forge, Links, Origin, Pipeline, Settings, Target, Wishes};
use crate::forge::{event_file, in_repository};
use crate::model::{Fault, SourceLine};

use super::Session;
use super::failure::Failure;
use super::workspace::block_on;

/// Which request is commented on, where the pipeline does not say.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Pull request")]
pub(super) struct ForgeArgs {
    /// The service that hosts the pull request; by default the one whose pipeline this is.
    #[arg(long, value_name = "NAME")]
    forge: Option<ForgeName>,
    /// The base URL of its API.
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// The repository that the pull request is made to; of GitLab, the project's id or path.
    #[arg(long, value_name = "OWNER/NAME | ID")]
    repository: Option<String>,
    /// The number of the pull request or merge request.
    #[arg(long, value_name = "N")]
    pull_request: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ForgeName {
    /// GitHub, or a GitHub Enterprise Server.
    Github,
    /// GitLab, also one's own.
    Gitlab,
}

impl ForgeArgs {
    fn wishes(&self) -> Wishes {
        Wishes {
            forge: self.forge.map(|name| match name {
                ForgeName::Github => Forge::GitHub,
                ForgeName::Gitlab => Forge::GitLab,
            }),
            api: self.api_url.clone(),
            repository: self.repository.clone(),
            request: self.pull_request,
        }
    }
}

/// Knows where a review is shown.
pub(super) struct Stage {
    /// What is known about the pipeline; nothing outside of any.
    pub(super) pipeline: Option<Pipeline>,
    /// The project's folder in the repository; nothing where no repository is around it.
    pub(super) folder: Option<String>,
    links: Option<Links>,
}

impl Stage {
    /// Looks around; nothing is sent.
    pub(super) fn find(args: &ForgeArgs, session: &Session) -> Self {
        let lookup = |name: &str| session.environment.get(name).map(str::to_owned);
        // One that can't be read tells nothing, and what it would have told is then missed aloud.
        let event = event_file(&lookup).and_then(|path| std::fs::read_to_string(path).ok());
        let pipeline = Pipeline::detect(&lookup, event.as_deref(), &args.wishes());
        let workspace = pipeline.as_ref().and_then(|one| one.workspace.as_deref());
        let mut stage = Self {
            folder: folder(&session.root, workspace),
            pipeline,
            links: None,
        };
        stage.link();
        stage
    }

    fn link(&mut self) {
        let pipeline = self.pipeline.as_ref();
        let around = pipeline.zip(self.folder.as_deref());
        self.links = around.and_then(|(pipeline, folder)| pipeline.links(folder));
    }

    /// Returns the page of a line of the files.
    pub(super) fn page(&self, line: &SourceLine) -> Option<String> {
        self.links.as_ref()?.line(&line.file, line.line)
    }

    /// Returns a file's path in the repository.
    pub(super) fn place(&self, file: &str) -> Option<String> {
        in_repository(self.folder.as_deref()?, file)
    }

    /// Tells whether a workflow of GitHub runs us, which reads commands from the output.
    pub(super) fn is_workflow(&self) -> bool {
        let runner = self.pipeline.as_ref().and_then(|one| one.runner);
        runner == Some(Forge::GitHub)
    }

    /// Says where to comment.
    pub(super) fn target(&self) -> Result<Target, Fault> {
        match &self.pipeline {
            Some(pipeline) => pipeline.target(),
            None => Err(outside()),
        }
    }

    /// Says where the request comes from, as far as that is known without asking.
    ///
    /// What runs at somebody's own terminal is their own. A machine runs whatever it is told to.
    pub(super) fn told_origin(&self, session: &Session) -> Origin {
        let pipeline = self.pipeline.as_ref();
        let origin = pipeline.map_or(Origin::Unknown, |pipeline| pipeline.origin);
        // Most others than GitHub and GitLab set this variable too.
        let says_so = session.environment.get("CI");
        let is_machine = pipeline.is_some_and(|pipeline| pipeline.runner.is_some())
            || says_so.is_some_and(|word| word != "false");
        if origin == Origin::Unknown && !is_machine {
            Origin::Own
        } else {
            origin
        }
    }

    /// Says where the request comes from; asks the forge where the pipeline leaves that open.
    ///
    /// What can't be found out is taken for a fork: a fork could name a server of its own as the cloud, and
    /// be sent what the credentials sign.
    pub(super) fn origin(&mut self, session: &Session) -> Origin {
        let Some(pipeline) = &mut self.pipeline else {
            return Origin::Unknown;
        };
        if pipeline.origin == Origin::Unknown
            && let Ok(target) = pipeline.target()
        {
            let asked = block_on(async {
                let comments = Comments::new(target, Settings::default(), session.clock.clone())?;
                let request = comments.request().await.map_err(Fault::from)?;
                Ok(request)
            });
            match asked {
                Ok(request) => {
                    pipeline.head.get_or_insert(request.head);
                    pipeline.origin = if request.is_fork {
                        Origin::Fork
                    } else {
                        Origin::Own
                    };
                }
                Err(failure) => {
                    failure.tell(session.terminal);
                }
            }
            self.link();
        }
        self.pipeline
            .as_ref()
            .map_or(Origin::Unknown, |pipeline| pipeline.origin)
    }
}

/// Refuses to go on where nothing says what to comment on: a plan would be made for nobody, and with
/// credentials, though it is not known whose code this is.
pub(super) fn refuse_without_request(stage: &Stage) -> Result<(), Failure> {
    let known = match &stage.pipeline {
        Some(pipeline) => pipeline.request().map(|_| ()),
        None => Err(outside()),
    };
    known.map_err(Failure::Usage)
}

fn outside() -> Fault {
    Fault::new("this is not a pipeline of GitHub or GitLab, so nothing says which pull request to comment on")
        .hint("name it with --forge, --repository and --pull-request, and set GWPLAN_FORGE_TOKEN; or see the comment with --dry-run")
}

/// Finds the project's folder in the repository that it lies in.
pub(super) fn folder(root: &Path, workspace: Option<&Path>) -> Option<String> {
    let root = std::fs::canonicalize(root).ok()?;
    let mut above = root.ancestors();
    // The workspace comes second: a repository may be checked out to a folder below it.
    let repository = above
        .find(|folder| folder.join(".git").exists())
        .map(Path::to_owned)
        .or_else(|| std::fs::canonicalize(workspace?).ok())?;
    let within = root.strip_prefix(repository).ok()?;
    Some(within.to_str()?.to_owned())
}
