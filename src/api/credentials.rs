//! Who calls: where the keys come from, and how they stay fresh.
//!
//! The places are looked at in this order, and the first that gives keys counts:
//!
//! 1. a role and a web identity, both named in the environment (`TENCENTCLOUD_ASSUME_ROLE_ARN` and
//!    `…_WEB_IDENTITY_TOKEN` or `…_WEB_IDENTITY_TOKEN_FILE`): whoever sets these wants that role,
//!    even where a lasting key is still about;
//! 2. keys in the environment;
//! 3. the web identity that a TKE cluster gives its pods (`TKE_…`); it stands below the keys because
//!    the cluster sets it, not the user;
//! 4. the vendor CLI's file of the profile;
//! 5. the vendor SDK's files, in the home folder and in `/etc`;
//! 6. the role of the virtual machine that this runs on.
//!
//! `TENCENTCLOUD_ASSUME_ROLE_ARN` without a web identity means that the keys found in 2 to 6 are
//! exchanged for those of that role. What is half set, or set to what can't be keys, is an error and
//! never passed over: the next place could belong to another account.

mod chain;
mod environment;
mod files;
mod machine;
mod sts;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::model::{Clock, Fault, Secret};

use super::error::Error;
use super::transport::Settings;

pub use chain::{Found, Sources};

/// Temporary keys are renewed this long before they end, or half-way through a shorter life.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// After a failure to renew keys that are still good, this long passes before the next try.
const RENEW_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Holds what signs a request.
#[derive(Clone)]
pub struct Keys {
    /// The key's id.
    pub id: String,
    /// The key.
    pub key: Secret,
    /// The token that goes with temporary keys.
    pub token: Option<Secret>,
}

impl Keys {
    fn is_same(&self, other: &Self) -> bool {
        let token = |keys: &Self| keys.token.as_ref().map(|token| token.expose().to_owned());
        self.id == other.id
            && self.key.expose() == other.key.expose()
            && token(self) == token(other)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, key, token } = self;
        let start: String = id.chars().take(8).collect();
        f.debug_struct("Keys")
            .field("id", &format_args!("{start}…"))
            .field("key", key)
            .field("token", token)
            .finish()
    }
}

/// Hands out keys that are good now; clones share them.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    origin: String,
    supply: Supply,
}

enum Supply {
    Fixed(Keys),
    Renewed(Box<Renewed>),
}

struct Renewed {
    provider: Provider,
    clock: Clock,
    /// Held while keys are fetched, so that one task fetches and the others wait for its keys.
    issued: Mutex<Option<Issued>>,
}

/// Fetches keys that end.
enum Provider {
    CliFile(files::CliFile),
    WebIdentity(sts::WebIdentity),
    Role(sts::AssumedRole),
    Machine(machine::Machine),
}

/// Holds keys with the time they end, if they do.
#[derive(Clone)]
struct Issued {
    keys: Keys,
    renew_at: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Credentials {
    /// Looks for credentials in every place, and makes sure that the first found gives keys.
    ///
    /// `settings` say how the token service is reached, where one is needed.
    pub async fn find(sources: &Sources, settings: &Settings, clock: Clock) -> Result<Self, Fault> {
        match Self::look(sources, settings, clock).await? {
            Found::Here(credentials) => Ok(credentials),
            Found::Nowhere(fault) => Err(fault),
        }
    }

    /// Does so for those who can go on without any.
    pub async fn look(
        sources: &Sources,
        settings: &Settings,
        clock: Clock,
    ) -> Result<Found, Fault> {
        let found = chain::find(sources, settings, clock).await?;
        if let Found::Here(credentials) = &found {
            tracing::debug!(origin = credentials.describe(), "credentials");
        }
        Ok(found)
    }

    /// Takes keys that are known.
    pub fn fixed(id: impl Into<String>, key: Secret, token: Option<Secret>) -> Self {
        let id = id.into();
        Self::from_keys(Keys { id, key, token }, "given keys")
    }

    fn from_keys(keys: Keys, origin: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            origin: origin.into(),
            supply: Supply::Fixed(keys),
        }))
    }

    fn renewed(provider: Provider, clock: Clock, origin: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            origin: origin.into(),
            supply: Supply::Renewed(Box::new(Renewed {
                provider,
                clock,
                issued: Mutex::default(),
            })),
        }))
    }

    /// Says where they came from, without any secret.
    pub fn describe(&self) -> &str {
        &self.0.origin
    }

    /// Returns keys that are good now, new ones if the last ones end soon.
    pub async fn current(&self) -> Result<Keys, Error> {
        match &self.0.supply {
            Supply::Fixed(keys) => Ok(keys.clone()),
            Supply::Renewed(renewed) => renewed.current().await,
        }
    }

    /// Tells whether keys are fetched anew when they end or are refused.
    pub(super) fn are_renewed(&self) -> bool {
        matches!(self.0.supply, Supply::Renewed(_))
    }

    /// Gives keys up that the cloud refuses; tells whether others can be had in their place.
    ///
    /// Keys end before their time where somebody revokes them, or a machine's clock is off.
    pub(super) async fn give_up(&self, refused: &Keys) -> bool {
        let Supply::Renewed(renewed) = &self.0.supply else {
            return false;
        };
        let mut issued = renewed.issued.lock().await;
        // Another task may have fetched new ones meanwhile: those are to be tried, not thrown away.
        issued.take_if(|issued| issued.keys.is_same(refused));
        true
    }

    /// Does as [`Credentials::current`] does, as a future whose type is known: keys can be fetched
    /// with the help of other keys, and a future can't hold itself.
    pub(super) fn current_boxed(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<Keys, Error>> + Send + '_>> {
        Box::pin(self.current())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.0.origin)
    }
}

