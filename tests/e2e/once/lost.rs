//! Answers that never come.

use crate::support::{Cloud, Gateway, fleet, names};

use super::{PROMPT, asked_for, exactly_once, project};

const CREATE: &str = "CreateCloudNativeAPIGateway";

/// How many seeds are tried where nothing else is asked for; the long run takes a hundred.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=asked_for("GWPLAN_SEEDS", 6)
}

#[test]
fn a_create_that_was_carried_out_is_found_and_not_sent_again() {
    for fault in ["garbage", "lost", "cut", "5xx-after"] {
        let cloud = Cloud::start(&[]);
        let project = project(&cloud, PROMPT);
        project.gateways([Gateway::new("a")]);
        cloud.set_faults(&[&format!("{CREATE}={fault}#1")]);
        let run = project.apply().well();
        assert_eq!(cloud.calls(CREATE), 1, "{fault}");
        assert!(run.stderr.contains("taken over"), "{}", run.stderr);
        exactly_once(&cloud, &project, &["a".to_owned()]);
    }
}

#[test]
fn a_create_that_was_not_carried_out_is_sent_anew_when_that_is_certain() {
    for fault in ["status:502", "reset"] {
        let cloud = Cloud::start(&[]);
        let project = project(&cloud, PROMPT);
        project.gateways([Gateway::new("a")]);
        cloud.set_faults(&[&format!("{CREATE}={fault}#1")]);
        let run = project.apply().well();
        assert_eq!(cloud.calls(CREATE), 2, "{fault}");
        assert!(run.stderr.contains("it is sent again"), "{}", run.stderr);
        exactly_once(&cloud, &project, &["a".to_owned()]);
    }
}

