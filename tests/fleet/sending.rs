//! What the bounds on work at once bound.

use std::time::Duration;

use gwplan::event::Event;
use gwplan::plan::Goal;

use crate::tap::Tap;
use crate::world::{World, tasks};

const CREATE: &str = "CreateCloudNativeAPIGateway";

#[tokio::test(start_paused = true)]
async fn parallelism_bounds_what_is_sent_and_not_what_waits() {
    let mut world = World::new(60, tasks(60));
    let tap = Tap::new(&world.cloud, Duration::from_secs(1), Box::new(|_| None));
    world.connect(tap.clone());
    world.bounds.0 = Some(5);
    let made = world.reach(Goal::Converge).await.well();
    assert_eq!(tap.most_at_once(CREATE), 5);
    // Sixty requests of a second each, five at once, and then the last task; were waiting counted, it would
    // take twelve minutes.
    assert!((72.0..78.0).contains(&made.seconds), "{}", made.seconds);
}

#[tokio::test(start_paused = true)]
async fn under_way_bounds_what_waits_too() {
    let mut world = World::new(9, tasks(10));
    world.bounds.1 = Some(3);
    let made = world.reach(Goal::Converge).await.well();
    let (mut open, mut most) = (0, 0);
    for event in &made.events {
        match event {
            Event::Started { .. } => open += 1,
            Event::Completed { .. } => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    assert_eq!(most, 3);
    assert!((30.0..33.0).contains(&made.seconds), "{}", made.seconds);
}

#[tokio::test(start_paused = true)]
async fn a_slow_network_is_no_reason_to_be_throttled() {
    let mut world = World::new(100, tasks(1));
    // The way takes between nothing and a third of a second.
    let tap = Tap::new(&world.cloud, Duration::from_millis(333), Box::new(|_| None));
    world.connect(tap);
    let made = world.reach(Goal::Converge).await.well();
    assert!(made.seconds < 7.2, "{}", made.seconds);
    world.was_never_throttled();
}
