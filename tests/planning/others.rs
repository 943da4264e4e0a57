//! What others add, what the files no longer set, and what they leave to others.

use gwplan::kinds::GATEWAY;
use gwplan::model::{FieldPath, Value, set_value_at, value_at};
use gwplan::plan::{Action, Drifts, How, Loss, Plan, drift};
use gwplan::schema::{Field, Need, Read, Shape, Unset};
use gwplan::state::Record;

use super::{World, actions, address, full, leaves, rules, schema_of};

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).expect("a path")
}

/// A gateway that sets what it must, and is private.
fn private() -> World {
    let mut attributes = full();
    for key in ["internetConfig", "internetMaxBandwidthOut", "description"] {
        attributes.remove(key);
    }
    let mut world = World::default();
    world.add("a", &attributes);
    world
}

fn network() -> Value {
    value_at(&full(), &path("internetConfig"))
        .expect("one")
        .clone()
}

fn record(world: &mut World) -> &mut Record {
    let resources = &mut world.state.resources;
    resources.get_mut(&address("a")).expect("there")
}

/// Leaves a field to others, as the last apply recorded it too.
fn ignoring(world: &mut World, path: &FieldPath) {
    world.wish("a").ignore_changes.push(path.clone());
    record(world).ignore_changes = Some(vec![path.clone()]);
}

fn drifts(world: &World) -> Drifts {
    let ignores = |at: &_| world.desired[at].ignore_changes.as_slice();
    drift(&world.state, &world.snapshot, &schema_of, &ignores)
}

fn drifted(plan: &Plan) -> Vec<String> {
    let fields = plan.drift.iter().flat_map(|drift| &drift.fields);
    fields.map(|field| field.path.to_string()).collect()
}

/// Writes the records that a plan brings up to date.
fn settle(world: &mut World, plan: &Plan) {
    let resources = plan.bookkeeping.iter().cloned();
    world.state.resources.extend(resources);
}

#[test]
fn a_public_network_that_others_add_is_drift_and_is_removed_with_its_loss() {
    let mut world = private();
    let seen = &mut world.seen("a").attributes;
    seen.insert("internetConfig".to_owned(), network());
    seen.insert("internetMaxBandwidthOut".to_owned(), 100.into());
    let plan = world.plan();
    assert_eq!(drifted(&plan), ["internetConfig"], "told once");
    let field = &plan.drift[0].fields[0];
    assert_eq!((&field.applied, &field.now), (&None, &Some(network())));
    let [step] = plan.steps.as_slice() else {
        panic!("{:?}", plan.steps)
    };
    assert_eq!(step.action, Action::Update);
    let calls: Vec<&str> = step.calls.iter().map(|call| call.action.as_str()).collect();
    assert_eq!(calls, ["DeleteCloudNativeAPIGatewayPublicNetwork"]);
    let [change] = step.changes.as_slice() else {
        panic!("{:?}", step.changes)
    };
    assert!(change.drifted);
    assert_eq!((&change.before, &change.after), (&Some(network()), &None));
    assert_eq!(step.losses, [Loss::Address("203.0.113.7".to_owned())]);
    ignoring(&mut world, &path("internetConfig"));
    let plan = world.plan();
    assert_eq!((actions(&plan), plan.ignored.len()), (vec![], 1));
    assert!(plan.drift.is_empty());
}

#[test]
fn a_network_that_either_field_asks_for_is_nobody_elses() {
    for (ours, other) in [
        ("internetMaxBandwidthOut", "internetConfig"),
        ("internetConfig", "internetMaxBandwidthOut"),
    ] {
        let mut world = World::with(&["a"]);
        world.wish("a").attributes.remove(other);
        record(&mut world).applied.remove(other);
        let plan = world.plan();
        assert!(plan.is_empty() && plan.drift.is_empty(), "{ours}");
        assert_eq!(rules(&plan), [], "{ours}");
        assert!(world.seen("a").attributes.contains_key(other));
    }
}

