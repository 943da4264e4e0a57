//! Where requests go.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::model::Fault;

use super::call::Service;

/// The domain of all the vendor's API hosts.
const DOMAIN: &str = "tencentcloudapi.com";

/// Names one of the vendor's two sites; accounts of one don't exist on the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Site {
    /// The international site, `intl.tencentcloudapi.com`.
    #[default]
    International,
    /// The site in China, `tencentcloudapi.com`.
    China,
}

/// Says where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// To a site of the vendor's, which has a host for each service.
    Site(Site),
    /// To one server that answers for every service.
    Url(BaseUrl),
}

impl Endpoint {
    /// Takes a URL that stands in for every service's own.
    pub fn url(text: &str) -> Result<Self, Fault> {
        BaseUrl::parse(text).map(Self::Url)
    }

    /// Tells whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Site(_) => false,
            Self::Url(base) => is_loopback(&base.0),
        }
    }

    /// Tells whether it is the vendor's: one of its sites, or a host of its domain by HTTPS.
    pub fn is_vendors(&self) -> bool {
        match self {
            Self::Site(_) => true,
            Self::Url(base) => {
                let host = base.0.host_str().unwrap_or_default();
                let within = host.strip_suffix(DOMAIN);
                let is_in_domain =
                    within.is_some_and(|name| name.is_empty() || name.ends_with('.'));
                base.0.scheme() == "https" && is_in_domain
            }
        }
    }

    /// Tells whether its host is one of these, each with or without a port.
    pub fn is_among<'a>(&self, hosts: impl IntoIterator<Item = &'a str>) -> bool {
        let Self::Url(base) = self else {
            return false;
        };
        let (host, with_port) = (base.0.host_str().unwrap_or_default(), base.host());
        hosts
            .into_iter()
            .any(|name| name.eq_ignore_ascii_case(host) || name.eq_ignore_ascii_case(&with_port))
    }

    /// Returns its host, with the port if that is not the usual one.
    pub fn host(&self) -> String {
        match self {
            Self::Site(site) => site.domain().to_owned(),
            Self::Url(base) => base.host(),
        }
    }

    /// Tells whether it is reached by plain HTTP.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Self::Site(_) => false,
            Self::Url(base) => base.0.scheme() == "http",
        }
    }

    /// Returns the URL of a service and the value of the `Host` header.
    pub(super) fn target(&self, service: Service) -> (String, String) {
        match self {
            Self::Site(site) => {
                let host = site.host(service);
                (format!("https://{host}/"), host)
            }
            Self::Url(base) => (base.0.to_string(), base.host()),
        }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::Site(Site::default())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(site) => write!(f, "https://*.{}", site.domain()),
            Self::Url(base) => write!(f, "{}", base.0),
        }
    }
}

impl Site {
    fn domain(self) -> &'static str {
        match self {
            Self::International => "intl.tencentcloudapi.com",
            Self::China => DOMAIN,
        }
    }

    /// Returns the host of a service.
    pub fn host(self, service: Service) -> String {
        format!("{}.{}", service.name(), self.domain())
    }
}

/// Holds the URL of a server: HTTPS, or plain HTTP on this machine alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Reads a URL and refuses one over which credentials could leak.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        // The text itself is not repeated in the faults below: it may hold a password.
        let url = Url::parse(text).map_err(|error| {
            Fault::new("the endpoint is not a URL")
                .because(error)
                .hint("write it like https://tse.example.com or http://127.0.0.1:8080")
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                Fault::new("the endpoint's URL holds a user name or a password").hint(
                    "take it out: requests are signed with the credentials, not with a password",
                ),
            );
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(Fault::new("the endpoint's URL has no host")
                .hint("write it like https://tse.example.com"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Fault::new("the endpoint's URL holds more than a host and a port")
                .hint("the API lives at the path / alone: leave out the path, the query and the fragment"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err(Fault::new(format!(
                "the endpoint {url} is plain HTTP, which is taken for this machine alone"
            ))
            .hint("use https, or a loopback address such as http://127.0.0.1:8080")),
            other => Err(Fault::new(format!("the endpoint's scheme is `{other}`"))
                .hint("use https, or http with a loopback address")),
        }
    }

    /// Reads a URL that is known to be right.
    pub(super) fn plain(known: &'static str) -> Result<Self, Fault> {
        let url = Url::parse(known);
        url.map(Self)
            .map_err(|error| Fault::new(format!("{known} is not a URL")).because(error))
    }

    /// Returns the value of the `Host` header: with the port, unless it is the scheme's own.
    fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Returns the URL with these segments as its path.
    pub(super) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        // A URL with a host can hold a path: the error can't happen.
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }
}

