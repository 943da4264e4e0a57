//! Keys of the role that a virtual machine runs under, from its metadata service.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use crate::api::endpoint::{BaseUrl, Endpoint};
use crate::api::error::{Error, ErrorKind};
use crate::api::transport::{self, Settings};
use crate::model::{Clock, Fault, Secret};

use super::{Credentials, Issued, Keys, Provider};

/// The metadata service. It is plain HTTP and reachable from the vendor's machines alone.
pub(super) const SERVICE: &str = "http://metadata.tencentyun.com";

const PATH: [&str; 4] = ["latest", "meta-data", "cam", "security-credentials"];

/// On a machine of the vendor's the service is next door; elsewhere nobody should wait for it.
const CONNECT: Duration = Duration::from_secs(1);
const WHOLE: Duration = Duration::from_secs(2);

/// An answer is a name or a small JSON object.
const MAX_BODY: usize = 64 << 10;

const ACTION: &str = "metadata service";

/// Asks the metadata service for keys.
pub(super) struct Machine {
    service: BaseUrl,
    role: Option<String>,
    http: OnceLock<reqwest::Client>,
    connect: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    code: String,
    tmp_secret_id: String,
    tmp_secret_key: String,
    token: String,
    expired_time: i64,
}

impl Machine {
    /// Names the service and, if known, the role; no service, no machine.
    pub(super) fn new(
        service: Option<&str>,
        role: Option<&str>,
        settings: &Settings,
    ) -> Result<Option<Self>, Fault> {
        let service = match service {
            None => return Ok(None),
            Some(SERVICE) => BaseUrl::plain(SERVICE)?,
            Some(other) => match Endpoint::url(other)? {
                endpoint @ Endpoint::Url(_) if !endpoint.is_loopback() => {
                    return Err(Fault::new("the metadata service is not on this machine")
                        .hint("name a loopback address, or `off`, or leave it out"));
                }
                Endpoint::Url(base) => base,
                Endpoint::Site(_) => return Ok(None),
            },
        };
        Ok(Some(Self {
            service,
            role: role.map(str::to_owned),
            http: OnceLock::new(),
            connect: CONNECT.min(settings.connect_timeout),
        }))
    }

    /// Turns it into credentials.
    pub(super) fn credentials(self, clock: &Clock) -> Credentials {
        let origin = match &self.role {
            Some(role) => format!("the role {role} of this virtual machine"),
            None => "the role of this virtual machine".to_owned(),
        };
        Credentials::renewed(Provider::Machine(self), clock.clone(), origin)
    }

    pub(super) async fn fetch(&self, now: Timestamp) -> Result<Issued, Error> {
        let role = match &self.role {
            Some(role) => role.clone(),
            None => self.bound_role().await?,
        };
        let [a, b, c, d] = PATH;
        let body = self.get(self.service.join(&[a, b, c, d, &role])).await?;
        // The parser's message is left out: it can quote a key.
        let granted: Granted = serde_json::from_str(&body)
            .map_err(|_| failed(format!("the answer for the role {role} holds no keys")))?;
        if granted.code != "Success" {
            return Err(failed(format!(
                "the role {role} gives no keys: {}",
                granted.code
            )));
        }
        let end = Timestamp::from_second(granted.expired_time)
            .map_err(|_| failed("the keys end at a time of no calendar"))?;
        let keys = Keys {
            id: granted.tmp_secret_id,
            key: Secret::new(granted.tmp_secret_key),
            token: Some(Secret::new(granted.token)),
        };
        Ok(Issued::until(keys, now, Some(end)))
    }

    /// Asks which role the machine runs under.
    async fn bound_role(&self) -> Result<String, Error> {
        let [a, b, c, d] = PATH;
        let body = self.get(self.service.join(&[a, b, c, d, ""])).await?;
        let role = body.lines().next().unwrap_or_default().trim();
        if role.is_empty() {
            return Err(failed("no role is bound to this machine"));
        }
        Ok(role.to_owned())
    }

    async fn get(&self, url: Url) -> Result<String, Error> {
        let mut response = self
            .http()?
            .get(url)
            .send()
            .await
            .map_err(|error| failed(silence(&error)))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(failed("no role is bound to this machine")),
            status => {
                return Err(failed(format!(
                    "the metadata service answers HTTP {status}"
                )));
            }
        }
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failed(silence(&error)))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(failed("the metadata service's answer is too long"));
            }
        }
        String::from_utf8(body).map_err(|_| failed("the metadata service's answer is not text"))
    }

    fn http(&self) -> Result<&reqwest::Client, Error> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        // Never through a proxy: keys for this machine are nobody else's business.
        let http = transport::builder(self.connect, WHOLE).no_proxy();
        let http = transport::without_tls(http)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        Ok(self.http.get_or_init(|| http))
    }
}

fn silence(error: &reqwest::Error) -> &'static str {
    if error.is_connect() || error.is_timeout() {
        "no metadata service answers here: this is not a virtual machine of the vendor's"
    } else {
        "the metadata service broke off its answer"
    }
}

fn failed(message: impl Into<String>) -> Error {
    Error::plain(ErrorKind::Denied, ACTION, message)
}
