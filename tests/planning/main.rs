//! The planner alone: what it decides, from values, without a cloud.

use std::collections::{BTreeMap, BTreeSet};

use gwplan::kinds::{self, GATEWAY};
use gwplan::model::{
    Address, Attributes, Desired, FieldPath, Identity, Moved, Observed, Phase, Removed, Severity,
    Value, set_value_at, value_at,
};
use gwplan::plan::{
    Action, Goal, How, Inputs, Loss, Plan, Reason, Selection, Snapshot, likely_moves, plan,
};
use gwplan::review::{Context, Destination, Review, Risk};
use gwplan::schema::{Change, Field, Need, Read, ResourceSchema, Shape, fill_defaults};
use gwplan::state::{Record, State, Status};
use gwplan::view::{plan_text, question};

mod namesakes;
mod others;
mod owners;
mod recorded;
mod saved;
#[path = "../fakes/shown.rs"]
mod shown;
mod succession;
mod truth;

use shown::shown;

const REGION: &str = "ap-guangzhou";

fn address(name: &str) -> Address {
    Address::new("gateway", name).expect("a valid name")
}

fn schema_of(kind: &str) -> Option<&'static ResourceSchema> {
    kinds::find(kind).map(kinds::Kind::schema)
}

/// A world in which everything agrees: files, state, cloud.
#[derive(Default)]
struct World {
    desired: BTreeMap<Address, Desired>,
    moved: Vec<Moved>,
    removed: Vec<Removed>,
    state: State,
    snapshot: Snapshot,
    selection: Selection,
    others: BTreeSet<String>,
}

/// Sets every field that a gateway can have, so that each can be changed.
fn full() -> Attributes {
    let network: Attributes = [
        ("internetPayMode", Value::from("TRAFFIC")),
        ("internetMaxBandwidthOut", 100.into()),
        ("description", "public".into()),
        ("slaType", "clb.c2.medium".into()),
        ("multiZoneFlag", true.into()),
        ("masterZoneId", "ap-guangzhou-3".into()),
        ("slaveZoneId", "ap-guangzhou-4".into()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let map = |pairs: &[(&str, Value)]| {
        Value::Map(
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect(),
        )
    };
    let mut attributes: Attributes = [
        ("name", Value::from("gateway")),
        ("gatewayVersion", "2.5.1".into()),
        (
            "nodeConfig",
            map(&[("specification", "1c2g".into()), ("number", 2.into())]),
        ),
        (
            "vpcConfig",
            map(&[("vpcId", "vpc-1".into()), ("subnetId", "subnet-1".into())]),
        ),
        ("description", "text".into()),
        ("tags", map(&[("env", "prod".into())])),
        ("internetMaxBandwidthOut", 100.into()),
        ("ingressClassName", "kong".into()),
        ("promId", "prom-1".into()),
        ("internetConfig", Value::Map(network)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    fill_defaults(GATEWAY.fields, &mut attributes, REGION);
    attributes
}

impl World {
    fn with(names: &[&str]) -> Self {
        let mut world = Self::default();
        for name in names {
            world.add(name, &full());
        }
        world
    }

    fn add(&mut self, name: &str, attributes: &Attributes) {
        let id = format!("gateway-{name}");
        let desired = Desired {
            address: address(name),
            region: REGION.to_owned(),
            attributes: attributes.clone(),
            depends_on: Vec::new(),
            prevent_destroy: false,
            create_before_destroy: false,
            ignore_changes: Vec::new(),
            location: None,
        };
        let record = Record {
            kind: "gateway".to_owned(),
            id: id.clone(),
            task_id: None,
            status: Status::Ready,
            cloud_status: "Running".to_owned(),
            region: REGION.to_owned(),
            depends_on: Vec::new(),
            prevent_destroy: false,
            ignore_changes: Some(Vec::new()),
            source: None,
            applied: attributes.clone(),
            observed: attributes.clone(),
            outputs: Attributes::new(),
            made_for: None,
            successor: None,
        };
        let observed = Observed {
            id: id.clone(),
            status: "Running".to_owned(),
            phase: Phase::Ready,
            attributes: shown(attributes),
            addresses: vec!["203.0.113.7".to_owned()],
            outputs: Attributes::new(),
            owner: None,
            created: None,
        };
        self.desired.insert(address(name), desired);
        self.state.resources.insert(address(name), record);
        self.snapshot.found.insert(
            Identity {
                region: REGION.to_owned(),
                id,
            },
            observed,
        );
    }

    fn depend(&mut self, name: &str, on: &str) {
        self.desired
            .get_mut(&address(name))
            .expect("there")
            .depends_on
            .push(address(on));
        self.state
            .resources
            .get_mut(&address(name))
            .expect("there")
            .depends_on
            .push(address(on));
    }

    fn wish(&mut self, name: &str) -> &mut Desired {
        self.desired.get_mut(&address(name)).expect("there")
    }

    fn record(&mut self, name: &str) -> &mut Record {
        let record = self.state.resources.get_mut(&address(name));
        record.expect("there")
    }

    fn seen(&mut self, name: &str) -> &mut Observed {
        let identity = Identity {
            region: REGION.to_owned(),
            id: format!("gateway-{name}"),
        };
        self.snapshot.found.get_mut(&identity).expect("there")
    }

    fn inputs(&self, goal: Goal) -> Inputs<'_> {
        Inputs {
            desired: &self.desired,
            moved: &self.moved,
            removed: &self.removed,
            state: &self.state,
            snapshot: Some(&self.snapshot),
            locate: &|_, _| None,
            schemas: &schema_of,
            goal,
            selection: &self.selection,
            ownership: true,
            other_states: &self.others,
        }
    }

    fn plan_for(&self, goal: Goal) -> Plan {
        plan(&self.inputs(goal)).expect("a plan")
    }

    fn plan(&self) -> Plan {
        self.plan_for(Goal::Converge)
    }
}

fn actions(plan: &Plan) -> Vec<(String, Action)> {
    plan.steps
        .iter()
        .map(|step| (step.address.name().to_owned(), step.action))
        .collect()
}

fn rules(plan: &Plan) -> Vec<(Severity, &str)> {
    plan.diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.severity, diagnostic.rule))
        .collect()
}

fn leaves(fields: &'static [Field], at: &FieldPath, found: &mut Vec<(FieldPath, &'static Field)>) {
    for field in fields {
        let path = at.child(field.key);
        match &field.shape {
            Shape::Object(inner) => leaves(inner, &path, found),
            _ => found.push((path, field)),
        }
    }
}

