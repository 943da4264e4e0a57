//! The way to the cloud that a project asks for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::api::{
    Client, Credentials, Endpoint, Found, Listener, Service, Settings, Site, Sources,
};
use crate::config::{self, PROJECT_FILE};
use crate::model::{Fault, Secret};
use crate::sim::{self, Simulator};
use crate::state::State;

use super::Session;
use super::certificates;
use super::failure::Failure;
use super::terminal::Terminal;
use super::workspace::Workspace;

/// The word in `endpoint` that asks for the embedded simulated cloud.
const EMBEDDED: &str = "simulator";
/// The variable with the hosts that a file may send requests to, besides the vendor's and this machine.
const ALLOWED: &str = "GWPLAN_ALLOW_ENDPOINT";

/// Holds a client, and the simulated cloud that it talks to, if that runs inside this command.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) terminal: Terminal,
    /// Whether calls that are tried again are told of here.
    is_telling: Arc<AtomicBool>,
    _simulator: Option<Simulator>,
}

impl Connection {
    /// Leaves it to the progress of a run to tell of calls that are tried again.
    pub(super) fn hush(&self) {
        self.is_telling.store(false, Ordering::Relaxed);
    }
}

/// Tells at once, and each thing once, that there is no connection: the tries take a minute.
fn tell_unreached(
    terminal: Terminal,
    is_telling: &Arc<AtomicBool>,
    retry_for: Duration,
) -> Listener {
    let is_telling = Arc::clone(is_telling);
    let told = Mutex::new(BTreeSet::new());
    let patience = jiff::SignedDuration::try_from(retry_for).unwrap_or_default();
    Listener::new(move |error| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        let message = error.message.trim_end();
        if is_telling.load(Ordering::Relaxed) && told.insert(message.to_owned()) {
            terminal.status(&format!("{message}; trying again for up to {patience:#}"));
        }
    })
}

/// Names the cloud that a project asks for: the same on every machine.
pub(super) fn endpoint_name(session: &Session, workspace: &Workspace) -> String {
    match (asked(session, workspace), workspace.project.site) {
        (Some(endpoint), _) => endpoint.to_owned(),
        (None, config::Site::International) => Endpoint::Site(Site::International).to_string(),
        (None, config::Site::China) => Endpoint::Site(Site::China).to_string(),
    }
}

/// Names a cloud, as [`endpoint_name`] does, in the words that people use of it.
pub(super) fn described(name: &str) -> String {
    let sites = [
        (Site::International, "the international site"),
        (Site::China, "the China site"),
    ];
    let mut sites = sites.into_iter();
    match sites.find(|(site, _)| Endpoint::Site(*site).to_string() == name) {
        Some((site, words)) => format!("{words} ({})", site.host(Service::Tse)),
        None if name == EMBEDDED => "the simulated cloud".to_owned(),
        None => without_port(name).to_owned(),
    }
}

/// Names a cloud without the port of a server on this machine, which is another one each time.
pub(super) fn without_port(name: &str) -> &str {
    match Endpoint::url(name) {
        Ok(endpoint) if endpoint.is_loopback() => "a server on this machine",
        _ => name,
    }
}

fn asked<'a>(session: &'a Session, workspace: &'a Workspace) -> Option<&'a str> {
    session
        .environment
        .get("GWPLAN_ENDPOINT")
        .or(workspace.project.endpoint.as_deref())
}

/// Finds credentials and makes a client; nothing is asked but whose account it is, which must be that of
/// the state.
pub(super) async fn connect(
    session: &Session,
    workspace: &Workspace,
    state: &State,
) -> Result<Connection, Failure> {
    Ok(connect_if_any(session, workspace, state).await??)
}

/// Does so for those who can go on without credentials; the inner fault says where they were looked for.
pub(super) async fn connect_if_any(
    session: &Session,
    workspace: &Workspace,
    state: &State,
) -> Result<Result<Connection, Fault>, Failure> {
    let connection = match reach(session, workspace).await? {
        Ok(connection) => connection,
        Err(nowhere) => return Ok(Err(nowhere)),
    };
    workspace
        .check_account(session, &connection.client, state)
        .await?;
    Ok(Ok(connection))
}

