//! Forges that refuse, that are busy, and that fall silent.

use std::time::{Duration, Instant};

use gwplan::forge::{Comments, Error, ErrorKind, Posted, Settings};
use gwplan::model::Clock;
use serde_json::{Value as Json, json};

use crate::fake::{Fake, Kind, Mishap, OWN, TOKEN};
use crate::support::{KINDS, body, client, marker, pipeline, post, settings};

fn refuse(status: u16, message: &str) -> Mishap {
    Mishap::Refuse(status, Vec::new(), json!({ "message": message }))
}

/// Posts on a fake, and returns what goes wrong.
async fn failure(fake: &Fake, kind: Kind) -> Error {
    let posted = post(&client(fake, kind), &marker("prod"), "new").await;
    posted.unwrap_err()
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_comment() {
    for kind in KINDS {
        for (mishap, sends) in [
            (Mishap::LoseAnswer, 1),
            (Mishap::HideAnswer, 1),
            (Mishap::Drop, 2),
            (refuse(502, "Server Error"), 2),
        ] {
            let fake = Fake::start(kind);
            fake.mishaps("POST", vec![mishap.clone()]);
            let posted = post(&client(&fake, kind), &marker("prod"), "new").await;
            assert!(matches!(posted.unwrap(), Posted::Created(_)), "{mishap:?}");
            assert_eq!(fake.bodies(), [body(&marker("prod"), "new")], "{mishap:?}");
            assert_eq!(fake.count("POST"), sends, "{mishap:?}");
        }
    }
}

#[tokio::test]
async fn a_comment_that_never_arrives_is_given_up() {
    let fake = Fake::start(Kind::GitHub);
    fake.mishaps("POST", vec![Mishap::Drop; 9]);
    let error = failure(&fake, Kind::GitHub).await;
    assert_eq!(
        (error.kind, fake.count("POST")),
        (ErrorKind::Lost, 3),
        "{error}"
    );
}

#[tokio::test]
async fn reads_and_changes_are_sent_again() {
    for kind in KINDS {
        let change = match kind {
            Kind::GitHub => "PATCH",
            Kind::GitLab => "PUT",
        };
        for mishap in [Mishap::Drop, Mishap::LoseAnswer, refuse(503, "busy")] {
            let fake = Fake::start(kind);
            fake.add(OWN, &body(&marker("prod"), "old"));
            fake.mishaps("GET", vec![mishap.clone()]);
            fake.mishaps(change, vec![mishap.clone(), mishap]);
            post(&client(&fake, kind), &marker("prod"), "new")
                .await
                .unwrap();
            assert_eq!(fake.bodies(), [body(&marker("prod"), "new")]);
            assert_eq!(fake.count(change), 3);
        }
    }
}

/// The answers of a forge that wants to be left alone for some seconds.
fn busy(kind: Kind, seconds: i64) -> Vec<Mishap> {
    let at = (Clock::system().now().as_second() + seconds).to_string();
    let message = json!({ "message": "You have exceeded a secondary rate limit" });
    let with = |status, headers: &[(&'static str, &str)], body: &Json| {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Mishap::Refuse(status, headers.collect(), body.clone())
    };
    let after = seconds.to_string();
    match kind {
        Kind::GitHub => vec![
            with(429, &[("retry-after", &after)], &message),
            with(403, &[("retry-after", &after)], &message),
            with(
                403,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &at)],
                &Json::Null,
            ),
        ],
        Kind::GitLab => vec![
            with(429, &[("retry-after", &after)], &Json::Null),
            with(429, &[("ratelimit-reset", &at)], &Json::Null),
        ],
    }
}

