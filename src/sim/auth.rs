//! Who is asking: the check of a request's signature.

use hyper::HeaderMap;
use jiff::Timestamp;

use crate::api::Service;
use crate::api::sign::{self, Credential, Scope};
use crate::model::Secret;

use super::answer::Refusal;

/// How far the client's clock may be off. Source: the vendor's page on signatures.
const MAX_SKEW_SECONDS: i64 = 300;

/// The services that this cloud has.
const SERVICES: [Service; 3] = [Service::Tse, Service::Tag, Service::Sts];

/// What stands for the body in the signature of a client that doesn't sign it.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Checks the signature of a POST to `/`, and returns the service that it is for and the secret id.
///
/// A request of the real cloud reaches a service by its host; here the signed scope tells. A token
/// of temporary credentials is passed over, since this cloud gives none out.
pub(super) fn verify(
    credentials: &[(String, Secret)],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(Service, String), Refusal> {
    let sent = credential(headers)?;
    let timestamp = timestamp(headers)?;
    let Some((_, key)) = credentials.iter().find(|(id, _)| *id == sent.id) else {
        return Err(Refusal::new(
            "AuthFailure.SecretIdNotFound",
            "no key has this SecretId",
        ));
    };
    let signed_at = Timestamp::from_second(timestamp).unwrap_or(Timestamp::MIN);
    if (now.as_second() - timestamp).abs() > MAX_SKEW_SECONDS {
        return Err(Refusal::new(
            "AuthFailure.SignatureExpire",
            format!("X-TC-Timestamp is {signed_at}, and it is {now} now: over 5 minutes apart"),
        ));
    }
    let service = SERVICES
        .into_iter()
        .find(|service| service.name() == sent.scope.service)
        .ok_or_else(|| odd("its scope names a service that this cloud does not have"))?;
    if sent.scope != Scope::at(signed_at, service.name()) {
        return Err(odd(
            "the date of its scope is not that of X-TC-Timestamp in UTC",
        ));
    }
    let signed = signed_headers(&sent, headers)?;
    let unsigned = headers
        .get("x-tc-content-sha256")
        .is_some_and(|value| value == UNSIGNED_PAYLOAD);
    let request = sign::Request {
        method: "POST",
        path: "/",
        query: "",
        headers: &signed,
        payload: if unsigned {
            UNSIGNED_PAYLOAD.as_bytes()
        } else {
            body
        },
    };
    if sign::signature(key, &sent.scope, timestamp, &request) != sent.signature {
        return Err(Refusal::new(
            "AuthFailure.SignatureFailure",
            "the signature is not what this request and the SecretKey give",
        ));
    }
    Ok((service, sent.id))
}

fn credential(headers: &HeaderMap) -> Result<Credential, Refusal> {
    let Some(header) = headers.get("authorization") else {
        return Err(odd("there is none"));
    };
    header
        .to_str()
        .ok()
        .and_then(Credential::parse)
        .ok_or_else(|| odd("it is not of the form that TC3-HMAC-SHA256 asks for"))
}

fn timestamp(headers: &HeaderMap) -> Result<i64, Refusal> {
    let Some(header) = headers.get("x-tc-timestamp") else {
        return Err(Refusal::new(
            "MissingParameter",
            "the header X-TC-Timestamp is missing",
        ));
    };
    let seconds = header
        .to_str()
        .ok()
        .and_then(|text| text.parse::<i64>().ok());
    // The bounds keep the arithmetic on it far from overflow.
    seconds
        .filter(|seconds| Timestamp::from_second(*seconds).is_ok())
        .ok_or_else(|| {
            Refusal::new(
                "InvalidParameter",
                "the header X-TC-Timestamp is not a time in seconds",
            )
        })
}

/// Looks the signed headers up; the vendor asks for two of them in every signature.
fn signed_headers<'a>(
    sent: &'a Credential,
    headers: &'a HeaderMap,
) -> Result<Vec<(&'a str, &'a str)>, Refusal> {
    for needed in ["content-type", "host"] {
        if !sent.signed_headers.iter().any(|name| name == needed) {
            return Err(odd(format!("it does not sign the header {needed}")));
        }
    }
    sent.signed_headers
        .iter()
        .map(|name| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            let value = value
                .ok_or_else(|| odd(format!("it signs the header {name}, which was not sent")))?;
            Ok((name.as_str(), value))
        })
        .collect()
}

