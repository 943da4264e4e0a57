//! What comes back: reading an answer, or saying what is wrong with it.

use std::borrow::Cow;

use reqwest::StatusCode;
use serde_json::{Map, Value as Json, json};

use crate::model::{Scrub, visible};

use super::call::{Call, Effect, Service};
use super::error::{Error, ErrorKind};

/// How much of a body that is not the API's an error shows.
const EXCERPT_CHARS: usize = 200;

/// Holds an answer, without the secrets that it was asked with.
pub(super) struct Answer {
    status: StatusCode,
    body: Body,
}

/// What an answer holds.
enum Body {
    /// What may be the API's word.
    Json(Json),
    /// Anything else: a proxy's page, or what was cut short.
    Page(String),
}

impl Answer {
    /// Takes an answer over; this is the one way in for what servers say.
    pub(super) fn new(status: StatusCode, body: &[u8], scrub: &Scrub) -> Self {
        let body = match serde_json::from_slice(body) {
            Ok(mut json) => {
                scrub.json(&mut json);
                Body::Json(json)
            }
            Err(_) => Body::Page(scrub.text(&String::from_utf8_lossy(body)).into_owned()),
        };
        Self { status, body }
    }

    /// Writes the body for the log, with what could be secret left out.
    pub(super) fn redacted(&self) -> String {
        match &self.body {
            Body::Json(json) => redacted(json),
            Body::Page(page) => format!("{} bytes that are not JSON", page.len()),
        }
    }

    /// Returns the body as text.
    fn text(&self) -> Cow<'_, str> {
        match &self.body {
            Body::Json(json) => Cow::Owned(json.to_string()),
            Body::Page(page) => Cow::Borrowed(page),
        }
    }

    /// Returns what the API says, if it is the API that says it.
    fn response(&mut self) -> Option<Map<String, Json>> {
        match &mut self.body {
            Body::Json(json) => match json.get_mut("Response")? {
                Json::Object(response) => Some(std::mem::take(response)),
                _ => None,
            },
            Body::Page(_) => None,
        }
    }
}

/// Reads an answer; gives its `RequestId` back with what it says.
pub(super) fn read<T>(call: &Call<T>, mut answer: Answer) -> (Option<String>, Result<T, Error>) {
    let Some(mut response) = answer.response() else {
        return (None, Err(not_the_api(call, &answer)));
    };
    let request_id = match response.get("RequestId") {
        Some(Json::String(id)) if !id.is_empty() => Some(visible(id).into_owned()),
        _ => None,
    };
    let result = match response.remove("Error") {
        Some(error) => Err(refusal(call, &error)),
        None if answer.status.is_success() => {
            (call.read)(Json::Object(response)).map_err(|error| unreadable(call, &error))
        }
        None => {
            answer.body = Body::Json(json!({ "Response": response }));
            Err(not_the_api(call, &answer))
        }
    };
    let result = result.map_err(|error| Error {
        request_id: request_id.clone(),
        ..error
    });
    (request_id, result)
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
        code: code.map(|code| visible(&code).into_owned()),
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
        match excerpt(&answer.text()) {
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

/// Returns the start of a body as one line.
fn excerpt(body: &str) -> String {
    // Runs of blanks are paid for by reading more than is shown.
    let start: String = body.chars().take(EXCERPT_CHARS * 8).collect();
    let printable = start.replace(char::is_control, " ");
    let words: Vec<_> = printable.split_whitespace().collect();
    words.join(" ").chars().take(EXCERPT_CHARS).collect()
}

/// Writes a body for the log, with what could be secret left out.
pub(super) fn redacted(body: &Json) -> String {
    let mut body = body.clone();
    redact(&mut body);
    body.to_string()
}

/// What the names of fields hold in them whose values are secret.
const SECRET_WORDS: [&str; 3] = ["Password", "Secret", "Token"];

fn is_secret(key: &str) -> bool {
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// Returns the secrets that a body holds.
pub(super) fn secrets(body: &Json) -> Vec<&str> {
    let fields = body.as_object().into_iter().flatten();
    let secret = fields.filter(|(key, _)| is_secret(key));
    secret.filter_map(|(_, value)| value.as_str()).collect()
}

fn redact(json: &mut Json) {
    match json {
        Json::Object(map) => {
            for (key, value) in map {
                if is_secret(key) {
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
        let status = StatusCode::from_u16(status).unwrap();
        Answer::new(status, body.as_bytes(), &Scrub::default())
    }

    fn fails(effect: Effect, status: u16, body: &str) -> Error {
        read(&call(effect, Service::Tse), answer(status, body))
            .1
            .unwrap_err()
    }

    #[test]
    fn a_good_answer_is_read_with_or_without_a_request_id() {
        let call = call(Effect::Read, Service::Tse);
        let body = r#"{"Response":{"Count":3,"RequestId":"r-1"}}"#;
        let (id, count) = read(&call, answer(200, body));
        assert_eq!((id.as_deref(), count.unwrap()), (Some("r-1"), 3));
        let (id, count) = read(&call, answer(200, r#"{"Response":{"Count":3}}"#));
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
    fn what_a_server_says_of_an_error_moves_no_cursor() {
        const EVIL: &str = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{7f}\n";
        let body = json!({ "Response": {
            "Error": { "Code": EVIL, "Message": EVIL }, "RequestId": EVIL,
        }});
        let pages = [
            body.to_string(),
            EVIL.to_owned(),
            json!({ "Response": [EVIL] }).to_string(),
        ];
        for page in pages {
            let error = fails(Effect::Read, 502, &page);
            let text = format!("{error}{}", error.message);
            assert_eq!(visible(&text), text);
        }
    }

    #[test]
    fn an_answer_loses_the_secrets_that_it_was_asked_with() {
        let scrub = Scrub::new(["secret/of/the/request"]);
        let said = r#"{"Response":{"Error":{"Code":"A","Message":"secret\/of\/the\/request"}}}"#;
        for body in [said, "<h1>X-TC-Token: secret%2Fof%2Fthe%2Frequest</h1>"] {
            let answer = Answer::new(StatusCode::OK, body.as_bytes(), &scrub);
            assert!(
                !answer.redacted().contains("secret"),
                "{}",
                answer.redacted()
            );
            let error = read(&call(Effect::Read, Service::Tse), answer)
                .1
                .unwrap_err();
            let text = error.to_string();
            assert!(text.contains("***") && !text.contains("secret"), "{text}");
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
            let error = read(&call, answer(200, body)).1.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
        let body = r#"{"a":[{"TmpSecretKey":"canary","WebIdentityToken":"canary"}],"b":1}"#;
        let text = answer(200, body).redacted();
        assert!(
            !text.contains("canary") && text.contains(r#""b":1"#),
            "{text}"
        );
        assert!(!answer(200, "canary").redacted().contains("canary"));
    }
}
