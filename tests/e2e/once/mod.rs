//! No crash, lost answer or race makes a gateway twice or forgets one.

mod asleep;
mod clocks;
mod disk;
mod edited;
mod files;
mod lost;
mod orphans;
mod ownership;
mod races;
mod undecided;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::support::{Cloud, Project};

/// A project whose cloud shows everything at once, so that nothing has to be waited for.
pub(super) const PROMPT: &str =
    "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\ntimeouts: { consistency: 1s }\n";

/// Makes a project with a gwplan.yaml of its own.
pub(super) fn project(cloud: &Cloud, settings: &str) -> Project {
    let project = Project::on(cloud);
    project.write("gwplan.yaml", settings);
    project
}

/// Checks that the cloud holds each gateway exactly once, that the state holds exactly the cloud, and
/// that nothing is open.
#[track_caller]
pub(super) fn exactly_once(cloud: &Cloud, project: &Project, names: &[String]) {
    let mut made = cloud.names();
    made.sort();
    let mut wanted = names.to_vec();
    wanted.sort();
    assert_eq!(made, wanted, "the cloud holds each once and nothing else");
    let by_name: BTreeMap<String, String> = cloud
        .gateways()
        .iter()
        .map(|gateway| (text(&gateway["Name"]), text(&gateway["GatewayId"])))
        .collect();
    let state = project.state();
    let recorded: BTreeMap<String, String> = state["resources"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(address, record)| {
            let name = address.strip_prefix("gateway.").unwrap();
            (name.to_owned(), text(&record["gatewayId"]))
        })
        .collect();
    assert_eq!(recorded, by_name, "the state holds exactly the cloud");
    assert_eq!(state["intents"], Json::Null, "nothing is open");
    assert!(!project.path("state/default.journal").exists());
    project.run(&["plan", "--detailed-exitcode"]).well();
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}

/// Reads how often something is tried, where that is asked for; the long run asks for more.
#[expect(
    clippy::disallowed_methods,
    reason = "the program reads its environment in one place; this is a test"
)]
fn asked_for<T: std::str::FromStr>(name: &str, usual: T) -> T {
    let asked = std::env::var(name).ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(usual)
}
