//! The tasks that change a gateway while it lives.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Gateway, lay_over};

/// Records a task that is under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sim) struct Task {
    /// The task's id.
    pub(in crate::sim) id: String,
    /// When it ends.
    pub(in crate::sim) ends: i64,
    /// Whether it fails then.
    pub(in crate::sim) fails: bool,
    /// What it does.
    pub(in crate::sim) work: Work,
}

/// Says what a task does once it ends well.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::sim) enum Work {
    /// The nodes become so.
    Nodes(Json),
    /// These parameters of the public network change.
    PublicNetwork(Map<String, Json>),
    /// These parameters of the private network change.
    PrivateNetwork(Map<String, Json>),
    /// A public network of these parameters is there.
    AddNetwork(Map<String, Json>),
    /// The public network is gone.
    RemoveNetwork,
}

impl Work {
    /// Returns the status of a gateway that it is done to.
    ///
    /// The vendor names `Updating` in its example of a change of nodes, and `Modifying` without
    /// saying when; here that is what a change of a network is called.
    pub(super) fn gateway_status(&self) -> &'static str {
        match self {
            Self::Nodes(_) => "Updating",
            _ => "Modifying",
        }
    }
}

impl Gateway {
    /// Ends the task if its time has come.
    ///
    /// One that fails leaves everything as it was but the gateway's status, which stays
    /// `ModifyFailed` until a later task ends well. The vendor does not say how it names this.
    pub(in crate::sim) fn settle(&mut self, now: i64) {
        let Some(task) = self.task.take_if(|task| task.ends <= now) else {
            return;
        };
        self.change_failed = task.fails;
        if task.fails {
            return;
        }
        self.modified = task.ends;
        match task.work {
            Work::Nodes(nodes) => {
                self.body.insert("NodeConfig".to_owned(), nodes);
            }
            Work::PrivateNetwork(changes) => lay_over(&mut self.private, Json::Object(changes)),
            Work::PublicNetwork(changes) => {
                let mut network = self.internet().cloned().unwrap_or_default();
                lay_over(&mut network, Json::Object(changes));
                self.set_network(Some(network));
            }
            Work::AddNetwork(network) => self.set_network(Some(network)),
            Work::RemoveNetwork => self.set_network(None),
        }
    }
}
