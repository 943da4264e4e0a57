//! A small client of the simulated cloud, and a clock that a test turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use gwplan::api::{Service, sign};
use gwplan::model::{Clock, Secret};
use gwplan::sim::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY, Simulator};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value as Json, json};

/// A clock that stands still until it is turned.
pub(crate) struct Turned(Arc<AtomicI64>);

impl Turned {
    pub(crate) fn new() -> Self {
        Self::at("2026-11-01T00:00:00Z")
    }

    pub(crate) fn at(time: &str) -> Self {
        let time: Timestamp = time.parse().unwrap();
        Self(Arc::new(AtomicI64::new(time.as_millisecond())))
    }

    pub(crate) fn turn(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Clock::from_fn(move || Timestamp::from_millisecond(time.load(Ordering::SeqCst)).unwrap())
    }
}

/// What became of a request.
#[derive(Debug)]
#[expect(
    dead_code,
    reason = "what was read instead is shown when an expectation fails"
)]
pub(crate) enum Asked {
    /// The `Response` object, with or without an error.
    Answer(Json),
    /// Another status than 200.
    Status(u16, String),
    /// Status 200 and no JSON.
    Garbage(String),
    /// No answer, or half of one.
    Broken(String),
}

impl Asked {
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Answer(answer) => answer["Error"]["Code"].as_str(),
            _ => None,
        }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Json {
        match self {
            Self::Answer(answer) if answer.get("Error").is_none() => answer,
            other => panic!("expected success, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn refused(&self, code: &str) {
        assert_eq!(self.code(), Some(code), "{self:?}");
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    host: String,
    service: Service,
    region: String,
    id: String,
    key: Secret,
    clock: Clock,
}

impl Client {
    pub(crate) fn new(simulator: &Simulator, clock: Clock) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: simulator.url(),
            host: simulator.address().to_string(),
            service: Service::Tse,
            region: "ap-guangzhou".to_owned(),
            id: DEFAULT_SECRET_ID.to_owned(),
            key: Secret::new(DEFAULT_SECRET_KEY),
            clock,
        }
    }

    /// The same client, asking the tag service.
    pub(crate) fn of_tags(&self) -> Self {
        Self {
            service: Service::Tag,
            ..self.clone()
        }
    }

    pub(crate) fn in_region(&self, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn with_key(&self, id: &str, key: &str) -> Self {
        Self {
            id: id.to_owned(),
            key: Secret::new(key),
            ..self.clone()
        }
    }

    pub(crate) fn with_clock(&self, clock: Clock) -> Self {
        Self {
            clock,
            ..self.clone()
        }
    }

    pub(crate) async fn call(&self, action: &str, body: &Json) -> Asked {
        self.post(action, body.to_string().into_bytes(), |_| {})
            .await
    }

    /// Signs and sends a request, after `spoil` had its way with the headers.
    pub(crate) async fn post(
        &self,
        action: &str,
        body: Vec<u8>,
        spoil: impl FnOnce(&mut HeaderMap),
    ) -> Asked {
        let now = self.clock.now();
        let service = self.service;
        let authorization =
            sign::authorization(&self.id, &self.key, service.name(), now, &self.host, &body);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", authorization.as_str()),
            ("content-type", sign::CONTENT_TYPE),
            ("host", &self.host),
            ("x-tc-action", action),
            ("x-tc-region", &self.region),
            ("x-tc-timestamp", &now.as_second().to_string()),
            ("x-tc-version", service.version()),
        ] {
            headers.insert(
                reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        spoil(&mut headers);
        let request = self.http.post(&self.url).headers(headers).body(body);
        match request.send().await {
            Err(error) => Asked::Broken(format!("{error:?}")),
            Ok(response) => read(response).await,
        }
    }

    /// Asks for a control page; returns the status and the JSON.
    pub(crate) async fn control(&self, method: &str, page: &str, body: Json) -> (u16, Json) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}/_simulator/{page}", self.url);
        let request = self.http.request(method, url).body(body.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().await.unwrap()).unwrap(),
        )
    }
}

async fn read(response: reqwest::Response) -> Asked {
    let status = response.status().as_u16();
    match response.text().await {
        Err(error) => Asked::Broken(format!("{error:?}")),
        Ok(text) if status != 200 => Asked::Status(status, text),
        Ok(text) => match serde_json::from_str::<Json>(&text) {
            Ok(mut json) => Asked::Answer(json["Response"].take()),
            Err(_) => Asked::Garbage(text),
        },
    }
}

/// Tells whether a text is a prefix and eight hexadecimal digits.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 8 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The parameters of the example on the vendor's page of the create.
pub(crate) fn create_body() -> Json {
    json!({
        "Name": "gateway-prod",
        "Type": "kong",
        "GatewayVersion": "2.5.1",
        "NodeConfig": { "Specification": "1c2g", "Number": 2 },
        "VpcConfig": { "VpcId": "vpc-59cag821", "SubnetId": "subnet-8tzp8uz1" },
        "Description": "Public network ingress gateway, live environment",
        "Tags": [{ "TagKey": "env", "TagValue": "prod" }],
        "EnableCls": false,
        "FeatureVersion": "STANDARD",
        "InternetMaxBandwidthOut": 1,
        "EngineRegion": "ap-guangzhou",
        "IngressClassName": "kong",
        "TradeType": 0,
        "InternetConfig": {
            "InternetAddressVersion": "IPV4",
            "InternetPayMode": "TRAFFIC",
            "InternetMaxBandwidthOut": 1,
            "Description": "Public network CLB",
            "SlaType": "clb.c2.medium",
            "MultiZoneFlag": true,
            "MasterZoneId": "ap-guangzhou-3",
            "SlaveZoneId": "ap-guangzhou-4",
        },
    })
}
