//! Plans from YAML: what was applied once, what the files say now, what the cloud shows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gwplan::config::{self, Files, Loaded, Project};
use gwplan::files::Reach;
use gwplan::kinds;
use gwplan::model::{
    Address, Attributes, Desired, Identity, Location, Observed, Phase, Value, has_errors,
    owner_tag, set_value_at,
};
use gwplan::plan::{Binding, Goal, Inputs, Plan, Selection, Snapshot, digest, plan};
use gwplan::schema::ResourceSchema;
use gwplan::state::{Record, State, Status};

#[path = "../fakes/shown.rs"]
mod shown;

use shown::shown;

const REGION: &str = "ap-guangzhou";

/// Finds the table of a kind.
pub(crate) fn schema_of(kind: &str) -> Option<&'static ResourceSchema> {
    kinds::find(kind).map(kinds::Kind::schema)
}

/// Reads gateways from the text of one file.
fn load(text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gateways.yaml"), text).unwrap();
    let loaded = config::load(
        &kinds::schemas(),
        &Project::default(),
        REGION,
        &Reach::new(folder.path(), None),
        &Files::from_iter([PathBuf::from("gateways.yaml")]),
    );
    let diagnostics = &loaded.diagnostics;
    let first = diagnostics.first().map(|one| &one.summary);
    assert!(!has_errors(diagnostics), "{first:?}");
    loaded
}

/// A world in which a file was applied, and then something changed.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) cloud: Snapshot,
    pub(crate) goal: Goal,
    pub(crate) selection: Selection,
    pub(crate) offline: bool,
}

impl World {
    /// Begins with what one file says, applied.
    pub(crate) fn applied(text: &str) -> Self {
        let mut world = Self {
            state: State {
                lineage: "00000000-0000-4000-8000-000000000000".to_owned(),
                serial: 7,
                ..State::new()
            },
            cloud: Snapshot::default(),
            goal: Goal::Converge,
            selection: Selection::default(),
            offline: false,
        };
        for (address, desired) in load(text).desired {
            world.add(&address, &desired);
        }
        world
    }

    fn add(&mut self, address: &Address, desired: &Desired) {
        let id = format!("gateway-{}", address.name());
        let shown = shown(&desired.attributes);
        let public = ["internetConfig", "internetMaxBandwidthOut"];
        let public = public.iter().any(|key| shown.contains_key(*key));
        let octet = self.cloud.found.len() % 250;
        let observed = Observed {
            id: id.clone(),
            status: "Running".to_owned(),
            phase: Phase::Ready,
            attributes: shown.clone(),
            addresses: public
                .then(|| format!("203.0.113.{octet}"))
                .into_iter()
                .collect(),
            outputs: Attributes::new(),
            owner: Some(owner_tag(&self.state.lineage, address)),
            created: None,
        };
        let record = Record {
            kind: "gateway".to_owned(),
            id: id.clone(),
            task_id: Some(format!("task-{}", address.name())),
            status: Status::Ready,
            cloud_status: "Running".to_owned(),
            region: desired.region.clone(),
            depends_on: desired.depends_on.clone(),
            prevent_destroy: desired.prevent_destroy,
            ignore_changes: Some(Vec::new()),
            source: desired.location.as_ref().map(Location::line),
            applied: desired.attributes.clone(),
            observed: shown,
            outputs: Attributes::new(),
            made_for: None,
            successor: None,
        };
        self.cloud.found.insert(record.identity(), observed);
        self.state.resources.insert(address.clone(), record);
    }

    /// Returns the cloud's view of a gateway.
    pub(crate) fn seen(&mut self, name: &str) -> &mut Observed {
        let identity = Identity {
            region: REGION.to_owned(),
            id: format!("gateway-{name}"),
        };
        self.cloud.found.get_mut(&identity).unwrap()
    }

    /// Changes a gateway in the cloud behind everybody's back.
    pub(crate) fn meddle(&mut self, name: &str, path: &str, value: Value) {
        let path = gwplan::model::FieldPath::parse(path).unwrap();
        set_value_at(&mut self.seen(name).attributes, &path, Some(value));
    }

    /// Deletes a gateway in the cloud behind everybody's back.
    pub(crate) fn lose(&mut self, name: &str) {
        let identity = self.seen(name).identity(REGION);
        self.cloud.found.remove(&identity);
        self.cloud.gone.insert(identity);
    }

    /// Plans towards what a file says now.
    pub(crate) fn plan(&self, text: &str) -> (Plan, String) {
        let Loaded {
            desired,
            moved,
            removed,
            sources,
            ..
        } = load(text);
        let desired: BTreeMap<Address, Desired> = desired;
        let plan = plan(&Inputs {
            desired: &desired,
            moved: &moved,
            removed: &removed,
            state: &self.state,
            snapshot: (!self.offline).then_some(&self.cloud),
            schemas: &schema_of,
            locate: &|address, path| sources.locate(address, path),
            goal: self.goal,
            selection: &self.selection,
            ownership: true,
            other_states: &BTreeSet::new(),
        })
        .unwrap();
        let binding = Binding {
            environment: String::new(),
            lineage: self.state.lineage.clone(),
            endpoint: "https://tse.intl.tencentcloudapi.com".to_owned(),
            account: String::new(),
            region: REGION.to_owned(),
        };
        let digest = digest(&plan, &binding);
        (plan, digest)
    }
}
