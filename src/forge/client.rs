//! One request to a forge: sent, read, and sent again where that is safe and may help.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use jiff::{SignedDuration, Timestamp, Unit};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::model::{Clock, Fault, Scrub, visible};

use super::dialect::{Dialect, Query};
use super::error::{Error, ErrorKind};
use super::pipeline::{Target, is_loopback};

/// How many items of a list are asked for at once: the most that both forges give.
pub(super) const PAGE: usize = 100;
/// The largest answer that is read: a page of 100 comments, each as long as can be.
const MAX_BODY: usize = 128 << 20;
/// The longest pause between two tries that the forge did not ask for.
const MAX_PAUSE: Duration = Duration::from_secs(8);
/// How often a request goes where the forge says that things have moved to.
const MAX_MOVES: usize = 3;
/// The most characters of a forge's own words that are shown.
const MAX_WORDS: usize = 300;

/// Says how patiently requests are sent.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a request may take, from its first byte to the last one of its answer.
    pub request_timeout: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long all pauses together may take, those that the forge asks for among them.
    pub patience: Duration,
    /// The first pause between two tries; it doubles each time.
    pub first_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            patience: Duration::from_mins(1),
            first_pause: Duration::from_millis(500),
        }
    }
}

/// Describes a request.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'a str, String)>,
    pub(super) body: Option<Json>,
    /// Whether it may be sent again when it is not known what became of it.
    pub(super) is_repeatable: bool,
}

impl Ask<'_> {
    /// Describes a request that changes nothing.
    pub(super) fn read(path: Vec<String>) -> Self {
        Self {
            method: Method::GET,
            path,
            query: Vec::new(),
            body: None,
            is_repeatable: true,
        }
    }
}

/// Holds what the forge said.
pub(super) struct Answer {
    pub(super) json: Json,
    /// Whether there is one more page; nothing where the forge does not say.
    pub(super) goes_on: Option<bool>,
}

/// Sends requests to one forge.
pub(super) struct Client {
    pub(super) target: Target,
    settings: Settings,
    clock: Clock,
    http: reqwest::Client,
    /// How long all pauses together have taken.
    paused: Mutex<Duration>,
}

impl Client {
    pub(super) fn new(target: Target, settings: Settings, clock: Clock) -> Result<Self, Fault> {
        // Redirects would take the token to another host, and what is sent again is decided here alone.
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("gwplan/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout);
        if is_loopback(&target.api) {
            http = http.no_proxy();
        }
        if target.api.scheme() == "http" {
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(|error| {
            Fault::new("HTTPS can't be set up on this machine")
                .because(error)
                .hint("check that the system's certificates are installed (ca-certificates)")
        })?;
        Ok(Self {
            target,
            settings,
            clock,
            http,
            paused: Mutex::default(),
        })
    }

    pub(super) fn dialect(&self) -> &'static dyn Dialect {
        self.target.forge.dialect()
    }

    /// Sends a request, and sends it again where that is safe and may help.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, Error> {
        let attempt = || self.attempt(ask);
        attempt
            .retry(
                ExponentialBuilder::new()
                    .with_min_delay(self.settings.first_pause)
                    .with_max_delay(MAX_PAUSE)
                    .without_max_times()
                    .with_jitter(),
            )
            .when(|error| match error.kind {
                ErrorKind::Throttled | ErrorKind::Unreachable => true,
                ErrorKind::Lost => ask.is_repeatable,
                _ => false,
            })
            .adjust(|error, pause| self.afford(error.wait.or(pause)?))
            .await
    }

    /// Reads one page of a list, and tells whether there are more; nothing where the answer is no list.
    pub(super) async fn page(
        &self,
        path: Vec<String>,
        query: Query,
        number: usize,
    ) -> Result<Option<(Vec<Json>, bool)>, Error> {
        let mut ask = Ask::read(path);
        ask.query = vec![("per_page", PAGE.to_string()), ("page", number.to_string())];
        let query = query.iter();
        ask.query
            .extend(query.map(|(name, value)| (*name, (*value).to_owned())));
        let answer = self.ask(&ask).await?;
        let Json::Array(list) = answer.json else {
            return Ok(None);
        };
        let goes_on = answer.goes_on.unwrap_or(list.len() >= PAGE) && !list.is_empty();
        Ok(Some((list, goes_on)))
    }

    /// Waits before something is looked for that may not show at once; tells whether there was time.
    pub(super) async fn pause(&self) -> bool {
        let Some(pause) = self.afford(self.settings.first_pause * 2) else {
            return false;
        };
        tokio::time::sleep(pause).await;
        true
    }

