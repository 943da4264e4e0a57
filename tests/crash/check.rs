//! What must be true after a kill and the run that follows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value as Json;

use crate::support::{Cloud, Project};
use crate::wish::Wish;

const CREATE: &str = "CreateCloudNativeAPIGateway";

/// Sorts what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// Something was made twice.
    Duplicate,
    /// The cloud holds what the state does not.
    Orphan,
    /// The state could not be read.
    Unreadable,
    /// Anything else.
    Other,
}

/// Collects what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<(Sort, String)>);

impl Faults {
    pub(crate) fn add(&mut self, sort: Sort, text: impl Into<String>) {
        self.0.push((sort, text.into()));
    }

    pub(crate) fn count(&self, sort: Sort) -> usize {
        self.0.iter().filter(|(own, _)| *own == sort).count()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes others over, with the circumstances in which they came about.
    pub(crate) fn take(&mut self, others: Self, circumstances: &str) {
        let told = others
            .0
            .into_iter()
            .map(|(sort, text)| (sort, format!("{circumstances}: {text}")));
        self.0.extend(told);
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (sort, text) in &self.0 {
            writeln!(f, "- {sort:?}: {text}")?;
        }
        Ok(())
    }
}

/// Returns how many creates the cloud has carried out.
pub(crate) fn creates(cloud: &Cloud) -> u64 {
    let stats = cloud.stats();
    let rejected = stats["rejections"][CREATE].as_object();
    let rejected: u64 = rejected
        .into_iter()
        .flat_map(|codes| codes.values())
        .filter_map(Json::as_u64)
        .sum();
    stats["calls"][CREATE].as_u64().unwrap_or_default() - rejected
}

/// Checks how many creates the cloud has carried out, those that were deleted again among them.
pub(crate) fn creates_are(cloud: &Cloud, wanted: u64, faults: &mut Faults) {
    let creates = creates(cloud);
    if creates == wanted {
        return;
    }
    let sort = if creates > wanted {
        Sort::Duplicate
    } else {
        Sort::Other
    };
    let text = format!("{creates} creates were carried out, not {wanted}");
    faults.add(sort, text);
}

/// Runs a command that must end well.
pub(crate) fn run_well(project: &Project, arguments: &[&str], faults: &mut Faults) {
    let run = project.run(arguments);
    if run.code != Some(0) {
        let (code, out, err) = (run.code, run.stdout, run.stderr);
        let command = arguments.join(" ");
        faults.add(
            Sort::Other,
            format!("{command} ended with {code:?}:\n{out}\n{err}"),
        );
    }
}

/// Returns what a plan says that each gateway will be, by its name in the cloud.
pub(crate) fn planned(project: &Project, faults: &mut Faults) -> BTreeMap<String, Json> {
    let run = project.run(&["plan", "--format", "json"]);
    if run.code != Some(0) {
        faults.add(Sort::Other, format!("plan: {}", run.stderr));
        return BTreeMap::new();
    }
    let plan = run.json();
    let resources = plan["planned_values"]["root_module"]["resources"].as_array();
    let values = resources.into_iter().flatten().map(|one| &one["values"]);
    values
        .map(|values| (values["name"].as_str().unwrap().to_owned(), values.clone()))
        .collect()
}

/// Checks, field by field, that the cloud has become what the plan showed.
pub(crate) fn is_as_planned(cloud: &Cloud, planned: &BTreeMap<String, Json>, faults: &mut Faults) {
    let fields = [
        ("/description", "/Description"),
        ("/deleteProtect", "/DeleteProtect"),
        ("/gatewayVersion", "/GatewayVersion"),
        ("/nodeConfig/number", "/NodeConfig/Number"),
        ("/vpcConfig/subnetId", "/VpcConfig/SubnetId"),
        (
            "/internetConfig/internetMaxBandwidthOut",
            "/InternetMaxBandwidthOut",
        ),
    ];
    // Empty text, zero and nothing are one here: the cloud writes what is not set in either way.
    let plain = |value: Option<&Json>| match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) if *other == 0 => String::new(),
        Some(other) => other.to_string(),
    };
    for shown in cloud.gateways() {
        let name = shown["Name"].as_str().unwrap();
        let Some(planned) = planned.get(name) else {
            faults.add(Sort::Other, format!("no plan shows {name}"));
            continue;
        };
        for (ours, theirs) in fields {
            let (said, is) = (plain(planned.pointer(ours)), plain(shown.pointer(theirs)));
            if said != is {
                let text = format!("{name}: the plan shows {ours} {said:?}, the cloud {is:?}");
                faults.add(Sort::Other, text);
            }
        }
    }
}

