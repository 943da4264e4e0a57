//! The gateways, and the indexes that find them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use fastrand::Rng;

use crate::model::Fault;

use super::gateway::Gateway;
use super::journal::{Change, Entry, Journal, Snapshot};

/// Holds the account's gateways.
///
/// A gateway is found by its id at once, and a region's gateways stand in the order of their
/// creation, so that a page of a list costs what the page holds.
#[derive(Debug)]
pub(super) struct Store {
    /// Makes ids and throws dice.
    pub(super) rng: Rng,
    seed: Option<u64>,
    next: u64,
    gateways: BTreeMap<u64, Gateway>,
    numbers: HashMap<String, u64>,
    regions: HashMap<String, Vec<u64>>,
    leaving: BTreeSet<(i64, u64)>,
    changing: BTreeSet<(i64, u64)>,
    /// When the last of all has appeared.
    appeared: i64,
    pairs: BTreeSet<(String, String)>,
    journal: Option<Journal>,
}

impl Store {
    /// Opens the store in a file, or one in memory alone.
    pub(super) fn open(path: Option<&Path>, seed: Option<u64>) -> Result<Self, Fault> {
        let mut store = Self {
            rng: seed.map_or_else(Rng::new, Rng::with_seed),
            seed,
            next: 1,
            gateways: BTreeMap::new(),
            numbers: HashMap::new(),
            regions: HashMap::new(),
            leaving: BTreeSet::new(),
            changing: BTreeSet::new(),
            appeared: 0,
            pairs: BTreeSet::new(),
            journal: None,
        };
        let Some(path) = path else { return Ok(store) };
        let (journal, snapshot, entries) = Journal::open(path)?;
        store.replay(snapshot, entries);
        store.journal = Some(journal);
        store.save().map_err(|error| {
            Fault::new(format!(
                "the simulator's store {} can't be written",
                path.display()
            ))
            .because(error)
        })?;
        Ok(store)
    }

    fn replay(&mut self, snapshot: Snapshot, entries: Vec<Entry>) {
        // A seeded generator goes on where it stood: begun anew, it would give the ids of before.
        let goes_on = self.seed.is_some() && snapshot.seed == self.seed;
        let generator = entries.last().map_or(snapshot.generator, |e| e.generator);
        if goes_on {
            self.rng = Rng::with_seed(generator);
        }
        self.next = self.next.max(snapshot.next);
        self.pairs.extend(snapshot.pairs);
        for gateway in snapshot.gateways {
            self.index(gateway);
        }
        for entry in entries {
            match entry.change {
                Change::Put(gateway) => self.index(*gateway),
                Change::Gone(id) => self.unindex(&id),
            }
        }
    }

    /// Ends the changes whose time has come, and lets the gateways go whose deletion has ended.
    ///
    /// That is not written down: their records say when, and what comes of it.
    pub(super) fn settle(&mut self, now: i64) {
        while let Some((ends, number)) = self.changing.first().copied().filter(|(at, _)| *at <= now)
        {
            self.changing.remove(&(ends, number));
            if let Some(gateway) = self.gateways.get_mut(&number) {
                gateway.settle(now);
            }
        }
        while let Some((gone, number)) = self.leaving.first().copied().filter(|(at, _)| *at <= now)
        {
            self.leaving.remove(&(gone, number));
            if let Some(id) = self.gateways.get(&number).map(|gateway| gateway.id.clone()) {
                self.unindex(&id);
            }
        }
    }

    /// Finds a gateway by its id.
    pub(super) fn get(&self, id: &str) -> Option<&Gateway> {
        self.gateways.get(self.numbers.get(id)?)
    }

    /// Finds a gateway by its number.
    pub(super) fn numbered(&self, number: u64) -> Option<&Gateway> {
        self.gateways.get(&number)
    }

    /// Returns the numbers of a region's gateways, in the order of their creation.
    pub(super) fn in_region(&self, region: &str) -> &[u64] {
        self.regions.get(region).map_or(&[], Vec::as_slice)
    }

    /// Tells whether every gateway has appeared, so that none has to be left out.
    pub(super) fn all_have_appeared(&self, now: i64) -> bool {
        self.appeared <= now
    }

    /// Returns all gateways, in the order of their creation.
    pub(super) fn all(&self) -> impl Iterator<Item = &Gateway> {
        self.gateways.values()
    }

    /// Returns how many gateways there are.
    pub(super) fn len(&self) -> usize {
        self.gateways.len()
    }

    /// Returns the number that the next new gateway gets.
    pub(super) fn next_number(&self) -> u64 {
        self.next
    }

    /// Tells whether the account has seen a tag pair.
    fn knows_pair(&self, key: &str, value: &str) -> bool {
        self.pairs.contains(&(key.to_owned(), value.to_owned()))
    }

