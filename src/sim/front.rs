//! The front of the API: what every request passes, whatever it asks for.

use std::sync::{MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::DATE;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Map, Value as Json};

use crate::api::Service;
use crate::api::sign::CONTENT_TYPE;
use crate::schema::meta::REGIONS;

use super::actions::{self, Action, Ask};
use super::answer::{Hangup, Payload, Refusal, envelope, http};
use super::cloud::Cloud;
use super::control;
use super::faults::{After, Before, Strike};
use super::server::Shared;
use super::{auth, rate};

/// The most bytes of a body. Source: the vendor's page on requests signed with TC3.
const MAX_BODY_BYTES: usize = 10 << 20;

/// Says why a request's body broke off.
type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Answers one HTTP request, and says when; an error closes the connection.
pub(super) async fn answer<B>(
    cloud: Shared,
    request: Request<B>,
) -> Result<Response<Payload>, Hangup>
where
    B: Body<Data = Bytes, Error: Into<Broken>>,
{
    let mut response = answer_undated(&cloud, request).await?;
    let now = lock(&cloud).settle();
    // By this cloud's clock, which need not be the machine's.
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    if let Some(date) = date.ok().and_then(|date| date.parse().ok()) {
        response.headers_mut().insert(DATE, date);
    }
    Ok(response)
}

async fn answer_undated<B>(cloud: &Shared, request: Request<B>) -> Result<Response<Payload>, Hangup>
where
    B: Body<Data = Bytes, Error: Into<Broken>>,
{
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(too_large(cloud)),
        Err(error) => {
            tracing::debug!(error, "a request broke off");
            return Err(Hangup);
        }
    };
    let path = head.uri.path();
    if let Some(page) = path.strip_prefix(control::PREFIX) {
        return Ok(control::answer(&mut lock(cloud), &head.method, page, &body));
    }
    if path != "/" {
        let message = format!("there is no page {path}\n");
        return Ok(http(StatusCode::NOT_FOUND, Payload::whole(message)));
    }
    serve(cloud, &head.method, &head.headers, &body).await
}

/// Locks the cloud; a handler that panicked leaves nothing half done.
fn lock(cloud: &Shared) -> MutexGuard<'_, Cloud> {
    cloud.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    cloud: &Shared,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response<Payload>, Hangup> {
    let name = header(headers, "x-tc-action")
        .unwrap_or_default()
        .to_owned();
    let admitted = {
        let mut cloud = lock(cloud);
        let now = cloud.settle();
        admit(&mut cloud, method, headers, body, now)
            .map_err(|refusal| refuse(&mut cloud, &name, refusal))
    };
    let Admitted {
        action,
        region,
        caller,
        strike,
    } = match admitted {
        Ok(admitted) => admitted,
        Err(response) => return Ok(response),
    };
    if !strike.latency.is_zero() {
        tokio::time::sleep(strike.latency).await;
    }
    let bytes = match strike.before.clone() {
        Some(Before::HangUp) => return Err(Hangup),
        Some(Before::Status(status)) => return Ok(bare(status)),
        Some(Before::Code(code)) => {
            let refusal = Refusal::new(code, "the simulator was told to answer so");
            return Ok(refuse(&mut lock(cloud), &name, refusal));
        }
        None => {
            let mut cloud = lock(cloud);
            match cloud.enter(&caller) {
                Ok(()) => carry_out(&mut cloud, action, region, body, &strike),
                Err(fault) => {
                    tracing::error!(%fault, "an account can't be opened");
                    return Err(Hangup);
                }
            }
        }
    };
    match strike.after {
        None => Ok(http(StatusCode::OK, Payload::whole(bytes))),
        Some(After::HangUp) => Err(Hangup),
        Some(After::Cut) => Ok(http(StatusCode::OK, Payload::cut(bytes))),
        Some(After::Garbage) => Ok(http(
            StatusCode::OK,
            Payload::whole("<html>this is not the answer</html>"),
        )),
        Some(After::Status) => Ok(bare(StatusCode::BAD_GATEWAY.as_u16())),
        Some(After::Id(id)) => Ok(http(StatusCode::OK, Payload::whole(with_id(&bytes, &id)))),
    }
}

/// Says in an answer that what it is about has another id.
fn with_id(answer: &[u8], id: &str) -> Vec<u8> {
    let mut answer: Json = serde_json::from_slice(answer).unwrap_or_default();
    if let Some(named) = answer.pointer_mut("/Response/Result/GatewayId") {
        *named = id.into();
    }
    answer.to_string().into_bytes()
}

