//! The accounts: their gateways, its limits, and the count of what was asked.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::model::Fault;

use super::faults::Faults;
use super::gateway::Gateway;
use super::rate::Rate;
use super::store::Store;
use super::{DEFAULT_ACCOUNT, Options};

/// Holds all that requests work on.
#[derive(Debug)]
pub(super) struct Cloud {
    /// How it was told to behave.
    pub(super) options: Options,
    /// The gateways of the account that is at hand.
    pub(super) store: Store,
    /// Which account that is.
    account: String,
    /// The gateways of the others.
    others: BTreeMap<String, Store>,
    /// The limit on requests.
    pub(super) rate: Rate,
    /// The rules of misbehaviour, as they are now.
    pub(super) faults: Faults,
    /// The count of requests.
    pub(super) stats: Stats,
    /// How far its clock is ahead of the machine's.
    pub(super) ahead: SignedDuration,
}

impl Cloud {
    /// Opens the account with what its store holds.
    pub(super) fn open(options: Options) -> Result<Self, Fault> {
        Ok(Self {
            store: Store::open(options.store.as_deref(), options.seed)?,
            account: DEFAULT_ACCOUNT.to_owned(),
            others: BTreeMap::new(),
            rate: Rate::new(options.requests_per_second),
            faults: Faults::new(options.faults.clone()),
            stats: Stats::default(),
            ahead: SignedDuration::ZERO,
            options,
        })
    }

    /// Returns the account that is at hand.
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// Works on the gateways of this secret id's account from now on: no account sees another's.
    pub(super) fn enter(&mut self, secret_id: &str) -> Result<(), Fault> {
        let account = self.options.accounts.get(secret_id);
        let account = account.map_or(DEFAULT_ACCOUNT, String::as_str);
        let account = account.to_owned();
        if self.account != account && !self.others.contains_key(&account) {
            let store = self.open_account(&account)?;
            self.others.insert(account.clone(), store);
        }
        self.switch(account);
        Ok(())
    }

    /// Works on the gateways of the first account from now on.
    pub(super) fn enter_first(&mut self) {
        self.switch(DEFAULT_ACCOUNT.to_owned());
    }

    /// Exchanges the gateways at hand for those of an account that was opened before.
    fn switch(&mut self, account: String) {
        if let Some(coming) = self.others.remove(&account) {
            let leaving = std::mem::replace(&mut self.store, coming);
            let left = std::mem::replace(&mut self.account, account);
            self.others.insert(left, leaving);
        }
    }

    /// Opens another account's store, in a file of its own; its ids are others than the first account's.
    fn open_account(&self, account: &str) -> Result<Store, Fault> {
        let path = self.options.store.as_ref().map(|path| {
            let mut name = path.clone().into_os_string();
            name.push(format!(".{account}"));
            PathBuf::from(name)
        });
        let number = account.bytes().fold(0, |sum: u64, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        let seed = self.options.seed.map(|seed| seed.wrapping_add(number));
        Store::open(path.as_deref(), seed)
    }

    /// Returns the gateways of all accounts, the one at hand first.
    pub(super) fn everything(&self) -> impl Iterator<Item = &Gateway> {
        let stores = std::iter::once(&self.store).chain(self.others.values());
        stores.flat_map(Store::all)
    }

    /// Writes the stores of all accounts.
    pub(super) fn save(&mut self) -> io::Result<()> {
        let stores = std::iter::once(&mut self.store).chain(self.others.values_mut());
        stores.into_iter().try_for_each(Store::save)
    }

    /// Returns the present time, and lets go what is gone by now.
    pub(super) fn settle(&mut self) -> Timestamp {
        let now = self.options.clock.now() + self.ahead;
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
        for gateway in self.everything() {
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
