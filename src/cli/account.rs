//! Whose account a run works in.

use std::time::Duration;

use tokio::time::timeout;

use crate::api::{Client, Error, ErrorKind, caller_account};
use crate::model::Fault;
use crate::plan::Snapshot;
use crate::state::State;

use super::Session;
use super::failure::Failure;
use super::workspace::Workspace;

/// The region of the question where the project has none: the service answers the same in each.
const ANY_REGION: &str = "ap-guangzhou";

/// How long the answer is waited for: networks that reach the gateways need not reach this service.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells whether an error is about the credentials themselves, not about what they may do.
fn is_no_key(error: &Error) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    code.starts_with("AuthFailure") && code != "AuthFailure.UnauthorizedOperation"
}

impl Workspace {
    /// Finds out whose account the credentials are of, once in a run, and refuses another than that of
    /// the state's resources: there they would all be gone.
    ///
    /// Who may not ask is told so once, and goes on: most roles need no more than the gateways.
    pub(super) async fn check_account(
        &self,
        session: &Session,
        client: &Client,
        state: &State,
    ) -> Result<(), Failure> {
        let asked = match self.account.get() {
            Some(asked) => asked,
            None => {
                let asked = self.ask_for_account(session, client).await;
                self.account.get_or_init(|| asked)
            }
        };
        let in_use = !state.resources.is_empty() || !state.intents.is_empty();
        match (&state.account, asked) {
            (Some(own), Some(asked)) if own != asked && in_use => {
                let place = self.backend.place();
                Err(Fault::new(format!(
                    "the resources of the state {place} are in the account {own}, but the credentials belong to {asked}"
                ))
                .hint("use credentials of that account (TENCENTCLOUD_SECRET_ID, `provider.profile`), or set another `state.path` for this one")
                .into())
            }
            _ => Ok(()),
        }
    }

    async fn ask_for_account(&self, session: &Session, client: &Client) -> Option<String> {
        if !client.reaches_tokens() {
            session.terminal.status(
                "gwplan does not check the account, since gwplan.yaml names the endpoint: make sure that the credentials belong to the right one.",
            );
            return None;
        }
        let region = match self.region(session) {
            "" => ANY_REGION,
            region => region,
        };
        let why = match timeout(PATIENCE, client.call(region, caller_account())).await {
            Ok(Ok(account)) => return Some(account),
            // Wrong credentials: whatever is asked next says so.
            Ok(Err(error)) if is_no_key(&error) => return None,
            // What is denied without a code was denied by somebody on the way, such as a proxy.
            Ok(Err(error)) if error.kind == ErrorKind::Denied && error.code.is_some() => {
                "the credentials may not call GetCallerIdentity"
            }
            Ok(Err(_)) | Err(_) => "GetCallerIdentity gives no answer",
        };
        session.terminal.status(&format!(
            "gwplan can't tell which account this is, since {why}: make sure that the credentials belong to the right one."
        ));
        None
    }

    /// Returns the account that a plan is made for, where it is known: that of the state, since who plans
    /// and who applies see the same state, though not both may ask; for a state without one, the
    /// credentials'.
    pub(super) fn account_of(&self, state: &State) -> Option<String> {
        let asked = || self.account.get().cloned().flatten();
        state.account.clone().or_else(asked)
    }

    /// Refuses to believe that everything is gone where nothing says that it is the right account.
    ///
    /// One resource can have been deleted by hand; several at once are more likely somebody else's
    /// account.
    pub(super) fn check_all_gone(&self, state: &State, snapshot: &Snapshot) -> Result<(), Failure> {
        let asked = self.account.get().and_then(Option::as_ref);
        let sure = asked.is_some() && asked == state.account.as_ref();
        let recorded = state.identities().count();
        let all_gone = state
            .identities()
            .all(|identity| snapshot.gone.contains(&identity));
        if sure || recorded < 2 || !all_gone {
            return Ok(());
        }
        let place = self.backend.place();
        Err(Fault::new(format!(
            "all {recorded} resources of the state {place} are gone, and gwplan can't tell whether this is their account"
        ))
        .hint("check whose credentials these are; if the resources were all deleted, plan again with --allow-all-gone")
        .into())
    }
}
