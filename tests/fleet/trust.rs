//! What a look that many share is worth: it is fresh, and no list is believed alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gwplan::event::Event;
use gwplan::kinds::{Gateway, Handles, Kind, Target};
use gwplan::model::{Attributes, FieldPath};
use gwplan::plan::Goal;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep};

use crate::tap::{Heard, Tap};
use crate::world::{World, address, tasks};

const LIST: &str = "DescribeCloudNativeAPIGateways";
const LOOK: &str = "DescribeCloudNativeAPIGateway";
const MODIFY: &str = "ModifyCloudNativeAPIGateway";
const DELETE: &str = "DeleteCloudNativeAPIGateway";

/// Returns the age of the oldest look behind a request of an action.
fn oldest_look(heard: &[Heard], action: &str) -> Duration {
    let mut looked = BTreeMap::new();
    let mut oldest = Duration::ZERO;
    for request in heard {
        if [LIST, LOOK].contains(&request.action.as_str()) {
            looked.extend(request.ids().into_iter().map(|id| (id, request.at)));
        } else if request.action == action {
            let [id] = &request.ids()[..] else {
                panic!("{request:?}")
            };
            let at = looked
                .get(id)
                .unwrap_or_else(|| panic!("nobody looked at {id}"));
            oldest = oldest.max(request.at - *at);
        }
    }
    oldest
}

fn count(heard: &[Heard], action: &str) -> usize {
    heard.iter().filter(|one| one.action == action).count()
}

#[tokio::test(start_paused = true)]
async fn a_look_is_fresh_when_the_change_leaves_however_long_the_line_is() {
    let mut world = World::new(330, tasks(0));
    world.reach(Goal::Converge).await.well();
    for (parallelism, bound) in [(None, 6), (Some(330), 16)] {
        world.set(
            "description",
            &format!("of {parallelism:?}").as_str().into(),
        );
        world.bounds.0 = parallelism;
        let plan = world.plan(Goal::Converge).await;
        let tap = Tap::listen(&world.cloud);
        world.connect(tap.clone());
        world.carry_out(&plan).await.well();
        let heard = tap.heard();
        assert_eq!(count(&heard, MODIFY), 330);
        let oldest = oldest_look(&heard, MODIFY);
        assert!(
            oldest < Duration::from_secs(bound),
            "{parallelism:?}: {oldest:?}"
        );
        if parallelism.is_none() {
            assert_eq!(
                count(&heard, LOOK),
                0,
                "a hundred are looked at by one call"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_change_while_it_is_in_the_line_is_left_alone() {
    let mut world = World::new(200, tasks(0));
    world.reach(Goal::Converge).await.well();
    let plan = world.plan(Goal::Destroy).await;
    let last = world.state.resources[&address(199)].id.clone();
    let (client, id) = (world.client(), last.clone());
    // The first of 200 deletes leaves now, the last in ten seconds.
    tokio::spawn(async move {
        sleep(Duration::from_secs(3)).await;
        let theirs = Attributes::from([("description".to_owned(), "theirs".into())]);
        let target = Target {
            id: &id,
            handles: &Handles::default(),
            paths: &[FieldPath::from_iter(["description"])],
            after: &theirs,
        };
        let call = Gateway.update(MODIFY, &target).unwrap();
        client.call("ap-guangzhou", call).await.unwrap();
    });
    let outcome = world.carry_out(&plan).await;
    let [(failed, failure)] = &outcome.report.failed[..] else {
        panic!("{:?}", outcome.report.failed)
    };
    assert_eq!(*failed, address(199));
    let told = format!("{last} has changed in the cloud since the plan was made: description");
    assert_eq!(failure.summary, told);
    assert_eq!(world.gateways(), 1);
}

/// Says that a list shows nothing.
fn nothing() -> Json {
    json!({ "Response": { "RequestId": "r-1", "Result": { "TotalCount": 0, "GatewayList": [] } } })
}

/// Returns how long each delete took by the engine's own events, in order.
fn deletes(events: &[Event]) -> Vec<f64> {
    let times = events.iter().filter_map(|event| match event {
        Event::Completed { elapsed, .. } => Some(elapsed.as_secs_f64()),
        _ => None,
    });
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times
}

#[tokio::test(start_paused = true)]
async fn late_lists_make_nobody_gone() {
    let mut world = World::new(50, tasks(20));
    world.reach(Goal::Converge).await.well();
    let plan = world.plan(Goal::Destroy).await;
    let begun = Instant::now();
    // For two seconds lists show nothing at all, though all gateways are still there.
    let blind = move |heard: &Heard| {
        let since = heard.at.duration_since(begun).as_secs();
        (heard.action == LIST && (8..10).contains(&since)).then(nothing)
    };
    let tap = Tap::new(&world.cloud, Duration::ZERO, Box::new(blind));
    world.connect(tap.clone());
    let outcome = world.carry_out(&plan).await.well();
    let times = deletes(&outcome.events);
    assert!(times.len() == 50 && times[0] >= 20.0, "{times:?}");
    assert_eq!((count(&tap.heard(), DELETE), world.gateways()), (50, 0));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_hides_what_is_leaving_makes_nobody_gone() {
    let mut world = World::new(40, tasks(20));
    world.reach(Goal::Converge).await.well();
    let plan = world.plan(Goal::Destroy).await;
    let cloud = world.cloud.clone();
    let left = std::sync::Mutex::new(BTreeSet::new());
    // From the moment on at which its delete is sent, no list shows a gateway.
    let hide = move |heard: &Heard| {
        let mut left = left.lock().unwrap();
        if heard.action == DELETE {
            left.extend(heard.ids());
        }
        let hidden = heard.ids().iter().all(|id| left.contains(id));
        (heard.action == LIST && hidden).then(nothing)
    };
    let tap = Tap::new(&cloud, Duration::ZERO, Box::new(hide));
    world.connect(tap.clone());
    let outcome = world.carry_out(&plan).await.well();
    let times = deletes(&outcome.events);
    assert!(times.len() == 40 && times[0] >= 20.0, "{times:?}");
    assert_eq!(world.gateways(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_takes_no_list_by_ids_is_asked_one_by_one() {
    let mut world = World::new(30, tasks(1));
    world.reach(Goal::Converge).await.well();
    let plan = world.plan(Goal::Destroy).await;
    let refuse = |heard: &Heard| {
        let error =
            json!({ "Code": "InvalidParameterValue.InvalidParameterValue", "Message": "no" });
        let filtered = heard.action == LIST && heard.body.get("Filters").is_some();
        filtered.then(|| json!({ "Response": { "RequestId": "r-1", "Error": error } }))
    };
    let tap = Tap::new(&world.cloud, Duration::ZERO, Box::new(refuse));
    world.connect(tap.clone());
    world.carry_out(&plan).await.well();
    assert_eq!(world.gateways(), 0);
    assert!(oldest_look(&tap.heard(), DELETE) < Duration::from_secs(6));
}