/// Another value of the same shape.
fn other(value: Option<&Value>, field: &Field) -> Value {
    match (&field.shape, value) {
        (Shape::Flag, Some(Value::Bool(flag))) => (!flag).into(),
        (Shape::Whole(_), Some(Value::Int(number))) => (number + 1).into(),
        (Shape::Choice(choice), Some(Value::Text(word))) => (*choice
            .known
            .iter()
            .find(|known| *known != word)
            .unwrap_or(&"other"))
        .into(),
        (Shape::Tags, _) => Value::Map([("env".to_owned(), "dev".into())].into()),
        _ => "other".into(),
    }
}

#[test]
fn where_everything_agrees_there_is_nothing_to_do() {
    let plan = World::with(&["a", "b"]).plan();
    assert_eq!(actions(&plan), []);
    assert!(plan.is_empty() && plan.drift.is_empty() && plan.diagnostics.is_empty());
}

#[test]
fn every_field_changes_as_the_table_says() {
    let mut all = Vec::new();
    leaves(GATEWAY.fields, &FieldPath::root(), &mut all);
    assert!(all.len() > 20);
    for (path, field) in all {
        let mut world = World::with(&["a"]);
        let value = other(value_at(&full(), &path), field);
        set_value_at(&mut world.wish("a").attributes, &path, Some(value.clone()));
        let plan = world.plan();
        let [step] = plan.steps.as_slice() else {
            panic!("{path}: one step, but {:?}", plan.steps)
        };
        let in_place = match field.change {
            Change::InPlace(call) | Change::AfterCreate(call) => Some(call),
            Change::Presence { change, .. } => Some(change),
            Change::OnlyToTrue(call) if value == Value::Bool(true) => Some(call),
            Change::OnlyToTrue(_) | Change::Replace => None,
            Change::Local => panic!("{path} never reaches the cloud"),
        };
        if let Some(call) = in_place {
            assert_eq!(
                (step.action, step.calls.len()),
                (Action::Update, 1),
                "{path}"
            );
            assert_eq!(step.calls[0].action, call, "{path}");
        } else {
            assert_eq!(step.action, Action::Replace, "{path}");
            assert!(
                step.changes.iter().any(|change| change.how == How::Replace),
                "{path}"
            );
            assert!(
                step.losses
                    .iter()
                    .any(|loss| *loss == Loss::Address("203.0.113.7".to_owned())),
                "{path}"
            );
        }
        assert!(
            !step.changes[0].drifted,
            "{path}: the files changed, not the cloud"
        );
        assert!(plan.drift.is_empty(), "{path}");
    }
}