#[test]
fn the_addresses_of_a_network_that_two_fields_asked_for_are_lost_once() {
    let mut world = World::with(&["a"]);
    for key in ["internetConfig", "internetMaxBandwidthOut"] {
        world.wish("a").attributes.remove(key);
    }
    let plan = world.plan();
    assert_eq!(plan.steps[0].changes.len(), 2);
    assert_eq!(plan.steps[0].losses.len(), 1);
}

#[test]
fn a_description_of_others_is_told_and_left_where_the_files_say_none() {
    let mut world = private();
    let theirs = Some("theirs".into());
    set_value_at(
        &mut world.seen("a").attributes,
        &path("description"),
        theirs.clone(),
    );
    let plan = world.plan();
    assert_eq!(actions(&plan), []);
    assert_eq!(drifted(&plan), ["description"]);
    assert_eq!(plan.drift[0].fields[0].now, theirs);
    // Bringing the record up to date does not hide it.
    settle(&mut world, &plan);
    assert_eq!(drifted(&world.plan()), ["description"]);
}

#[test]
fn what_the_cloud_fills_in_is_no_drift_whatever_the_field() {
    let mut all = Vec::new();
    leaves(GATEWAY.fields, &FieldPath::root(), &mut all);
    for (path, field) in all {
        let told = field.is_never_filled_in();
        if !matches!(field.need, Need::Optional) || matches!(field.shape, Shape::Tags) {
            continue;
        }
        let mut world = World::with(&["a"]);
        set_value_at(&mut world.wish("a").attributes, &path, None);
        set_value_at(&mut record(&mut world).applied, &path, None);
        let plan = world.plan();
        assert_eq!(actions(&plan), [], "{path}");
        assert_eq!(plan.drift.len(), usize::from(told), "{path}");
        assert_eq!(told, path.to_string() == "description", "{path}");
    }
}

#[test]
fn an_empty_text_is_a_value_that_is_enforced() {
    let description = path("description");
    // From the first: nothing is to be done where the cloud has none.
    let mut world = private();
    set_value_at(
        &mut world.wish("a").attributes,
        &description,
        Some("".into()),
    );
    let plan = world.plan();
    assert!(plan.is_empty() && plan.drift.is_empty());
    settle(&mut world, &plan);
    assert_eq!(
        value_at(&record(&mut world).applied, &description),
        Some(&"".into())
    );
    // Others set one.
    set_value_at(
        &mut world.seen("a").attributes,
        &description,
        Some("theirs".into()),
    );
    let plan = world.plan();
    assert_eq!(drifted(&plan), ["description"]);
    let change = &plan.steps[0].changes[0];
    assert_eq!(change.after, Some("".into()));
    assert!(change.drifted);
    assert_eq!(plan.steps[0].after["description"], "".into());
    // From another value.
    let mut world = World::with(&["a"]);
    set_value_at(
        &mut world.wish("a").attributes,
        &description,
        Some("".into()),
    );
    let change = &world.plan().steps[0].changes[0];
    assert_eq!(change.after, Some("".into()));
    assert!(!change.drifted);
}

/// What the table says of every field, spelled out once more: a field that is added has to be put here.
fn becomes(path: &str) -> Unset {
    match path {
        "internetMaxBandwidthOut" | "internetConfig" => Unset::TakenAway,
        "internetConfig.internetMaxBandwidthOut" => Unset::Kept,
        "description" | "tags" | "internetConfig.description" | "internetConfig.slaType" => {
            Unset::Cleared
        }
        "ingressClassName"
        | "promId"
        | "internetConfig.masterZoneId"
        | "internetConfig.slaveZoneId" => Unset::Replaced,
        _ => Unset::Never,
    }
}