fn odd(why: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        "AuthFailure.InvalidAuthorization",
        format!("the header Authorization can't be used: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"{}";

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    fn credentials() -> Vec<(String, Secret)> {
        vec![("an-id".to_owned(), Secret::new("a-key"))]
    }

    fn headers(id: &str, key: &str, service: &str, signed_at: Timestamp) -> HeaderMap {
        let authorization =
            sign::authorization(id, &Secret::new(key), service, signed_at, "h:1", BODY);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("host", "h:1".parse().unwrap());
        let seconds = signed_at.as_second().to_string();
        headers.insert("x-tc-timestamp", seconds.parse().unwrap());
        headers
    }

    fn code(headers: &HeaderMap, body: &[u8]) -> String {
        match verify(&credentials(), headers, body, now()) {
            Ok((service, _)) => service.name().to_owned(),
            Err(refusal) => refusal.code.into_owned(),
        }
    }

    #[test]
    fn a_good_signature_names_its_service() {
        let headers = headers("an-id", "a-key", "tse", now());
        assert_eq!(code(&headers, BODY), "tse");
    }

    #[test]
    fn a_signature_spoilt_in_any_part_is_refused_with_its_code() {
        let good = || headers("an-id", "a-key", "tse", now());
        assert_eq!(code(&good(), b"{ }"), "AuthFailure.SignatureFailure");
        let wrong_key = headers("an-id", "b-key", "tse", now());
        assert_eq!(code(&wrong_key, BODY), "AuthFailure.SignatureFailure");
        let wrong_id = headers("no-id", "a-key", "tse", now());
        assert_eq!(code(&wrong_id, BODY), "AuthFailure.SecretIdNotFound");
        let no_service = headers("an-id", "a-key", "cvm", now());
        assert_eq!(code(&no_service, BODY), "AuthFailure.InvalidAuthorization");
        let mut other_host = good();
        other_host.insert("host", "h:2".parse().unwrap());
        assert_eq!(code(&other_host, BODY), "AuthFailure.SignatureFailure");
        let mut no_host = good();
        no_host.remove("host");
        assert_eq!(code(&no_host, BODY), "AuthFailure.InvalidAuthorization");
        let mut skipped = good();
        skipped.insert("authorization", "SKIP".parse().unwrap());
        assert_eq!(code(&skipped, BODY), "AuthFailure.InvalidAuthorization");
        skipped.remove("authorization");
        assert_eq!(code(&skipped, BODY), "AuthFailure.InvalidAuthorization");
    }

    #[test]
    fn the_clock_may_be_off_by_five_minutes() {
        let at = |offset: i64| {
            let signed_at = Timestamp::from_second(now().as_second() + offset).unwrap();
            code(&headers("an-id", "a-key", "tse", signed_at), BODY)
        };
        assert_eq!(at(300), "tse");
        assert_eq!(at(-300), "tse");
        assert_eq!(at(301), "AuthFailure.SignatureExpire");
        assert_eq!(at(-301), "AuthFailure.SignatureExpire");
        let mut none = headers("an-id", "a-key", "tse", now());
        none.remove("x-tc-timestamp");
        assert_eq!(code(&none, BODY), "MissingParameter");
        none.insert("x-tc-timestamp", "noon".parse().unwrap());
        assert_eq!(code(&none, BODY), "InvalidParameter");
    }

    #[test]
    fn a_body_may_stay_unsigned_if_that_is_announced() {
        let secret = Secret::new("a-key");
        let payload = UNSIGNED_PAYLOAD.as_bytes();
        let authorization = sign::authorization("an-id", &secret, "tse", now(), "h:1", payload);
        let mut headers = headers("an-id", "a-key", "tse", now());
        headers.insert("authorization", authorization.parse().unwrap());
        assert_eq!(code(&headers, BODY), "AuthFailure.SignatureFailure");
        headers.insert("x-tc-content-sha256", UNSIGNED_PAYLOAD.parse().unwrap());
        assert_eq!(code(&headers, BODY), "tse");
    }
}