#[test]
fn every_field_that_the_cloud_shows_can_drift_and_is_told_apart() {
    let mut all = Vec::new();
    leaves(GATEWAY.fields, &FieldPath::root(), &mut all);
    for (path, field) in all
        .into_iter()
        .filter(|(_, field)| field.read != Read::Unlisted)
    {
        let mut world = World::with(&["a"]);
        let value = other(value_at(&full(), &path), field);
        set_value_at(&mut world.seen("a").attributes, &path, Some(value));
        let plan = world.plan();
        assert_eq!(plan.drift.len(), 1, "{path}");
        let drifted = &plan.drift[0].fields[0].path;
        assert!(drifted.is_within(&path), "{drifted} is not {path}");
        assert!(plan.steps[0].changes[0].drifted, "{path}");
    }
}

#[test]
fn optional_fields_can_be_cleared_and_what_was_never_set_is_left_alone() {
    for field in GATEWAY
        .fields
        .iter()
        .filter(|field| matches!(field.need, Need::Optional))
    {
        let mut world = World::with(&["a"]);
        world.wish("a").attributes.remove(field.key);
        if let Change::Presence { partner, .. } = field.change {
            assert_eq!(
                actions(&world.plan()),
                [],
                "{partner} still wants what {} is about",
                field.key
            );
            world.wish("a").attributes.remove(partner);
        }
        assert_eq!(world.plan().steps.len(), 1, "{} was set before", field.key);
        // What is there or is not counts, whoever has set it.
        if matches!(field.change, Change::Presence { .. }) {
            continue;
        }
        world
            .state
            .resources
            .get_mut(&address("a"))
            .expect("there")
            .applied
            .remove(field.key);
        assert_eq!(
            actions(&world.plan()),
            [],
            "{} was never set by gwplan",
            field.key
        );
    }
}

#[test]
fn tags_of_others_are_no_drift_and_survive() {
    let mut world = World::with(&["a"]);
    let path = FieldPath::from_iter(["tags", "cost-center"]);
    set_value_at(&mut world.seen("a").attributes, &path, Some("42".into()));
    let plan = world.plan();
    assert!(plan.is_empty() && plan.drift.is_empty());
}

#[test]
fn ignored_changes_are_listed_and_left_alone() {
    let mut world = World::with(&["a"]);
    world
        .wish("a")
        .attributes
        .insert("description".to_owned(), "new".into());
    world
        .wish("a")
        .ignore_changes
        .push(FieldPath::from_iter(["description"]));
    world.record("a").ignore_changes = Some(vec![FieldPath::from_iter(["description"])]);
    let plan = world.plan();
    assert!(plan.is_empty());
    assert_eq!(
        plan.ignored,
        [(address("a"), FieldPath::from_iter(["description"]))]
    );
}

#[test]
fn a_resource_that_is_gone_is_planned_anew() {
    let mut world = World::with(&["a"]);
    let identity = world.state.resources[&address("a")].identity();
    world.snapshot.found.clear();
    world.snapshot.gone.insert(identity);
    let plan = world.plan();
    assert_eq!(
        (plan.steps[0].action, &plan.steps[0].reason),
        (Action::Create, &Reason::Gone)
    );
    assert!(plan.drift[0].gone);
}