#[test]
fn a_create_that_is_refused_in_words_nobody_knows_is_looked_up_before_it_counts_as_refused() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    project.gateways([Gateway::new("a")]);
    cloud.set_faults(&[&format!("{CREATE}=code:SomethingNew.Odd#1")]);
    let run = project.apply().ended(1);
    assert!(run.stderr.contains("the error stands"), "{}", run.stderr);
    assert!(run.stdout.contains("SomethingNew.Odd"), "{}", run.stdout);
    assert_eq!(cloud.calls(CREATE), 1);
    project.apply().well();
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn a_successor_whose_answer_was_lost_is_found_and_takes_its_place() {
    let cloud = Cloud::start(&[]);
    let project = project(&cloud, PROMPT);
    let first = Gateway::new("a").with("lifecycle: { createBeforeDestroy: true }");
    project.gateways([first]);
    project.apply().well();
    let old = project.id("a");
    cloud.set_faults(&[&format!("{CREATE}=lost#1")]);
    project
        .run(&["apply", "--auto-approve", "--replace", "gateway.a"])
        .well();
    assert_ne!(project.id("a"), old);
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn a_successor_that_is_gone_is_made_anew() {
    let cloud = Cloud::start(&["--create-time", "2s"]);
    let project = project(&cloud, PROMPT);
    let first = Gateway::new("a").with("lifecycle: { createBeforeDestroy: true }");
    project.gateways([first]);
    project.apply().well();
    let old = project.id("a");
    let replace = &["apply", "--auto-approve", "--replace", "gateway.a"];
    let running = project.start(replace);
    crate::support::look_until("successors", || {
        project.record("a")["successor"]["status"] == "creating"
    });
    running.signal("KILL");
    running.end();
    let successor = project.record("a")["successor"]["gatewayId"].clone();
    cloud.delete(successor.as_str().unwrap());
    crate::support::look_until("deleted successors", || cloud.gateways().len() == 1);
    project.run(replace).well();
    assert_ne!(project.id("a"), old);
    assert_ne!(project.record("a")["gatewayId"], successor);
    exactly_once(&cloud, &project, &["a".to_owned()]);
}

#[test]
fn an_interruption_while_a_lost_answer_is_looked_for_leaves_no_lock() {
    let cloud = Cloud::start(&["--fault", &format!("{CREATE}=latency:10m")]);
    let project = project(&cloud, &PROMPT.replace("1s", "50s"));
    project.gateways([Gateway::new("a")]);
    let running = project.start(&["apply", "--auto-approve"]);
    crate::support::look_until("creates", || cloud.calls(CREATE) == 1);
    running.signal("KILL");
    running.end();
    let asked = cloud.calls("DescribeCloudNativeAPIGateways");
    let recovering = project.start(&["recover"]);
    crate::support::look_until("questions", || {
        cloud.calls("DescribeCloudNativeAPIGateways") > asked
    });
    recovering.signal("TERM");
    let run = recovering.end().ended(130);
    assert!(
        run.stderr.contains("run the same command again"),
        "{}",
        run.stderr
    );
    let status = project.run(&["lock", "status", "--format", "json"]).well();
    assert_eq!(status.json()["left_over"], serde_json::Value::Null);
    assert!(project.state()["intents"]["gateway.a"].is_object());
}

#[test]
fn a_network_is_added_once_whatever_becomes_of_the_answer() {
    const ADD: &str = "CreateCloudNativeAPIGatewayPublicNetwork";
    for (fault, calls) in [("lost", 1), ("5xx-after", 1), ("reset", 2)] {
        let cloud = Cloud::start(&[]);
        let project = project(&cloud, PROMPT);
        project.gateways([Gateway::new("a")]);
        project.apply().well();
        cloud.set_faults(&[&format!("{ADD}={fault}#1")]);
        project.gateways([Gateway::new("a").with("internetConfig: { internetPayMode: TRAFFIC }")]);
        project.apply().well();
        assert_eq!(cloud.calls(ADD), calls, "{fault}");
        exactly_once(&cloud, &project, &["a".to_owned()]);
    }
}

#[test]
fn half_of_all_answers_are_lost() {
    storms(&[], PROMPT, &["CreateCloudNativeAPIGateway=lost@0.5"]);
}

#[test]
fn half_of_all_creates_end_in_a_bad_gateway_after_they_were_carried_out() {
    storms(&[], PROMPT, &["CreateCloudNativeAPIGateway=5xx-after@0.5"]);
}

#[test]
fn the_cloud_asks_for_fewer_requests_all_the_time() {
    storms(&[], PROMPT, &["*=code:RequestLimitExceeded@0.4"]);
}

/// A cloud that shows things up to 5 s late, and a wait for them that is longer.
const LATE: &[&str] = &["--lag", "5s"];
const PATIENT: &str =
    "provider: { region: ap-guangzhou, requestsPerSecond: 0 }\ntimeouts: { consistency: 7s }\n";

#[test]
fn the_cloud_shows_things_late() {
    storms(LATE, PATIENT, &["CreateCloudNativeAPIGateway=lost@0.5"]);
}

#[test]
fn all_of_it_at_once() {
    let faults = &[
        "CreateCloudNativeAPIGateway=lost@0.3",
        "CreateCloudNativeAPIGateway=5xx-after@0.3",
        "*=code:RequestLimitExceeded@0.1",
    ];
    storms(LATE, PATIENT, faults);
}

/// How many seeds go side by side: each run mostly waits.
const AT_ONCE: usize = 6;

/// Tries every seed.
fn storms(flags: &[&str], settings: &str, faults: &[&str]) {
    let seeds: Vec<u64> = seeds().collect();
    for some in seeds.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            for seed in some {
                scope.spawn(|| storm(*seed, flags, settings, faults));
            }
        });
    }
}

/// Applies 20 gateways in bad weather, and then looks in good weather.
#[track_caller]
fn storm(seed: u64, flags: &[&str], settings: &str, faults: &[&str]) {
    let seed = seed.to_string();
    let cloud = Cloud::start(&[&["--seed", &seed], flags].concat());
    let project = project(&cloud, settings);
    let names = names(20);
    project.gateways(fleet(&names));
    cloud.set_faults(faults);
    project.apply().well();
    cloud.set_faults(&[]);
    // What the list shows late it shows by now.
    if flags.contains(&"--lag") {
        std::thread::sleep(std::time::Duration::from_secs(5));
    }
    exactly_once(&cloud, &project, &names);
}
