//! Keys of a role, from the security token service.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::api::call::{Call, Effect, Service};
use crate::api::error::{Error, ErrorKind};
use crate::api::transport::{Sender, Transport};
use crate::model::Secret;

use super::{Credentials, Issued, Keys};

const WITH_WEB_IDENTITY: &str = "AssumeRoleWithWebIdentity";
const WITH_KEYS: &str = "AssumeRole";

/// Names a role and how it is assumed.
pub(super) struct Role {
    pub(super) arn: String,
    /// What the audit log shows as the caller.
    pub(super) session: String,
    /// How long the keys live.
    pub(super) seconds: u32,
    pub(super) external_id: Option<String>,
}

impl Default for Role {
    /// The life is the one that the vendor's clients ask for.
    fn default() -> Self {
        Self {
            arn: String::new(),
            session: "gwplan".to_owned(),
            seconds: 7200,
            external_id: None,
        }
    }
}

/// Exchanges other keys for a role's.
pub(super) struct AssumedRole {
    pub(super) base: Credentials,
    pub(super) role: Role,
    pub(super) region: String,
    pub(super) transport: Transport,
}

impl AssumedRole {
    pub(super) async fn fetch(&self, now: Timestamp) -> Result<Issued, Error> {
        let Role {
            arn,
            session,
            seconds,
            external_id,
        } = &self.role;
        let mut body = json!({
            "RoleArn": arn,
            "RoleSessionName": session,
            "DurationSeconds": seconds,
        });
        if let Some(external_id) = external_id {
            body["ExternalId"] = external_id.as_str().into();
        }
        let call = call(WITH_KEYS, body);
        let sender = Sender::Holder(&self.base);
        let granted = self.transport.call(sender, &self.region, &call).await?;
        granted.issued(now)
    }
}

/// Exchanges what another party says of this process for a role's keys.
pub(super) struct WebIdentity {
    pub(super) role: Role,
    pub(super) provider: String,
    pub(super) token: Token,
    pub(super) region: String,
    pub(super) transport: Transport,
}

/// Says where the other party's token is.
pub(super) enum Token {
    /// It is known.
    Given(Secret),
    /// It is in a file, which its writer keeps fresh.
    File(PathBuf),
}

impl WebIdentity {
    pub(super) async fn fetch(&self, now: Timestamp) -> Result<Issued, Error> {
        let token = self.token.read()?;
        let body = json!({
            "ProviderId": self.provider,
            "WebIdentityToken": token.expose(),
            "RoleArn": self.role.arn,
            "RoleSessionName": self.role.session,
            "DurationSeconds": self.role.seconds,
        });
        let call = call(WITH_WEB_IDENTITY, body);
        let granted = self
            .transport
            .call(Sender::Unsigned, &self.region, &call)
            .await?;
        granted.issued(now)
    }
}

impl Token {
    fn read(&self) -> Result<Secret, Error> {
        let path = match self {
            Self::Given(token) => return Ok(token.clone()),
            Self::File(path) => path,
        };
        let denied = |what: String| {
            let message = format!("the token file {} {what}", path.display());
            Error::plain(ErrorKind::Denied, WITH_WEB_IDENTITY, message)
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| denied(format!("can't be read: {error}")))?;
        let token = bare(text.trim());
        token
            .filter(|token| !token.is_empty())
            .map(Secret::new)
            .ok_or_else(|| denied("holds no token".to_owned()))
    }
}

/// Takes the token out of the JSON that the vendor's provider writes; other tools write it bare.
fn bare(text: &str) -> Option<String> {
    match serde_json::from_str(text) {
        Ok(Json::Object(map)) => {
            let token = map.get("web_identity_token")?.as_str()?;
            Some(token.trim().to_owned())
        }
        _ => Some(text.to_owned()),
    }
}

/// Puts a call together; asked twice, the service gives two pairs of keys, and no harm is done.
fn call(action: &'static str, body: Json) -> Call<Granted> {
    Call::new(Service::Sts, action, body, Effect::Read, |answer| {
        serde_json::from_value(answer)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    credentials: Pair,
    expired_time: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pair {
    tmp_secret_id: String,
    tmp_secret_key: String,
    token: String,
}

impl Granted {
    fn issued(self, now: Timestamp) -> Result<Issued, Error> {
        let Pair {
            tmp_secret_id,
            tmp_secret_key,
            token,
        } = self.credentials;
        let keys = Keys {
            id: tmp_secret_id,
            key: Secret::new(tmp_secret_key),
            token: Some(Secret::new(token)),
        };
        let end = Timestamp::from_second(self.expired_time).map_err(|_| {
            let message = "the token service answered with a time of no calendar";
            Error::plain(ErrorKind::Denied, WITH_KEYS, message)
        })?;
        Ok(Issued::until(keys, now, Some(end)))
    }
}
