//! The places where credentials can be, on folders of their own and against a server of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::loopback::{Play, Server};
use gwplan::api::{
    Client, Credentials, Endpoint, ErrorKind, Keys, Settings, Sources, caller_account, sign,
};
use gwplan::model::{Clock, Fault};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const NOBODY: &str = "http://127.0.0.1:9";
const ROLE: &str = "qcs::cam::uin/1:roleName/deploy";

fn settings(url: &str) -> Settings {
    Settings {
        requests_per_second: 0,
        retry_for: Duration::from_millis(100),
        first_pause: Duration::from_millis(2),
        ..Settings::of(Endpoint::url(url).unwrap())
    }
}

/// Names places in an empty folder, without a metadata service.
fn sources(home: &Path, vars: &[(&str, &str)]) -> Sources {
    let env: BTreeMap<_, _> = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut sources = Sources::new(env, Some(home.to_owned()));
    sources.system_file = home.join("etc/credentials");
    sources.metadata = None;
    sources
}

async fn find(sources: &Sources, url: &str) -> Result<Credentials, Fault> {
    let found = Credentials::find(sources, &settings(url), Clock::system()).await;
    let text = match &found {
        Ok(found) => format!("{found:?} {} {sources:?}", found.describe()),
        Err(fault) => {
            let source = std::error::Error::source(fault).map(ToString::to_string);
            let hint = fault.next_step();
            format!("{fault} {fault:?} {hint:?} {source:?} {sources:?}")
        }
    };
    assert!(!text.contains("canary"), "{text}");
    found
}

async fn id(credentials: &Credentials) -> String {
    credentials.current().await.unwrap().id
}

