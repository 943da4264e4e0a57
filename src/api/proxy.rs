//! The proxy between this machine and the cloud, for the words of an error.

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::endpoint::Endpoint;

/// Names the proxy that requests go through; nothing where they go straight.
///
/// The rules are those that the HTTP client itself follows, so the proxy that is named is the one that was
/// asked. Its user and password are left out: an error is shown to others.
pub(super) fn on_the_way(endpoint: &Endpoint, url: &str) -> Option<String> {
    if endpoint.is_loopback() {
        return None;
    }
    let proxy = Matcher::from_system().intercept(&url.parse::<Uri>().ok()?)?;
    let host = proxy.uri().host()?;
    Some(match proxy.uri().port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}
