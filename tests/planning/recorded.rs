//! What only the record holds: it steers later plans, so a change of it is a step.

use gwplan::model::{FieldPath, Value};
use gwplan::plan::{Action, How, Plan, step_digest};
use gwplan::review::Risk;

use super::{World, actions, address, review};

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).expect("a path")
}

fn risk(plan: &Plan) -> Risk {
    review(plan).verdict.risk
}

/// Each thing that the record holds, changed: its path, the change, and whether it lifts a protection.
type Case = (&'static str, fn(&mut World), bool);

const CASES: [Case; 7] = [
    (
        "lifecycle.preventDestroy",
        |world| world.wish("a").prevent_destroy = true,
        false,
    ),
    (
        "lifecycle.preventDestroy",
        |world| world.record("a").prevent_destroy = true,
        true,
    ),
    (
        "lifecycle.ignoreChanges",
        |world| world.wish("a").ignore_changes = vec![path("description")],
        true,
    ),
    (
        "lifecycle.ignoreChanges",
        |world| world.record("a").ignore_changes = Some(vec![path("description")]),
        false,
    ),
    (
        "lifecycle.ignoreChanges",
        |world| {
            world.record("a").ignore_changes = Some(vec![path("nodeConfig")]);
            world.wish("a").ignore_changes = vec![path("nodeConfig.number")];
        },
        false,
    ),
    (
        "dependsOn",
        |world| world.wish("a").depends_on = vec![address("b")],
        false,
    ),
    (
        "dependsOn",
        |world| world.record("a").depends_on = vec![address("b")],
        false,
    ),
];

#[test]
fn what_only_the_record_holds_is_changed_by_a_step_of_its_own() {
    for (number, (changed, change, lifts)) in CASES.into_iter().enumerate() {
        let mut world = World::with(&["a", "b"]);
        change(&mut world);
        let plan = world.plan();
        assert_eq!(
            actions(&plan),
            [("a".to_owned(), Action::Record)],
            "{number}"
        );
        let [one] = plan.steps[0].changes.as_slice() else {
            panic!("{number}: {:?}", plan.steps[0].changes)
        };
        assert_eq!(
            (&one.path, &one.how),
            (&path(changed), &How::Record),
            "{number}"
        );
        assert_eq!(plan.counts().change, 1, "{number}");
        let expected = if lifts {
            Risk::LiftsProtection
        } else {
            Risk::Safe
        };
        assert_eq!(risk(&plan), expected, "{number}");
        // What was seen goes into the record without a step, and nothing of this does.
        for (address, updated) in &plan.bookkeeping {
            let record = &world.state.resources[address];
            assert_eq!(updated.prevent_destroy, record.prevent_destroy, "{number}");
            assert_eq!(updated.ignore_changes, record.ignore_changes, "{number}");
            assert_eq!(updated.depends_on, record.depends_on, "{number}");
        }
    }
}

#[test]
fn another_step_of_the_same_resource_carries_what_the_record_gets() {
    for (changed, change, _) in CASES {
        for (field, value, action) in [
            ("description", "another", Action::Update),
            ("gatewayVersion", "2.4.1", Action::Replace),
        ] {
            let mut world = World::with(&["a", "b"]);
            change(&mut world);
            // A protection would refuse the replacement, and an ignored field is not changed.
            world.wish("a").prevent_destroy &= action == Action::Update;
            world
                .wish("a")
                .ignore_changes
                .retain(|ignored| *ignored != path("description"));
            let attributes = &mut world.wish("a").attributes;
            attributes.insert(field.to_owned(), Value::from(value));
            let plan = world.plan();
            assert_eq!(actions(&plan), [("a".to_owned(), action)], "{changed}");
            let step = &plan.steps[0];
            assert_eq!(
                step.prevent_destroy,
                world.desired[&address("a")].prevent_destroy
            );
            assert_eq!(step.depends_on, world.desired[&address("a")].depends_on);
            assert_eq!(
                step.ignore_changes,
                world.desired[&address("a")].ignore_changes
            );
        }
    }
}

#[test]
fn two_plans_that_differ_in_what_the_record_gets_have_two_digests() {
    let digests: Vec<String> = CASES
        .into_iter()
        .map(|(_, change, _)| {
            let mut world = World::with(&["a", "b"]);
            change(&mut world);
            step_digest(&world.plan().steps[0])
        })
        .collect();
    for (at, one) in digests.iter().enumerate() {
        assert!(!digests[..at].contains(one), "{at}");
    }
}

#[test]
fn a_record_that_did_not_keep_what_is_ignored_takes_it_over_without_a_step() {
    let mut world = World::with(&["a"]);
    world.record("a").ignore_changes = None;
    world.wish("a").ignore_changes = vec![path("description")];
    let plan = world.plan();
    assert!(plan.is_empty());
    let (_, record) = plan.bookkeeping.first().expect("a record to update");
    assert_eq!(record.ignore_changes, Some(vec![path("description")]));
}

#[test]
fn a_delete_protection_that_goes_off_is_no_safe_change() {
    let mut world = World::with(&["a"]);
    let on = |attributes: &mut gwplan::model::Attributes| {
        attributes.insert("deleteProtect".to_owned(), true.into())
    };
    on(&mut world.seen("a").attributes);
    on(&mut world.record("a").applied);
    let plan = world.plan();
    assert_eq!(actions(&plan), [("a".to_owned(), Action::Update)]);
    assert_eq!(risk(&plan), Risk::LiftsProtection);
}