#[tokio::test]
async fn a_busy_forge_is_waited_for_as_long_as_it_asks() {
    for kind in KINDS {
        for number in 0..busy(kind, 1).len() {
            // The times in them are as of now.
            let mishap = busy(kind, 1).remove(number);
            let fake = Fake::start(kind);
            fake.mishaps("POST", vec![mishap.clone()]);
            let start = Instant::now();
            let posted = post(&client(&fake, kind), &marker("prod"), "new").await;
            assert!(posted.is_ok(), "{mishap:?}");
            assert!(start.elapsed() > Duration::from_millis(900), "{mishap:?}");
            assert_eq!(fake.bodies().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_forge_that_is_busy_for_long_is_told_with_the_time() {
    for kind in KINDS {
        for mishap in busy(kind, 3600) {
            let fake = Fake::start(kind);
            fake.mishaps("POST", vec![mishap.clone()]);
            let start = Instant::now();
            let error = failure(&fake, kind).await;
            assert_eq!(error.kind, ErrorKind::Throttled, "{error}");
            let hint = error.next_step().unwrap();
            assert!(hint.starts_with("the limit resets at 20"), "{hint}");
            assert!(start.elapsed() < Duration::from_secs(2));
            assert!(fake.bodies().is_empty());
        }
    }
}

#[tokio::test]
async fn pauses_together_have_a_bound() {
    let fake = Fake::start(Kind::GitLab);
    let twice = [busy(Kind::GitLab, 2), busy(Kind::GitLab, 2)].concat();
    fake.mishaps("GET", twice);
    let start = Instant::now();
    let error = failure(&fake, Kind::GitLab).await;
    assert_eq!(error.kind, ErrorKind::Throttled);
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_forge_that_is_busy_and_does_not_say_for_how_long_is_asked_again() {
    let fake = Fake::start(Kind::GitHub);
    fake.mishaps("GET", vec![refuse(403, "API rate limit exceeded"); 3]);
    post(&client(&fake, Kind::GitHub), &marker("prod"), "new")
        .await
        .unwrap();
    assert_eq!(fake.count("GET"), 4);
}

#[tokio::test]
async fn a_token_without_rights_is_told_what_it_lacks() {
    for (kind, needs) in [
        (Kind::GitHub, "pull-requests: write"),
        (Kind::GitLab, "scope `api`"),
    ] {
        let fake = Fake::start(kind);
        fake.mind().is_read_only = true;
        let error = failure(&fake, kind).await;
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.next_step().unwrap().contains(needs), "{error:?}");
        assert_eq!(fake.count("POST"), 1, "it was sent again");
    }
}

#[tokio::test]
async fn refusals_are_sorted() {
    for (status, message, kind) in [
        (401, "Bad credentials", ErrorKind::Denied),
        (
            403,
            "Resource not accessible by integration",
            ErrorKind::Denied,
        ),
        (
            403,
            "Unable to create comment because issue is locked.",
            ErrorKind::Locked,
        ),
        (
            403,
            "Repository was archived so is read-only.",
            ErrorKind::Locked,
        ),
        (404, "Not Found", ErrorKind::Gone),
        (410, "This issue was deleted", ErrorKind::Gone),
        (
            422,
            "Body is too long (maximum is 65536 characters)",
            ErrorKind::TooLong,
        ),
        (400, "Note is too long", ErrorKind::TooLong),
        (422, "Validation Failed", ErrorKind::Unexpected),
    ] {
        let fake = Fake::start(Kind::GitHub);
        fake.mishaps("POST", vec![refuse(status, message)]);
        let error = failure(&fake, Kind::GitHub).await;
        assert_eq!(error.kind, kind, "{status} {message}");
        let told = error.to_string();
        assert!(
            told.contains(message) && told.contains(&status.to_string()),
            "{told}"
        );
        assert_eq!(fake.count("POST"), 1);
    }
}

#[tokio::test]
async fn what_is_wrong_is_found_in_any_shape() {
    for shape in [
        json!({ "message": "Validation Failed", "errors": [{ "message": "body is too long" }] }),
        json!({ "message": { "note": ["is too long (maximum is 1000000 characters)"] } }),
        json!({ "error": "note is too long" }),
    ] {
        let fake = Fake::start(Kind::GitLab);
        fake.mishaps("POST", vec![Mishap::Refuse(400, Vec::new(), shape.clone())]);
        let error = failure(&fake, Kind::GitLab).await;
        assert_eq!(error.kind, ErrorKind::TooLong, "{shape}");
    }
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect_to_another_host() {
    for kind in KINDS {
        let (fake, elsewhere) = (Fake::start(kind), Fake::start(kind));
        for method in ["GET", "POST"] {
            let location = format!("{}/repos", elsewhere.url());
            let moved = Mishap::Refuse(307, vec![("location", location)], Json::Null);
            fake.mishaps(method, vec![moved]);
            let error = failure(&fake, kind).await;
            assert_eq!(error.kind, ErrorKind::Redirected, "{error}");
        }
        assert!(elsewhere.mind().seen.is_empty());
        assert!(fake.bodies().is_empty());
    }
}

#[tokio::test]
async fn a_repository_that_has_another_name_now_is_followed() {
    let fake = Fake::start(Kind::GitHub);
    let location = "/repos/acme/edge/issues/7/comments".to_owned();
    let moved = Mishap::Refuse(307, vec![("location", location)], Json::Null);
    fake.mishaps("POST", vec![moved]);
    post(&client(&fake, Kind::GitHub), &marker("prod"), "new")
        .await
        .unwrap();
    assert_eq!(fake.bodies().len(), 1);
    let circle = Mishap::Refuse(307, vec![("location", "/".to_owned())], Json::Null);
    fake.mishaps("GET", vec![circle; 9]);
    assert_eq!(
        failure(&fake, Kind::GitHub).await.kind,
        ErrorKind::Unexpected
    );
}

#[tokio::test]
async fn a_forge_that_is_not_there_is_asked_again_until_patience_ends() {
    let fake = Fake::start(Kind::GitHub);
    let mut pipeline = pipeline(&fake, Kind::GitHub, TOKEN);
    // No server is given this port by the system, as one that was free a moment ago might be.
    pipeline.api = "http://127.0.0.1:1".to_owned();
    let settings = Settings {
        patience: Duration::from_millis(100),
        ..settings()
    };
    let client = Comments::new(pipeline.target().unwrap(), settings, Clock::system()).unwrap();
    let error = post(&client, &marker("prod"), "new").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn nothing_prints_the_token() {
    let fake = Fake::start(Kind::GitHub);
    fake.mind().is_read_only = true;
    let pipeline = pipeline(&fake, Kind::GitHub, TOKEN);
    let client = client(&fake, Kind::GitHub);
    let error = failure(&fake, Kind::GitHub).await;
    let target = pipeline.target().unwrap();
    let text = format!("{pipeline:?} {target:?} {client:?} {error:?} {error}");
    assert!(!text.contains(TOKEN), "{text}");
}
