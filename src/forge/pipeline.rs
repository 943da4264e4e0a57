//! What the pipeline that runs us says about itself and the request that it runs for.

mod event;
mod github;
mod gitlab;

use std::path::PathBuf;

use reqwest::Url;

use crate::model::{Fault, Secret};

use super::Forge;
use super::approval::Merge;
use super::links::Links;

/// Looks up a variable of the environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Holds what the user says in place of the pipeline.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The forge.
    pub forge: Option<Forge>,
    /// The base URL of its API.
    pub api: Option<String>,
    /// The repository, as the forge names it.
    pub repository: Option<String>,
    /// The number of the request.
    pub request: Option<u64>,
}

/// Holds what is known about the pipeline and the request that it runs for.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The forge.
    pub forge: Forge,
    /// The forge whose machine runs us, if one does.
    pub runner: Option<Forge>,
    /// The base URL of its API.
    pub api: String,
    /// Whether that URL is the user's own word.
    pub api_is_wish: bool,
    /// The page of the repository that the request is made to.
    pub page: Option<String>,
    /// The repository, as the API takes it.
    pub repository: Option<String>,
    /// The number of the request.
    pub request: Option<u64>,
    /// The commit that is to be merged.
    pub head: Option<String>,
    /// The commit that is built, and its branch, where it is on one.
    pub merge: Option<Merge>,
    /// Where that commit comes from.
    pub origin: Origin,
    /// The page of this run.
    pub run: Option<String>,
    /// The file that takes the summary of the job.
    pub summary: Option<PathBuf>,
    /// The folder that the repository is checked out to.
    pub workspace: Option<PathBuf>,
    /// What proves to the forge who we are.
    pub token: Option<Secret>,
}

/// Says where the commits of a request come from, and so how far they are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the repository itself.
    Own,
    /// From a copy of it, which anybody can have.
    Fork,
    /// From GitHub's own bot, which is given no more than a fork.
    Dependabot,
    /// The pipeline does not say.
    Unknown,
}

impl Origin {
    /// Tells whether the forge gives its pipeline neither secrets nor the right to write.
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Fork | Self::Dependabot)
    }

    /// Returns what is known where another request is named than the one that the pipeline runs for.
    ///
    /// A fork stays one: its code is what runs here, and the number of a request may have come with it.
    fn of_another(self) -> Self {
        if self.is_guarded() {
            self
        } else {
            Self::Unknown
        }
    }
}

/// Names the request that is commented on, and how to get there.
#[derive(Clone, Debug)]
pub struct Target {
    pub(super) forge: Forge,
    pub(super) api: Url,
    pub(super) repository: String,
    pub(super) request: u64,
    pub(super) token: Secret,
}

/// Returns the path of the file that tells what has set the pipeline off, where there is one.
pub fn event_file(lookup: Lookup<'_>) -> Option<PathBuf> {
    github::runs_us(lookup).then_some(())?;
    get(lookup, "GITHUB_EVENT_PATH").map(PathBuf::from)
}

impl Pipeline {
    /// Finds out which forge runs us, and for which request; nothing outside of any pipeline, unless the
    /// user names the forge.
    pub fn detect(lookup: Lookup<'_>, event: Option<&str>, wishes: &Wishes) -> Option<Self> {
        let runner = if github::runs_us(lookup) {
            Some(Forge::GitHub)
        } else {
            gitlab::runs_us(lookup).then_some(Forge::GitLab)
        };
        let forge = wishes.forge.or(runner)?;
        let read = |forge| match forge {
            Forge::GitHub => github::detect(lookup, event),
            Forge::GitLab => gitlab::detect(lookup),
        };
        let mut pipeline = read(forge);
        pipeline.runner = runner;
        // Whose code runs is the word of the one whose machine it runs on.
        if let Some(runner) = runner.filter(|runner| *runner != forge) {
            pipeline.origin = read(runner).origin.of_another();
        }
        pipeline.obey(wishes);
        Some(pipeline)
    }

    /// Puts the user's word in the place of what the pipeline says, and drops what it says about another
    /// request than the user's.
    fn obey(&mut self, wishes: &Wishes) {
        if let Some(api) = &wishes.api {
            self.api.clone_from(api);
            self.api_is_wish = true;
        }
        let other = |now: Option<String>, wish: Option<String>| wish.is_some() && now != wish;
        let elsewhere = other(self.repository.clone(), wishes.repository.clone());
        if let Some(repository) = &wishes.repository {
            self.repository = Some(repository.clone());
        }
        if elsewhere || self.page.is_none() {
            self.page = self.page_of_repository();
        }
        let number = |request: Option<u64>| request.map(|number| number.to_string());
        if elsewhere || other(number(self.request), number(wishes.request)) {
            self.request = None;
            self.head = None;
            self.origin = self.origin.of_another();
        }
        self.request = wishes.request.or(self.request);
    }

