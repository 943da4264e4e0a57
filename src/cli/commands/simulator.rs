//! `gwplan simulator`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::model::{Fault, Secret};
use crate::sim::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY, FaultRule, ListOrder, Options, Simulator};

use crate::cli::arguments::duration;
use crate::cli::failure::Failure;
use crate::cli::signals;
use crate::cli::workspace::block_on;
use crate::cli::{Exit, Session};

const FAULT_HELP: &str = "\
A way to misbehave: ACTION=KIND[:ARG][@PROBABILITY][#TIMES], for example read=status:502@0.1.

ACTION is an action of the API, `read`, `write`, or `*` for all; GetCallerIdentity is struck by
its name alone. KIND is one of:
  latency:200ms  the request waits before it is carried out
  status:502     it is not carried out; the answer is this HTTP status
  code:CODE      it is not carried out; the answer is this code of the vendor
  reset          the connection is closed before it is carried out
  lost           it is carried out, then the connection is closed without an answer
  garbage        it is carried out, and answered with something that is not JSON
  cut            it is carried out, and the answer breaks off in the middle
  5xx-after      it is carried out, and answered with HTTP 502
  id:TEXT        it is carried out, and the answer says that its id is TEXT
  fail-task      it is accepted, and its task fails
  empty          a list shows nothing, as one that lags behind does";

/// Serves the simulated cloud to any client of the API, until it is interrupted.
///
/// Its first line on stdout is `listening on http://127.0.0.1:PORT`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SimulatorArgs {
    /// The loopback address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A secret id and key to accept; by default the pair that the embedded simulator uses.
    ///
    /// Each account has gateways of its own, which the others don't see; without one, the credential is of
    /// the account 100000000001.
    #[arg(long = "credential", value_name = "ID:KEY[@ACCOUNT]", value_parser = secret)]
    credentials: Vec<Secret>,
    /// How long it takes to make a gateway.
    #[arg(long, value_name = "DUR", default_value = "3s", value_parser = duration)]
    create_time: Duration,
    /// How long it takes to change a gateway's nodes or networks.
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = duration)]
    update_time: Duration,
    /// How long it takes to delete a gateway.
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = duration)]
    delete_time: Duration,
    /// How long a change may stay hidden from the calls that look; the dice choose for each change.
    ///
    /// Until then no call finds a new gateway, and the list shows a changed one as it was before.
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = duration)]
    lag: Duration,
    /// How many requests a second each action takes; 0 takes any number.
    #[arg(long, value_name = "N", default_value_t = 20)]
    rps: u32,
    /// How many gateways the account may hold.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    quota: usize,
    /// A file that keeps the cloud beyond this process.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// The order of the list of gateways.
    #[arg(long, default_value = "newest")]
    list_order: Order,
    /// Makes ids and dice come out the same in every run.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A way to misbehave: ACTION=KIND[:ARG][@PROBABILITY][#TIMES], for example read=status:502@0.1.
    #[arg(long = "fault", value_name = "RULE", long_help = FAULT_HELP)]
    faults: Vec<FaultRule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// The gateway that was created last comes first.
    Newest,
    /// The gateway that was created first comes first.
    Oldest,
}

/// Takes any text: a parser that refused it would have it repeated in the message.
#[expect(
    clippy::unnecessary_wraps,
    reason = "parsers of arguments are fallible"
)]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// Takes a credential apart: its secret id and key, and its account where one is named.
fn credential(text: &Secret) -> Result<(String, Secret, Option<String>), Fault> {
    let unreadable = || {
        Fault::new("a --credential can't be read")
            .hint("write it as ID:KEY, or ID:KEY@ACCOUNT with digits for the account")
    };
    let (id, rest) = text.expose().split_once(':').ok_or_else(unreadable)?;
    let (key, account) = match rest.split_once('@') {
        Some((key, account)) => (key, Some(account)),
        None => (rest, None),
    };
    // It stands in the name of a file.
    let odd = |account: &str| account.is_empty() || !account.chars().all(|c| c.is_ascii_digit());
    if account.is_some_and(odd) {
        return Err(unreadable());
    }
    Ok((id.to_owned(), Secret::new(key), account.map(str::to_owned)))
}

pub(super) fn run(args: &SimulatorArgs, session: &Session) -> Result<Exit, Failure> {
    let default = [(
        DEFAULT_SECRET_ID.to_owned(),
        Secret::new(DEFAULT_SECRET_KEY),
    )];
    let mut credentials = Vec::new();
    let mut accounts = BTreeMap::new();
    for text in &args.credentials {
        let (id, key, account) = credential(text)?;
        accounts.extend(account.map(|account| (id.clone(), account)));
        credentials.push((id, key));
    }
    if credentials.is_empty() {
        credentials.extend(default);
    }
    let simulator = Simulator::start(Options {
        listen: args.listen,
        credentials,
        accounts,
        requests_per_second: args.rps,
        create_time: args.create_time,
        update_time: args.update_time,
        delete_time: args.delete_time,
        lag: args.lag,
        gateway_quota: args.quota,
        store: args.store.clone(),
        list_order: match args.list_order {
            Order::Newest => ListOrder::NewestFirst,
            Order::Oldest => ListOrder::OldestFirst,
        },
        seed: args.seed,
        faults: args.faults.clone(),
        clock: session.clock.clone(),
    })?;
    session
        .terminal
        .product(&format!("listening on {}\n", simulator.url()))?;
    if args.credentials.is_empty() {
        session.terminal.hint(&format!("it accepts TENCENTCLOUD_SECRET_ID={DEFAULT_SECRET_ID} TENCENTCLOUD_SECRET_KEY={DEFAULT_SECRET_KEY}"));
    }
    block_on(async {
        let mut stop = signals::listen()?;
        // The sender lives as long as the process.
        stop.changed().await.ok();
        Ok(Exit::Done)
    })
}
