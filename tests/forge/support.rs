//! Clients of the fakes.

use std::time::Duration;

use gwplan::forge::{Comments, Error, Forge, Marker, Pipeline, Posted, Settings, Wishes};
use gwplan::model::Clock;

use crate::fake::{Fake, Kind, TOKEN};

/// Both forges.
pub(crate) const KINDS: [Kind; 2] = [Kind::GitHub, Kind::GitLab];

/// Gives up soon.
pub(crate) fn settings() -> Settings {
    Settings {
        request_timeout: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(5),
        patience: Duration::from_secs(3),
        first_pause: Duration::from_millis(4),
    }
}

/// Describes the pipeline of request 7, as the user names it.
pub(crate) fn pipeline(fake: &Fake, kind: Kind, token: &str) -> Pipeline {
    let (forge, repository) = match kind {
        Kind::GitHub => (Forge::GitHub, "acme/edge"),
        Kind::GitLab => (Forge::GitLab, "12"),
    };
    let wishes = Wishes {
        forge: Some(forge),
        api: Some(fake.url().to_owned()),
        repository: Some(repository.to_owned()),
        request: Some(7),
    };
    let lookup = |name: &str| (name == "GWPLAN_FORGE_TOKEN").then(|| token.to_owned());
    Pipeline::detect(&lookup, None, &wishes).unwrap()
}

/// Returns a client with the right token.
pub(crate) fn client(fake: &Fake, kind: Kind) -> Comments {
    let target = pipeline(fake, kind, TOKEN).target().unwrap();
    Comments::new(target, settings(), Clock::system()).unwrap()
}

/// Finds the comment and writes it, as one run does.
pub(crate) async fn post(client: &Comments, marker: &Marker, text: &str) -> Result<Posted, Error> {
    let found = client.find(marker).await?;
    let body = body(marker, text);
    client.write(marker, found.as_ref(), &body).await
}

/// Puts the marker before a text.
pub(crate) fn body(marker: &Marker, text: &str) -> String {
    format!("{marker}\n{text}\n")
}

/// Returns the marker of an environment.
pub(crate) fn marker(environment: &str) -> Marker {
    Marker::new("infra", Some(environment))
}