/// Tells whether a URL's host can be nothing but this machine.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_host() {
        let host = |site: Site, service| Endpoint::Site(site).target(service);
        assert_eq!(
            host(Site::International, Service::Tse),
            (
                "https://tse.intl.tencentcloudapi.com/".to_owned(),
                "tse.intl.tencentcloudapi.com".to_owned()
            )
        );
        assert_eq!(host(Site::China, Service::Sts).1, "sts.tencentcloudapi.com");
    }

    #[test]
    fn a_url_takes_the_place_of_every_host() {
        for (text, url, host) in [
            (
                "https://API.example.com",
                "https://api.example.com/",
                "api.example.com",
            ),
            (
                "https://api.example.com:443/",
                "https://api.example.com/",
                "api.example.com",
            ),
            (
                "https://api.example.com:8443",
                "https://api.example.com:8443/",
                "api.example.com:8443",
            ),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/", "127.0.0.1:9"),
            ("http://[::1]:9", "http://[::1]:9/", "[::1]:9"),
            ("http://localhost:9", "http://localhost:9/", "localhost:9"),
        ] {
            let endpoint = Endpoint::url(text).unwrap();
            assert_eq!(
                endpoint.target(Service::Tag),
                (url.to_owned(), host.to_owned())
            );
            assert_eq!(endpoint.is_loopback(), text.starts_with("http:"), "{text}");
        }
    }

    #[test]
    fn only_hosts_of_its_domain_by_https_are_the_vendors() {
        for (text, is_vendors) in [
            ("https://tencentcloudapi.com", true),
            ("https://tse.tencentcloudapi.com", true),
            ("https://TSE.ap-guangzhou.tencentcloudapi.com", true),
            ("https://tse.intl.tencentcloudapi.com:8443", true),
            ("https://eviltencentcloudapi.com", false),
            ("https://tencentcloudapi.com.example.com", false),
            ("https://example.com", false),
            ("http://127.0.0.1:9", false),
        ] {
            let endpoint = Endpoint::url(text).unwrap();
            assert_eq!(endpoint.is_vendors(), is_vendors, "{text}");
        }
        assert!(Endpoint::default().is_vendors());
    }

    #[test]
    fn a_host_is_named_with_or_without_its_port_and_no_part_of_it_is() {
        let endpoint = Endpoint::url("https://cloud.example.com:8443").unwrap();
        for (name, is_it) in [
            ("cloud.example.com", true),
            ("Cloud.Example.com:8443", true),
            ("cloud.example.com:443", false),
            ("example.com", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(endpoint.is_among([name]), is_it, "{name}");
        }
    }

    #[test]
    fn urls_that_could_leak_credentials_are_refused() {
        for (text, why) in [
            ("", "not a URL"),
            ("tse.example.com", "not a URL"),
            ("http://tse.example.com", "plain HTTP"),
            ("http://10.0.0.1", "plain HTTP"),
            ("http://0.0.0.0", "plain HTTP"),
            ("http://localhost.example.com", "plain HTTP"),
            ("https://user:canary@tse.example.com", "password"),
            ("http://canary@127.0.0.1", "password"),
            ("https://tse.example.com/v1", "more than a host"),
            ("https://tse.example.com/?a=b", "more than a host"),
            ("https://tse.example.com/#a", "more than a host"),
            ("ftp://tse.example.com", "scheme"),
        ] {
            let fault = Endpoint::url(text).unwrap_err();
            assert!(fault.to_string().contains(why), "{text}: {fault}");
            assert!(fault.next_step().is_some(), "{text}");
            assert!(!format!("{fault} {fault:?}").contains("canary"), "{text}");
        }
    }
}