    /// Counts the tag pairs that the account has not seen yet.
    pub(super) fn count_new<'a>(&self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> usize {
        pairs
            .filter(|(key, value)| !self.knows_pair(key, value))
            .count()
    }

    /// Records a new or changed gateway.
    pub(super) fn put(&mut self, gateway: Gateway) -> io::Result<()> {
        self.record(Change::Put(Box::new(gateway.clone())))?;
        self.index(gateway);
        self.rewrite_if_due();
        Ok(())
    }

    /// Takes a gateway away at once; tells whether it was there.
    pub(super) fn remove(&mut self, id: &str) -> io::Result<bool> {
        if self.get(id).is_none() {
            return Ok(false);
        }
        self.record(Change::Gone(id.to_owned()))?;
        self.unindex(id);
        self.rewrite_if_due();
        Ok(true)
    }

    /// Writes the snapshot if it lacks anything.
    pub(super) fn save(&mut self) -> io::Result<()> {
        if self.journal.as_ref().is_some_and(Journal::is_stale) {
            self.rewrite()?;
        }
        Ok(())
    }

    fn record(&mut self, change: Change) -> io::Result<()> {
        let generator = self.rng.get_seed();
        match &mut self.journal {
            Some(journal) => journal.append(&Entry { generator, change }),
            None => Ok(()),
        }
    }

    fn rewrite_if_due(&mut self) {
        if self.journal.as_ref().is_some_and(Journal::is_due)
            && let Err(error) = self.rewrite()
        {
            // The log has it all; the next change tries again.
            tracing::warn!(%error, "the simulator's store was not rewritten");
        }
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let snapshot = Snapshot {
            seed: self.seed,
            generator: self.rng.get_seed(),
            next: self.next,
            pairs: self.pairs.iter().cloned().collect(),
            gateways: self.gateways.values().cloned().collect(),
            ..Snapshot::default()
        };
        match &mut self.journal {
            Some(journal) => journal.rewrite(&snapshot.stamped()),
            None => Ok(()),
        }
    }

    fn index(&mut self, gateway: Gateway) {
        let number = gateway.number;
        self.appeared = self.appeared.max(gateway.appears);
        self.next = self.next.max(number + 1);
        self.pairs
            .extend(gateway.tags().map(|(k, v)| (k.to_owned(), v.to_owned())));
        if let Some(old) = self.gateways.remove(&number) {
            self.forget_times(&old);
        } else {
            self.numbers.insert(gateway.id.clone(), number);
            let region = self.regions.entry(gateway.region.clone()).or_default();
            // New gateways have the highest number: this appends.
            region.insert(region.partition_point(|n| *n < number), number);
        }
        if let Some(gone) = gateway.gone {
            self.leaving.insert((gone, number));
        }
        if let Some(task) = &gateway.task {
            self.changing.insert((task.ends, number));
        }
        self.gateways.insert(number, gateway);
    }

    fn unindex(&mut self, id: &str) {
        let Some(number) = self.numbers.remove(id) else {
            return;
        };
        let Some(gateway) = self.gateways.remove(&number) else {
            return;
        };
        self.forget_times(&gateway);
        if let Some(region) = self.regions.get_mut(&gateway.region)
            && let Ok(at) = region.binary_search(&number)
        {
            region.remove(at);
        }
    }

    fn forget_times(&mut self, gateway: &Gateway) {
        if let Some(gone) = gateway.gone {
            self.leaving.remove(&(gone, gateway.number));
        }
        if let Some(task) = &gateway.task {
            self.changing.remove(&(task.ends, gateway.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::gateway::tests::gateway;
    use super::*;

    fn ids(store: &Store) -> Vec<&str> {
        store.all().map(|gateway| gateway.id.as_str()).collect()
    }

    #[test]
    fn the_indexes_agree_after_changes() {
        let mut store = Store::open(None, None).unwrap();
        for number in 1..=3 {
            store.put(gateway(number)).unwrap();
        }
        let mut second = gateway(2);
        second.gone = Some(50);
        store.put(second).unwrap();
        store.settle(49);
        assert_eq!(store.in_region("ap-guangzhou"), [1, 2, 3]);
        store.settle(50);
        assert_eq!(store.in_region("ap-guangzhou"), [1, 3]);
        assert!(store.get("gateway-00000002").is_none());
        assert!(store.remove("gateway-00000001").unwrap());
        assert!(!store.remove("gateway-00000001").unwrap());
        assert_eq!(store.len(), 1);
        assert_eq!(store.next_number(), 4);
        assert!(store.knows_pair("env", "prod"));
    }

    #[test]
    fn a_store_that_was_not_closed_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.json");
        let mut store = Store::open(Some(&path), Some(7)).unwrap();
        let before = store.rng.u64(..);
        store.put(gateway(1)).unwrap();
        store.put(gateway(2)).unwrap();
        store.remove("gateway-00000001").unwrap();
        let expected = store.rng.clone().u64(..);
        drop(store);
        let mut store = Store::open(Some(&path), Some(7)).unwrap();
        assert_eq!(ids(&store), ["gateway-00000002"]);
        let after = store.rng.u64(..);
        assert_eq!(after, expected, "the generator goes on");
        assert_ne!(after, before);
        assert_eq!(store.next_number(), 3);
    }

    #[test]
    fn the_log_is_folded_into_the_snapshot_once_it_has_grown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cloud.json");
        let mut store = Store::open(Some(&path), None).unwrap();
        for round in 0..3000 {
            store.put(gateway(round % 10 + 1)).unwrap();
        }
        let log = folder.path().join("cloud.json.log");
        assert!(std::fs::metadata(&log).unwrap().len() < 1 << 20);
        drop(store);
        let store = Store::open(Some(&path), None).unwrap();
        assert_eq!(store.len(), 10);
        assert_eq!(std::fs::metadata(&log).unwrap().len(), 0);
    }
}