/// Returns the name under which requests are counted: made-up actions share one.
fn counted(action: &str) -> &str {
    actions::named(action).map_or("unknown", |action| action.name)
}

/// Holds a request that may be carried out.
struct Admitted {
    action: &'static Action,
    region: String,
    /// The secret id of who asks.
    caller: String,
    strike: Strike,
}

/// Finds out who asks for what and whether it is too much.
///
/// The vendor does not say which fault is named when a request has several; here it is the
/// signature, then the action, its version, the region, and the rate.
fn admit(
    cloud: &mut Cloud,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Admitted, Refusal> {
    let media_type = header(headers, "content-type").unwrap_or_default();
    if method != Method::POST || !media_type.starts_with(CONTENT_TYPE) {
        return Err(Refusal::new(
            "UnsupportedProtocol",
            format!("use POST with the type {CONTENT_TYPE}; this is {method} with {media_type:?}"),
        ));
    }
    let name = needed(headers, "X-TC-Action")?;
    cloud.stats.called(counted(name));
    let (service, caller) = auth::verify(&cloud.options.credentials, headers, body, now)?;
    let action = actions::named(name)
        .filter(|action| action.service == service)
        .ok_or_else(|| Refusal::new("InvalidAction", format!("there is no action {name}")))?;
    let version = needed(headers, "X-TC-Version")?;
    if version != service.version() {
        let known = service.version();
        return Err(Refusal::new(
            "NoSuchVersion",
            format!("there is no version {version}; the version is {known}"),
        ));
    }
    let region = region(service, headers)?;
    rate::Rate::admit(&mut cloud.rate, action.name, now.as_second())?;
    let strike = cloud.faults.strike(action, &mut cloud.store.rng);
    Ok(Admitted {
        action,
        region: region.to_owned(),
        caller,
        strike,
    })
}

/// Finds the region that a request is for.
///
/// Resource names hold their region, so the tag service has none; its pages ask for no header, and
/// one that is there is passed over.
fn region(service: Service, headers: &HeaderMap) -> Result<&str, Refusal> {
    if service != Service::Tse {
        return Ok("");
    }
    let region = needed(headers, "X-TC-Region")?;
    if REGIONS.contains(&region) {
        return Ok(region);
    }
    Err(Refusal::new(
        "UnsupportedRegion",
        format!("{} is not served in {region}", service.name()),
    ))
}

fn carry_out(
    cloud: &mut Cloud,
    action: &'static Action,
    region: String,
    body: &[u8],
    strike: &Strike,
) -> Vec<u8> {
    let now = cloud.settle().as_millisecond();
    let outcome = parameters(body)
        .and_then(|body| {
            let body = action.parameters.check(body)?;
            Ok(Ask {
                region,
                body,
                now,
                fail_task: strike.fail_task,
                empty: strike.empty,
            })
        })
        .and_then(|ask| (action.run)(cloud, &ask));
    let code = outcome.as_ref().err().map(|refusal| refusal.code.clone());
    tracing::debug!(action = action.name, code = code.as_deref(), "answered");
    if let Some(code) = code {
        cloud.stats.rejected(action.name, &code);
    }
    envelope(outcome, cloud.new_request_id())
}

/// Reads the body; the vendor's client sends `{}` where there are no parameters.
fn parameters(body: &[u8]) -> Result<Map<String, Json>, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(
            "InvalidParameterValue.BadRequestFormat",
            format!("the body is not a JSON object: {error}"),
        )
    })
}

fn refuse(cloud: &mut Cloud, action: &str, refusal: Refusal) -> Response<Payload> {
    tracing::debug!(action, code = %refusal.code, "refused");
    cloud.stats.rejected(counted(action), &refusal.code);
    let bytes = envelope(Err(refusal), cloud.new_request_id());
    http(StatusCode::OK, Payload::whole(bytes))
}

fn too_large(cloud: &Shared) -> Response<Payload> {
    let message = format!("a request takes up to {MAX_BODY_BYTES} bytes");
    let refusal = Refusal::new("RequestSizeLimitExceeded", message);
    refuse(&mut lock(cloud), "", refusal)
}

/// Answers as a proxy in between would.
fn bare(status: u16) -> Response<Payload> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = http(status, Payload::whole(format!("{status}\n")));
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("text/html"),
    );
    response
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn needed<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    header(headers, name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::new("MissingParameter", format!("the header {name} is missing")))
}
