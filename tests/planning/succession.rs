//! Replacements that were cut off, creates that are under way, and fields that are ignored: what the plan
//! says is made must be what is made.

use gwplan::model::{FieldPath, Identity, Observed, Phase, Value, set_value_at, value_at};
use gwplan::plan::{Action, Fate, Half, How, Loss, Plan, Step};
use gwplan::state::{Record, Status};

use super::shown::shown;
use super::{REGION, World, actions, address, full, rules};

const VERSION: &str = "gatewayVersion";

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).expect("a path")
}

fn set(world: &mut World, text: &str, value: impl Into<Value>) {
    set_value_at(
        &mut world.wish("a").attributes,
        &path(text),
        Some(value.into()),
    );
}

fn only(plan: &Plan) -> &Step {
    let [step] = plan.steps.as_slice() else {
        panic!("one step, but {:?}", actions(plan))
    };
    step
}

fn after(step: &Step, text: &str) -> Option<Value> {
    value_at(&step.after, &path(text)).cloned()
}

/// A world in which a replacement of `a` was cut off that was to give it another version.
fn cut_off(version: &str) -> World {
    let mut world = World::with(&["a"]);
    world.wish("a").create_before_destroy = true;
    let mut attributes = full();
    attributes.insert(VERSION.to_owned(), version.into());
    let record = world.state.resources.get_mut(&address("a")).expect("there");
    record.successor = Some(Box::new(Record {
        id: "gateway-new".to_owned(),
        applied: attributes.clone(),
        observed: attributes.clone(),
        ..record.clone()
    }));
    let observed = Observed {
        id: "gateway-new".to_owned(),
        status: "Running".to_owned(),
        phase: Phase::Ready,
        attributes: shown(&attributes),
        addresses: Vec::new(),
        outputs: gwplan::model::Attributes::new(),
        owner: None,
        created: None,
    };
    let identity = Identity {
        region: REGION.to_owned(),
        id: "gateway-new".to_owned(),
    };
    world.snapshot.found.insert(identity, observed);
    world
}

fn fate(step: &Step) -> Option<(&str, Fate)> {
    let successor = step.successor.as_ref()?;
    Some((successor.identity.id.as_str(), successor.fate))
}

#[test]
fn a_successor_that_fits_the_files_takes_its_place_as_it_is() {
    let mut world = cut_off("2.4.1");
    set(&mut world, VERSION, "2.4.1");
    let plan = world.plan();
    let step = only(&plan);
    assert_eq!(
        (step.action, step.create_before_destroy),
        (Action::Replace, true)
    );
    assert_eq!(fate(step), Some(("gateway-new", Fate::Kept)));
    assert_eq!(after(step, VERSION), Some("2.4.1".into()));
    assert!(step.calls.is_empty());
    let counts = plan.counts();
    assert_eq!((counts.add, counts.destroy, counts.resume), (0, 1, 1));
}

#[test]
fn a_successor_is_changed_in_place_where_the_files_have_moved_on() {
    let mut world = cut_off("2.4.1");
    set(&mut world, VERSION, "2.4.1");
    set(&mut world, "description", "another");
    let plan = world.plan();
    let step = only(&plan);
    assert_eq!(fate(step), Some(("gateway-new", Fate::Kept)));
    assert_eq!(after(step, "description"), Some("another".into()));
    let paths: Vec<_> = step.calls.iter().flat_map(|call| &call.paths).collect();
    assert_eq!(paths, [&path("description")]);
}

#[test]
fn where_the_old_one_fits_the_files_it_stays_and_the_successor_goes() {
    let world = cut_off("2.4.1");
    let plan = world.plan();
    let step = only(&plan);
    assert_eq!(step.action, Action::Update);
    assert_eq!(fate(step), Some(("gateway-new", Fate::Deleted)));
    assert!(step.calls.is_empty() && step.changes.is_empty());
    assert_eq!(step.losses, [Loss::Successor("gateway-new".to_owned())]);
    let counts = plan.counts();
    assert_eq!((counts.add, counts.change, counts.destroy), (0, 0, 1));
}

#[test]
fn where_neither_fits_both_go_and_a_new_one_is_made() {
    let mut world = cut_off("2.4.1");
    set(&mut world, VERSION, "2.6.0");
    let plan = world.plan();
    let step = only(&plan);
    assert_eq!(step.action, Action::Replace);
    assert_eq!(fate(step), Some(("gateway-new", Fate::Deleted)));
    assert_eq!(after(step, VERSION), Some("2.6.0".into()));
    let counts = plan.counts();
    assert_eq!((counts.add, counts.destroy), (1, 2));
    assert!(step.losses.contains(&Loss::Id("gateway-a".to_owned())));
    assert!(
        step.losses
            .contains(&Loss::Successor("gateway-new".to_owned()))
    );
}

