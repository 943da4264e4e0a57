//! What comes back: reading an answer, or saying what is wrong with it.

use reqwest::StatusCode;
use serde_json::Value as Json;

use super::call::{Call, Effect, Service};
use super::error::{Error, ErrorKind};

/// How much of a body that is not the API's an error shows.
const EXCERPT_CHARS: usize = 200;

/// Holds an answer as it came.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Reads an answer; gives its `RequestId` back with what it says.
pub(super) fn read<T>(call: &Call<T>, answer: &Answer) -> (Option<String>, Result<T, Error>) {
    let parsed = serde_json::from_slice(&answer.body).ok();
    let Some(Json::Object(mut response)) = parsed.and_then(|body: Json| into_response(body)) else {
        return (None, Err(not_the_api(call, answer)));
    };
    let request_id = match response.get("RequestId") {
        Some(Json::String(id)) if !id.is_empty() => Some(id.clone()),
        _ => None,
    };
    let result = match response.remove("Error") {
        Some(error) => Err(refusal(call, &error)),
        None if answer.status.is_success() => {
            (call.read)(Json::Object(response)).map_err(|error| unreadable(call, &error))
        }
        None => Err(not_the_api(call, answer)),
    };
    let result = result.map_err(|error| Error {
        request_id: request_id.clone(),
        ..error
    });
    (request_id, result)
}

fn into_response(mut body: Json) -> Option<Json> {
    body.get_mut("Response").map(Json::take)
}

/// Reports what the cloud says is wrong.
fn refusal<T>(call: &Call<T>, error: &Json) -> Error {
    let text = |key| error.get(key).and_then(Json::as_str).map(str::to_owned);
    let code = text("Code").filter(|code| !code.is_empty());
    let kind = match &code {
        Some(code) => ErrorKind::of(code, call.effect),
        None => ErrorKind::of_silence(call.effect),
    };
    let message = text("Message").unwrap_or_else(|| "the cloud gave no message".to_owned());
    Error {
        code,
        ..Error::plain(kind, call.action, message)
    }
}

/// Reports an answer whose content is not what the action promises.
fn unreadable<T>(call: &Call<T>, error: &serde_json::Error) -> Error {
    // A parser's message can quote what it read, and these answers hold keys.
    let detail = match call.service {
        Service::Sts => "it holds no credentials".to_owned(),
        Service::Tse | Service::Tag => error.to_string(),
    };
    let message = format!("the answer can't be read: {detail}");
    Error::plain(ErrorKind::of_silence(call.effect), call.action, message)
}

/// Reports an answer that is not the API's: a proxy's page, or one that was cut short.
fn not_the_api<T>(call: &Call<T>, answer: &Answer) -> Error {
    let status = answer.status;
    let mut message = format!("HTTP {status} without an answer of the API");
    if call.service != Service::Sts {
        match excerpt(&answer.body) {
            text if text.is_empty() => message += ": the body is empty",
            text => message = format!("{message}: {text}"),
        }
    }
    Error::plain(kind_of_status(status, call.effect), call.action, message)
}

fn kind_of_status(status: StatusCode, effect: Effect) -> ErrorKind {
    match status {
        StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => ErrorKind::Denied,
        // The server gave up on a request of which it may have read enough.
        StatusCode::REQUEST_TIMEOUT => ErrorKind::of_silence(effect),
        // A redirect is never followed: it would take the credentials to another host.
        _ if status.is_client_error() || status.is_redirection() => ErrorKind::Invalid,
        _ => ErrorKind::of_silence(effect),
    }
}

/// Returns the start of a body as one line of printable characters.
fn excerpt(body: &[u8]) -> String {
    // A character takes 4 bytes at most; runs of spaces are paid for by reading twice as much.
    let start = &body[..body.len().min(EXCERPT_CHARS * 8)];
    let text = String::from_utf8_lossy(start);
    let printable = text.replace(char::is_control, " ");
    let words: Vec<_> = printable.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT_CHARS).collect()
}

/// Writes a body for the log, with what could be secret left out.
pub(super) fn redacted(body: &Json) -> String {
    let mut body = body.clone();
    redact(&mut body);
    body.to_string()
}

