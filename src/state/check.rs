//! What every state must be: the one check of reading and of writing.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Address, Identity, Kinds};

use super::{Change, Intent, MAX_SERIAL, Record, Request, State, StateError};

/// Knows which address holds which resource, and lets no change in that would spoil the state.
///
/// A state is read by it, and each change is held against it before it is written: so nothing is ever
/// written that can't be read. A change costs what it is about, not what the state holds.
#[derive(Clone, Debug)]
pub struct Ledger {
    kinds: Kinds,
    holders: BTreeMap<Identity, Address>,
}

impl State {
    /// Checks what every state must be.
    ///
    /// # Errors
    /// [`StateError`] says what is wrong, and where.
    pub fn check(&self, kinds: Kinds) -> Result<(), StateError> {
        Ledger::new(self, kinds).map(drop)
    }
}

impl Ledger {
    /// Checks a whole state, and remembers who holds what.
    ///
    /// # Errors
    /// [`StateError`] says what is wrong, and where.
    pub fn new(state: &State, kinds: Kinds) -> Result<Self, StateError> {
        let State {
            lineage: _,
            serial,
            cloud: _,
            account: _,
            resources,
            intents,
            history: _,
            open_plan: _,
        } = state;
        if *serial > MAX_SERIAL {
            return Err(StateError::BadSerial(*serial));
        }
        let mut ledger = Self {
            kinds,
            holders: BTreeMap::new(),
        };
        for (address, record) in resources {
            ledger.check_record(address, record)?;
            ledger.hold(address, record);
        }
        for (address, intent) in intents {
            ledger.check_intent(address, intent)?;
        }
        Ok(ledger)
    }

    /// Takes over what changes that become durable together make of a state; all of them, or none.
    ///
    /// Only what they come to is held against the rest: records that exchange their addresses hold each
    /// other's ids between two changes.
    ///
    /// # Errors
    /// [`StateError`] says how they would spoil the state.
    pub fn take(&mut self, changes: &[Change], state: &State) -> Result<(), StateError> {
        let mut after: BTreeMap<&Address, Option<&Record>> = BTreeMap::new();
        for change in changes {
            match change {
                Change::Intended { address, intent } => self.check_intent(address, intent)?,
                Change::Recorded { address, record } => {
                    after.insert(address, Some(record));
                }
                Change::Forgotten { address } => {
                    after.insert(address, None);
                }
                Change::Sent { .. } | Change::Closed { .. } | Change::Done {} => {}
            }
        }
        let before: Vec<(&Address, &Record)> = after
            .keys()
            .filter_map(|address| state.resources.get_key_value(*address))
            .collect();
        for (address, record) in &before {
            self.let_go(address, record);
        }
        let outcome = after.iter().try_for_each(|(address, record)| {
            record.map_or(Ok(()), |record| {
                self.check_record(address, record)?;
                self.hold(address, record);
                Ok(())
            })
        });
        if outcome.is_err() {
            for (address, record) in after {
                record.inspect(|record| self.let_go(address, record));
            }
            for (address, record) in before {
                self.hold(address, record);
            }
        }
        outcome
    }

    fn let_go(&mut self, address: &Address, record: &Record) {
        for identity in record.identities() {
            if self.holders.get(&identity) == Some(address) {
                self.holders.remove(&identity);
            }
        }
    }

    fn hold(&mut self, address: &Address, record: &Record) {
        let held = record.identities();
        self.holders
            .extend(held.map(|identity| (identity, address.clone())));
    }

    /// Checks one record, and that nothing it names is another's.
    ///
    /// One resource of the cloud under two addresses would be deleted for one while the other wants it.
    fn check_record(&self, address: &Address, record: &Record) -> Result<(), StateError> {
        let mut own = BTreeSet::new();
        for one in [Some(record), record.successor.as_deref()]
            .into_iter()
            .flatten()
        {
            self.check_kind(address, &one.kind)?;
            let identity = one.identity();
            self.check_id(address, &identity)?;
            let other = self.holders.get(&identity);
            if other.is_some_and(|other| other != address) || !own.insert(identity) {
                return Err(StateError::Twice(one.id.clone()));
            }
        }
        Ok(())
    }

    fn check_intent(&self, address: &Address, intent: &Intent) -> Result<(), StateError> {
        match &intent.request {
            Request::Create { draft, .. } => self.check_kind(address, &draft.kind),
            Request::Update { target, .. } | Request::Delete { target } => {
                self.check_kind(address, address.kind())?;
                self.check_id(address, target)
            }
        }
    }

    /// Checks that the address says of which kind the resource is: by that it is called in the cloud.
    fn check_kind(&self, address: &Address, kind: &str) -> Result<(), StateError> {
        if (self.kinds)(address.kind()).is_none() {
            return Err(StateError::UnknownKind(address.clone()));
        }
        if address.kind() != kind {
            return Err(StateError::OtherKind {
                address: address.clone(),
                kind: kind.to_owned(),
            });
        }
        Ok(())
    }

    fn check_id(&self, address: &Address, identity: &Identity) -> Result<(), StateError> {
        let id = &identity.id;
        if id.is_empty() {
            return Err(StateError::NoId(address.clone()));
        }
        match (self.kinds)(address.kind()) {
            Some(is_id) if is_id(id) => Ok(()),
            _ => Err(StateError::BadId {
                address: address.clone(),
                id: id.clone(),
            }),
        }
    }
}
