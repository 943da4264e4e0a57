//! Words that a plan must not say where they are not true.

use gwplan::model::{Attributes, FieldPath, Value, set_value_at};
use gwplan::plan::{Goal, Inputs, Loss, Selection, plan};

use super::{World, address, review_text, schema_of};

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).expect("a path")
}

#[test]
fn an_address_is_lost_once_however_many_fields_go_with_it() {
    let mut world = World::with(&["a"]);
    let attributes = &mut world.wish("a").attributes;
    attributes.remove("internetConfig");
    attributes.remove("internetMaxBandwidthOut");
    let plan = world.plan();
    let lost = plan.steps[0].losses.iter();
    let lost: Vec<_> = lost
        .filter(|loss| matches!(loss, Loss::Address(_)))
        .collect();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(
        review_text(&plan).contains("losing 1 public address:"),
        "{}",
        review_text(&plan)
    );
}

#[test]
fn what_was_never_applied_was_not_changed_outside_gwplan() {
    // The cloud has filled it in, or gwplan itself failed to set it.
    for key in ["internetMaxBandwidthOut", "deleteProtect"] {
        let mut world = World::with(&["a"]);
        world.record("a").applied.remove(key);
        let value = match key {
            "deleteProtect" => Value::Bool(true),
            _ => Value::Int(7),
        };
        world.wish("a").attributes.insert(key.to_owned(), value);
        let plan = world.plan();
        assert!(!plan.steps[0].changes.is_empty(), "{key}");
        assert!(
            !review_text(&plan).contains("outside gwplan"),
            "{key}: {}",
            review_text(&plan)
        );
    }
}

#[test]
fn a_part_of_a_project_is_not_told_to_be_all_of_it() {
    let mut world = World::with(&["a", "b"]);
    world
        .wish("b")
        .attributes
        .insert("description".to_owned(), "new".into());
    world.selection.targets = vec![address("a")];
    let shown = review_text(&world.plan());
    assert!(
        shown.starts_with("No changes. What was asked for matches the files"),
        "{shown}"
    );
    let destroyed = review_text(&world.plan_for(Goal::Destroy));
    assert!(!destroyed.contains("everything"), "{destroyed}");
}

#[test]
fn what_is_asked_for_and_left_out_at_once_is_an_error() {
    let world = World::with(&["a"]);
    let selection = Selection {
        targets: vec![address("a")],
        excludes: vec![address("a")],
        ..Selection::default()
    };
    let inputs = Inputs {
        desired: &world.desired,
        moved: &[],
        removed: &[],
        state: &world.state,
        snapshot: Some(&world.snapshot),
        locate: &|_, _| None,
        schemas: &schema_of,
        goal: Goal::Converge,
        selection: &selection,
        ownership: true,
        other_states: &world.others,
    };
    let fault = plan(&inputs).expect_err("both at once");
    assert!(
        fault
            .to_string()
            .contains("--target and left out by --exclude"),
        "{fault}"
    );
}

#[test]
fn only_the_call_that_is_made_is_named() {
    for (value, named, not_named) in [
        (Some("x"), "by TagResources", "UnTagResources"),
        (None, "by UnTagResources", "by TagResources"),
    ] {
        let mut world = World::with(&["a"]);
        let key = if value.is_some() {
            "tags.new"
        } else {
            "tags.env"
        };
        let attributes: &mut Attributes = &mut world.wish("a").attributes;
        set_value_at(attributes, &path(key), value.map(Value::from));
        let shown = review_text(&world.plan());
        assert!(
            shown.contains(named) && !shown.contains(not_named),
            "{shown}"
        );
    }
}

#[test]
fn moves_do_not_stand_among_what_others_have_changed() {
    let mut world = World::with(&["a", "b"]);
    let record = world.state.resources.remove(&address("a")).expect("there");
    world.state.resources.insert(address("old"), record);
    world.moved.push(super::entry("old", "a"));
    world
        .seen("b")
        .attributes
        .insert("description".to_owned(), "theirs".into());
    let shown = review_text(&world.plan());
    let places = [
        "get another address",
        "has moved to",
        "Changed outside gwplan",
    ];
    let places = places.map(|part| {
        shown
            .find(part)
            .unwrap_or_else(|| panic!("{part}: {shown}"))
    });
    assert!(places.is_sorted(), "{shown}");
}
