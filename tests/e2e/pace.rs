//! Many gateways, at the pace that the cloud allows.

use std::time::Instant;

use crate::support::{Cloud, Project, fleet, names};

#[test]
fn fifty_gateways_keep_to_the_rate_and_share_the_questions() {
    let cloud = Cloud::start(&["--rps", "20", "--create-time", "1s"]);
    let project = Project::on(&cloud);
    let names = names(50);
    project.gateways(fleet(&names));
    let start = Instant::now();
    let applied = project.apply().well();
    report(&format!("50 gateways were made in {:.2?}", start.elapsed()));
    assert!(applied.stdout.contains("50 added"), "{}", applied.stdout);
    let stats = cloud.stats();
    assert_eq!(stats["gateways"]["Running"], 50, "{stats}");
    assert_eq!(stats["calls"]["CreateCloudNativeAPIGateway"], 50, "{stats}");
    let refused = stats["rejections"].as_object().unwrap();
    assert!(refused.is_empty(), "{stats}");
    let lists = cloud.calls("DescribeCloudNativeAPIGateways");
    assert!(lists <= 40, "{lists} list calls");
    assert_eq!(cloud.calls("DescribeCloudNativeAPIGateway"), 0, "{stats}");
    assert_eq!(project.statuses()["ready"], 50);
}

#[test]
fn a_plan_costs_a_call_for_each_hundred_gateways() {
    let cloud = Cloud::start(&[]);
    let project = Project::on(&cloud);
    project.write(
        "gwplan.yaml",
        "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\n",
    );
    let names = names(250);
    project.gateways(fleet(&names));
    project.apply().well();
    let before = cloud.stats();
    let plan = project.run(&["plan"]).well();
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
    let after = cloud.stats();
    for (action, expected) in [
        ("DescribeCloudNativeAPIGateways", 3),
        ("DescribeCloudNativeAPIGateway", 0),
    ] {
        let count = |stats: &serde_json::Value| stats["calls"][action].as_u64().unwrap_or_default();
        assert_eq!(count(&after) - count(&before), expected, "{action}");
    }
}

#[expect(
    clippy::disallowed_macros,
    reason = "for those who run the tests with --nocapture"
)]
fn report(line: &str) {
    println!("{line}");
}