#[test]
fn a_successor_that_is_of_no_use_never_takes_the_place() {
    for (status, phase) in [
        (Status::Tainted, Phase::Failed),
        (Status::Deleting, Phase::Leaving),
        (Status::Ready, Phase::Leaving),
    ] {
        let mut world = cut_off("2.4.1");
        set(&mut world, VERSION, "2.4.1");
        let record = world.state.resources.get_mut(&address("a")).expect("there");
        record.successor.as_mut().expect("there").status = status;
        for observed in world.snapshot.found.values_mut() {
            if observed.id == "gateway-new" {
                observed.phase = phase;
            }
        }
        let plan = world.plan();
        let step = only(&plan);
        assert_eq!(step.action, Action::Replace, "{phase:?}");
        assert_eq!(
            fate(step),
            Some(("gateway-new", Fate::Deleted)),
            "{phase:?}"
        );
    }
}

#[test]
fn a_successor_that_stands_alone_is_never_given_up_for_an_old_one_that_is_gone() {
    let mut world = cut_off("2.4.1");
    // The files fit the old one, but that is gone.
    let old = world.state.resources[&address("a")].identity();
    world.snapshot.found.remove(&old);
    world.snapshot.gone.insert(old);
    let plan = world.plan();
    let step = only(&plan);
    assert_eq!(
        (step.action, fate(step)),
        (Action::Replace, Some(("gateway-new", Fate::Deleted)))
    );
    assert_eq!(after(step, VERSION), Some("2.5.1".into()));
}

#[test]
fn two_plans_about_the_same_pair_have_two_digests() {
    let kept = {
        let mut world = cut_off("2.4.1");
        set(&mut world, VERSION, "2.4.1");
        world.plan()
    };
    let deleted = cut_off("2.4.1").plan();
    let mut forged = deleted.clone();
    forged.steps[0]
        .successor
        .as_mut()
        .expect("there")
        .identity
        .id = "gateway-b".to_owned();
    let digest = |plan: &Plan| gwplan::plan::step_digest(&plan.steps[0]);
    assert_ne!(digest(&kept), digest(&deleted));
    assert_ne!(digest(&forged), digest(&deleted));
}

#[test]
fn what_has_a_successor_is_not_given_up_in_silence() {
    let mut world = cut_off("2.4.1");
    world.desired.clear();
    world.removed.push(gwplan::model::Removed {
        from: address("a"),
        location: None,
    });
    let plan = world.plan();
    assert!(
        rules(&plan)
            .iter()
            .any(|(_, rule)| *rule == "unfinished-replacement")
    );
}

/// A world in which the cloud is still making `a`.
fn under_way() -> World {
    let mut world = World::with(&["a"]);
    let record = world.state.resources.get_mut(&address("a")).expect("there");
    record.status = Status::Creating;
    world.seen("a").phase = Phase::Busy;
    world
}

#[test]
fn a_create_under_way_is_waited_for_and_then_changed_where_the_files_were_edited() {
    let plan = under_way().plan();
    let step = only(&plan);
    assert_eq!((step.action, step.calls.len()), (Action::AwaitCreate, 0));

    let mut world = under_way();
    set(&mut world, "description", "another");
    let plan = world.plan();
    let step = only(&plan);
    assert_eq!(step.action, Action::AwaitCreate);
    assert_eq!(after(step, "description"), Some("another".into()));
    let changed: Vec<_> = step.changes.iter().map(|change| &change.path).collect();
    assert_eq!(changed, [&path("description")]);
    assert_eq!(step.calls.len(), 1);
}

#[test]
fn a_create_under_way_that_can_t_become_what_the_files_want_is_replaced() {
    let mut world = under_way();
    set(&mut world, VERSION, "2.4.1");
    let plan = world.plan();
    let step = only(&plan);
    assert_eq!(step.action, Action::Replace);
    assert!(step.changes.iter().any(|change| change.how == How::Replace));
}

/// Makes a replacement of `a` necessary.
type Force = fn(&mut World);

