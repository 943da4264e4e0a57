//! One call over the wire: paced, signed, sent, read, and tried again where that is safe.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue};
use tokio::time::Instant;

use crate::model::{Clock, Fault, Scrub};

use super::answer::{self, Answer};
use super::call::{Call, Effect, Service};
use super::cloud_time::CloudTime;
use super::credentials::{Credentials, Keys};
use super::endpoint::Endpoint;
use super::error::{Error, ErrorKind};
use super::limiter::{Limiter, Turn};
use super::proxy;
use super::sign;
use super::wire::Wire;

/// The largest answer that is read; a page of 100 gateways is far below it.
const MAX_BODY: usize = 32 << 20;

/// The longest pause between two tries: limits of the cloud are by the second, so longer ones help nobody.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// An idle connection is given up after this long, before servers and the boxes on the way do so
/// without a word: a request on a dead connection is a request of which nothing is known.
const MAX_IDLE: Duration = Duration::from_secs(15);

/// Says where requests go and how patiently they are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where requests go, but those of the token service.
    pub endpoint: Endpoint,
    /// Where the token service is asked, which is shown the proofs of who calls: the vendor's, or what the
    /// environment names, and never what a file of the project does.
    pub tokens: Endpoint,
    /// How many requests a second are allowed for each action; 0 is any number.
    pub requests_per_second: u32,
    /// How long a request may take, from its first byte to the last one of its answer.
    pub request_timeout: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// For how long after its first try a call is tried again.
    pub retry_for: Duration,
    /// The first pause between two tries; it doubles each time.
    pub first_pause: Duration,
    /// Who is told that there is no connection and that a call is tried again.
    pub unreached: Listener,
}

/// What is done with an error that is heard of.
type Hears = dyn Fn(&Error) + Send + Sync;

/// Hears of errors as they come, while the call that met them is tried again.
#[derive(Clone, Default)]
pub struct Listener(Option<Arc<Hears>>);

