//! The signature of a request, by the scheme that the vendor calls `TC3-HMAC-SHA256`.
//!
//! The client signs with [`authorization`]; a server takes an `Authorization` header apart with
//! [`Credential::parse`] and computes [`signature`] again over what it received.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::model::{Secret, hex};

/// Names the scheme, as it stands at the head of the `Authorization` header.
pub const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// Names the media type of every request that gwplan sends.
pub const CONTENT_TYPE: &str = "application/json";

const TERMINATOR: &str = "tc3_request";

/// Says for which day and service a signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The day in UTC, as `2026-01-31`.
    pub date: String,
    /// The service's name, such as `tse`.
    pub service: String,
}

impl Scope {
    /// Returns the scope of a moment.
    pub fn at(now: Timestamp, service: impl Into<String>) -> Self {
        let date = TimeZone::UTC.to_datetime(now).date();
        Self {
            date: date.to_string(),
            service: service.into(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{TERMINATOR}", self.date, self.service)
    }
}

/// Holds the parts of a request that are signed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path; the vendor's is always `/`.
    pub path: &'a str,
    /// The query as it stands in the URL, without the question mark; empty for a POST.
    pub query: &'a str,
    /// The signed headers and their values, in the order of `SignedHeaders`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub payload: &'a [u8],
}

impl Request<'_> {
    fn signed_headers(&self) -> String {
        let names: Vec<_> = self
            .headers
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        names.join(";")
    }

    /// Writes the request in the one form that both sides hash.
    ///
    /// The vendor asks for names and values in small letters, without spaces around them.
    fn canonical(&self) -> String {
        let mut headers = String::new();
        for (name, value) in self.headers {
            let (name, value) = (name.to_ascii_lowercase(), value.trim().to_lowercase());
            headers.extend([name.as_str(), ":", value.as_str(), "\n"]);
        }
        [
            self.method,
            self.path,
            self.query,
            &headers,
            &self.signed_headers(),
            &hex(&Sha256::digest(self.payload)),
        ]
        .join("\n")
    }
}

/// Computes the signature of a request, in hexadecimal.
///
/// `timestamp` is what stands in `X-TC-Timestamp`, in seconds.
pub fn signature(secret: &Secret, scope: &Scope, timestamp: i64, request: &Request<'_>) -> String {
    let digest = hex(&Sha256::digest(request.canonical()));
    let text = format!("{ALGORITHM}\n{timestamp}\n{scope}\n{digest}");
    let key = mac(format!("TC3{}", secret.expose()).as_bytes(), &scope.date);
    let key = mac(&key, &scope.service);
    let key = mac(&key, TERMINATOR);
    hex(&mac(&key, &text))
}

/// Returns the `Authorization` header of a POST to `/` with a JSON body.
///
/// Signed are `content-type` and `host`, as the vendor's own client does. `host` is what stands in
/// the `Host` header, with the port where there is one.
pub fn authorization(
    id: &str,
    secret: &Secret,
    service: &str,
    now: Timestamp,
    host: &str,
    payload: &[u8],
) -> String {
    let scope = Scope::at(now, service);
    let request = Request {
        method: "POST",
        path: "/",
        query: "",
        headers: &[("content-type", CONTENT_TYPE), ("host", host)],
        payload,
    };
    let signature = signature(secret, &scope, now.as_second(), &request);
    let headers = request.signed_headers();
    format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={headers}, Signature={signature}")
}

/// Holds what an `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The id of the key that signed.
    pub id: String,
    /// The day and the service that the signature is for.
    pub scope: Scope,
    /// The names of the headers that are signed, in order.
    pub signed_headers: Vec<String>,
    /// The signature, in hexadecimal.
    pub signature: String,
}