/// Checks that the state can be read as a run that was killed has left it.
pub(crate) fn is_readable(project: &Project, faults: &mut Faults) {
    let run = project.run(&["state", "list"]);
    if run.code != Some(0) {
        faults.add(Sort::Unreadable, run.stderr);
    }
}

/// Checks that a run which has made something in the cloud was in the state's history before.
pub(crate) fn is_remembered(cloud: &Cloud, project: &Project, faults: &mut Faults) {
    let history = project.state()["history"].clone();
    if creates(cloud) > 0 && history.as_array().is_none_or(Vec::is_empty) {
        faults.add(Sort::Other, "no run is in the history".to_owned());
    }
}

/// Checks everything about a project that is at rest; `given_up` names gateways that live on without it.
pub(crate) fn all(cloud: &Cloud, project: &Project, wishes: &[Wish], given_up: &[&str]) -> Faults {
    let mut faults = Faults::default();
    let ids = the_cloud(cloud, wishes, given_up, &mut faults);
    the_state(project, wishes, &ids, &mut faults);
    the_folder(project, &mut faults);
    run_well(project, &["plan", "--detailed-exitcode"], &mut faults);
    faults
}

/// Checks that the cloud holds each wanted gateway once; returns the ids of all but the given up.
fn the_cloud(
    cloud: &Cloud,
    wishes: &[Wish],
    given_up: &[&str],
    faults: &mut Faults,
) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for shown in cloud.gateways() {
        let text = |key: &str| shown[key].as_str().unwrap().to_owned();
        let (id, name) = (text("GatewayId"), text("Name"));
        if !seen.insert(name.clone()) {
            faults.add(
                Sort::Duplicate,
                format!("a second {name} is in the cloud: {id}"),
            );
        }
        if given_up.contains(&name.as_str()) {
            continue;
        }
        match wishes.iter().find(|wish| wish.name == name) {
            Some(wish) => {
                for difference in wish.differences(&shown) {
                    faults.add(Sort::Other, format!("{name} ({id}): {difference}"));
                }
            }
            None => faults.add(
                Sort::Other,
                format!("{name} ({id}) is in the cloud, and not wanted"),
            ),
        }
        ids.insert(id, name);
    }
    let wanted = wishes.iter().map(|wish| wish.name.as_str());
    for name in wanted.chain(given_up.iter().copied()) {
        if !seen.contains(name) {
            faults.add(Sort::Other, format!("{name} is not in the cloud"));
        }
    }
    ids
}

/// Checks that the state holds the very gateways of the cloud, with nothing open.
fn the_state(
    project: &Project,
    wishes: &[Wish],
    ids: &BTreeMap<String, String>,
    faults: &mut Faults,
) {
    let state = project.state();
    if state["intents"]
        .as_object()
        .is_some_and(|open| !open.is_empty())
    {
        faults.add(
            Sort::Other,
            format!("requests are open: {}", state["intents"]),
        );
    }
    let mut recorded = BTreeMap::new();
    for (address, record) in state["resources"].as_object().into_iter().flatten() {
        let id = record["gatewayId"].as_str().unwrap().to_owned();
        if record["status"] != "ready" || !record["successor"].is_null() {
            faults.add(
                Sort::Other,
                format!("the record of {address} is unfinished: {record}"),
            );
        }
        let key = address.strip_prefix("gateway.").unwrap();
        let wish = wishes.iter().find(|wish| wish.key == key);
        recorded.insert(
            id,
            wish.map_or_else(|| key.to_owned(), |wish| wish.name.clone()),
        );
    }
    for (id, name) in ids.iter().filter(|(id, _)| !recorded.contains_key(*id)) {
        faults.add(
            Sort::Orphan,
            format!("the state does not hold {name} ({id})"),
        );
    }
    for (id, name) in recorded
        .iter()
        .filter(|(id, name)| ids.get(*id) != Some(name))
    {
        faults.add(
            Sort::Other,
            format!("the state holds {name} as {id}, the cloud does not"),
        );
    }
}

/// Checks that no lock, no journal and no temporary file is left.
fn the_folder(project: &Project, faults: &mut Faults) {
    let status = project
        .run(&["lock", "status", "--format", "json"])
        .well()
        .json();
    if status["locked"] != false || !status["left_over"].is_null() {
        faults.add(Sort::Other, format!("the lock is not free: {status}"));
    }
    for folder in ["", "state"] {
        for entry in std::fs::read_dir(project.path(folder))
            .into_iter()
            .flatten()
        {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.starts_with('.') || name.ends_with(".journal") {
                faults.add(Sort::Other, format!("{folder}/{name} is left"));
            }
        }
    }
}
