//! Whom the owner tags of recorded resources name, and what a plan says of it.

use gwplan::model::{Severity, owner_tag};
use gwplan::plan::{Goal, Plan, plan};

use super::{World, actions, address, rules};

const TASK: &str = "task-1";

/// A world with a gateway that gwplan made, and that carries this tag.
fn tagged(owner: Option<String>) -> World {
    let mut world = World::with(&["a"]);
    let record = world.state.resources.get_mut(&address("a"));
    record.expect("there").task_id = Some(TASK.to_owned());
    world.seen("a").owner = owner;
    world
}

#[track_caller]
fn warns(plan: &Plan, rule: &'static str, said: &[&str]) {
    assert_eq!(rules(plan), [(Severity::Warning, rule)]);
    // The tag alone is no change: what becomes of it is for people to say.
    assert_eq!(actions(plan), []);
    let told = &plan.diagnostics[0];
    for part in said {
        let text = format!("{} {}", told.summary, told.help);
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[test]
fn a_gateway_that_carries_another_states_tag_is_told_as_other_owner() {
    let theirs = tagged(Some("0123456789ab/gateway.theirs".to_owned()));
    let said = [
        "gateway-a, recorded as gateway.a",
        "of another state: 0123456789ab/gateway.theirs",
        "gwplan state rm",
        "gwplan state retag gateway.a",
    ];
    warns(&theirs.plan(), "other-owner", &said);
    // Before it is destroyed that matters most.
    let destroy = theirs.plan_for(Goal::Destroy);
    assert_eq!(rules(&destroy), [(Severity::Warning, "other-owner")]);
}

#[test]
fn a_gateway_of_gwplans_making_without_a_tag_is_told_as_lost_owner() {
    let lost = tagged(None);
    let said = ["gateway-a", "has lost its tag", "state retag gateway.a"];
    warns(&lost.plan(), "lost-owner", &said);
}

#[test]
fn of_tags_that_are_right_or_not_wanted_nothing_is_said() {
    let world = World::default();
    let own = owner_tag(&world.state.lineage, &address("a"));
    let mut right = tagged(Some(own));
    right.state.lineage.clone_from(&world.state.lineage);
    assert_eq!(rules(&right.plan()), []);
    // What was imported may never have had one.
    assert_eq!(rules(&World::with(&["a"]).plan()), []);
    let unwanted = tagged(None);
    let mut inputs = unwanted.inputs(Goal::Converge);
    inputs.ownership = false;
    assert_eq!(rules(&plan(&inputs).expect("a plan")), []);
}