impl Credential {
    /// Takes an `Authorization` header apart; gives nothing where it is not of this scheme.
    pub fn parse(header: &str) -> Option<Self> {
        let fields = header.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let (mut credential, mut headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field.trim().split_once('=')?;
            match name {
                "Credential" => credential = Some(value),
                "SignedHeaders" => headers = Some(value),
                "Signature" => signature = Some(value),
                _ => return None,
            }
        }
        let parts: Vec<_> = credential?.split('/').collect();
        let [id, date, service, TERMINATOR] = parts[..] else {
            return None;
        };
        Some(Self {
            id: id.to_owned(),
            scope: Scope {
                date: date.to_owned(),
                service: service.to_owned(),
            },
            signed_headers: headers?.split(';').map(str::to_owned).collect(),
            signature: signature?.to_owned(),
        })
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC is defined for keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        secret_id: String,
        secret_key: String,
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Vector {
        service: String,
        timestamp: i64,
        method: String,
        path: String,
        query: String,
        host: String,
        content_type: String,
        body: String,
        authorization: String,
    }

    fn file() -> File {
        serde_json::from_str(include_str!("../../tests/vectors/tc3.json")).unwrap()
    }

    #[test]
    fn the_vendors_client_signs_the_same() {
        let file = file();
        let secret = Secret::new(file.secret_key);
        let posts = file.vectors.iter().filter(|vector| vector.method == "POST");
        for vector in posts {
            let header = authorization(
                &file.secret_id,
                &secret,
                &vector.service,
                Timestamp::from_second(vector.timestamp).unwrap(),
                &vector.host,
                vector.body.as_bytes(),
            );
            assert_eq!(header, vector.authorization);
        }
    }

    #[test]
    fn a_verifier_recomputes_what_the_vendors_client_sent() {
        let file = file();
        let secret = Secret::new(file.secret_key);
        assert!(file.vectors.iter().any(|vector| vector.method == "GET"));
        for vector in &file.vectors {
            let sent = Credential::parse(&vector.authorization).unwrap();
            assert_eq!(sent.id, file.secret_id);
            let headers: Vec<_> = sent
                .signed_headers
                .iter()
                .map(|name| match name.as_str() {
                    "host" => (name.as_str(), vector.host.as_str()),
                    "content-type" => (name.as_str(), vector.content_type.as_str()),
                    other => panic!("{other} is signed"),
                })
                .collect();
            let request = Request {
                method: &vector.method,
                path: &vector.path,
                query: &vector.query,
                headers: &headers,
                payload: vector.body.as_bytes(),
            };
            let computed = signature(&secret, &sent.scope, vector.timestamp, &request);
            assert_eq!(computed, sent.signature, "{}", vector.authorization);
        }
    }

    #[test]
    fn the_order_and_the_values_of_signed_headers_count() {
        let secret = Secret::new("not-a-real-key");
        let scope = Scope {
            date: "2026-01-31".to_owned(),
            service: "tse".to_owned(),
        };
        let sign = |headers: &[(&str, &str)]| {
            let request = Request {
                method: "POST",
                path: "/",
                query: "",
                headers,
                payload: b"{}",
            };
            signature(&secret, &scope, 1, &request)
        };
        let plain = sign(&[("content-type", "a"), ("host", "h")]);
        assert_eq!(plain, sign(&[("Content-Type", " A "), ("Host", "H")]));
        assert_ne!(plain, sign(&[("host", "h"), ("content-type", "a")]));
        assert_ne!(plain, sign(&[("host", "h")]));
    }

    #[test]
    fn headers_of_another_form_are_not_taken_apart() {
        for header in [
            "",
            "SKIP",
            "TC3-HMAC-SHA256",
            "TC3-HMAC-SHA256 Credential=id/2026-01-31/tse/tc3_request",
            "TC3-HMAC-SHA256 Credential=id/tse, SignedHeaders=host, Signature=00",
            "TC3-HMAC-SHA256 Credential=id/2026-01-31/tse/aws4, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 Credential=id/2026-01-31/tse/tc3_request, SignedHeaders=a, Signature=0",
        ] {
            assert_eq!(Credential::parse(header), None, "{header}");
        }
    }
}