fn write(home: &Path, path: &str, text: &str) {
    let path = home.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Answers as the token service does, with keys that live so many seconds.
fn granted(id: &str, seconds: i64) -> Play {
    let end = Clock::system().now().as_second() + seconds;
    let body = json!({ "Response": {
        "Credentials": { "TmpSecretId": id, "TmpSecretKey": "canary-key", "Token": "canary-token" },
        "ExpiredTime": end, "Expiration": "later", "RequestId": "r-1",
    }});
    Play::Answer(200, body.to_string())
}

#[tokio::test]
async fn proofs_of_who_calls_go_to_the_token_service_and_never_to_the_endpoint() {
    let home = TempDir::new().unwrap();
    let cloud = Server::start(vec![granted("stolen", 3600)]);
    let tokens = Server::start(vec![granted("of-role", 3600)]);
    let mut apart = settings(&cloud.url());
    apart.tokens = Endpoint::url(&tokens.url()).unwrap();
    let identity = [
        ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
        ("TENCENTCLOUD_ASSUME_ROLE_PROVIDER_ID", "github"),
        (
            "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN",
            "canary-proof",
        ),
    ];
    let keys = [
        ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
        ("TENCENTCLOUD_SECRET_ID", "lasting"),
        ("TENCENTCLOUD_SECRET_KEY", "canary"),
    ];
    for vars in [identity, keys] {
        let sources = sources(home.path(), &vars);
        let found = Credentials::find(&sources, &apart, Clock::system()).await;
        let found = found.unwrap();
        assert_eq!(id(&found).await, "of-role");
        let client = Client::new(apart.clone(), found, Clock::system()).unwrap();
        assert!(!client.reaches_tokens());
        let asked = client.call("ap-guangzhou", caller_account()).await;
        assert_eq!(asked.unwrap_err().kind, ErrorKind::Denied);
    }
    assert_eq!(tokens.seen().len(), 2);
    assert_eq!(cloud.seen().len(), 0);
}

#[tokio::test]
async fn the_environment_comes_first() {
    let home = TempDir::new().unwrap();
    write(
        home.path(),
        ".tccli/default.credential",
        r#"{"secretId":"of-file","secretKey":"canary"}"#,
    );
    for name in ["TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN"] {
        let vars = [
            ("TENCENTCLOUD_SECRET_ID", "of-env"),
            ("TENCENTCLOUD_SECRET_KEY", "canary"),
            (name, "canary-token"),
        ];
        let found = find(&sources(home.path(), &vars), NOBODY).await.unwrap();
        let Keys { id, key, token } = found.current().await.unwrap();
        assert_eq!((id.as_str(), key.expose()), ("of-env", "canary"));
        assert_eq!(token.unwrap().expose(), "canary-token");
        assert!(found.describe().contains("environment"));
    }
    // Secrets that a pipeline may not see are set to nothing.
    let vars = [
        ("TENCENTCLOUD_SECRET_ID", ""),
        ("TENCENTCLOUD_SECRET_KEY", ""),
    ];
    let found = find(&sources(home.path(), &vars), NOBODY).await.unwrap();
    assert_eq!(id(&found).await, "of-file");
}

#[tokio::test]
async fn what_is_half_set_is_an_error() {
    let home = TempDir::new().unwrap();
    for vars in [
        &[("TENCENTCLOUD_SECRET_ID", "canary")][..],
        &[("TENCENTCLOUD_SECRET_KEY", "canary")],
        &[("TENCENTCLOUD_TOKEN", "canary")],
        &[
            ("TENCENTCLOUD_SECRET_ID", "id"),
            ("TENCENTCLOUD_SECRET_KEY", "canary\n"),
        ],
        &[("TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN", "canary")],
        &[
            ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
            ("TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN", "canary"),
        ],
        &[
            ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
            ("TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION", "2h"),
        ],
        &[("TENCENTCLOUD_PROFILE", "../other")],
    ] {
        let fault = find(&sources(home.path(), vars), NOBODY).await.unwrap_err();
        assert!(fault.next_step().is_some(), "{fault}");
        assert!(!fault.to_string().contains("looked at"), "{fault}");
    }
}

#[tokio::test]
async fn files_are_read_by_profile_and_in_order() {
    let home = TempDir::new().unwrap();
    let ini = "[default]\nsecret_id = of-sdk\nsecret_key = canary\\n\n[b]\nsecret_id=\"b-sdk\"\nsecret_key='canary'\n";
    write(home.path(), "etc/credentials", ini);
    let mut places = sources(home.path(), &[("TCCLI_PROFILE", "b")]);
    assert_eq!(id(&find(&places, NOBODY).await.unwrap()).await, "b-sdk");
    write(
        home.path(),
        ".tencentcloud/credentials",
        "[b]\nsecret_id=own\nsecret_key=canary\n",
    );
    assert_eq!(id(&find(&places, NOBODY).await.unwrap()).await, "own");
    let text = r#"{"secretId":"of-cli","secretKey":"canary","token":null}"#;
    write(home.path(), ".tccli/b.credential", text);
    assert_eq!(id(&find(&places, NOBODY).await.unwrap()).await, "of-cli");
    places.profile = Some("default".to_owned());
    let keys = find(&places, NOBODY)
        .await
        .unwrap()
        .current()
        .await
        .unwrap();
    assert_eq!(
        (keys.id.as_str(), keys.key.expose()),
        ("of-sdk", "canary\\n")
    );
    places.profile = Some("c".to_owned());
    let fault = find(&places, NOBODY).await.unwrap_err();
    assert!(fault.to_string().contains("no section [c]"), "{fault}");
}

#[tokio::test]
async fn broken_files_are_not_passed_over() {
    for (path, text) in [
        (".tccli/default.credential", "{\"secretId\": canary"),
        (".tccli/default.credential", r#"{"secretId":"canary"}"#),
        (
            ".tccli/default.credential",
            r#"{"secretId":"can ary","secretKey":"k"}"#,
        ),
        (
            ".tencentcloud/credentials",
            "[default]\nsecret_key=canary\n",
        ),
        (".tencentcloud/credentials", "[default\nsecret_key=canary\n"),
    ] {
        let home = TempDir::new().unwrap();
        write(home.path(), path, text);
        let fault = find(&sources(home.path(), &[]), NOBODY).await.unwrap_err();
        assert!(fault.to_string().contains(path), "{fault}");
        assert!(fault.next_step().is_some(), "{fault}");
    }
}

#[tokio::test]
async fn a_login_that_has_expired_says_how_to_log_in() {
    let home = TempDir::new().unwrap();
    let text = r#"{"type":"oauth","secretId":"i","secretKey":"canary","token":"canary","expiresAt":1600000000}"#;
    write(home.path(), ".tccli/default.credential", text);
    let fault = find(&sources(home.path(), &[]), NOBODY).await.unwrap_err();
    let cause = std::error::Error::source(&fault).unwrap().to_string();
    assert!(cause.contains("tccli auth login"), "{cause}");
}

#[tokio::test]
async fn with_none_every_place_is_listed() {
    let home = TempDir::new().unwrap();
    let mut places = sources(home.path(), &[]);
    places.metadata = Some(NOBODY.to_owned());
    let text = find(&places, NOBODY).await.unwrap_err().to_string();
    for part in [
        "TENCENTCLOUD_SECRET_ID",
        "TKE_ROLE_ARN is not set",
        ".tccli/default.credential: there is no such file",
        ".tencentcloud/credentials",
        "etc/credentials",
        "no metadata service answers",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn a_web_identity_is_exchanged_without_a_signature() {
    let home = TempDir::new().unwrap();
    write(home.path(), "bare", "canary-identity\n");
    write(
        home.path(),
        "json",
        r#"{"web_identity_token": "canary-identity"}"#,
    );
    for file in ["bare", "json"] {
        let server = Server::start(vec![granted("of-role", 7200)]);
        let file = home.path().join(file).display().to_string();
        let vars = [
            // A lasting key that is still about doesn't win over the role that was asked for.
            ("TENCENTCLOUD_SECRET_ID", "of-env"),
            ("TENCENTCLOUD_SECRET_KEY", "canary"),
            ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
            ("TENCENTCLOUD_ASSUME_ROLE_PROVIDER_ID", "github"),
            ("TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME", "pipeline"),
            ("TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION", "900"),
            ("TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN_FILE", &file),
        ];
        let found = find(&sources(home.path(), &vars), &server.url())
            .await
            .unwrap();
        assert_eq!(id(&found).await, "of-role");
        assert!(found.describe().contains(ROLE));
        let seen = server.seen();
        assert_eq!(seen.len(), 1, "the keys are kept");
        assert_eq!(seen[0].headers["authorization"], "SKIP");
        assert_eq!(seen[0].headers["x-tc-action"], "AssumeRoleWithWebIdentity");
        assert_eq!(seen[0].headers["x-tc-version"], "2018-08-13");
        let body: Json = serde_json::from_str(&seen[0].body).unwrap();
        assert_eq!(
            body,
            json!({
                "ProviderId": "github", "WebIdentityToken": "canary-identity", "RoleArn": ROLE,
                "RoleSessionName": "pipeline", "DurationSeconds": 900,
            })
        );
    }
}

#[tokio::test]
async fn a_pod_has_its_own_variables_below_keys() {
    let home = TempDir::new().unwrap();
    write(home.path(), "token", "canary-identity");
    let file = home.path().join("token").display().to_string();
    let pod = [
        ("TKE_REGION", "ap-tokyo"),
        ("TKE_PROVIDER_ID", "tke"),
        ("TKE_ROLE_ARN", ROLE),
        ("TKE_WEB_IDENTITY_TOKEN_FILE", file.as_str()),
    ];
    let server = Server::start(vec![granted("of-pod", 7200)]);
    let found = find(&sources(home.path(), &pod), &server.url())
        .await
        .unwrap();
    assert_eq!(id(&found).await, "of-pod");
    assert_eq!(server.seen()[0].headers["x-tc-region"], "ap-tokyo");
    let mut vars = pod.to_vec();
    vars.push(("TENCENTCLOUD_SECRET_ID", "of-env"));
    vars.push(("TENCENTCLOUD_SECRET_KEY", "canary"));
    let found = find(&sources(home.path(), &vars), NOBODY).await.unwrap();
    assert_eq!(id(&found).await, "of-env");
}

#[tokio::test]
async fn keys_are_exchanged_for_a_role_that_is_named() {
    let home = TempDir::new().unwrap();
    let server = Server::start(vec![granted("of-role", 7200)]);
    let vars = [
        ("TENCENTCLOUD_SECRET_ID", "of-env"),
        ("TENCENTCLOUD_SECRET_KEY", "canary"),
        ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
        ("TENCENTCLOUD_ASSUME_ROLE_EXTERNAL_ID", "ext"),
    ];
    let found = find(&sources(home.path(), &vars), &server.url())
        .await
        .unwrap();
    assert_eq!(id(&found).await, "of-role");
    let seen = &server.seen()[0];
    let sent = sign::Credential::parse(&seen.headers["authorization"]).unwrap();
    assert_eq!(
        (sent.id.as_str(), sent.scope.service.as_str()),
        ("of-env", "sts")
    );
    let body: Json = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["ExternalId"], "ext");
    assert_eq!(body["RoleSessionName"], "gwplan");

    let text = format!(r#"{{"secretId":"of-cli","secretKey":"canary","role-arn":"{ROLE}"}}"#);
    write(home.path(), ".tccli/default.credential", &text);
    let found = find(&sources(home.path(), &[]), &server.url())
        .await
        .unwrap();
    assert_eq!(id(&found).await, "of-role");
}

#[tokio::test]
async fn a_role_that_is_refused_says_why() {
    let home = TempDir::new().unwrap();
    let body = json!({ "Response": {
        "Error": { "Code": "UnauthorizedOperation", "Message": "no" }, "RequestId": "r-9"
    }});
    let server = Server::start(vec![Play::Answer(200, body.to_string())]);
    let vars = [
        ("TENCENTCLOUD_SECRET_ID", "of-env"),
        ("TENCENTCLOUD_SECRET_KEY", "canary"),
        ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
    ];
    let fault = find(&sources(home.path(), &vars), &server.url())
        .await
        .unwrap_err();
    assert!(fault.next_step().unwrap().contains("sts:AssumeRole"));
    let cause = std::error::Error::source(&fault).unwrap().to_string();
    assert!(cause.contains("r-9"), "{cause}");
    let broken = r#"{"Response":{"Credentials":"canary","ExpiredTime":1}}"#;
    let server = Server::start(vec![Play::Answer(200, broken.to_owned())]);
    find(&sources(home.path(), &vars), &server.url())
        .await
        .unwrap_err();
}

#[tokio::test]
async fn keys_that_end_are_renewed_once_for_all_who_wait() {
    let home = TempDir::new().unwrap();
    let server = Server::start(vec![granted("first", 0), granted("second", 7200)]);
    let vars = [
        ("TENCENTCLOUD_SECRET_ID", "of-env"),
        ("TENCENTCLOUD_SECRET_KEY", "canary"),
        ("TENCENTCLOUD_ASSUME_ROLE_ARN", ROLE),
    ];
    let found = find(&sources(home.path(), &vars), &server.url())
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let found = found.clone();
            tokio::spawn(async move { found.current().await.unwrap().id })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "second");
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_virtual_machine_has_a_role() {
    let home = TempDir::new().unwrap();
    let end = Clock::system().now().as_second() + 7200;
    let keys = json!({
        "Code": "Success", "TmpSecretId": "of-machine", "TmpSecretKey": "canary",
        "Token": "canary", "ExpiredTime": end, "Expiration": "later",
    });
    let keys = Play::Answer(200, keys.to_string());
    let name = Play::Answer(200, "deploy\n".to_owned());
    let server = Server::start(vec![name, keys.clone()]);
    let mut places = sources(home.path(), &[]);
    places.metadata = Some(server.url());
    let found = find(&places, NOBODY).await.unwrap();
    assert_eq!(id(&found).await, "of-machine");
    let seen = server.seen();
    let lines: Vec<_> = seen.iter().map(|seen| seen.line.as_str()).collect();
    let base = "/latest/meta-data/cam/security-credentials/";
    assert_eq!(
        lines,
        [
            format!("GET {base} HTTP/1.1"),
            format!("GET {base}deploy HTTP/1.1")
        ]
    );

    let server = Server::start(vec![keys]);
    let mut places = sources(home.path(), &[("TENCENTCLOUD_CAM_ROLE_NAME", "a/b")]);
    places.metadata = Some(server.url());
    find(&places, NOBODY).await.unwrap();
    assert_eq!(server.seen()[0].line, format!("GET {base}a%2Fb HTTP/1.1"));
}

#[tokio::test]
async fn a_metadata_service_elsewhere_is_refused() {
    let home = TempDir::new().unwrap();
    let mut places = sources(home.path(), &[]);
    for url in [
        "http://metadata.example.com",
        "https://metadata.example.com",
    ] {
        places.metadata = Some(url.to_owned());
        find(&places, NOBODY).await.unwrap_err();
    }
}
