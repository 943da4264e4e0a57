//! What others do to the gateways meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gwplan::api::{Client, Credentials, Endpoint, Settings};
use gwplan::kinds::{Gateway as Kind, Kind as _};
use gwplan::model::{Attributes, Clock, Secret};
use gwplan::sim::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use serde_json::json;

use crate::support::{Cloud, Gateway, Project, fleet, names};

#[test]
fn a_gateway_that_others_deleted_is_planned_anew() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    let before = project.id("a");
    cloud.delete(&before);
    let plan = project.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert!(
        plan.stdout.contains("# gateway.a will be created"),
        "{}",
        plan.stdout
    );
    assert!(
        plan.stdout.contains("it was deleted outside gwplan"),
        "{}",
        plan.stdout
    );
    assert!(!plan.stdout.contains("gateway.b"), "{}", plan.stdout);
    project.apply().well();
    assert_ne!(project.id("a"), before);
    assert_eq!(cloud.names(), ["b", "a"]);
}

#[test]
fn a_destroy_drops_what_others_deleted() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways(["a", "b"].map(Gateway::new));
    project.apply().well();
    cloud.delete(&project.id("a"));
    let destroyed = project.destroy().well();
    assert!(
        destroyed.stdout.contains("1 to forget"),
        "{}",
        destroyed.stdout
    );
    assert!(project.statuses().is_empty());
    assert_eq!(cloud.calls("DeleteCloudNativeAPIGateway"), 1);
}

#[test]
fn what_others_changed_is_a_change_back() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([
        Gateway::new("a").with("description: as it was"),
        Gateway::new("b").with("tags: { env: prod }"),
    ]);
    project.apply().well();
    cloud.patch(
        &project.id("a"),
        &json!({ "Description": "as others want it", "NodeConfig": { "Number": 5 } }),
    );
    cloud.patch(
        &project.id("b"),
        &json!({ "Tags": [
        { "TagKey": "env", "TagValue": "test" }, { "TagKey": "theirs", "TagValue": "kept" },
    ] }),
    );
    let plan = project
        .run(&["plan", "--detailed-exitcode"])
        .ended(2)
        .stdout;
    // Values are aligned, which is not what this is about.
    let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        r#"~ description: "as others want it" → "as it was""#,
        "~ nodeConfig.number: 5 → 2",
        r#"~ tags.env: "test" → "prod""#,
        "Plan: 0 to add, 2 to change, 0 to destroy.",
    ] {
        assert!(plan.contains(line), "{line} is not in\n{plan}");
    }
    assert!(
        !plan.contains("theirs"),
        "a tag of others is theirs:\n{plan}"
    );
}

#[test]
fn what_others_are_deleting_is_left_to_them() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.gateways([Gateway::new("a")]);
    project.apply().well();
    cloud.patch(&project.id("a"), &json!({ "Status": "Deleting" }));
    let plan = project.run(&["plan"]).well();
    assert!(
        plan.stderr
            .contains("gateway.a is being deleted, and this state does not know why"),
        "{}",
        plan.stderr
    );
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
}

fn client(cloud: &Cloud) -> Client {
    let settings = Settings {
        endpoint: Endpoint::url(&cloud.url).unwrap(),
        requests_per_second: 0,
        ..Settings::default()
    };
    let credentials = Credentials::fixed(DEFAULT_SECRET_ID, Secret::new(DEFAULT_SECRET_KEY), None);
    Client::new(settings, credentials, Clock::system()).unwrap()
}

fn strangers() -> Attributes {
    let yaml = "{ name: stranger, type: kong, gatewayVersion: 2.5.1, \
                nodeConfig: { specification: 1c2g, number: 2 }, \
                vpcConfig: { vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 } }";
    serde_yaml::from_str(yaml).unwrap()
}

/// Creates and deletes gateways until it is told to stop; returns how many.
fn come_and_go(cloud: &Cloud, stop: &AtomicBool) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = client(cloud);
    let attributes = strangers();
    let mut count = 0;
    // Each round makes three and takes two away, so that every page's edges move both ways.
    while !stop.load(Ordering::Relaxed) && count < 3000 {
        let ids: Vec<String> = (0..3)
            .map(|_| {
                let made = client.call("ap-guangzhou", Kind.create(&attributes));
                runtime.block_on(made).unwrap().id
            })
            .collect();
        count += ids.len();
        for id in &ids[..2] {
            cloud.delete(id);
        }
    }
    count
}

fn shifting_pages(order: &str) {
    let cloud = Cloud::start(&["--list-order", order]);
    let project = Project::on(&cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n",
    );
    let names = names(250);
    project.gateways(fleet(&names));
    project.apply().well();
    cloud.set_faults(&["DescribeCloudNativeAPIGateways=latency:30ms"]);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let others = scope.spawn(|| come_and_go(&cloud, &stop));
        for _ in 0..3 {
            let plan = project.run(&["plan", "--detailed-exitcode"]);
            if plan.code != Some(0) {
                stop.store(true, Ordering::Relaxed);
            }
            let plan = plan.ended(0);
            assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(others.join().unwrap() > 20, "hardly anything came and went");
    });
}

#[test]
fn pages_that_shift_hide_no_living_gateway_with_the_newest_first() {
    shifting_pages("newest");
}

#[test]
fn pages_that_shift_hide_no_living_gateway_with_the_oldest_first() {
    shifting_pages("oldest");
}
