//! The transport against a server that misbehaves: what is sent, and how often.

use std::time::{Duration, Instant};

use crate::loopback::{Play, Server};
use gwplan::api::{
    Call, Client, Credentials, Effect, Endpoint, Error, ErrorKind, Service, Settings, sign,
};
use gwplan::model::{Clock, Secret};
use serde_json::json;

const ID: &str = "AKIDnotarealidnotarealid000000000001";
const KEY: &str = "canary-key";
const TOKEN: &str = "canary-token";
const GOOD: &str = r#"{"Response":{"Count":3,"RequestId":"r-good"}}"#;

fn settings(url: &str) -> Settings {
    Settings {
        endpoint: Endpoint::url(url).unwrap(),
        tokens: Endpoint::url(url).unwrap(),
        requests_per_second: 0,
        request_timeout: Duration::from_millis(500),
        connect_timeout: Duration::from_millis(500),
        retry_for: Duration::from_secs(10),
        first_pause: Duration::from_millis(4),
        ..Settings::default()
    }
}

fn credentials() -> Credentials {
    Credentials::fixed(ID, Secret::new(KEY), Some(Secret::new(TOKEN)))
}

pub(crate) fn client(url: &str) -> Client {
    Client::new(settings(url), credentials(), Clock::system()).unwrap()
}

fn call(effect: Effect) -> Call<u64> {
    let body = json!({ "Name": "网关" });
    Call::new(Service::Tse, "Act", body, effect, |answer| {
        serde_json::from_value(answer["Count"].clone())
    })
}

fn refusal(code: &str) -> Play {
    let body = json!({ "Response": {
        "Error": { "Code": code, "Message": "so it is" }, "RequestId": "r-bad"
    }});
    Play::Answer(200, body.to_string())
}

fn good() -> Play {
    Play::Answer(200, GOOD.to_owned())
}

/// Makes a client that gives up soon.
fn impatient(url: &str) -> Client {
    let settings = Settings {
        retry_for: Duration::from_millis(200),
        ..settings(url)
    };
    Client::new(settings, credentials(), Clock::system()).unwrap()
}

/// Plays a script to one call; gives the result and how many requests came.
async fn play(effect: Effect, script: Vec<Play>) -> (Result<u64, Error>, usize) {
    let server = Server::start(script);
    let client = client(&server.url());
    let result = client.call("ap-guangzhou", call(effect)).await;
    let sent = server.seen().len();
    assert_eq!(client.calls().get("Act"), Some(&(sent as u64)));
    (result, sent)
}

#[tokio::test]
async fn a_request_is_what_the_vendor_expects() {
    let server = Server::start(vec![good()]);
    let client = client(&server.url());
    let count = client.call("ap-guangzhou", call(Effect::Read)).await;
    assert_eq!(count.unwrap(), 3);
    let [seen] = &server.seen()[..] else {
        panic!("more than one request came");
    };
    let header = |name: &str| seen.headers[name].as_str();
    assert_eq!(seen.line, "POST / HTTP/1.1");
    assert_eq!(header("x-tc-action"), "Act");
    assert_eq!(header("x-tc-version"), "2020-12-07");
    assert_eq!(header("x-tc-region"), "ap-guangzhou");
    assert_eq!(header("x-tc-token"), TOKEN);
    assert_eq!(header("content-type"), "application/json");
    assert!(header("user-agent").starts_with("gwplan/"));
    let sent = sign::Credential::parse(header("authorization")).unwrap();
    let headers: Vec<_> = sent
        .signed_headers
        .iter()
        .map(|name| (name.as_str(), header(name)))
        .collect();
    let request = sign::Request {
        method: "POST",
        path: "/",
        query: "",
        headers: &headers,
        payload: seen.body.as_bytes(),
    };
    let timestamp = header("x-tc-timestamp").parse().unwrap();
    let signature = sign::signature(&Secret::new(KEY), &sent.scope, timestamp, &request);
    assert_eq!((sent.id.as_str(), sent.signature), (ID, signature));
}

