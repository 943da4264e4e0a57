//! What the cloud holds beside what a plan makes.

use gwplan::model::Severity;
use gwplan::plan::{Action, Plan, step_digest};

use super::{World, actions, address, rules};

/// A world whose state was lost: the cloud still holds what it had made.
fn lost(owner: Option<&str>) -> World {
    let mut world = World::with(&["a"]);
    world.seen("a").owner = owner.map(str::to_owned);
    world.state.resources.clear();
    world
}

fn digest(plan: &Plan) -> String {
    assert_eq!(actions(plan), [("a".to_owned(), Action::Create)]);
    step_digest(&plan.steps[0])
}

#[test]
fn what_a_plan_knows_of_namesakes_belongs_to_its_digest() {
    let mut fresh = World::with(&["a"]);
    fresh.state.resources.clear();
    fresh.snapshot.found.clear();
    let fresh = digest(&fresh.plan());
    for owner in [
        None,
        Some("0a1b2c3d4e5f/gateway.a"),
        Some("0a1b2c3d4e5f/gateway.b"),
    ] {
        assert_ne!(digest(&lost(owner).plan()), fresh, "{owner:?}");
    }
}

#[test]
fn a_namesake_that_another_state_made_for_this_very_address_is_an_error() {
    let plan = lost(Some("0a1b2c3d4e5f/gateway.a")).plan();
    assert_eq!(rules(&plan), [(Severity::Error, "lost-state")]);
    let help = &plan.diagnostics[0].help;
    let ways = [
        "gwplan import gateway.a gateway-a",
        "others: [0a1b2c3d4e5f]",
    ];
    for way in ways {
        assert!(help.contains(way), "{help}");
    }
    // Of another address, or of a project that is known, it is one gateway of many.
    let other = lost(Some("0a1b2c3d4e5f/gateway.b")).plan();
    assert_eq!(rules(&other), [(Severity::Warning, "namesake")]);
    let mut known = lost(Some("0a1b2c3d4e5f/gateway.a"));
    known.others.insert("0a1b2c3d4e5f".to_owned());
    assert_eq!(rules(&known.plan()), [(Severity::Warning, "namesake")]);
    assert!(known.desired.contains_key(&address("a")));
}