fn entry(from: &str, to: &str) -> Moved {
    Moved {
        from: address(from),
        to: address(to),
        location: None,
    }
}

#[test]
fn a_chain_of_moves_leads_to_its_end_and_touches_nothing() {
    let mut world = World::with(&["c"]);
    let record = world.state.resources.remove(&address("c")).expect("there");
    world.state.resources.insert(address("a"), record);
    world.moved = vec![entry("b", "c"), entry("a", "b")];
    let plan = world.plan();
    assert_eq!(actions(&plan), []);
    assert_eq!(
        (plan.moves.len(), &plan.moves[0].from, &plan.moves[0].to),
        (1, &address("a"), &address("c"))
    );
    assert_eq!(rules(&plan), []);
}

#[test]
fn an_occupied_end_and_an_idle_move_are_told() {
    let mut world = World::with(&["a", "b"]);
    world.moved = vec![entry("a", "b")];
    assert_eq!(rules(&world.plan()), [(Severity::Error, "bad-move")]);
    let mut world = World::with(&["a"]);
    world.moved = vec![entry("x", "a")];
    assert_eq!(rules(&world.plan()), [(Severity::Warning, "idle-move")]);
}

#[test]
fn a_circle_of_moves_is_told_once_with_the_commands_that_exchange() {
    for (circle, more, summary, commands) in [
        (
            &["a", "b"][..],
            &[][..],
            "gateway.a → gateway.b → gateway.a",
            &["a spare", "b a", "spare b"][..],
        ),
        (
            &["a", "b", "c"],
            // What leads into a circle is no circle of its own.
            &["x"],
            "gateway.a → gateway.b → gateway.c → gateway.a",
            &["a spare", "c a", "b c", "spare b"],
        ),
    ] {
        let all: Vec<&str> = circle.iter().chain(more).copied().collect();
        let mut world = World::with(&all);
        let onward = circle.iter().zip(circle.iter().cycle().skip(1));
        world.moved = onward.map(|(from, to)| entry(from, to)).collect();
        world.moved.extend(more.iter().map(|from| entry(from, "a")));
        let plan = world.plan();
        assert_eq!(plan.moves, []);
        let [told] = plan.diagnostics.as_slice() else {
            panic!("{:?}", plan.diagnostics);
        };
        assert_eq!((told.severity, told.rule), (Severity::Error, "bad-move"));
        assert!(told.summary.ends_with(summary), "{}", told.summary);
        let commands: Vec<String> = commands
            .iter()
            .map(|step| {
                format!(
                    "`gwplan state mv gateway.{}`",
                    step.replace(' ', " gateway.")
                )
            })
            .collect();
        assert!(
            told.help.ends_with(&commands.join(", then ")),
            "{}",
            told.help
        );
    }
}

#[test]
fn a_circle_that_a_resource_went_round_keeps_its_last_entry_and_needs_no_exchange() {
    let mut world = World::with(&["a"]);
    world.moved = vec![entry("a", "b"), entry("b", "a")];
    let plan = world.plan();
    assert_eq!(rules(&plan), [(Severity::Error, "bad-move")]);
    let help = &plan.diagnostics[0].help;
    assert!(help.contains("remove the entries that are done"), "{help}");
}

#[test]
fn a_move_to_itself_is_told_once() {
    let mut world = World::with(&["a"]);
    world.moved = vec![entry("a", "a")];
    let plan = world.plan();
    assert_eq!(rules(&plan), [(Severity::Error, "bad-move")]);
    assert_eq!(plan.diagnostics[0].summary, "gateway.a is moved to itself");
}

/// Shows a plan as people see it.
fn review_text(plan: &Plan) -> String {
    anstream::adapter::strip_str(&plan_text(&review(plan))).to_string()
}

fn review(plan: &Plan) -> Review<'_> {
    let context = Context {
        destination: None,
        digest: "",
        command: None,
        policy: &[],
        schemas: &schema_of,
    };
    Review::new(plan, context)
}