#[test]
fn a_replacement_keeps_what_ignore_changes_leaves_alone() {
    let ignored = ["description", "nodeConfig.number", "tags.env"];
    let forces: [(&str, Force); 4] = [
        ("a field", |world| set(world, VERSION, "2.4.1")),
        ("--replace", |world| {
            world.selection.replace = vec![address("a")];
        }),
        ("a failure", |world| {
            let record = world.state.resources.get_mut(&address("a")).expect("there");
            record.status = Status::Tainted;
        }),
        ("a delete that was cut off", |world| {
            let record = world.state.resources.get_mut(&address("a")).expect("there");
            record.status = Status::Deleting;
            world.seen("a").phase = Phase::Leaving;
        }),
    ];
    for (name, force) in forces {
        for creates_first in [false, true] {
            let mut world = World::with(&["a"]);
            world.wish("a").create_before_destroy = creates_first;
            world.wish("a").ignore_changes = ignored.map(path).to_vec();
            set(&mut world, "description", "two");
            set(&mut world, "nodeConfig.number", 9);
            set(&mut world, "tags.env", "dev");
            // Others have made five nodes of the two that were applied.
            let seen = &mut world.seen("a").attributes;
            set_value_at(seen, &path("nodeConfig.number"), Some(5.into()));
            force(&mut world);
            let plan = world.plan();
            let step = only(&plan);
            assert_eq!(step.action, Action::Replace, "{name}");
            assert_eq!(after(step, "description"), Some("text".into()), "{name}");
            assert_eq!(after(step, "nodeConfig.number"), Some(5.into()), "{name}");
            assert_eq!(after(step, "tags.env"), Some("prod".into()), "{name}");
        }
    }
}

#[test]
fn a_first_create_takes_the_files_values_of_ignored_fields() {
    let mut world = World::with(&["a"]);
    world.state.resources.clear();
    world.snapshot.found.clear();
    world.wish("a").ignore_changes = vec![path("description")];
    set(&mut world, "description", "two");
    let plan = world.plan();
    assert_eq!(after(only(&plan), "description"), Some("two".into()));
}

/// Which halves of which steps each half comes after, by name.
fn order(plan: &Plan) -> Vec<(String, Half, String, Half)> {
    let mut found = Vec::new();
    for step in &plan.steps {
        for one in &step.after_steps {
            let before = plan.steps[one.step].address.name().to_owned();
            found.push((step.address.name().to_owned(), one.half, before, one.ended));
        }
    }
    found
}

#[test]
fn a_dependency_is_deleted_after_its_dependents_that_are_replaced_or_deleted() {
    let unmade_after = |world: &World| {
        order(&world.plan()).contains(&(
            "dep".to_owned(),
            Half::Unmake,
            "top".to_owned(),
            Half::Unmake,
        ))
    };
    for creates_first in [false, true] {
        let world = || {
            let mut world = World::with(&["dep", "top"]);
            world.depend("top", "dep");
            world.wish("top").create_before_destroy = creates_first;
            world.wish("dep").create_before_destroy = creates_first;
            world
        };
        let replace = |world: &mut World, name: &str| {
            let attributes = &mut world.wish(name).attributes;
            attributes.insert(VERSION.to_owned(), "2.4.1".into());
        };
        // The dependency is taken out, and its dependent replaced.
        let mut removed = world();
        removed.desired.remove(&address("dep"));
        removed.wish("top").depends_on.clear();
        replace(&mut removed, "top");
        assert!(unmade_after(&removed));
        // The dependency is replaced, and its dependent taken out.
        let mut replaced = world();
        replaced.desired.remove(&address("top"));
        replace(&mut replaced, "dep");
        assert!(unmade_after(&replaced));
        // Both are replaced.
        let mut both = world();
        replace(&mut both, "dep");
        replace(&mut both, "top");
        assert!(unmade_after(&both));
        let made = ("top".to_owned(), Half::Make, "dep".to_owned(), Half::Make);
        assert!(order(&both.plan()).contains(&made));
    }
}

#[test]
fn what_no_longer_needs_a_dependency_is_changed_before_that_is_deleted() {
    let mut world = World::with(&["dep", "top"]);
    world.depend("top", "dep");
    world.desired.remove(&address("dep"));
    world.wish("top").depends_on.clear();
    let description = &mut world.wish("top").attributes;
    description.insert("description".to_owned(), "another".into());
    let plan = world.plan();
    let expected = ("dep".to_owned(), Half::Unmake, "top".to_owned(), Half::Make);
    assert_eq!(order(&plan), [expected]);
}