async fn reach(
    session: &Session,
    workspace: &Workspace,
) -> Result<Result<Connection, Fault>, Failure> {
    let project = &workspace.project;
    let asked = asked(session, workspace);
    let mut settings = Settings {
        requests_per_second: project.requests_per_second,
        ..Settings::default()
    };
    if asked == Some(EMBEDDED) {
        let simulator = embed(&workspace.state_path, project.requests_per_second)?;
        settings.endpoint = Endpoint::url(&simulator.url())?;
        settings.tokens = settings.endpoint.clone();
        let key = Secret::new(sim::DEFAULT_SECRET_KEY);
        let credentials = Credentials::fixed(sim::DEFAULT_SECRET_ID, key, None);
        let client = Client::new(settings, credentials, session.clock.clone())?;
        return Ok(Ok(Connection {
            client,
            terminal: session.terminal,
            is_telling: Arc::default(),
            _simulator: Some(simulator),
        }));
    }
    (settings.endpoint, settings.tokens) = endpoints(session, project)?;
    if !settings.endpoint.is_loopback() {
        certificates::check(&session.environment)?;
    }
    let is_telling = Arc::new(AtomicBool::new(true));
    settings.unreached = tell_unreached(session.terminal, &is_telling, settings.retry_for);
    let mut sources = Sources::new(
        session.environment.variables.clone(),
        session.environment.home.clone(),
    );
    sources.profile.clone_from(&project.profile);
    let found = Credentials::look(&sources, &settings, session.clock.clone()).await?;
    let credentials = match found {
        Found::Here(credentials) => credentials,
        Found::Nowhere(fault) => return Ok(Err(fault)),
    };
    tracing::debug!(from = credentials.describe(), endpoint = %settings.endpoint, "credentials found");
    let client = Client::new(settings, credentials, session.clock.clone())?;
    Ok(Ok(Connection {
        client,
        terminal: session.terminal,
        is_telling,
        _simulator: None,
    }))
}

/// Returns where requests go, and where those of the token service do.
///
/// A file of the project, which may be anybody's, sends requests to this machine or to the vendor; to any
/// other host it takes the environment's consent. The proofs of who calls it sends nowhere.
fn endpoints(session: &Session, project: &config::Project) -> Result<(Endpoint, Endpoint), Fault> {
    let read = |url: &str| {
        Endpoint::url(url)
            .map_err(|fault| Fault::new("the endpoint that is set can't be used").because(fault))
    };
    if let Some(url) = session.environment.get("GWPLAN_ENDPOINT") {
        let endpoint = read(url)?;
        return Ok((endpoint.clone(), endpoint));
    }
    let site = Endpoint::Site(match project.site {
        config::Site::International => Site::International,
        config::Site::China => Site::China,
    });
    let Some(url) = project.endpoint.as_deref() else {
        return Ok((site.clone(), site));
    };
    let endpoint = read(url)?;
    let allowed = session.environment.get(ALLOWED).unwrap_or_default();
    let is_allowed = endpoint.is_among(allowed.split(',').map(str::trim));
    if !(endpoint.is_loopback() || endpoint.is_vendors() || is_allowed) {
        let host = endpoint.host();
        return Err(Fault::new(format!(
            "{PROJECT_FILE} sends requests, signed with your credentials, to {host}, which is not the vendor's"
        ))
        .hint(format!(
            "if you trust that host, set {ALLOWED}={host} in the environment; otherwise take `endpoint` out of {PROJECT_FILE}"
        )));
    }
    Ok((endpoint, site))
}

/// Starts the simulated cloud; its memory stands beside the state.
fn embed(state_path: &Path, requests_per_second: u32) -> Result<Simulator, Fault> {
    Simulator::start(sim::Options {
        requests_per_second,
        store: Some(memory_beside(state_path)),
        ..sim::Options::default()
    })
}

/// Names the simulated cloud's memory after the state, since two states are two accounts; that of
/// `default.json` is `simulator.json`.
fn memory_beside(state_path: &Path) -> PathBuf {
    match state_path.file_stem().and_then(|stem| stem.to_str()) {
        None | Some("default") => state_path.with_file_name("simulator.json"),
        Some(stem) => state_path.with_file_name(format!("{stem}.simulator.json")),
    }
}