impl Renewed {
    async fn current(&self) -> Result<Keys, Error> {
        let mut issued = self.issued.lock().await;
        let now = self.clock.now();
        if let Some(issued) = issued.as_ref().filter(|issued| issued.is_fresh(now)) {
            return Ok(issued.keys.clone());
        }
        match self.provider.fetch(now).await {
            Ok(new) => Ok(issued.insert(new).keys.clone()),
            Err(error) => match issued.as_mut().filter(|issued| issued.is_good(now)) {
                Some(old) => {
                    tracing::debug!(%error, "the keys can't be renewed yet; gwplan keeps using them");
                    old.renew_at = Some(now + RENEW_AGAIN);
                    Ok(old.keys.clone())
                }
                None => Err(error),
            },
        }
    }
}

impl Provider {
    async fn fetch(&self, now: Timestamp) -> Result<Issued, Error> {
        match self {
            Self::CliFile(file) => file.fetch(now),
            Self::WebIdentity(identity) => identity.fetch(now).await,
            Self::Role(role) => role.fetch(now).await,
            Self::Machine(machine) => machine.fetch(now).await,
        }
    }
}

impl Issued {
    /// Takes keys that are good until the given time; without one, for ever.
    fn until(keys: Keys, now: Timestamp, end: Option<Timestamp>) -> Self {
        let renew_at = end.map(|end| {
            let life = end.duration_since(now).max(SignedDuration::ZERO);
            end - MARGIN.min(life / 2)
        });
        Self {
            keys,
            renew_at,
            end,
        }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.end.is_none_or(|end| now < end)
    }
}

/// Checks that a pair can be keys at all; `origin` says where it stands.
fn keys(id: &str, key: &str, token: Option<&str>, origin: &str) -> Result<Keys, Fault> {
    let token = token.filter(|token| !token.is_empty());
    let parts = [
        ("secret id", Some(id)),
        ("secret key", Some(key)),
        ("token", token),
    ];
    for (name, text) in parts {
        let Some(text) = text else { continue };
        if text.contains(|c: char| c.is_whitespace()) {
            return Err(Fault::new(format!(
                "the {name} in {origin} holds a space or a line break"
            ))
            .hint("store it again without one; `echo` adds a line break, `printf %s` doesn't"));
        }
        if text.contains(|c: char| !c.is_ascii_graphic()) {
            return Err(Fault::new(format!(
                "the {name} in {origin} holds characters that no key has"
            ))
            .hint("copy it again from the console"));
        }
    }
    Ok(Keys {
        id: id.to_owned(),
        key: Secret::new(key),
        token: token.map(Secret::new),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_keys_are_renewed_ahead_of_their_end() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let issued = |seconds| {
            let keys = keys("AKIDnotreal", "not-real", None, "a test").unwrap();
            Issued::until(keys, now, Some(now + SignedDuration::from_secs(seconds)))
        };
        let at = |seconds| now + SignedDuration::from_secs(seconds);
        let hour = issued(3600);
        assert!(hour.is_fresh(at(3299)) && !hour.is_fresh(at(3300)));
        assert!(hour.is_good(at(3599)) && !hour.is_good(at(3600)));
        let minute = issued(60);
        assert!(minute.is_fresh(at(29)) && !minute.is_fresh(at(30)));
        let past = issued(-10);
        assert!(!past.is_fresh(now) && !past.is_good(now));
    }

    #[test]
    fn keys_with_spaces_are_refused_without_being_shown() {
        for (id, key, token, part) in [
            ("canary ", "k", None, "secret id"),
            ("id", "canary\n", None, "secret key"),
            ("id", "k", Some("can ary"), "token"),
            ("id", "canäry", None, "characters that no key has"),
        ] {
            let fault = keys(id, key, token, "a test").unwrap_err();
            assert!(fault.to_string().contains(part), "{fault}");
            let text = format!("{fault} {fault:?}");
            assert!(!text.contains("can"), "{text}");
        }
        assert!(keys("id", "k", Some(""), "a test").unwrap().token.is_none());
    }

    #[test]
    fn nothing_prints_a_secret() {
        let secret = || Secret::new("canary");
        let credentials = Credentials::fixed("AKIDnotarealidcanary", secret(), Some(secret()));
        let Supply::Fixed(keys) = &credentials.0.supply else {
            panic!("fixed keys are not fixed");
        };
        let text = format!("{credentials:?} {keys:?} {}", credentials.describe());
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("AKIDnota…"), "{text}");
    }
}
