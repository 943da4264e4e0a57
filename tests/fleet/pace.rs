//! How long a fleet takes, against what the cloud's rate and its tasks take by themselves.

use gwplan::model::Value;
use gwplan::plan::Goal;

use crate::world::{World, tasks};

/// How much longer than that it may take.
const BOUND: f64 = 1.05;
/// How many requests of an action the cloud takes in a second.
const RATE: f64 = 20.0;

/// Says how long changes take at the cloud's rate, each a call, and then the last task.
fn ideal(count: usize, task: u64) -> f64 {
    let (count, task) = (u32::try_from(count).unwrap(), u32::try_from(task).unwrap());
    f64::from(count) / RATE + f64::from(task)
}

/// Tells how long something took against what it has to take.
#[track_caller]
fn check(count: usize, what: &str, took: f64, ideal: f64) {
    let ratio = took / ideal;
    report(&format!(
        "{count:5} {what:18} {took:7.2} s of {ideal:7.2} s: {ratio:.3}"
    ));
    assert!(ratio <= BOUND, "{count} {what}: {ratio:.3} of the ideal");
}

/// Makes, changes and destroys a fleet whose tasks take a second; nothing of it may take longer than it has
/// to, and the cloud may never say that it is asked too often.
async fn measure(count: usize) {
    let mut world = World::new(count, tasks(1));
    let made = world.reach(Goal::Converge).await.well();
    check(count, "made", made.seconds, ideal(count, 1));
    assert_eq!(world.gateways(), count as u64);
    world.set("description", &"another".into());
    let changed = world.reach(Goal::Converge).await.well();
    check(count, "described anew", changed.seconds, ideal(count, 0));
    let nodes = [("specification", "2c4g".into()), ("number", 2.into())];
    let nodes = nodes.map(|(key, value)| (key.to_owned(), value));
    world.set("nodeConfig", &Value::Map(nodes.into()));
    let changed = world.reach(Goal::Converge).await.well();
    check(count, "given other nodes", changed.seconds, ideal(count, 1));
    let gone = world.reach(Goal::Destroy).await.well();
    check(count, "destroyed", gone.seconds, ideal(count, 1));
    assert_eq!((world.gateways(), world.state.resources.len()), (0, 0));
    world.was_never_throttled();
    report(&world.cloud.stats()["calls"].to_string());
}

/// A hundred, or as many as `GWPLAN_FLEET` says.
#[tokio::test(start_paused = true)]
async fn a_fleet_takes_no_longer_than_the_cloud() {
    measure(asked_for("GWPLAN_FLEET", 100)).await;
}

#[tokio::test(start_paused = true)]
async fn five_hundred_go_as_fast_as_they_came() {
    let mut world = World::new(500, tasks(1));
    let made = world.reach(Goal::Converge).await.well();
    check(500, "made", made.seconds, ideal(500, 1));
    let gone = world.reach(Goal::Destroy).await.well();
    check(500, "destroyed", gone.seconds, ideal(500, 1));
    assert_eq!((world.gateways(), world.state.resources.len()), (0, 0));
    world.was_never_throttled();
}

#[tokio::test(start_paused = true)]
async fn a_tag_of_all_goes_by_tens() {
    let mut world = World::new(200, tasks(0));
    world.reach(Goal::Converge).await.well();
    let tags = [("env", "prod".into()), ("team", "edge".into())];
    let tags = tags.map(|(key, value): (&str, Value)| (key.to_owned(), value));
    world.set("tags", &Value::Map(tags.into()));
    let tagged = world.reach(Goal::Converge).await.well();
    assert_eq!(world.cloud.stats()["calls"]["TagResources"], 20);
    // A second for the calls; the rest is for gathering, and for the list to show it.
    assert!(tagged.seconds < 1.5, "{}", tagged.seconds);
    world.was_never_throttled();
}

/// Two hundred, or as many as `GWPLAN_FLEET` says.
#[tokio::test(start_paused = true)]
async fn a_fleet_waits_for_a_minute_together() {
    let count = asked_for("GWPLAN_FLEET", 200);
    let mut world = World::new(count, tasks(60));
    let made = world.reach(Goal::Converge).await.well();
    check(count, "made", made.seconds, ideal(count, 60));
    assert_eq!(world.gateways(), count as u64);
    world.was_never_throttled();
    report(&world.cloud.stats()["calls"].to_string());
}

#[expect(
    clippy::disallowed_methods,
    reason = "how large a fleet is tried is no matter of the program's"
)]
fn asked_for(name: &str, usual: usize) -> usize {
    let asked = std::env::var(name).ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

#[expect(
    clippy::disallowed_macros,
    reason = "for those who run the tests with --nocapture"
)]
fn report(line: &str) {
    println!("{line}");
}
