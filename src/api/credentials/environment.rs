//! Credentials by environment variables.

use std::path::PathBuf;

use crate::api::transport::Transport;
use crate::model::{Fault, Secret};

use super::chain::Sources;
use super::sts::{Role, Token, WebIdentity};
use super::{Credentials, Provider};

pub(super) const ID: &str = "TENCENTCLOUD_SECRET_ID";
pub(super) const KEY: &str = "TENCENTCLOUD_SECRET_KEY";
const TOKENS: [&str; 2] = ["TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN"];

const ROLE_ARN: &str = "TENCENTCLOUD_ASSUME_ROLE_ARN";
const ROLE_SESSION: &str = "TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME";
const ROLE_SECONDS: &str = "TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION";
const ROLE_EXTERNAL_ID: &str = "TENCENTCLOUD_ASSUME_ROLE_EXTERNAL_ID";
const ROLE_PROVIDER: &str = "TENCENTCLOUD_ASSUME_ROLE_PROVIDER_ID";
const ROLE_TOKEN: &str = "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN";
const ROLE_TOKEN_FILE: &str = "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN_FILE";

const POD_REGION: &str = "TKE_REGION";
const POD_PROVIDER: &str = "TKE_PROVIDER_ID";
const POD_ROLE_ARN: &str = "TKE_ROLE_ARN";
const POD_TOKEN_FILE: &str = "TKE_WEB_IDENTITY_TOKEN_FILE";

/// The longest life of a role's keys, in seconds. Source: the pages of the token service.
const MAX_SECONDS: u32 = 43_200;

/// Finds keys.
pub(super) fn keys(sources: &Sources) -> Result<Option<Credentials>, Fault> {
    let token = TOKENS
        .iter()
        .find_map(|name| Some((*name, sources.var(name)?)));
    match (sources.var(ID), sources.var(KEY), token) {
        (None, None, None) => Ok(None),
        (None, None, Some((name, _))) => Err(half(name, &format!("{ID} and {KEY}"))),
        (Some(_), None, _) => Err(half(ID, KEY)),
        (None, Some(_), _) => Err(half(KEY, ID)),
        (Some(id), Some(key), token) => {
            let keys = super::keys(id, key, token.map(|(_, token)| token), "the environment")?;
            let origin = format!("the environment ({ID}, {KEY})");
            Ok(Some(Credentials::from_keys(keys, origin)))
        }
    }
}

/// Finds the web identity that a role's variables name.
pub(super) fn web_identity(
    sources: &Sources,
    transport: &Transport,
) -> Result<Option<Credentials>, Fault> {
    let (name, token) = match (sources.var(ROLE_TOKEN), sources.var(ROLE_TOKEN_FILE)) {
        (Some(token), _) => (ROLE_TOKEN, Token::Given(Secret::new(token.trim()))),
        (None, Some(path)) => (ROLE_TOKEN_FILE, Token::File(PathBuf::from(path))),
        (None, None) => return Ok(None),
    };
    let role = role(sources)?.ok_or_else(|| half(name, ROLE_ARN))?;
    let provider = sources
        .var(ROLE_PROVIDER)
        .ok_or_else(|| half(name, ROLE_PROVIDER))?;
    let identity = WebIdentity {
        role,
        provider: provider.to_owned(),
        token,
        region: region(sources),
        transport: transport.clone(),
    };
    Ok(Some(identity_credentials(identity, name)))
}

/// Finds the web identity of a pod, or says why there is none.
pub(super) fn pod_identity(
    sources: &Sources,
    transport: &Transport,
) -> Result<Credentials, String> {
    let var = |name| {
        sources
            .var(name)
            .ok_or_else(|| format!("{name} is not set"))
    };
    let identity = WebIdentity {
        role: Role {
            arn: var(POD_ROLE_ARN)?.to_owned(),
            ..Role::default()
        },
        provider: var(POD_PROVIDER)?.to_owned(),
        token: Token::File(PathBuf::from(var(POD_TOKEN_FILE)?)),
        region: sources
            .var(POD_REGION)
            .map_or_else(|| region(sources), str::to_owned),
        transport: transport.clone(),
    };
    Ok(identity_credentials(identity, POD_TOKEN_FILE))
}

fn identity_credentials(identity: WebIdentity, name: &str) -> Credentials {
    let clock = identity.transport.clock().clone();
    let origin = format!(
        "the role {} by the web identity in {name}",
        identity.role.arn
    );
    Credentials::renewed(Provider::WebIdentity(identity), clock, origin)
}

/// Reads which role is to be assumed.
pub(super) fn role(sources: &Sources) -> Result<Option<Role>, Fault> {
    let Some(arn) = sources.var(ROLE_ARN) else {
        return Ok(None);
    };
    let usual = Role::default();
    Ok(Some(Role {
        arn: arn.to_owned(),
        session: sources
            .var(ROLE_SESSION)
            .map_or(usual.session, str::to_owned),
        seconds: sources
            .var(ROLE_SECONDS)
            .map_or(Ok(usual.seconds), seconds)?,
        external_id: sources.var(ROLE_EXTERNAL_ID).map(str::to_owned),
    }))
}

fn seconds(text: &str) -> Result<u32, Fault> {
    match text.parse() {
        Ok(seconds) if (1..=MAX_SECONDS).contains(&seconds) => Ok(seconds),
        _ => Err(Fault::new(format!("{ROLE_SECONDS} is {text:?}"))
            .hint(format!("give a number of seconds from 1 to {MAX_SECONDS}"))),
    }
}

/// Returns the region whose token service is asked. The vendor's own clients ask Guangzhou's.
pub(super) fn region(sources: &Sources) -> String {
    sources
        .var("TENCENTCLOUD_REGION")
        .unwrap_or("ap-guangzhou")
        .to_owned()
}

fn half(set: &str, missing: &str) -> Fault {
    Fault::new(format!("{set} is set, but not {missing}"))
        .hint(format!("set {missing} too, or unset {set}"))
}