    /// Guesses the repository's page from the API's URL.
    fn page_of_repository(&self) -> Option<String> {
        let repository = self.repository.as_deref()?;
        // GitLab's other name of a repository is a number, which no page has.
        repository.contains('/').then_some(())?;
        let api = self.api.trim_end_matches('/');
        let site = match self.forge {
            Forge::GitHub if api == github::API => github::SITE,
            Forge::GitHub => api.strip_suffix("/api/v3")?,
            Forge::GitLab => api.strip_suffix("/api/v4")?,
        };
        Some(format!("{site}/{repository}"))
    }

    /// Says where lines of the files can be seen, given the project's folder in the repository.
    pub fn links(&self, folder: &str) -> Option<Links> {
        let (page, head) = (self.page.as_deref()?, self.head.as_deref()?);
        Some(Links::new(self.forge, page, head, folder))
    }

    /// Says which request is commented on: the repository, and the number.
    ///
    /// # Errors
    /// A fault that says how to name it.
    pub fn request(&self) -> Result<(&str, u64), Fault> {
        let forge = self.forge;
        let (Some(repository), Some(request)) = (&self.repository, self.request) else {
            return Err(self.no_request());
        };
        let shape = match forge {
            Forge::GitHub => {
                repository
                    .split('/')
                    .filter(|part| !part.is_empty())
                    .count()
                    == 2
            }
            Forge::GitLab => true,
        };
        if !shape {
            let fault = Fault::new(format!("{repository:?} is not a repository of {forge}"));
            return Err(fault.hint("write it as OWNER/NAME"));
        }
        Ok((repository, request))
    }

    /// Says where to comment.
    ///
    /// # Errors
    /// A fault that names everything that is missing and how to say it.
    pub fn target(&self) -> Result<Target, Fault> {
        let (repository, request) = self.request()?;
        self.target_of(repository, request)
    }

    /// Says where to ask which request a commit has come from; the request itself is not known yet.
    ///
    /// # Errors
    /// A fault that names everything that is missing and how to say it.
    pub fn target_of_merge(&self) -> Result<(Target, Merge), Fault> {
        let (Some(repository), Some(merge)) = (&self.repository, &self.merge) else {
            let fault = Fault::new(format!(
                "this run is not known to be for a commit of a branch on {}",
                self.forge
            ));
            return Err(
                fault.hint("run it in the pipeline of the branch that requests are merged into")
            );
        };
        Ok((self.target_of(repository, 0)?, merge.clone()))
    }

    fn target_of(&self, repository: &str, request: u64) -> Result<Target, Fault> {
        let forge = self.forge;
        let Some(token) = self.token.clone() else {
            let fault = Fault::new(format!("there is no token for {forge}"));
            return Err(fault.hint(match forge {
                Forge::GitHub => github::TOKEN_HINT,
                Forge::GitLab => gitlab::TOKEN_HINT,
            }));
        };
        Ok(Target {
            forge,
            api: api_url(&self.api, self.api_is_wish)?,
            repository: repository.to_owned(),
            request,
            token,
        })
    }

    fn no_request(&self) -> Fault {
        let noun = self.forge.request();
        let fault = Fault::new(format!("this run is not known to be for a {noun}"));
        let named = match self.forge {
            Forge::GitHub => {
                "run it on `pull_request`, or name one with --repository OWNER/NAME and --pull-request N"
            }
            Forge::GitLab => {
                "run it in a pipeline with CI_PIPELINE_SOURCE `merge_request_event`, or name one with --repository ID and --pull-request N"
            }
        };
        fault.hint(format!(
            "{named}; `gwplan plan` shows a plan without any, and --dry-run the comment"
        ))
    }
}

/// Returns a variable's value; an empty one is as good as none.
fn get(lookup: Lookup<'_>, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.is_empty())
}

/// Returns the first token that is there.
fn token(lookup: Lookup<'_>, names: &[&str]) -> Option<Secret> {
    let mut found = names.iter().filter_map(|name| get(lookup, name));
    found.next().map(|token| Secret::new(token.trim()))
}

/// Reads the URL of an API, and refuses one over which the token could leak.
fn api_url(text: &str, is_wish: bool) -> Result<Url, Fault> {
    // The text itself is not repeated: it may hold a password.
    let url = Url::parse(text).map_err(|error| {
        Fault::new("the forge's API is not a URL")
            .because(error)
            .hint("write --api-url like https://github.example.com/api/v3 or https://gitlab.example.com/api/v4")
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            Fault::new("the URL of the forge's API holds a user name or a password")
                .hint("take it out: the token alone says who we are"),
        );
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_wish || is_loopback(&url) => Ok(url),
        "http" => Err(Fault::new(format!(
            "the forge's API {url} is plain HTTP, which anybody on the way can read the token from"
        ))
        .hint("if that is how it has to be, say so: pass that URL with --api-url")),
        other => {
            Err(Fault::new(format!("the scheme of the forge's API is `{other}`")).hint("use https"))
        }
    }
}

/// Tells whether a URL's host can be nothing but this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}
