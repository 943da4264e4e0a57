//! The steps in which a state changes: what a journal holds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::Address;

use super::{Intent, Record, State};

/// Says one thing that has become known about one resource.
///
/// A create passes through *intended*, *sent*, then *recorded* as `creating` and *closed* in one
/// write, and at last *recorded* as `ready` or `tainted`. Updates and deletes go the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Change {
    /// A request is about to be sent.
    Intended {
        /// The resource.
        address: Address,
        /// The request.
        intent: Box<Intent>,
    },
    /// It leaves now: from here on the cloud may have carried it out.
    Sent {
        /// The resource.
        address: Address,
        /// When, by the cloud's clock where that is known: the request is signed with this time.
        at: Timestamp,
        /// The lock's id of the run that sends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
    },
    /// The outcome of the request is known.
    Closed {
        /// The resource.
        address: Address,
    },
    /// The resource is so.
    Recorded {
        /// The resource.
        address: Address,
        /// Its record.
        record: Box<Record>,
    },
    /// The resource is no longer there, or no longer gwplan's business.
    Forgotten {
        /// The resource.
        address: Address,
    },
    /// All of the plan is done that the run has begun.
    Done {},
}

impl Change {
    /// Records a resource.
    pub fn recorded(address: &Address, record: Record) -> Self {
        Self::Recorded {
            address: address.clone(),
            record: Box::new(record),
        }
    }

    /// Drops a resource's record.
    pub fn forgotten(address: &Address) -> Self {
        Self::Forgotten {
            address: address.clone(),
        }
    }

    /// Closes what was asked for a resource.
    pub fn closed(address: &Address) -> Self {
        Self::Closed {
            address: address.clone(),
        }
    }
}

impl State {
    /// Notes that runs have ended, by the ids of their locks: what they sent is no longer on its way.
    ///
    /// Tells whether anything is another thing by that.
    pub fn note_ended(&mut self, ended: &[String]) -> bool {
        let mut noted = false;
        for intent in self.intents.values_mut() {
            noted |= intent
                .sender
                .take_if(|sender| ended.contains(sender))
                .is_some();
        }
        noted
    }

    /// Takes one change over.
    pub fn take(&mut self, change: Change) {
        match change {
            Change::Intended { address, intent } => {
                self.intents.insert(address, *intent);
            }
            Change::Sent {
                address,
                at,
                sender,
            } => {
                if let Some(intent) = self.intents.get_mut(&address) {
                    intent.sent = Some(at);
                    intent.sender = sender;
                }
            }
            Change::Closed { address } => {
                self.intents.remove(&address);
            }
            Change::Recorded { address, record } => {
                self.resources.insert(address, *record);
            }
            Change::Forgotten { address } => {
                self.resources.remove(&address);
            }
            Change::Done {} => self.close_plan(),
        }
    }
}