/// What may have arrived: a bad gateway, a broken connection, an answer of nonsense.
fn doubtful() -> Vec<Play> {
    vec![
        Play::Answer(502, "<html>Bad gateway</html>".to_owned()),
        Play::Answer(200, "<html>Welcome to the hotel</html>".to_owned()),
        Play::Answer(200, GOOD[..20].to_owned()),
        Play::Answer(200, r#"{"Response":{"Count":"three"}}"#.to_owned()),
        Play::Cut(GOOD.to_owned()),
        Play::Reset,
        Play::Slow(Duration::from_secs(1), GOOD.to_owned()),
        refusal("InternalError"),
        refusal("FailedOperation.InternalError"),
    ]
}

#[tokio::test]
async fn reads_and_repeatable_calls_are_sent_again_after_a_doubtful_answer() {
    for effect in [Effect::Read, Effect::Repeatable] {
        for doubt in doubtful() {
            let (result, sent) = play(effect, vec![doubt, good()]).await;
            assert_eq!((result.unwrap(), sent), (3, 2));
        }
    }
}

#[tokio::test]
async fn a_create_is_sent_once_whatever_the_doubt() {
    for doubt in doubtful() {
        let (result, sent) = play(Effect::Create, vec![doubt, good()]).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind, sent), (ErrorKind::Ambiguous, 1), "{error}");
        assert!(error.next_step().unwrap().contains("finds out"));
    }
}

#[tokio::test]
async fn a_throttled_call_is_sent_again_with_any_effect() {
    for effect in [Effect::Read, Effect::Repeatable, Effect::Create] {
        for code in [
            "RequestLimitExceeded",
            "RequestLimitExceeded.UinLimitExceeded",
            "LimitExceeded.RateLimitExceeded",
        ] {
            let (result, sent) = play(effect, vec![refusal(code), refusal(code), good()]).await;
            assert_eq!((result.unwrap(), sent), (3, 3), "{code}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_is_not_sent_again() {
    for (code, kind) in [
        ("InvalidParameterValue.Name", ErrorKind::Invalid),
        ("AuthFailure.SignatureExpire", ErrorKind::Denied),
        ("ResourceNotFound.InstanceNotFound", ErrorKind::Absent),
        ("ResourceInUse", ErrorKind::Conflict),
        ("FailedOperation.Resource", ErrorKind::Quota),
        ("NeverHeardOf", ErrorKind::Invalid),
    ] {
        let (result, sent) = play(Effect::Read, vec![refusal(code), good()]).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind, sent), (kind, 1));
        let text = error.to_string();
        assert!(text.contains(code) && text.contains("r-bad"), "{text}");
    }
}

#[tokio::test]
async fn a_proxys_page_is_shown() {
    let page = Play::Answer(403, "<html>Blocked\r\n by policy</html>".to_owned());
    let (result, sent) = play(Effect::Read, vec![page]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind, sent), (ErrorKind::Denied, 1));
    assert_eq!(
        error.to_string(),
        "Act: HTTP 403 Forbidden without an answer of the API: <html>Blocked by policy</html>"
    );
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = Server::start(vec![good()]);
    let redirect = Play::Redirect(elsewhere.url());
    let (result, sent) = play(Effect::Read, vec![redirect]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind, sent), (ErrorKind::Invalid, 1));
    assert!(error.to_string().contains("302"), "{error}");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_until_the_deadline() {
    // No server is given this port by the system, as one that was free a moment ago might be.
    let client = impatient("http://127.0.0.1:1");
    let start = Instant::now();
    let error = client
        .call("ap-guangzhou", call(Effect::Create))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Retryable);
    assert!(error.message.contains("no connection") && error.message.contains("tried"));
    assert!(client.calls()["Act"] > 2);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_never_gets_better_is_given_up_at_the_deadline() {
    let server = Server::start(vec![Play::Answer(503, String::new())]);
    let client = impatient(&server.url());
    let result = client.call("ap-guangzhou", call(Effect::Read)).await;
    let (error, sent) = (result.unwrap_err(), server.seen().len());
    assert_eq!(error.kind, ErrorKind::Retryable);
    assert!(sent > 1);
    assert!(
        error.message.ends_with(&format!("(tried {sent} times)")),
        "{error}"
    );
}

#[tokio::test]
async fn clones_share_the_pace_of_an_action() {
    let server = Server::start(vec![good()]);
    let settings = Settings {
        requests_per_second: 50,
        ..settings(&server.url())
    };
    let client = Client::new(settings, credentials(), Clock::system()).unwrap();
    let start = Instant::now();
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call("ap-guangzhou", call(Effect::Read)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    // Five pauses of 20 ms after the first request.
    assert!(start.elapsed() >= Duration::from_millis(99));
    assert_eq!(client.calls()["Act"], 6);
}

#[tokio::test]
async fn nothing_prints_a_secret() {
    let (result, _) = play(Effect::Read, vec![refusal("AuthFailure")]).await;
    let error = result.unwrap_err();
    let client = client("http://127.0.0.1:9");
    let text = format!("{client:?} {error:?} {error} {:?}", call(Effect::Read));
    assert!(!text.contains("canary"), "{text}");
}
