//! The simulated cloud: a loopback server that speaks the vendor's API.
//!
//! It checks signatures, refuses what the real API refuses with the code that the real API uses,
//! lets tasks take time, and can be told to misbehave ([`FaultRule`]). It is a part of the product:
//! `gwplan simulator` serves it, and `endpoint: simulator` embeds it.
//!
//! A request passes `server` (HTTP) and `front` (who, what, how often), reaches one handler in
//! `actions`, and works on the `cloud`. Tasks have no timers: a gateway records when each phase
//! ends, and its status is read off the clock, so that tasks go on while no process runs.
//!
//! Where the vendor's documents are silent, the choice is documented at the place that makes it.

mod actions;
mod answer;
mod auth;
mod cloud;
mod control;
mod faults;
mod front;
mod gateway;
mod inside;
mod journal;
mod rate;
mod server;
mod store;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::model::{Clock, Fault, Secret};

use cloud::Cloud;

pub use faults::{FaultKind, FaultRule, Target};
pub use inside::Inside;

/// The secret id that a simulator accepts unless it is given others; it opens nothing else.
pub const DEFAULT_SECRET_ID: &str = "AKID-simulator-not-a-real-secret-id";
/// The secret key that goes with [`DEFAULT_SECRET_ID`].
pub const DEFAULT_SECRET_KEY: &str = "simulator-not-a-real-secret-key";

/// The account of credentials that belong to no other.
pub const DEFAULT_ACCOUNT: &str = "100000000001";

/// Says how a simulator behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The loopback address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The pairs of secret id and key that are accepted.
    pub credentials: Vec<(String, Secret)>,
    /// The accounts of the secret ids; those that are not named belong to [`DEFAULT_ACCOUNT`].
    pub accounts: BTreeMap<String, String>,
    /// How many requests a second each action takes; 0 takes any number.
    pub requests_per_second: u32,
    /// How long it takes to make a gateway.
    pub create_time: Duration,
    /// How long it takes to change a gateway's nodes or networks.
    pub update_time: Duration,
    /// How long it takes to delete a gateway.
    pub delete_time: Duration,
    /// How long the calls that look may stay behind the calls that change.
    ///
    /// For each change the dice choose a time of up to this. Until then, a new gateway is found by
    /// no call that looks for it, and the list shows a changed or leaving one as it was before; once
    /// a deletion has ended, the list too shows the gateway no more. Calls that change find every
    /// gateway at once.
    pub lag: Duration,
    /// How many gateways the account may hold.
    pub gateway_quota: usize,
    /// The file that outlives the process; nothing keeps all in memory.
    ///
    /// Beside it stands a log of the changes since it was written, with `.log` added to its name.
    pub store: Option<PathBuf>,
    /// The order of the list of gateways.
    pub list_order: ListOrder,
    /// Makes ids and dice come out the same in every run.
    pub seed: Option<u64>,
    /// The ways in which it misbehaves.
    pub faults: Vec<FaultRule>,
    /// Tells the time to tasks, signatures and rates.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            credentials: vec![(
                DEFAULT_SECRET_ID.to_owned(),
                Secret::new(DEFAULT_SECRET_KEY),
            )],
            accounts: BTreeMap::new(),
            requests_per_second: 20,
            create_time: Duration::from_secs(3),
            update_time: Duration::from_secs(1),
            delete_time: Duration::from_secs(1),
            lag: Duration::ZERO,
            gateway_quota: 100_000,
            store: None,
            list_order: ListOrder::default(),
            seed: None,
            faults: Vec::new(),
            clock: Clock::system(),
        }
    }
}

/// Says in which order the list shows gateways.
///
/// The vendor does not document the order. With the newest first, a create between two pages shifts
/// the second one, so that a reader sees one gateway twice; this is the default because a client
/// has to cope with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// The gateway that was created last comes first.
    #[default]
    NewestFirst,
    /// The gateway that was created first comes first.
    OldestFirst,
}

/// Holds a running simulator; dropping it stops it and writes its store.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a simulator on a thread of its own.
    ///
    /// It accepts connections from the moment that this returns.
    pub fn start(options: Options) -> Result<Self, Fault> {
        let listener = listen(options.listen)?;
        let address = listener
            .local_addr()
            .map_err(|error| cannot_start(options.listen, error))?;
        let cloud = Cloud::open(options)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot_start(address, error))?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || server::run(&runtime, listener, cloud, stopped))
            .map_err(|error| cannot_start(address, error))?;
        tracing::debug!(%address, "the simulator listens");
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL of its API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the simulator's thread panicked");
        }
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Fault> {
    if !address.ip().is_loopback() {
        return Err(Fault::new(format!(
            "the simulator does not listen on {address}: it is not a loopback address"
        ))
        .hint(
            "its control pages have no password, so it serves this machine alone: \
             use 127.0.0.1:PORT or [::1]:PORT",
        ));
    }
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Fault::new(format!("{address} is in use already"))
            .hint("choose another port, or 0 for a free one")
            .because(error),
        _ => cannot_start(address, error),
    })?;
    listener
        .set_nonblocking(true)
        .map_err(|error| cannot_start(address, error))?;
    Ok(listener)
}

fn cannot_start(address: SocketAddr, error: std::io::Error) -> Fault {
    Fault::new(format!("the simulator can't start on {address}")).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on() {
        let fault = Simulator::start(Options {
            listen: "0.0.0.0:0".parse().unwrap(),
            ..Options::default()
        })
        .unwrap_err();
        assert!(fault.to_string().contains("loopback"), "{fault}");
        assert!(fault.next_step().is_some());
    }

    #[test]
    fn a_port_in_use_is_named() {
        let first = Simulator::start(Options::default()).unwrap();
        let fault = Simulator::start(Options {
            listen: first.address(),
            ..Options::default()
        })
        .unwrap_err();
        assert!(fault.to_string().contains("in use"), "{fault}");
    }
}