#[test]
fn what_never_ran_is_replaced_without_danger_and_what_ran_is_not() {
    for (status, phase, risk) in [
        (Status::Creating, Phase::Failed, Risk::Cost),
        (Status::Tainted, Phase::Ready, Risk::Cost),
        (Status::Deleting, Phase::Failed, Risk::LosesAddress),
    ] {
        let mut world = World::with(&["a"]);
        world
            .state
            .resources
            .get_mut(&address("a"))
            .expect("there")
            .status = status;
        world.seen("a").phase = phase;
        let plan = world.plan();
        let [step] = plan.steps.as_slice() else {
            panic!("{:?}", plan.steps);
        };
        assert_eq!(step.action, Action::Replace);
        assert_eq!(review(&plan).verdict.risk, risk, "{status:?}");
    }
}

#[test]
fn a_renamed_key_without_a_move_is_hinted_at() {
    let mut world = World::with(&["a"]);
    let mut desired = world.desired.remove(&address("a")).expect("there");
    desired.address = address("b");
    // A default that changed with the key makes it no other gateway.
    let tags = Value::Map([("team".to_owned(), "edge".into())].into());
    desired.attributes.insert("tags".to_owned(), tags);
    world.desired.insert(address("b"), desired);
    let plan = world.plan();
    let likely: Vec<_> = likely_moves(&plan)
        .iter()
        .map(|one| (one.from, one.to))
        .collect();
    assert_eq!(likely, [(&address("a"), &address("b"))]);
    let text = review_text(&plan);
    for told in [
        "gateway.b comes in with its name",
        "gateway.a, which goes, has its name",
    ] {
        assert!(text.contains(told), "{text}");
    }
    let hint = plan
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.rule == "likely-move")
        .expect("a hint");
    assert!(
        hint.help.contains("from: gateway.a, to: gateway.b"),
        "{}",
        hint.help
    );
}

#[test]
fn a_removed_entry_forgets_without_deleting() {
    let mut world = World::with(&["a"]);
    world.desired.clear();
    world.removed.push(Removed {
        from: address("a"),
        location: None,
    });
    let plan = world.plan();
    assert_eq!(
        (plan.steps[0].action, &plan.steps[0].reason),
        (Action::Forget, &Reason::Removed)
    );
}

#[test]
fn the_question_says_what_the_plan_costs() {
    let mut world = World::with(&["a", "b"]);
    let place = Destination {
        environment: Some("prod".to_owned()),
        cloud: "the simulated cloud".to_owned(),
        state: Some("state/prod.json".to_owned()),
    };
    let ask = |world: &World, goal| {
        let question = question(&world.plan_for(goal), goal, &place);
        question.replace(&place.to_string(), "HERE")
    };
    assert_eq!(
        ask(&world, Goal::Destroy),
        "Destroy 2 gateways of HERE for good?"
    );
    world.seen("a").phase = Phase::Leaving;
    assert_eq!(
        ask(&world, Goal::Destroy),
        "Destroy 1 gateway of HERE for good?"
    );
    world.seen("b").phase = Phase::Leaving;
    assert_eq!(
        ask(&world, Goal::Destroy),
        "Nothing is left to destroy in HERE. Wait for the deletes under way?"
    );
    let mut world = World::with(&["a", "b"]);
    world.desired.remove(&address("a"));
    assert_eq!(
        ask(&world, Goal::Converge),
        "Apply this plan, which destroys 1 gateway, to HERE?"
    );
    world.seen("a").phase = Phase::Leaving;
    assert_eq!(ask(&world, Goal::Converge), "Apply this plan to HERE?");
}

#[test]
fn protections_hold_until_the_files_lift_them() {
    let mut world = World::with(&["a"]);
    world
        .state
        .resources
        .get_mut(&address("a"))
        .expect("there")
        .prevent_destroy = true;
    world.desired.clear();
    assert_eq!(rules(&world.plan()), [(Severity::Error, "protected")]);

    let mut world = World::with(&["a"]);
    let on =
        |attributes: &mut Attributes| attributes.insert("deleteProtect".to_owned(), true.into());
    on(&mut world.seen("a").attributes);
    on(&mut world
        .state
        .resources
        .get_mut(&address("a"))
        .expect("there")
        .applied);
    let plan = world.plan_for(Goal::Destroy);
    assert_eq!(
        rules(&plan),
        [],
        "the files say false, so it is lifted first"
    );
    assert_eq!(plan.steps[0].calls_before_delete.len(), 1);
    on(&mut world.wish("a").attributes);
    assert_eq!(
        rules(&world.plan_for(Goal::Destroy)),
        [(Severity::Error, "protected")]
    );
    world.desired.clear();
    assert_eq!(rules(&world.plan()), [(Severity::Error, "protected")]);
}

