//! What the transport logs: a program of its own, because who listens to `tracing` is remembered
//! for a whole process.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

#[path = "api/loopback.rs"]
#[expect(dead_code, reason = "one test needs only a part of the server")]
mod loopback;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gwplan::api::{Call, Client, Credentials, Effect, Endpoint, Service, Settings};
use gwplan::model::{Clock, Secret};
use loopback::{Play, Server};
use serde_json::json;

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_a_line_for_each_request_and_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let answer = r#"{"Response":{"Count":3,"AdminPassword":"canary","RequestId":"r-good"}}"#;
    let refusal = r#"{"Response":{"Error":{"Code":"RequestLimitExceeded"},"RequestId":"r-bad"}}"#;
    let script = [refusal, answer].map(|body| Play::Answer(200, body.to_owned()));
    let server = Server::start(script.to_vec());
    let settings = Settings {
        endpoint: Endpoint::url(&server.url()).unwrap(),
        first_pause: Duration::from_millis(4),
        ..Settings::default()
    };
    let secret = || Secret::new("canary");
    let credentials = Credentials::fixed("AKIDnotreal", secret(), Some(secret()));
    let client = Client::new(settings, credentials, Clock::system()).unwrap();
    let body = json!({ "Name": "网关", "AdminPassword": "canary" });
    let call = Call::new(Service::Tse, "Act", body, Effect::Read, |answer| {
        serde_json::from_value::<u64>(answer["Count"].clone())
    });
    let count = client.call("ap-guangzhou", call).await.unwrap();
    drop(guard);
    assert_eq!(count, 3);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    assert!(!text.contains("Signature="), "{text}");
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("DEBUG gwplan") && line.contains("action=\"Act\""))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    for part in [
        "ap-guangzhou",
        "attempt=1",
        "duration_ms=",
        "RequestLimitExceeded",
        "r-bad",
    ] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
    for part in ["attempt=2", "outcome=\"ok\"", "r-good"] {
        assert!(lines[1].contains(part), "{part} is not in {}", lines[1]);
    }
    assert!(
        text.contains("TRACE gwplan") && text.contains("网关"),
        "{text}"
    );
}
