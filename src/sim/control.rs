//! The control pages, outside the API: a look behind the scenes, and a hand in them.
//!
//! - `GET /_simulator/stats`: calls and rejections by action, gateways by status
//! - `GET /_simulator/gateways`: every gateway of every region
//! - `GET /_simulator/faults`, `POST /_simulator/faults`: the rules of misbehaviour, as a JSON list
//!   of texts; a POST replaces them, and their counts begin anew
//! - `POST /_simulator/clock`: the cloud's clock is the JSON number of the body ahead, in seconds
//! - `POST /_simulator/gateways/ID`: merges the JSON object of the body into a gateway
//! - `DELETE /_simulator/gateways/ID`: a gateway is gone, as if deleted elsewhere long ago

use hyper::{Method, Response, StatusCode};
use jiff::SignedDuration;
use serde_json::{Map, Value as Json, json};

use super::answer::{Payload, http};
use super::cloud::Cloud;
use super::faults::{FaultRule, Faults};
use super::gateway::Gateway;

/// Where the control pages begin.
pub(super) const PREFIX: &str = "/_simulator/";

/// Holds the answer to a request that can't be served.
struct Wrong(StatusCode, String);

/// Answers a request for a control page.
pub(super) fn answer(
    cloud: &mut Cloud,
    method: &Method,
    page: &str,
    body: &[u8],
) -> Response<Payload> {
    let (status, shown) = match route(cloud, method, page, body) {
        Ok(shown) => (StatusCode::OK, shown),
        Err(Wrong(status, message)) => (status, json!({ "error": message })),
    };
    http(status, Payload::whole(format!("{shown}\n")))
}

fn route(cloud: &mut Cloud, method: &Method, page: &str, body: &[u8]) -> Result<Json, Wrong> {
    // Who interferes has no credentials, and works in the first account.
    cloud.enter_first();
    let now = cloud.settle().as_millisecond();
    match (method.as_str(), page, page.strip_prefix("gateways/")) {
        ("GET", "stats", _) => Ok(cloud.shown_stats(now)),
        ("GET", "gateways", _) => Ok(cloud.everything().map(|one| dump(one, now)).collect()),
        ("GET", "faults", _) => Ok(shown_faults(cloud)),
        ("POST", "faults", _) => {
            cloud.faults = Faults::new(read_rules(body)?);
            Ok(shown_faults(cloud))
        }
        ("POST", "clock", _) => {
            let seconds: i32 = serde_json::from_slice(body)
                .map_err(|error| bad_request(format!("the body is not a number: {error}")))?;
            cloud.ahead = SignedDuration::from_secs(seconds.into());
            Ok(json!({ "ahead": seconds }))
        }
        ("POST", _, Some(id)) => interfere(cloud, id, body, now),
        ("DELETE", _, Some(id)) => match cloud.store.remove(id) {
            Ok(true) => Ok(json!({ "GatewayId": id })),
            Ok(false) => Err(no_gateway(id)),
            Err(error) => Err(not_recorded(&error)),
        },
        _ => Err(Wrong(
            StatusCode::NOT_FOUND,
            format!("there is no control page {method} {PREFIX}{page}"),
        )),
    }
}

/// Shows a gateway as the API does, with what the API keeps to itself.
fn dump(gateway: &Gateway, now: i64) -> Json {
    let mut shown = gateway.shown(now);
    shown.insert("Region".to_owned(), json!(gateway.region));
    shown.insert("TaskId".to_owned(), json!(gateway.task_id));
    Json::Object(shown)
}

fn shown_faults(cloud: &Cloud) -> Json {
    cloud.faults.rules().map(ToString::to_string).collect()
}

fn read_rules(body: &[u8]) -> Result<Vec<FaultRule>, Wrong> {
    serde_json::from_slice::<Vec<String>>(body)
        .map_err(|error| bad_request(format!("the body is not a list of texts: {error}")))?
        .iter()
        .map(|rule| rule.parse::<FaultRule>())
        .collect::<Result<_, _>>()
        .map_err(|fault| bad_request(fault.to_string()))
}

fn interfere(cloud: &mut Cloud, id: &str, body: &[u8], now: i64) -> Result<Json, Wrong> {
    let changes: Map<String, Json> = serde_json::from_slice(body)
        .map_err(|error| bad_request(format!("the body is not a JSON object: {error}")))?;
    let mut gateway = cloud.store.get(id).ok_or_else(|| no_gateway(id))?.clone();
    gateway.interfere(changes);
    let shown = dump(&gateway, now);
    cloud
        .store
        .put(gateway)
        .map_err(|error| not_recorded(&error))?;
    Ok(shown)
}

fn bad_request(message: String) -> Wrong {
    Wrong(StatusCode::BAD_REQUEST, message)
}

fn no_gateway(id: &str) -> Wrong {
    Wrong(StatusCode::NOT_FOUND, format!("there is no gateway {id}"))
}

fn not_recorded(error: &std::io::Error) -> Wrong {
    Wrong(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("the simulator's store can't be written: {error}"),
    )
}
