//! The simulated cloud, asked over HTTP as a client asks it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod behind;
mod client;
mod lag;
mod lifecycle;
mod lists;
mod networks;
mod refusals;
mod tags;
mod updates;

use std::time::Duration;

use gwplan::sim::{Options, Simulator};
use serde_json::{Value as Json, json};

use client::{Client, Turned, create_body};

const CREATE: &str = "CreateCloudNativeAPIGateway";
const DESCRIBE: &str = "DescribeCloudNativeAPIGateway";
const LIST: &str = "DescribeCloudNativeAPIGateways";
const DELETE: &str = "DeleteCloudNativeAPIGateway";
const MODIFY: &str = "ModifyCloudNativeAPIGateway";
const GROUPS: &str = "DescribeNativeGatewayServerGroups";
const CONFIG: &str = "DescribeCloudNativeAPIGatewayConfig";

/// How long a change takes in [`unlimited`].
const UPDATE_TIME: Duration = Duration::from_secs(20);

/// A simulator whose clock the test turns, without a limit on requests.
fn unlimited(clock: &Turned) -> Options {
    Options {
        requests_per_second: 0,
        create_time: Duration::from_mins(1),
        update_time: UPDATE_TIME,
        delete_time: Duration::from_secs(10),
        clock: clock.clock(),
        ..Options::default()
    }
}

fn start(options: Options) -> (Simulator, Client) {
    let clock = options.clock.clone();
    let simulator = Simulator::start(options).unwrap();
    let client = Client::new(&simulator, clock);
    (simulator, client)
}

/// Returns an object with values added or replaced.
fn with(base: &Json, changes: &Json) -> Json {
    let mut both = base.clone();
    let fields = both.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    both
}

async fn create(client: &Client, name: &str) -> String {
    let mut body = create_body();
    body["Name"] = json!(name);
    let answer = client.call(CREATE, &body).await.ok();
    answer["Result"]["GatewayId"].as_str().unwrap().to_owned()
}

/// Lists gateways; returns the total and the names on the page.
async fn names(client: &Client, body: &Json) -> (u64, Vec<String>) {
    let answer = client.call(LIST, body).await.ok();
    let list = answer["Result"]["GatewayList"].as_array().unwrap();
    let names = list
        .iter()
        .map(|one| one["Name"].as_str().unwrap().to_owned());
    (
        answer["Result"]["TotalCount"].as_u64().unwrap(),
        names.collect(),
    )
}