/// Does as [`redacted`] does with a body as it came.
pub(super) fn redacted_bytes(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(json) => redacted(&json),
        Err(_) => format!("{} bytes that are not JSON", body.len()),
    }
}

fn redact(json: &mut Json) {
    match json {
        Json::Object(map) => {
            for (key, value) in map {
                if ["Password", "Secret", "Token"]
                    .iter()
                    .any(|word| key.contains(word))
                {
                    *value = Json::from("***");
                } else {
                    redact(value);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(redact),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(effect: Effect, service: Service) -> Call<u64> {
        Call::new(service, "Act", json!({}), effect, |answer| {
            serde_json::from_value(answer["Count"].clone())
        })
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn fails(effect: Effect, status: u16, body: &str) -> Error {
        read(&call(effect, Service::Tse), &answer(status, body))
            .1
            .unwrap_err()
    }

    #[test]
    fn a_good_answer_is_read_with_or_without_a_request_id() {
        let call = call(Effect::Read, Service::Tse);
        let body = r#"{"Response":{"Count":3,"RequestId":"r-1"}}"#;
        let (id, count) = read(&call, &answer(200, body));
        assert_eq!((id.as_deref(), count.unwrap()), (Some("r-1"), 3));
        let (id, count) = read(&call, &answer(200, r#"{"Response":{"Count":3}}"#));
        assert_eq!((id, count.unwrap()), (None, 3));
    }

    #[test]
    fn an_error_in_the_envelope_is_one_whatever_the_status() {
        let body = r#"{"Response":{"Error":{"Code":"ResourceNotFound.InstanceNotFound","Message":"gone"},"RequestId":"r-2"}}"#;
        for status in [200, 404, 500] {
            let error = fails(Effect::Create, status, body);
            assert_eq!(error.kind, ErrorKind::Absent);
            assert_eq!(
                error.to_string(),
                "Act: ResourceNotFound.InstanceNotFound: gone (RequestId r-2)"
            );
        }
    }

    #[test]
    fn what_is_not_the_apis_is_shown_and_sorted_by_status() {
        use ErrorKind::{Ambiguous, Denied, Invalid, Retryable, Throttled};
        for (status, create, read) in [
            (200, Ambiguous, Retryable),
            (302, Invalid, Invalid),
            (400, Invalid, Invalid),
            (403, Denied, Denied),
            (407, Denied, Denied),
            (408, Ambiguous, Retryable),
            (429, Throttled, Throttled),
            (502, Ambiguous, Retryable),
        ] {
            let page = "<h1>\r\n  Good\tgrief\u{7}</h1>";
            let error = fails(Effect::Create, status, page);
            assert_eq!(error.kind, create, "{status}");
            assert_eq!(fails(Effect::Read, status, page).kind, read, "{status}");
            let text = error.to_string();
            assert!(text.contains(&status.to_string()), "{text}");
            assert!(text.ends_with("<h1> Good grief </h1>"), "{text}");
        }
    }

    #[test]
    fn broken_answers_are_ambiguous_for_a_create() {
        for body in [
            "",
            "null",
            "[]",
            r#"{"Response":{"Count":3"#,
            r#"{"Count":3}"#,
            r#"{"Response":null}"#,
            r#"{"Response":{"Count":"three"}}"#,
            r#"{"Response":{"Error":{}}}"#,
        ] {
            assert_eq!(fails(Effect::Create, 200, body).kind, ErrorKind::Ambiguous);
            assert_eq!(fails(Effect::Read, 200, body).kind, ErrorKind::Retryable);
        }
        let long = fails(Effect::Read, 200, &"ü".repeat(5000)).to_string();
        assert_eq!(long.matches('ü').count(), 200);
    }

    #[test]
    fn answers_with_keys_are_never_quoted() {
        let call = call(Effect::Read, Service::Sts);
        for body in [
            r#"{"Response":{"Count":"canary"}}"#,
            r#"{"Response":{"Count":"canary"#,
        ] {
            let error = read(&call, &answer(200, body)).1.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
        let body = br#"{"a":[{"TmpSecretKey":"canary","WebIdentityToken":"canary"}],"b":1}"#;
        let text = redacted_bytes(body);
        assert!(
            !text.contains("canary") && text.contains(r#""b":1"#),
            "{text}"
        );
        assert!(!redacted_bytes(b"canary").contains("canary"));
    }
}