#[test]
fn the_plan_says_what_becomes_of_every_field_that_is_no_longer_set() {
    let mut all: Vec<(FieldPath, &'static Field)> = Vec::new();
    leaves(GATEWAY.fields, &FieldPath::root(), &mut all);
    for (path, field) in all {
        let mut world = World::with(&["a"]);
        let before = value_at(&full(), &path).cloned();
        set_value_at(&mut world.wish("a").attributes, &path, None);
        let unset = field.unset();
        assert_eq!(unset, becomes(&path.to_string()), "{path}");
        let is_always_set = !matches!(field.need, Need::Optional);
        assert_eq!(unset == Unset::Never, is_always_set, "{path}");
        if is_always_set {
            continue;
        }
        assert!(before.is_some(), "{path} is set in the full example");
        let plan = world.plan();
        match unset {
            Unset::Cleared => {
                let change = &plan.steps[0].changes[0];
                assert!(matches!(change.how, How::InPlace(_)), "{path}");
                assert_eq!(change.after, None, "{path}");
            }
            Unset::Replaced => assert_eq!(plan.steps[0].action, Action::Replace, "{path}"),
            // The network stays, since `internetConfig` asks for it, and says the same bandwidth.
            Unset::TakenAway => assert!(plan.is_empty() && rules(&plan).is_empty(), "{path}"),
            Unset::Kept => {
                let [note] = plan.diagnostics.as_slice() else {
                    panic!("{path}: {:?}", plan.diagnostics)
                };
                let value = before.expect("set").to_string();
                assert!(plan.is_empty(), "{path}");
                assert_eq!(note.rule, "left-as-it-is");
                assert!(note.summary.contains(&path.to_string()), "{path}");
                assert!(note.summary.ends_with(&value), "{path}");
            }
            Unset::Never => {}
        }
    }
}

#[test]
fn a_bandwidth_that_is_dropped_beside_a_network_is_told_until_it_is_settled() {
    let mut world = World::with(&["a"]);
    for text in [
        "internetMaxBandwidthOut",
        "internetConfig.internetMaxBandwidthOut",
    ] {
        set_value_at(&mut world.wish("a").attributes, &path(text), None);
    }
    let plan = world.plan();
    assert!(plan.is_empty());
    assert_eq!(rules(&plan).len(), 2);
    let summary = &plan.diagnostics[0].summary;
    assert!(
        summary.contains("internetMaxBandwidthOut; the cloud keeps"),
        "{summary}"
    );
    // Another change is under way: the note is said with it, and once.
    world
        .wish("a")
        .attributes
        .insert("name".to_owned(), "new".into());
    let plan = world.plan();
    assert_eq!((actions(&plan).len(), rules(&plan).len()), (1, 2));
    settle(&mut world, &plan);
    assert_eq!(rules(&world.plan()), []);
    // What was let go of counts no more, and the rest of the record is as it was.
    let applied = &record(&mut world).applied;
    assert_eq!(applied.get("internetMaxBandwidthOut"), None);
    assert_eq!(applied["name"], "gateway".into());
}

#[test]
fn an_ignored_field_keeps_no_other_from_settling() {
    let mut all = Vec::new();
    leaves(GATEWAY.fields, &FieldPath::root(), &mut all);
    let listed = all
        .into_iter()
        .filter(|(_, field)| field.read == Read::Listed && !matches!(field.shape, Shape::Tags));
    for (path, field) in listed {
        let mut world = World::with(&["a"]);
        let theirs = super::other(value_at(&full(), &path), field);
        set_value_at(&mut world.seen("a").attributes, &path, Some(theirs));
        ignoring(&mut world, &path);
        // Another field was changed alike by both sides: it agrees without any call.
        let both = FieldPath::from_iter(["tags", "env"]);
        let value = || Some(Value::from("both"));
        set_value_at(&mut world.wish("a").attributes, &both, value());
        set_value_at(&mut world.seen("a").attributes, &both, value());
        let plan = world.plan();
        assert!(plan.is_empty(), "{path}: {:?}", plan.steps);
        assert_eq!(plan.ignored, [(address("a"), path.clone())]);
        assert_eq!(drifted(&plan), ["tags.env"], "{path}");
        settle(&mut world, &plan);
        let applied = &record(&mut world).applied;
        assert_eq!(value_at(applied, &both), Some(&"both".into()), "{path}");
        assert_eq!(value_at(applied, &path), value_at(&full(), &path));
        let Drifts { counted, ignored } = drifts(&world);
        assert_eq!(counted, [], "{path}");
        assert_eq!(ignored.len(), 1, "{path}");
        assert_eq!(ignored[0].fields[0].path, path);
        let plan = world.plan();
        assert!(plan.drift.is_empty(), "{path}");
        assert_eq!(plan.bookkeeping, [], "{path}: settled");
    }
}
