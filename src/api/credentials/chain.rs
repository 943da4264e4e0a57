//! The places where credentials can be, one after the other.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::model::{Clock, Fault};

use super::files::{self, InFile};
use super::machine::{self, Machine};
use super::sts::{AssumedRole, Role};
use super::{Credentials, Provider, environment};
use crate::api::transport::{Settings, Transport};

/// Holds what a search for credentials has come to.
#[derive(Debug)]
pub enum Found {
    /// There are some.
    Here(Credentials),
    /// There are none in any place; the fault says where they were looked for.
    Nowhere(Fault),
}

/// Says where credentials may be found.
#[derive(Clone)]
pub struct Sources {
    /// The environment's variables.
    pub env: BTreeMap<String, String>,
    /// The user's home folder, if there is one.
    pub home: Option<PathBuf>,
    /// The profile of the vendor's files; `TENCENTCLOUD_PROFILE`, `TCCLI_PROFILE` or `default` if
    /// none is chosen.
    pub profile: Option<String>,
    /// The vendor SDK's file for all users of this machine.
    pub system_file: PathBuf,
    /// The metadata service of virtual machines; none is asked if there is none.
    pub metadata: Option<String>,
}

impl Sources {
    /// Names the usual places.
    ///
    /// The variable `GWPLAN_METADATA` takes the metadata service's place: a loopback URL, or `off`.
    pub fn new(env: BTreeMap<String, String>, home: Option<PathBuf>) -> Self {
        let metadata = match env.get("GWPLAN_METADATA").map(String::as_str) {
            None | Some("") => Some(machine::SERVICE.to_owned()),
            Some("off") => None,
            Some(url) => Some(url.to_owned()),
        };
        Self {
            env,
            home,
            profile: None,
            system_file: PathBuf::from("/etc/tencentcloud/credentials"),
            metadata,
        }
    }

    /// Returns a variable's value; an empty one is as good as none, because pipelines set the
    /// secrets that a run may not see to nothing.
    pub(super) fn var(&self, name: &str) -> Option<&str> {
        let value = self.env.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    fn profile(&self) -> Result<&str, Fault> {
        let profile = self
            .profile
            .as_deref()
            .or_else(|| self.var("TENCENTCLOUD_PROFILE"))
            .or_else(|| self.var("TCCLI_PROFILE"))
            .unwrap_or("default");
        if profile.is_empty() || profile.contains(['/', '\\']) {
            return Err(
                Fault::new(format!("{profile:?} is not the name of a profile")).hint(
                    "profiles are listed by `tccli configure list`; `default` is the usual one",
                ),
            );
        }
        Ok(profile)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            env,
            home,
            profile,
            system_file,
            metadata,
        } = self;
        // Of the environment only how many variables it has: any of them may be a secret.
        f.debug_struct("Sources")
            .field("env", &env.len())
            .field("home", home)
            .field("profile", profile)
            .field("system_file", system_file)
            .field("metadata", metadata)
            .finish()
    }
}

/// Looks at every place; the first that holds credentials counts.
pub(super) async fn find(
    sources: &Sources,
    settings: &Settings,
    clock: Clock,
) -> Result<Found, Fault> {
    // Proofs of who calls go to the token service, wherever the project sends its requests.
    let transport = Transport::new(settings.for_tokens(), None, clock);
    let found = match environment::web_identity(sources, &transport)? {
        Some(credentials) => Found::Here(credentials),
        None => role_or_keys(sources, &transport).await?,
    };
    let Found::Here(credentials) = found else {
        return Ok(found);
    };
    credentials.current().await.map_err(|error| {
        let step = error.next_step();
        let fault = Fault::new(format!(
            "could not get keys from {}",
            credentials.describe()
        ))
        .because(error);
        match step {
            Some(step) => fault.hint(step),
            None => fault,
        }
    })?;
    Ok(Found::Here(credentials))
}

/// Finds keys, and exchanges them for those of a role if one is named.
async fn role_or_keys(sources: &Sources, transport: &Transport) -> Result<Found, Fault> {
    let named = environment::role(sources)?;
    let mut places = Places::default();
    let Some((base, of_file)) = keys(sources, transport, &mut places).await? else {
        return Ok(Found::Nowhere(places.into_fault(sources.profile()?)));
    };
    let Some(role) = named.or(of_file) else {
        return Ok(Found::Here(base));
    };
    let region = environment::region(sources);
    let origin = format!("the role {} by way of {}", role.arn, base.describe());
    let provider = Provider::Role(AssumedRole {
        base,
        role,
        region,
        transport: transport.clone(),
    });
    let clock = transport.clock().clone();
    Ok(Found::Here(Credentials::renewed(provider, clock, origin)))
}

/// Finds keys, and the role that a file wants them exchanged for.
async fn keys(
    sources: &Sources,
    transport: &Transport,
    places: &mut Places,
) -> Result<Option<(Credentials, Option<Role>)>, Fault> {
    if let Some(found) = environment::keys(sources)? {
        return Ok(Some((found, None)));
    }
    places.note(format!(
        "the environment: {} and {} are not set",
        environment::ID,
        environment::KEY
    ));
    match environment::pod_identity(sources, transport) {
        Ok(found) => return Ok(Some((found, None))),
        Err(why) => places.note(format!("the web identity of a TKE pod: {why}")),
    }
    let profile = sources.profile()?;
    let machine = Machine::new(
        sources.metadata.as_deref(),
        sources.var("TENCENTCLOUD_CAM_ROLE_NAME"),
        transport.settings(),
    )?;
    match files::find(sources, profile, transport.clock(), places)? {
        Some(InFile::Keys(found, role)) => return Ok(Some((found, role))),
        Some(InFile::MachineRole) => {
            return Ok(machine.map(|machine| (machine.credentials(transport.clock()), None)));
        }
        None => {}
    }
    let Some(machine) = machine else {
        places.note("the role of this virtual machine: asking for it is turned off".to_owned());
        return Ok(None);
    };
    let found = machine.credentials(transport.clock());
    match found.current().await {
        Ok(_) => Ok(Some((found, None))),
        Err(error) => {
            places.note(format!(
                "the role of this virtual machine: {}",
                error.message
            ));
            Ok(None)
        }
    }
}

/// Collects the places that were looked at in vain.
#[derive(Default)]
pub(super) struct Places(Vec<String>);

impl Places {
    /// Notes a place and why it gave nothing.
    pub(super) fn note(&mut self, place_and_reason: String) {
        self.0.push(place_and_reason);
    }

    fn into_fault(self, profile: &str) -> Fault {
        let places: String = self
            .0
            .iter()
            .fold(String::new(), |list, place| list + "\n  - " + place);
        Fault::new(format!("no credentials were found; looked at:{places}")).hint(format!(
            "set {} and {}, or store a profile with `tccli configure --profile {profile}`; \
             `plan --offline` needs none",
            environment::ID,
            environment::KEY
        ))
    }
}
