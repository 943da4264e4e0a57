//! The simulated cloud without a network, for whoever is in the same process.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::header::{HOST, HeaderValue};
use serde_json::Value as Json;

use crate::api::{Carried, Wire};
use crate::model::Fault;

use super::answer::Payload;
use super::cloud::Cloud;
use super::server::Shared;
use super::{Options, front};

/// A simulated cloud that a client in this process reaches without a network.
///
/// It passes each request through the same front as the server does. Where the clock of its options is the
/// runtime's own, and that is paused, a fleet that takes minutes is made in a moment.
#[derive(Clone)]
pub struct Inside(Shared);

impl Inside {
    /// Opens a cloud; `listen` of the options says nothing here.
    pub fn open(options: Options) -> Result<Self, Fault> {
        Ok(Self(Arc::new(Mutex::new(Cloud::open(options)?))))
    }

    /// Returns the counts of calls, rejections and gateways, as the server's control page shows them.
    pub fn stats(&self) -> Json {
        let mut cloud = self.cloud();
        let now = cloud.settle().as_millisecond();
        cloud.shown_stats(now)
    }

    fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire for Inside {
    fn carry(&self, mut request: reqwest::Request) -> Carried<'_> {
        // It is signed, and otherwise the network's own part to say.
        if let Some(host) = host(request.url()) {
            request.headers_mut().insert(HOST, host);
        }
        let cloud = Arc::clone(&self.0);
        Box::pin(async move {
            let request = match hyper::Request::try_from(request) {
                Ok(request) => request,
                Err(error) => {
                    tracing::error!(%error, "a request is no request of HTTP");
                    return broken_off();
                }
            };
            match front::answer(cloud, request).await {
                Ok(answer) => answer.map(reqwest::Body::wrap).into(),
                Err(_) => broken_off(),
            }
        })
    }
}

fn host(url: &reqwest::Url) -> Option<HeaderValue> {
    let name = url.host_str()?;
    let host = url
        .port()
        .map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    HeaderValue::from_str(&host).ok()
}

/// Answers with a body that ends before it begins: the connection broke.
fn broken_off() -> reqwest::Response {
    let payload = reqwest::Body::wrap(Payload::cut("no answer"));
    hyper::Response::new(payload).into()
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}