impl Listener {
    /// Makes one that does this with each error.
    pub fn new(hears: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hears)))
    }

    fn hear(&self, error: &Error) {
        if let Some(hears) = &self.0 {
            hears(error);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl Default for Settings {
    /// The rate is the vendor's limit for each action of an account.
    fn default() -> Self {
        Self {
            endpoint: Endpoint::default(),
            tokens: Endpoint::default(),
            requests_per_second: 20,
            request_timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            retry_for: Duration::from_mins(1),
            first_pause: Duration::from_millis(500),
            unreached: Listener::default(),
        }
    }
}

impl Settings {
    /// Sends all requests to one place, those of the token service too.
    pub fn of(endpoint: Endpoint) -> Self {
        Self {
            tokens: endpoint.clone(),
            endpoint,
            ..Self::default()
        }
    }

    /// Returns the settings of who asks the token service alone.
    pub(super) fn for_tokens(&self) -> Self {
        Self {
            endpoint: self.tokens.clone(),
            ..self.clone()
        }
    }

    /// Tells whether the token service is where all other requests go too.
    pub(super) fn reach_tokens(&self) -> bool {
        self.endpoint == self.tokens
    }
}

/// Says who a request is from.
#[derive(Clone, Copy)]
pub(super) enum Sender<'a> {
    /// The holder of the credentials.
    Holder(&'a Credentials),
    /// Nobody yet: the body itself proves who it is. The vendor's word for it is `SKIP`.
    Unsigned,
}

/// Says when a request was signed, and whether it may still leave.
#[derive(Clone, Copy)]
pub struct Leave<'a> {
    /// The time that it is signed with.
    pub signed: Timestamp,
    /// Asked right before it is handed to the network.
    pub may_leave: &'a (dyn Fn() -> bool + Sync),
}

/// Sends calls; clones share connections, pace and counts.
#[derive(Clone)]
pub(super) struct Transport(Arc<Inner>);

struct Inner {
    settings: Settings,
    time: CloudTime,
    clock: Clock,
    limiter: Limiter,
    http: OnceLock<reqwest::Client>,
    /// What takes the network's place, if anything does.
    wire: Option<Arc<dyn Wire>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl Transport {
    pub(super) fn new(settings: Settings, wire: Option<Arc<dyn Wire>>, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            limiter: Limiter::new(settings.requests_per_second),
            settings,
            time: CloudTime::new(clock.clone()),
            clock,
            http: OnceLock::new(),
            wire,
            calls: Mutex::default(),
        }))
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn time(&self) -> &CloudTime {
        &self.0.time
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Returns how many requests were sent for each action.
    pub(super) fn calls(&self) -> BTreeMap<&'static str, u64> {
        let calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }

    /// Returns the HTTP client, made when it is first needed: reading the system's certificates
    /// takes time that a run without the network should not spend.
    pub(super) fn http(&self) -> Result<&reqwest::Client, Fault> {
        if let Some(http) = self.0.http.get() {
            return Ok(http);
        }
        let settings = &self.0.settings;
        let mut http = builder(settings.connect_timeout, settings.request_timeout);
        if settings.endpoint.is_loopback() {
            http = http.no_proxy();
        }
        if settings.endpoint.is_plain() {
            http = without_tls(http);
        }
        let http = http.build().map_err(|error| {
            Fault::new("HTTPS can't be set up on this machine")
                .because(error)
                .hint("check that the system's certificates are installed (ca-certificates)")
        })?;
        Ok(self.0.http.get_or_init(|| http))
    }

    /// Waits until a request of this action may leave.
    pub(super) async fn turn(&self, action: &'static str) -> Turn {
        self.0.limiter.wait(action).await
    }

    /// Sends a call, and sends it again where that is safe and may help.
    pub(super) async fn call<T>(
        &self,
        sender: Sender<'_>,
        region: &str,
        call: &Call<T>,
    ) -> Result<T, Error> {
        let body = call.body.to_string();
        let mut tries = 0_u32;
        // The time runs from the first try on: waiting for a place in the line is no failure.
        let started = OnceLock::new();
        let attempt = || {
            tries += 1;
            self.attempt(sender, region, call, &body, (tries, &started))
        };
        let retry_for = self.0.settings.retry_for;
        let result = attempt
            .retry(backoff(&self.0.settings))
            .when(|error| error.kind.is_passing())
            .adjust(|_, pause| {
                let spent = started.get().map_or(Duration::ZERO, Instant::elapsed);
                pause.filter(|pause| spent + *pause <= retry_for)
            })
            .notify(|error, _| {
                if error.message.starts_with(NO_CONNECTION) {
                    self.0.settings.unreached.hear(error);
                }
            })
            .await;
        result.map_err(|error| error.after_tries(tries))
    }

    /// Returns the pauses between the tries of a call, for as long as it is tried again.
    pub(super) fn pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        backoff(&self.0.settings).build()
    }

    /// Sends a call once, signed at a time that the caller has written down.
    ///
    /// `may_leave` is asked when all else is ready; where it says no, nothing is sent.
    pub(super) async fn attempt_at<T>(
        &self,
        credentials: &Credentials,
        region: &str,
        call: &Call<T>,
        leave: Leave<'_>,
    ) -> Result<T, Error> {
        let keys = credentials.current_boxed().await?;
        let body = call.body.to_string();
        let result = self.ask(Some(&keys), region, call, (&body, leave), 1).await;
        if let Err(error) = &result
            && error.is_unauthenticated()
        {
            credentials.give_up(&keys).await;
        }
        result
    }

    async fn attempt<T>(
        &self,
        sender: Sender<'_>,
        region: &str,
        call: &Call<T>,
        body: &str,
        (number, started): (u32, &OnceLock<Instant>),
    ) -> Result<T, Error> {
        let mut cured = false;
        loop {
            let turn = self.turn(call.action).await;
            // The keys and the time are asked for after the wait, which can be long.
            let keys = match sender {
                Sender::Holder(credentials) => Some(credentials.current_boxed().await?),
                Sender::Unsigned => None,
            };
            started.get_or_init(Instant::now);
            let leave = Leave {
                signed: self.0.time.now(),
                may_leave: &|| true,
            };
            turn.leaves();
            let result = self
                .ask(keys.as_ref(), region, call, (body, leave), number)
                .await;
            drop(turn);
            // A request that is refused for its keys or its time has changed nothing; other keys, or the
            // cloud's own time, may do. They are tried once.
            let curable = match (&result, sender, &keys) {
                (Err(error), Sender::Holder(credentials), Some(refused))
                    if error.is_unauthenticated() =>
                {
                    credentials.give_up(refused).await
                }
                (Err(error), ..) => error.is_about_time() && self.0.time.told().is_some(),
                (Ok(_), ..) => false,
            };
            if cured || !curable {
                return result;
            }
            cured = true;
        }
    }

    /// Sends a request once, reads what comes back, and tells the log.
    async fn ask<T>(
        &self,
        keys: Option<&Keys>,
        region: &str,
        call: &Call<T>,
        (body, leave): (&str, Leave<'_>),
        number: u32,
    ) -> Result<T, Error> {
        let begin = Instant::now();
        let (request_id, result) = match self.send(keys, region, call, (body, leave)).await {
            Ok((answer, date)) => {
                let (request_id, result) = answer::read(call, answer);
                // A proxy's page has a date too: only what the API says itself is believed.
                if let (Some(_), Some(date)) = (&request_id, date) {
                    self.0.time.hear(&date);
                }
                (request_id, result)
            }
            Err(error) => (None, Err(error)),
        };
        if let Err(error) = &result
            && error.kind == ErrorKind::Throttled
        {
            // Two first pauses are a second, the vendor's window, unless set otherwise.
            let pause = self.0.settings.first_pause * 2;
            self.0.limiter.pause(call.action, pause);
        }
        tracing::debug!(
            action = call.action,
            region,
            attempt = number,
            duration_ms = begin.elapsed().as_millis(),
            outcome = result.as_ref().map_or_else(outcome, |_| "ok".to_owned()),
            request_id = request_id.as_deref().unwrap_or("-"),
            "request"
        );
        result
    }

    /// Sends a request once; gives the answer back, and the `Date` of its head.
    async fn send<T>(
        &self,
        keys: Option<&Keys>,
        region: &str,
        call: &Call<T>,
        (body, leave): (&str, Leave<'_>),
    ) -> Result<(Answer, Option<String>), Error> {
        if call.service == Service::Sts && !self.0.settings.reach_tokens() {
            let message = "the token service is not asked at the endpoint that a file names";
            return Err(Error::plain(ErrorKind::Denied, call.action, message));
        }
        let (request, scrub) = self.request(keys, region, call, (body, leave.signed))?;
        if !(leave.may_leave)() {
            let message = "it was held back";
            return Err(Error::plain(ErrorKind::Conflict, call.action, message));
        }
        self.count(call.action);
        if tracing::enabled!(tracing::Level::TRACE) {
            let body = answer::redacted(&call.body);
            tracing::trace!(action = call.action, body, "request body");
        }
        let failed = |error: reqwest::Error| {
            let url = error.url().map_or("", reqwest::Url::as_str);
            let proxy = proxy::on_the_way(&self.0.settings.endpoint, url);
            failure(call.action, call.effect, &error, proxy.as_deref())
        };
        let mut response = self.carry(request).await.map_err(failed)?;
        let status = response.status();
        let date = response.headers().get(DATE);
        let date = date.and_then(|date| date.to_str().ok().map(str::to_owned));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                let kind = ErrorKind::of_silence(call.effect);
                let message = format!("the answer is longer than {MAX_BODY} bytes");
                return Err(Error::plain(kind, call.action, message));
            }
            body.extend_from_slice(&chunk);
        }
        let answer = Answer::new(status, &body, &scrub);
        if tracing::enabled!(tracing::Level::TRACE) {
            let body = answer.redacted();
            tracing::trace!(action = call.action, body, "answer body");
        }
        Ok((answer, date))
    }

    async fn carry(&self, request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
        match &self.0.wire {
            None => request.send().await,
            Some(wire) => Ok(wire.carry(request.build()?).await),
        }
    }

    /// Makes a request, and what takes its secrets out of the answer.
    fn request<T>(
        &self,
        keys: Option<&Keys>,
        region: &str,
        call: &Call<T>,
        (body, now): (&str, Timestamp),
    ) -> Result<(reqwest::RequestBuilder, Scrub), Error> {
        let unsendable = |message: String| Error::plain(ErrorKind::Invalid, call.action, message);
        let http = self.http().map_err(|fault| unsendable(fault.to_string()))?;
        let (url, host) = self.0.settings.endpoint.target(call.service);
        let mut request = http
            .post(url)
            .header(CONTENT_TYPE, sign::CONTENT_TYPE)
            .header("X-TC-Action", call.action)
            .header("X-TC-Version", call.service.version())
            .header("X-TC-Timestamp", now.as_second())
            .body(body.to_owned());
        if !region.is_empty() {
            request = request.header("X-TC-Region", region);
        }
        let mut secrets = answer::secrets(&call.body);
        let Some(keys) = keys else {
            let request = request.header(AUTHORIZATION, "SKIP");
            return Ok((request, Scrub::new(secrets)));
        };
        if let Some(token) = &keys.token {
            secrets.push(token.expose());
            let token = sensitive(token.expose()).map_err(unsendable)?;
            request = request.header("X-TC-Token", token);
        }
        let service = call.service.name();
        let signed = sign::authorization(&keys.id, &keys.key, service, now, &host, body.as_bytes());
        secrets.extend([keys.key.expose(), &signed]);
        // The signature alone lets a request be sent once more, for as long as its time is taken.
        secrets.extend(signed.rsplit_once('=').map(|(_, signature)| signature));
        let scrub = Scrub::new(secrets);
        let signed = sensitive(&signed).map_err(unsendable)?;
        Ok((request.header(AUTHORIZATION, signed), scrub))
    }

    fn count(&self, action: &'static str) {
        let mut calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(action).or_default() += 1;
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

fn backoff(settings: &Settings) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(settings.first_pause)
        .with_max_delay(MAX_PAUSE)
        .without_max_times()
        .with_jitter()
}

