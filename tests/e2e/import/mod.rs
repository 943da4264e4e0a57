//! Gateways that others have made, taken over.

mod approval;
mod fleet;
mod one;
mod others;
mod terraform;

use gwplan::api::{Client, Credentials, Endpoint, Settings};
use gwplan::kinds::{Gateway as Gateways, Kind};
use gwplan::model::{Attributes, Clock, Secret};
use gwplan::sim::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use serde_json::{Value as Json, json};

use crate::support::{Cloud, Project};

const PROJECT: &str = "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n";

/// Takes over whatever there is.
const ALL: &[&str] = &["import", "--all", "--auto-approve"];

/// Makes a project without a limit on requests.
fn project(cloud: &Cloud, more: &str) -> Project {
    let project = Project::on(cloud);
    project.write("gwplan.yaml", &format!("{PROJECT}{more}"));
    project
}

/// Makes gateways as another client of the cloud would, and returns their ids.
fn make(cloud: &Cloud, region: &str, gateways: &[Json]) -> Vec<String> {
    let settings = Settings {
        endpoint: Endpoint::url(&cloud.url).unwrap(),
        requests_per_second: 0,
        ..Settings::default()
    };
    let key = Secret::new(DEFAULT_SECRET_KEY);
    let credentials = Credentials::fixed(DEFAULT_SECRET_ID, key, None);
    let client = Client::new(settings, credentials, Clock::system()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut ids = Vec::new();
        for gateway in gateways {
            let attributes: Attributes = serde_json::from_value(gateway.clone()).unwrap();
            let accepted = client.call(region, Gateways.create(&attributes)).await;
            ids.push(accepted.unwrap().id);
        }
        ids
    })
}

/// Describes a small gateway, with some attributes more.
fn gateway(name: &str, more: &Json) -> Json {
    let mut gateway = json!({
        "name": name,
        "type": "kong",
        "gatewayVersion": "2.5.1",
        "nodeConfig": { "specification": "1c2g", "number": 2 },
        "vpcConfig": { "vpcId": "vpc-59cag821", "subnetId": "subnet-8tzp8uz1" },
    });
    let more = more.as_object().unwrap().clone();
    gateway.as_object_mut().unwrap().extend(more);
    gateway
}

/// Fails the test unless the next plan finds that nothing is to be done.
#[track_caller]
fn agrees(project: &Project) {
    let plan = project.run(&["plan", "--detailed-exitcode"]).well();
    assert!(plan.stdout.contains("No changes."), "{}", plan.stdout);
    project
        .run(&["plan", "--offline", "--detailed-exitcode"])
        .well();
    project.run(&["drift", "--detailed-exitcode"]).well();
}

/// Fails the test unless a run failed and said all of this.
#[track_caller]
fn refused(project: &Project, arguments: &[&str], said: &[&str]) {
    let run = project.run(arguments).ended(1);
    for part in said {
        assert!(
            run.stderr.contains(part),
            "{part:?} is missing in:\n{}",
            run.stderr
        );
    }
}
