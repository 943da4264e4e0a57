//! Resources as the YAML wants them and as the cloud shows them.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::path::FieldPath;
use super::source::Location;
use super::value::Attributes;

/// Names one resource in the cloud: its id and the region that holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The API region.
    pub region: String,
    /// The cloud's id, for example `gateway-dde03755`.
    pub id: String,
}

/// Tells whether a text is an id that the cloud gives to resources of a kind.
pub type IdForm = fn(&str) -> bool;

/// Finds the form of the ids of a kind by its word in addresses; nothing where there is no such kind.
pub type Kinds = fn(&str) -> Option<IdForm>;

/// Describes one resource as the YAML wants it, defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Where it lives in YAML and state.
    pub address: Address,
    /// The API region of its calls.
    pub region: String,
    /// The attributes that the user set, and the fixed defaults of the rest.
    pub attributes: Attributes,
    /// The addresses that must be ready before it.
    pub depends_on: Vec<Address>,
    /// Whether a plan that would destroy it is an error.
    pub prevent_destroy: bool,
    /// Whether a replacement is made before the old one is deleted.
    pub create_before_destroy: bool,
    /// Attributes whose changes are left alone.
    pub ignore_changes: Vec<FieldPath>,
    /// The place of its key in the YAML, if it came from there.
    pub location: Option<Location>,
}

/// Describes one resource as the cloud shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The cloud's id.
    pub id: String,
    /// The cloud's status word, as it is.
    pub status: String,
    /// What the status word means.
    pub phase: Phase,
    /// The attributes that the answer holds, under their YAML keys.
    pub attributes: Attributes,
    /// The public addresses under which it is reached.
    pub addresses: Vec<String>,
    /// What the cloud alone says, and no file asks for: addresses and ports.
    pub outputs: Attributes,
    /// Whom its owner tag names: see [`owner_tag`](super::owner_tag).
    pub owner: Option<String>,
    /// When it was made, as the cloud writes it.
    pub created: Option<String>,
}

impl Observed {
    /// Names the resource, which a call to this region has shown.
    pub fn identity(&self, region: &str) -> Identity {
        Identity {
            region: region.to_owned(),
            id: self.id.clone(),
        }
    }
}

/// The key of [`Observed::outputs`] that holds the public addresses, whatever the kind.
pub const ADDRESSES: &str = "publicIpAddresses";

/// Says that a resource has another address now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The address before.
    pub from: Address,
    /// The address now.
    pub to: Address,
    /// Where the YAML says so.
    pub location: Option<Location>,
}

/// Says that a resource is no longer gwplan's business, but lives on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The address before.
    pub from: Address,
    /// Where the YAML says so.
    pub location: Option<Location>,
}

/// Says where a resource stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A task is under way.
    Busy,
    /// It runs.
    Ready,
    /// The cloud gave up on it.
    Failed,
    /// It is being deleted.
    Leaving,
}