/// Starts an HTTP client that does nothing behind the caller's back.
///
/// Redirects would take credentials to another host, and what is sent again is decided here alone.
pub(super) fn builder(connect: Duration, whole: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("gwplan/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_idle_timeout(MAX_IDLE)
        .connect_timeout(connect)
        .timeout(whole)
}

/// Leaves the system's certificates unread, for servers that are reached by plain HTTP.
pub(super) fn without_tls(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    http.tls_certs_only([])
}

fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "the credentials hold characters that can't be sent in a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn outcome(error: &Error) -> String {
    match &error.code {
        Some(code) => code.clone(),
        None => format!("{:?}", error.kind).to_lowercase(),
    }
}

/// What a tunnel says where the proxy wants a user and a password, or others than it was given.
pub(super) const PROXY_REFUSED: &str = "proxy authorization required";

/// What an error begins with where nothing was sent.
const NO_CONNECTION: &str = "no connection";

/// What an error begins with where the proxy was not got through.
pub(super) const THROUGH_PROXY: &str = "no connection through the proxy";

/// Sorts what went wrong on the way.
fn failure(
    action: &'static str,
    effect: Effect,
    error: &reqwest::Error,
    proxy: Option<&str>,
) -> Error {
    let cause = root(error);
    if error.is_connect() {
        // Nothing was sent. A certificate or a password that is refused now is refused in a minute too, and
        // some proxies lock a user out after a few wrong passwords.
        let kind = if cause.contains("certificate") || cause.contains(PROXY_REFUSED) {
            ErrorKind::Denied
        } else {
            ErrorKind::Retryable
        };
        let host = error.url().and_then(reqwest::Url::host_str);
        let what = match (proxy, host) {
            (Some(proxy), _) => format!("{THROUGH_PROXY} {proxy}"),
            (None, Some(host)) => format!("{NO_CONNECTION} to {host}"),
            (None, None) => NO_CONNECTION.to_owned(),
        };
        return Error::plain(kind, action, format!("{what}: {cause}"));
    }
    let (kind, what) = if error.is_timeout() {
        (ErrorKind::of_silence(effect), "no answer in time")
    } else if error.is_builder() {
        (ErrorKind::Invalid, "the request can't be sent")
    } else {
        (ErrorKind::of_silence(effect), "the connection broke")
    };
    Error::plain(kind, action, format!("{what}: {cause}"))
}

/// Returns the innermost cause, which says most; the outer ones repeat the URL.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
