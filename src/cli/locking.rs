//! The state's lock: who takes it, and how long that waits for it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::backend::{Holder, Lock, LockError};
use crate::model::Fault;

use super::Session;
use super::arguments::duration;
use super::environment::Environment;
use super::failure::Failure;
use super::signals;
use super::workspace::Workspace;

/// The pause between two tries to take a lock that another run holds.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// How a command takes the state's lock.
#[derive(Debug, Args)]
pub(super) struct LockArgs {
    /// How long to wait while another run holds the state's lock, for example 30s or 5m.
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = duration)]
    lock_timeout: Duration,
}

impl LockArgs {
    /// Takes the lock, and tells the user what there is to tell of that.
    pub(super) fn take(
        &self,
        workspace: &Workspace,
        session: &Session,
        command: &str,
    ) -> Result<Box<dyn Lock>, Failure> {
        let lock = self.wait(workspace, session, command)?;
        if let Some(dead) = lock.taken_over() {
            session.terminal.status(&format!(
                "the lock of {}, which ended without releasing it, is taken over",
                brief(dead)
            ));
        }
        Ok(lock)
    }

    fn wait(
        &self,
        workspace: &Workspace,
        session: &Session,
        command: &str,
    ) -> Result<Box<dyn Lock>, Failure> {
        let begun = Instant::now();
        let mut told = false;
        loop {
            // Made anew each time: it says since when the lock is held.
            let own = Workspace::holder(session, command);
            let error = match workspace.backend.lock(&own) {
                Ok(lock) => return Ok(lock),
                Err(LockError::Failed(fault)) => return Err(fault.into()),
                Err(error) => error,
            };
            let left = self.lock_timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(self.given_up(&error).into());
            }
            if !told {
                signals::leave_at_first(session.terminal)?;
                session.terminal.status(&self.waiting(&error));
                told = true;
            }
            sleep(left.min(BETWEEN_TRIES));
        }
    }

    fn waiting(&self, error: &LockError) -> String {
        let holder = match error {
            LockError::Held { holder, .. } => holder.as_deref(),
            LockError::Failed(_) => None,
        };
        let most = written(self.lock_timeout);
        match holder {
            Some(holder) => format!(
                "waiting for the lock that `gwplan {}` of {} on {} holds since {}, for {most} at most",
                holder.command, holder.user, holder.host, holder.since
            ),
            None => format!("waiting for the lock that another process holds, for {most} at most"),
        }
    }

    fn given_up(&self, error: &LockError) -> Fault {
        if self.lock_timeout.is_zero() {
            return Fault::new(error.to_string()).hint(
                "wait until it has ended, as --lock-timeout 5m does; one run at a time may change a state",
            );
        }
        let waited = written(self.lock_timeout);
        Fault::new(format!("{error}; waited {waited}"))
            .hint("`gwplan lock status` says who holds it; one run at a time may change a state")
    }
}

/// Names a holder whose user is of no matter.
fn brief(holder: &Holder) -> String {
    let Holder {
        command,
        process,
        host,
        since,
        ..
    } = holder;
    format!("`gwplan {command}` (process {process} on {host}, since {since})")
}

fn written(duration: Duration) -> String {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    format!("{duration:#}")
}

/// Names this machine.
pub(super) fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Cuts a time to the second, which is all that people want to read.
pub(super) fn to_the_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Finds the address at which the pipeline shows this run.
pub(super) fn run_url(environment: &Environment) -> Option<String> {
    let get = |name| environment.get(name);
    github(&get)
        .or_else(|| {
            // GitLab, Jenkins and CircleCI say it themselves.
            let whole = ["CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL"];
            whole.into_iter().find_map(get).map(str::to_owned)
        })
        .or_else(|| bitbucket(&get))
        .or_else(|| azure(&get))
}

fn github<'a>(get: &impl Fn(&'static str) -> Option<&'a str>) -> Option<String> {
    let server = get("GITHUB_SERVER_URL")?;
    let repository = get("GITHUB_REPOSITORY")?;
    let run = get("GITHUB_RUN_ID")?;
    Some(format!("{server}/{repository}/actions/runs/{run}"))
}

fn bitbucket<'a>(get: &impl Fn(&'static str) -> Option<&'a str>) -> Option<String> {
    let repository = get("BITBUCKET_GIT_HTTP_ORIGIN")?;
    let build = get("BITBUCKET_BUILD_NUMBER")?;
    Some(format!("{repository}/pipelines/results/{build}"))
}

fn azure<'a>(get: &impl Fn(&'static str) -> Option<&'a str>) -> Option<String> {
    let collection = get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")?.trim_end_matches('/');
    // The project's name may hold blanks.
    let project = get("SYSTEM_TEAMPROJECT")?.replace(' ', "%20");
    let build = get("BUILD_BUILDID")?;
    Some(format!(
        "{collection}/{project}/_build/results?buildId={build}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(variables: &[(&str, &str)]) -> Option<String> {
        let variables = variables.iter();
        run_url(&Environment {
            variables: variables
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            home: None,
        })
    }

    #[test]
    fn the_run_of_a_pipeline_has_an_address() {
        assert_eq!(url(&[("CI", "true")]), None);
        let github = [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/edge"),
            ("GITHUB_RUN_ID", "7"),
        ];
        let expected = "https://github.com/acme/edge/actions/runs/7";
        assert_eq!(url(&github).as_deref(), Some(expected));
        assert_eq!(url(&github[..2]), None);
        for name in ["CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL"] {
            let whole = "https://ci.example/7";
            assert_eq!(url(&[(name, whole)]).as_deref(), Some(whole), "{name}");
        }
        let bitbucket = [
            (
                "BITBUCKET_GIT_HTTP_ORIGIN",
                "http://bitbucket.org/acme/edge",
            ),
            ("BITBUCKET_BUILD_NUMBER", "7"),
        ];
        let expected = "http://bitbucket.org/acme/edge/pipelines/results/7";
        assert_eq!(url(&bitbucket).as_deref(), Some(expected));
        let azure = [
            (
                "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
                "https://dev.azure.com/acme/",
            ),
            ("SYSTEM_TEAMPROJECT", "the edge"),
            ("BUILD_BUILDID", "7"),
        ];
        let expected = "https://dev.azure.com/acme/the%20edge/_build/results?buildId=7";
        assert_eq!(url(&azure).as_deref(), Some(expected));
    }

    #[test]
    fn times_are_cut_not_rounded() {
        let time: Timestamp = "2026-01-02T03:04:05.999Z".parse().unwrap();
        assert_eq!(to_the_second(time).to_string(), "2026-01-02T03:04:05Z");
    }
}
