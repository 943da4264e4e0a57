//! A wire to the cloud that a test listens to, or meddles with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gwplan::api::{Carried, Wire};
use gwplan::sim::Inside;
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

/// Answers a request in the cloud's place, or lets it pass.
type Meddle = Box<dyn Fn(&Heard) -> Option<Json> + Send + Sync>;

/// A request that passed.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) action: String,
    pub(crate) body: Json,
    /// When it left.
    pub(crate) at: Instant,
}

/// A wire to the cloud.
pub(crate) struct Tap {
    cloud: Inside,
    /// How long an answer takes.
    latency: Duration,
    meddle: Meddle,
    heard: Mutex<Vec<Heard>>,
    open: Mutex<BTreeMap<String, (usize, usize)>>,
}

impl Tap {
    pub(crate) fn new(cloud: &Inside, latency: Duration, meddle: Meddle) -> Arc<Self> {
        Arc::new(Self {
            cloud: cloud.clone(),
            latency,
            meddle,
            heard: Mutex::default(),
            open: Mutex::default(),
        })
    }

    /// Listens, and lets everything pass at once.
    pub(crate) fn listen(cloud: &Inside) -> Arc<Self> {
        Self::new(cloud, Duration::ZERO, Box::new(|_| None))
    }

    /// Returns the requests that passed.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Returns how many requests of an action were open at once at most.
    pub(crate) fn most_at_once(&self, action: &str) -> usize {
        self.open.lock().unwrap()[action].1
    }

    fn count(&self, action: &str, begins: bool) {
        let mut open = self.open.lock().unwrap();
        let (now, most) = open.entry(action.to_owned()).or_default();
        *now = if begins { *now + 1 } else { *now - 1 };
        *most = (*most).max(*now);
    }
}

impl Wire for Tap {
    fn carry(&self, request: reqwest::Request) -> Carried<'_> {
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let heard = Heard {
            action: request.headers()["x-tc-action"]
                .to_str()
                .unwrap()
                .to_owned(),
            body: serde_json::from_slice(body.unwrap_or_default()).unwrap(),
            at: Instant::now(),
        };
        Box::pin(async move {
            self.count(&heard.action, true);
            sleep(self.latency).await;
            let answer = match (self.meddle)(&heard) {
                Some(answer) => hyper::Response::new(answer.to_string()).into(),
                None => self.cloud.carry(request).await,
            };
            self.count(&heard.action, false);
            self.heard.lock().unwrap().push(heard);
            answer
        })
    }
}

impl Heard {
    /// Returns the ids that a request is about.
    pub(crate) fn ids(&self) -> Vec<String> {
        let many = self
            .body
            .pointer("/Filters/0/Values")
            .and_then(Json::as_array);
        let ids = many.into_iter().flatten().chain(self.body.get("GatewayId"));
        ids.filter_map(|id| id.as_str().map(str::to_owned))
            .collect()
    }
}