#[test]
fn targets_bring_what_they_depend_on_and_excludes_take_what_depends_on_them() {
    let mut world = World::with(&["a", "b", "c", "d"]);
    world.depend("b", "a");
    world.depend("c", "b");
    world.state.resources.clear();
    world.snapshot.found.clear();
    world.selection.targets = vec![address("b")];
    let plan = world.plan();
    assert_eq!(
        actions(&plan),
        [
            ("a".to_owned(), Action::Create),
            ("b".to_owned(), Action::Create)
        ]
    );
    assert!(plan.partial);
    let [precedence] = plan.steps[1].after_steps.as_slice() else {
        panic!("{:?}", plan.steps[1].after_steps)
    };
    assert_eq!(precedence.step, 0);
    world.selection = Selection {
        excludes: vec![address("b")],
        ..Selection::default()
    };
    let names: BTreeSet<String> = actions(&world.plan())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, BTreeSet::from(["a".to_owned(), "d".to_owned()]));
}

#[test]
fn a_replacement_can_be_asked_for() {
    let mut world = World::with(&["a", "b"]);
    world.selection.replace = vec![address("a")];
    let plan = world.plan();
    assert_eq!(actions(&plan), [("a".to_owned(), Action::Replace)]);
    assert_eq!(plan.steps[0].reason, Reason::Requested);
}

#[test]
fn a_replacement_outside_of_the_part_that_is_asked_for_is_warned_about() {
    let mut world = World::with(&["a", "b"]);
    world.selection.targets = vec![address("a")];
    world.selection.replace = vec![address("a"), address("b")];
    let plan = world.plan();
    assert_eq!(actions(&plan), [("a".to_owned(), Action::Replace)]);
    let [warning] = &plan.diagnostics[..] else {
        panic!("{:?}", plan.diagnostics);
    };
    assert_eq!(warning.about, Some(address("b")));
    assert!(warning.summary.contains("gateway.b is not replaced"));
}

#[test]
fn a_successor_is_not_lost_when_the_one_before_it_is_gone() {
    let mut world = World::with(&["a"]);
    let record = world.state.resources.get_mut(&address("a")).expect("there");
    record.successor = Some(Box::new(Record {
        id: "gateway-new".to_owned(),
        ..record.clone()
    }));
    let identity = record.identity();
    world.snapshot.found.clear();
    world.snapshot.gone.insert(identity);
    let plan = world.plan();
    assert_eq!(actions(&plan), [("a".to_owned(), Action::Replace)]);
    assert!(plan.steps[0].create_before_destroy);
    world.desired.clear();
    assert_eq!(
        actions(&world.plan()),
        [("a".to_owned(), Action::Delete)],
        "both are deleted"
    );
}

#[test]
fn only_what_runs_is_recorded_as_ready() {
    for (phase, kept) in [
        (Phase::Ready, Status::Ready),
        (Phase::Busy, Status::Deleting),
    ] {
        let mut world = World::with(&["a"]);
        let record = world.state.resources.get_mut(&address("a")).expect("there");
        record.status = Status::Deleting;
        world.seen("a").phase = phase;
        world.seen("a").status = "Word".to_owned();
        let plan = world.plan();
        let (_, updated) = plan.bookkeeping.first().expect("a record to update");
        assert_eq!(updated.status, kept, "{phase:?}");
    }
    let mut world = World::with(&["a"]);
    world
        .state
        .resources
        .get_mut(&address("a"))
        .expect("there")
        .status = Status::Deleting;
    world.seen("a").phase = Phase::Failed;
    assert_eq!(actions(&world.plan()), [("a".to_owned(), Action::Replace)]);
}