    /// Takes a pause from the time that all pauses together may take, if so much is left.
    fn afford(&self, pause: Duration) -> Option<Duration> {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = paused.saturating_add(pause);
        (sum <= self.settings.patience).then(|| {
            *paused = sum;
            pause
        })
    }

    async fn attempt(&self, ask: &Ask<'_>) -> Result<Answer, Error> {
        let mut url = self.url(ask);
        let begin = Instant::now();
        for _ in 0..MAX_MOVES {
            let (status, headers, body) = self.send(ask, url.clone()).await?;
            tracing::debug!(
                method = %ask.method,
                path = url.path(),
                status = status.as_u16(),
                duration_ms = begin.elapsed().as_millis(),
                "request to the forge"
            );
            if status.is_redirection() {
                url = self.moved(&url, &headers)?;
                continue;
            }
            return self.read(ask, status, &headers, &body);
        }
        let message = format!("{} redirects requests in a cycle", self.target.forge);
        Err(Error::new(ErrorKind::Unexpected, message))
    }

    fn url(&self, ask: &Ask<'_>) -> Url {
        let mut url = self.target.api.clone();
        // A URL with a host can hold a path: the error can't happen.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        url
    }

    /// Sends a request once.
    async fn send(
        &self,
        ask: &Ask<'_>,
        url: Url,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Error> {
        let dialect = self.dialect();
        let (name, value) = dialect.authorization(&self.target.token);
        let Ok(mut value) = HeaderValue::from_str(&value) else {
            let message = "the token holds characters that can't be sent in a header";
            return Err(Error::new(ErrorKind::Denied, message).hint("copy it anew"));
        };
        value.set_sensitive(true);
        let mut request = self
            .http
            .request(ask.method.clone(), url)
            .header(name, value);
        for (name, value) in dialect.headers() {
            request = request.header(*name, *value);
        }
        if let Some(body) = &ask.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let failed = |error: reqwest::Error| self.broken(&error);
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                let message = format!("the answer of {} has no end", self.target.forge);
                return Err(Error::new(ErrorKind::Unexpected, message));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), response.headers().clone(), body))
    }

    /// Sorts what went wrong on the way.
    fn broken(&self, error: &reqwest::Error) -> Error {
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let cause = cause.to_string();
        let (kind, what) = if error.is_connect() && cause.contains("certificate") {
            // One that isn't trusted now won't be in a minute.
            (ErrorKind::Unexpected, "there is no safe connection to")
        } else if error.is_connect() {
            (ErrorKind::Unreachable, "there is no connection to")
        } else if error.is_timeout() {
            (ErrorKind::Lost, "no answer came in time from")
        } else {
            (ErrorKind::Lost, "the connection broke to")
        };
        let host = self.target.api.host_str().unwrap_or_default();
        let hint = "check the URL of the API (--api-url) and the way there (HTTPS_PROXY)";
        Error::new(kind, format!("{what} {host}: {cause}")).hint(hint)
    }

    /// Returns where a thing has moved to, if that is at the same host: the token belongs there alone.
    fn moved(&self, from: &Url, headers: &HeaderMap) -> Result<Url, Error> {
        let to = text(headers, LOCATION.as_str()).and_then(|to| from.join(to).ok());
        match to {
            Some(to) if to.origin() == from.origin() => Ok(to),
            to => {
                let there = to.and_then(|to| to.host_str().map(str::to_owned));
                let message = format!(
                    "{} redirects to {}, which must not get the token",
                    from.host_str().unwrap_or_default(),
                    visible(&there.unwrap_or("an unknown place".to_owned()))
                );
                let hint = "if the API has moved, name its URL with --api-url";
                Err(Error::new(ErrorKind::Redirected, message).hint(hint))
            }
        }
    }

    fn read(
        &self,
        ask: &Ask<'_>,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Answer, Error> {
        let json = serde_json::from_slice::<Json>(body);
        if !status.is_success() {
            return Err(self.refusal(status, headers, &json.unwrap_or_default()));
        }
        let Ok(json) = json else {
            let message = format!("the answer of {} is not JSON", self.target.forge);
            // A login page, or one that was cut off: what it would have said is not known.
            let kind = if ask.is_repeatable {
                ErrorKind::Unexpected
            } else {
                ErrorKind::Lost
            };
            return Err(Error::new(kind, message).hint("check the URL of the API (--api-url)"));
        };
        let goes_on = text(headers, LINK.as_str()).map(|links| links.contains("rel=\"next\""));
        Ok(Answer { json, goes_on })
    }

    /// Sorts what the forge has refused.
    fn refusal(&self, status: StatusCode, headers: &HeaderMap, json: &Json) -> Error {
        let forge = self.target.forge;
        // The token is all that a forge is told in secret, and can say again.
        let words = words(json, &Scrub::new([self.target.token.expose()]));
        let about = |word: &str| words.to_lowercase().contains(word);
        let said = if words.is_empty() {
            format!("{forge} answers {status}")
        } else {
            format!("{forge} answers {status}: {words}")
        };
        let code = status.as_u16();
        if code == 429 || (code == 403 && self.is_throttled(headers, &words)) {
            return self.throttled(headers, said);
        }
        let noun = forge.request();
        match code {
            401 => Error::new(ErrorKind::Denied, said)
                .hint("the token is wrong or has run out: make a new one"),
            403 if about("locked") => {
                let hint = format!("unlock the conversation of the {noun}");
                Error::new(ErrorKind::Locked, said).hint(hint)
            }
            403 if about("archived") => {
                Error::new(ErrorKind::Locked, said).hint("nothing can be written to it any more")
            }
            403 => Error::new(ErrorKind::Denied, said).hint(self.dialect().rights()),
            404 | 410 => {
                let rights = self.dialect().rights();
                let hint = format!("check the repository and the number of the {noun}; {rights}");
                Error::new(ErrorKind::Gone, said).hint(hint)
            }
            400 | 413 | 422 if code == 413 || about("too long") => {
                let hint = "lower --max-bytes: what is least dangerous is left out first";
                Error::new(ErrorKind::TooLong, said).hint(hint)
            }
            500.. => {
                let hint = format!("look at the status page of {forge}, and run the job again");
                Error::new(ErrorKind::Lost, said).hint(hint)
            }
            _ => Error::new(ErrorKind::Unexpected, said),
        }
    }

    fn is_throttled(&self, headers: &HeaderMap, words: &str) -> bool {
        let [remaining, _] = self.dialect().limits();
        headers.contains_key(RETRY_AFTER)
            || text(headers, remaining) == Some("0")
            || words.to_lowercase().contains("rate limit")
    }

    /// Tells when requests are taken again, if the forge says so.
    fn throttled(&self, headers: &HeaderMap, said: String) -> Error {
        let now = self.clock.now();
        let [_, reset] = self.dialect().limits();
        let seconds = |name: &str| text(headers, name)?.trim().parse::<i64>().ok();
        let after = seconds(RETRY_AFTER.as_str()).map(SignedDuration::from_secs);
        let at = seconds(reset).and_then(|at| Timestamp::from_second(at).ok());
        // A second more: the clocks of two machines differ.
        let until_reset = at.map(|at| at.duration_since(now) + SignedDuration::from_secs(1));
        let wait = after.or(until_reset);
        let Some(wait) = wait.and_then(|wait| Duration::try_from(wait).ok()) else {
            let hint = "run the job again in some minutes";
            return Error::new(ErrorKind::Throttled, said).hint(hint);
        };
        let free = now.saturating_add(wait).ok();
        let free = free.and_then(|free| free.round(Unit::Second).ok());
        let hint = match free {
            Some(free) => format!("the limit resets at {free}: run the job again then"),
            None => "run the job again later".to_owned(),
        };
        let mut error = Error::new(ErrorKind::Throttled, said).hint(hint);
        error.wait = Some(wait);
        error
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Returns the forge's own words on what is wrong, on one line.
fn words(json: &Json, scrub: &Scrub) -> String {
    let mut said = Vec::new();
    for part in [&json["message"], &json["error"], &json["errors"]] {
        gather(part, &mut said);
    }
    let mut words = scrub.text(&said.join("; ")).into_owned();
    if let Some((end, _)) = words.char_indices().nth(MAX_WORDS) {
        words.truncate(end);
        words.push('…');
    }
    visible(&words).into_owned()
}

/// Gathers the texts of a message, which may be a text, a list, or lists by field.
fn gather(json: &Json, said: &mut Vec<String>) {
    match json {
        Json::String(text) => said.push(text.clone()),
        Json::Array(list) => list.iter().for_each(|one| gather(one, said)),
        Json::Object(map) => map.values().for_each(|one| gather(one, said)),
        _ => {}
    }
}
