//! What gwplan is about to ask of the cloud, and whether it has.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Address, Attributes, FieldPath, Identity, SourceLine};

use super::{Record, Status};

/// Holds a request that changes the cloud, from before it is sent until its outcome is recorded.
///
/// While one is open, nobody knows whether the cloud has carried it out: that is found out by asking,
/// never by sending it again on the chance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intent {
    /// A random id, which stays when the request is sent anew.
    pub id: String,
    /// When it was sent last; nothing while it has not been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// The lock's id of the run that sent it, until that run is known to have ended: so long it may still
    /// be on its way, in a process that sleeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// What is asked for.
    pub request: Request,
}

/// Says what is asked of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Request {
    /// A new resource.
    Create {
        /// The record as it will be.
        draft: Draft,
        /// Whether it is to take the place of the one that is recorded.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        successor: bool,
        /// The hexadecimal SHA-256 of the request's body.
        digest: String,
        /// The owner tag that it carries, if it carries one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        /// The resources of the same name that were there when it was planned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        namesakes: Vec<String>,
    },
    /// A change of a resource that lives on.
    Update {
        /// The resource.
        target: Identity,
        /// The call.
        action: String,
        /// The fields that it sets.
        paths: Vec<FieldPath>,
        /// The attributes as they will be.
        after: Attributes,
    },
    /// The end of a resource.
    Delete {
        /// The resource.
        target: Identity,
    },
}

/// Holds what is known of a resource before the cloud has given it an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Draft {
    /// The kind's word.
    pub kind: String,
    /// The API region.
    pub region: String,
    /// The addresses that it is made after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// Whether destroying it will be an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// The fields that will be left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore_changes: Vec<FieldPath>,
    /// Where its block stands in the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceLine>,
    /// The attributes that the create sets.
    pub applied: Attributes,
}

impl Intent {
    /// Begins an intent that has not been sent yet.
    pub fn new(request: Request) -> Self {
        Self {
            id: Uuid::new_v4().simple().to_string(),
            sent: None,
            sender: None,
            request,
        }
    }
}

impl Request {
    /// Returns the API region of the call.
    pub fn region(&self) -> &str {
        match self {
            Self::Create { draft, .. } => &draft.region,
            Self::Update { target, .. } | Self::Delete { target } => &target.region,
        }
    }

    /// Returns the word that names it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
        }
    }
}

impl Draft {
    /// Makes the record of a resource that the cloud has taken on.
    pub fn accepted(&self, id: String, task_id: Option<String>, cloud_status: String) -> Record {
        let Self {
            kind,
            region,
            depends_on,
            prevent_destroy,
            ignore_changes,
            source,
            applied,
        } = self.clone();
        Record {
            kind,
            id,
            task_id,
            status: Status::Creating,
            cloud_status,
            region,
            depends_on,
            prevent_destroy,
            ignore_changes: Some(ignore_changes),
            source,
            applied,
            observed: Attributes::new(),
            outputs: Attributes::new(),
            made_for: None,
            successor: None,
        }
    }
}
