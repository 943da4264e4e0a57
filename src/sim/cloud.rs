//! The one account: its gateways, its limits, and the count of what was asked.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::model::Fault;

use super::Options;
use super::faults::Faults;
use super::gateway::Gateway;
use super::rate::Rate;
use super::store::Store;

/// Holds all that requests work on.
#[derive(Debug)]
pub(super) struct Cloud {
    /// How it was told to behave.
    pub(super) options: Options,
    /// The gateways.
    pub(super) store: Store,
    /// The limit on requests.
    pub(super) rate: Rate,
    /// The rules of misbehaviour, as they are now.
    pub(super) faults: Faults,
    /// The count of requests.
    pub(super) stats: Stats,
}

impl Cloud {
    /// Opens the account with what its store holds.
    pub(super) fn open(options: Options) -> Result<Self, Fault> {
        Ok(Self {
            store: Store::open(options.store.as_deref(), options.seed)?,
            rate: Rate::new(options.requests_per_second),
            faults: Faults::new(options.faults.clone()),
            stats: Stats::default(),
            options,
        })
    }

    /// Returns the present time, and lets go what is gone by now.
    pub(super) fn settle(&mut self) -> Timestamp {
        let now = self.options.clock.now();
        self.store.settle(now.as_millisecond());
        now
    }

    /// Throws the dice for when a change is shown. Without a lag it throws none, so that a seed gives
    /// the ids that it always gave.
    pub(super) fn after_lag(&mut self, now: i64) -> i64 {
        let lag = later(0, self.options.lag);
        if lag == 0 {
            return now;
        }
        now.saturating_add(self.store.rng.i64(0..=lag))
    }

    /// Records what a call changed of a gateway; the list shows it after the lag.
    pub(super) fn change(&mut self, mut gateway: Gateway, now: i64) -> io::Result<()> {
        let shown = self.after_lag(now);
        if shown > now
            && let Some(old) = self.store.get(&gateway.id)
        {
            gateway.lag_behind(old, now, shown);
        }
        self.store.put(gateway)
    }

    /// Makes an id of eight hexadecimal digits that nothing has yet.
    pub(super) fn new_gateway_id(&mut self) -> String {
        loop {
            let id = format!("gateway-{:08x}", self.store.rng.u32(..));
            if self.store.get(&id).is_none() {
                return id;
            }
        }
    }

    /// Makes the id of a task.
    pub(super) fn new_task_id(&mut self) -> String {
        format!("task-{:08x}", self.store.rng.u32(..))
    }

    /// Makes the id of a server group.
    pub(super) fn new_group_id(&mut self) -> String {
        let rng = &mut self.store.rng;
        let signs = std::iter::repeat_with(|| char::from_digit(rng.u32(..36), 36));
        format!("group-{}", signs.flatten().take(8).collect::<String>())
    }

    /// Makes the id of a request.
    pub(super) fn new_request_id(&mut self) -> String {
        let bytes = self.store.rng.u128(..).to_be_bytes();
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    /// Counts calls, rejections and gateways, as the control page shows them.
    pub(super) fn shown_stats(&self, now: i64) -> Json {
        let mut gateways = BTreeMap::<&str, u64>::new();
        for gateway in self.store.all() {
            *gateways.entry(gateway.status(now)).or_default() += 1;
        }
        json!({
            "calls": self.stats.calls,
            "rejections": self.stats.rejections,
            "gateways": gateways,
        })
    }
}

/// Counts requests by action.
#[derive(Debug, Default)]
pub(super) struct Stats {
    calls: BTreeMap<String, u64>,
    rejections: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Stats {
    /// Counts a request.
    pub(super) fn called(&mut self, action: &str) {
        *self.calls.entry(action.to_owned()).or_default() += 1;
    }

    /// Counts a refusal.
    pub(super) fn rejected(&mut self, action: &str, code: &str) {
        let codes = self.rejections.entry(action.to_owned()).or_default();
        *codes.entry(code.to_owned()).or_default() += 1;
    }
}

/// Returns a time later than `from` by `duration`, both in milliseconds.
pub(super) fn later(from: i64, duration: Duration) -> i64 {
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    from.saturating_add(milliseconds)
}
