//! What holds for every project, not for one example alone.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use gwplan::config::{self, Loaded, Project};
use gwplan::files::Reach;
use gwplan::kinds::{self, GATEWAY};
use gwplan::model::{
    Address, Attributes, Desired, FieldPath, Identity, Observed, Phase, Value, has_errors,
    set_value_at, value_at,
};
use gwplan::plan::{Action, Goal, Inputs, Plan, Selection, Snapshot, plan};
use gwplan::review::{Context, Review};
use gwplan::schema::{Read, ResourceSchema, fill_defaults};
use gwplan::state::{Record, State, Status};
use gwplan::view::{MarkdownOptions, plan_json, plan_markdown, plan_text};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use tempfile::TempDir;

const REGION: &str = "ap-guangzhou";

fn schema_of(kind: &str) -> Option<&'static ResourceSchema> {
    kinds::find(kind).map(kinds::Kind::schema)
}

fn address(name: &str) -> Address {
    Address::new("gateway", name).expect("a valid name")
}

fn map<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Attributes {
    let set = pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    set.collect()
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    select(words).prop_map(Value::from)
}

/// Text that a YAML writer has to be careful with.
fn free_text(pattern: &str) -> impl Strategy<Value = Value> + use<> {
    proptest::string::string_regex(pattern)
        .expect("a pattern")
        .prop_map(Value::Text)
}

fn tags() -> impl Strategy<Value = Value> {
    let key = "[a-oq-zA-OR-Z0-9_./][a-z0-9部门._:/@-]{0,20}[a-z0-9]".prop_filter(
        "some prefixes are reserved",
        |key: &String| {
            let key = key.to_lowercase();
            !["qcs:", "project", "gwplan:", "qcloud", "tencent"]
                .iter()
                .any(|prefix| key.starts_with(prefix))
        },
    );
    btree_map(key, free_text("[a-zA-Z0-9网关+=._:/@(),;><-]{1,40}"), 0..10).prop_map(Value::Map)
}

fn internet(bandwidth: Option<i64>) -> impl Strategy<Value = Value> {
    let zones = option::of(select(vec![("3", "4"), ("4", "6")]));
    (
        option::of(word(&["TRAFFIC", "BANDWIDTH"])),
        option::of(word(&["clb.c2.medium", "clb.c4.xlarge"])),
        option::of(free_text("[ -~网]{0,40}")),
        zones,
        any::<bool>(),
    )
        .prop_map(move |(pay, sla, description, zones, repeated)| {
            let zone = |number: &str| Value::Text(format!("{REGION}-{number}"));
            Value::Map(map([
                ("internetPayMode", pay),
                ("slaType", sla),
                ("description", description),
                ("multiZoneFlag", zones.map(|_| true.into())),
                ("masterZoneId", zones.map(|(master, _)| zone(master))),
                ("slaveZoneId", zones.map(|(_, slave)| zone(slave))),
                (
                    "internetMaxBandwidthOut",
                    bandwidth.filter(|_| repeated).map(Value::Int),
                ),
            ]))
        })
}

/// A gateway's attributes as a file may hold them, without a name.
fn gateway() -> impl Strategy<Value = Attributes> {
    let nodes = (word(&["1c2g", "2c4g", "4c8g", "8c16g"]), 2..10_i64);
    let bandwidth = option::of(1..=2048_i64);
    let network =
        bandwidth.prop_flat_map(|bandwidth| (Just(bandwidth), option::of(internet(bandwidth))));
    (
        word(&["2.4.1", "2.5.1"]),
        nodes,
        ("[a-z0-9]{8}", "[a-z0-9]{8}"),
        option::of(free_text("[ -~一-龥é😀]{0,120}")),
        option::of(tags()),
        option::of(any::<bool>()),
        option::of(word(&["TRIAL", "STANDARD", "PROFESSIONAL"])),
        network,
        (
            option::of(any::<bool>()),
            option::of(free_text("[a-z]{1,8}")),
            option::of(free_text("prom-[a-z0-9]{8}")),
        ),
    )
        .prop_map(
            |(
                version,
                (specification, number),
                (vpc, subnet),
                description,
                tags,
                cls,
                edition,
                network,
                (protect, class, prom),
            )| {
                let (bandwidth, internet) = network;
                let nodes = [
                    ("specification", Some(specification)),
                    ("number", Some(number.into())),
                ];
                let places = [
                    ("vpcId", Some(Value::Text(format!("vpc-{vpc}")))),
                    ("subnetId", Some(Value::Text(format!("subnet-{subnet}")))),
                ];
                map([
                    ("gatewayVersion", Some(version)),
                    ("nodeConfig", Some(Value::Map(map(nodes)))),
                    ("vpcConfig", Some(Value::Map(map(places)))),
                    ("description", description),
                    ("tags", tags),
                    ("enableCls", cls.map(Value::Bool)),
                    ("featureVersion", edition),
                    ("internetMaxBandwidthOut", bandwidth.map(Value::Int)),
                    ("internetConfig", internet),
                    ("deleteProtect", protect.map(Value::Bool)),
                    ("ingressClassName", class),
                    ("promId", prom),
                ])
            },
        )
}

/// Some gateways by their key, each with a name of its own.
fn gateways() -> impl Strategy<Value = BTreeMap<String, Attributes>> {
    let name = "[ -~一-龥]{0,50}[!-~]";
    btree_map("[a-z0-9][a-z0-9_-]{0,8}k", (gateway(), name), 1..6).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, (key, (mut attributes, name)))| {
                attributes.insert("name".to_owned(), Value::Text(format!("{number}{name}")));
                (key, attributes)
            })
            .collect()
    })
}

/// Writes YAML in one of many ways: the seed picks the order of keys, the quotes, block or flow.
#[derive(Clone, Copy)]
struct Writer {
    seed: u64,
}

impl Writer {
    fn pick(self, of: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, of).hash(&mut hasher);
        hasher.finish()
    }

    fn file<'a>(self, gateways: impl Iterator<Item = (&'a String, &'a Attributes)>) -> String {
        let gateways =
            gateways.map(|(key, attributes)| (key.clone(), Value::Map(attributes.clone())));
        let gateways = Value::Map(gateways.collect());
        let mut out = String::from("gateways:");
        self.value(&gateways, 1, &mut out);
        out
    }

    fn keys(self, map: &Attributes) -> Vec<(&String, &Value)> {
        let mut keys: Vec<_> = map.iter().collect();
        keys.sort_by_key(|(key, _)| self.pick(key));
        keys
    }

    /// Writes what follows a key and its colon, with the line break.
    fn value(self, value: &Value, depth: usize, out: &mut String) {
        match value {
            Value::Map(map) if !map.is_empty() && self.pick((depth, map.len())) > u64::MAX / 3 => {
                out.push('\n');
                for (key, value) in self.keys(map) {
                    out.push_str(&"  ".repeat(depth));
                    out.push_str(&self.text(key));
                    out.push(':');
                    self.value(value, depth + 1, out);
                }
            }
            _ => {
                out.push(' ');
                self.flow(value, out);
                out.push('\n');
            }
        }
    }

    fn flow(self, value: &Value, out: &mut String) {
        match value {
            Value::Map(map) => {
                out.push('{');
                for (key, value) in self.keys(map) {
                    out.push_str(&self.text(key));
                    out.push_str(": ");
                    self.flow(value, out);
                    out.push_str(", ");
                }
                out.push('}');
            }
            // In a value `${` would ask for a variable.
            Value::Text(text) => out.push_str(&self.text(&text.replace("${", "$${"))),
            Value::Bool(_) | Value::Int(_) => out.push_str(&value.to_string()),
            Value::List(_) => unreachable!("no field here is a list"),
        }
    }

    fn text(self, text: &str) -> String {
        let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
            && !["true", "false", "null"].contains(&text.to_lowercase().as_str());
        match self.pick(text) % 3 {
            0 if plain => text.to_owned(),
            1 => format!("'{}'", text.replace('\'', "''")),
            _ => serde_json::to_string(text).expect("text"),
        }
    }
}

fn load(texts: &[String], reversed: bool) -> Loaded {
    let folder = TempDir::new().expect("a folder");
    let mut files = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let number = if reversed {
            texts.len() - number
        } else {
            number
        };
        let name = PathBuf::from(format!("{number}.yaml"));
        std::fs::write(folder.path().join(&name), text).expect("written");
        files.push(name);
    }
    let schemas = kinds::schemas();
    let reach = Reach::new(folder.path(), None);
    let files = files.into_iter().collect();
    config::load(&schemas, &Project::default(), REGION, &reach, &files)
}

fn plan_for(
    desired: &BTreeMap<Address, Desired>,
    state: &State,
    snapshot: Option<&Snapshot>,
    goal: Goal,
) -> Plan {
    let selection = Selection::default();
    plan(&Inputs {
        desired,
        moved: &[],
        removed: &[],
        state,
        snapshot,
        locate: &|_, _| None,
        schemas: &schema_of,
        goal,
        selection: &selection,
        ownership: true,
        other_states: &BTreeSet::new(),
    })
    .expect("a plan")
}

fn record(id: &str, depends_on: Vec<Address>, attributes: Attributes) -> Record {
    Record {
        kind: "gateway".to_owned(),
        id: format!("gateway-{id}"),
        task_id: None,
        status: Status::Ready,
        cloud_status: "Running".to_owned(),
        region: REGION.to_owned(),
        depends_on,
        prevent_destroy: false,
        ignore_changes: Some(Vec::new()),
        source: None,
        applied: attributes.clone(),
        observed: attributes,
        outputs: Attributes::new(),
        made_for: None,
        successor: None,
    }
}

/// What the cloud shows of attributes: not what no call of it shows.
fn shown(mut attributes: Attributes) -> Attributes {
    for field in GATEWAY.fields.iter().filter(|f| f.read == Read::Unlisted) {
        attributes.remove(field.key);
    }
    attributes
}

/// Records a gateway that has these attributes, and lets the cloud show it.
fn settle(
    address: &Address,
    id: &str,
    attributes: &Attributes,
    (state, snapshot): &mut (State, Snapshot),
) {
    let mut record = record(id, Vec::new(), attributes.clone());
    record.observed = shown(attributes.clone());
    let observed = Observed {
        id: record.id.clone(),
        status: record.cloud_status.clone(),
        phase: Phase::Ready,
        addresses: Vec::new(),
        outputs: Attributes::new(),
        owner: None,
        created: None,
        attributes: record.observed.clone(),
    };
    snapshot.found.insert(record.identity(), observed);
    state.resources.insert(address.clone(), record);
}

/// A state and a cloud in which everything is as the files say.
fn settled(desired: &BTreeMap<Address, Desired>) -> (State, Snapshot) {
    let mut world = (State::new(), Snapshot::default());
    for (address, desired) in desired {
        settle(address, address.name(), &desired.attributes, &mut world);
    }
    world
}

/// The state and the cloud as apply would leave them.
fn carried_out(plan: &Plan, (mut state, mut snapshot): (State, Snapshot)) -> (State, Snapshot) {
    for step in &plan.steps {
        let record = state.resources.get_mut(&step.address).expect("recorded");
        let identity = record.identity();
        let observed = snapshot.found.get_mut(&identity).expect("shown");
        match step.action {
            Action::Update => {
                for path in step.calls.iter().flat_map(|call| &call.paths) {
                    for attributes in [&mut record.applied, &mut observed.attributes] {
                        set_value_at(attributes, path, value_at(&step.after, path).cloned());
                    }
                }
                observed.attributes = shown(std::mem::take(&mut observed.attributes));
                record.observed = observed.attributes.clone();
            }
            Action::Replace => {
                snapshot.found.remove(&identity);
                let mut world = (state, snapshot);
                settle(&step.address, "new", &step.after, &mut world);
                (state, snapshot) = world;
            }
            action => panic!("{action:?} of what is there and wanted"),
        }
    }
    state.resources.extend(plan.bookkeeping.iter().cloned());
    (state, snapshot)
}

/// The paths of all values that are no maps.
fn leaves(attributes: &Attributes, at: &FieldPath, found: &mut BTreeSet<FieldPath>) {
    for (key, value) in attributes {
        let path = at.child(key);
        match value {
            Value::Map(inner) => leaves(inner, &path, found),
            _ => {
                found.insert(path);
            }
        }
    }
}

/// Changes one field of a gateway to what another one has there.
fn change_one(gateway: &mut Attributes, other: &Attributes, pick: prop::sample::Index) {
    let mut paths = BTreeSet::new();
    leaves(gateway, &FieldPath::root(), &mut paths);
    leaves(other, &FieldPath::root(), &mut paths);
    let path = paths.iter().nth(pick.index(paths.len())).expect("one");
    if path.segments() != ["name"] {
        set_value_at(gateway, path, value_at(other, path).cloned());
    }
}

/// A graph without circles: for each resource its name and those that it depends on.
fn graph() -> impl Strategy<Value = BTreeMap<Address, BTreeSet<Address>>> {
    (2..12_usize)
        .prop_flat_map(|count| {
            // The names are dealt out anew, so that their order says nothing about the graph's.
            let names: Vec<usize> = (0..count).collect();
            (
                Just(names).prop_shuffle(),
                vec(vec(any::<bool>(), count), count),
            )
        })
        .prop_map(|(names, edges)| {
            let address = |at: usize| address(&format!("g{:02}", names[at]));
            (0..names.len())
                .map(|node| {
                    let earlier = (0..node).filter(|earlier| edges[node][*earlier]);
                    (address(node), earlier.map(address).collect())
                })
                .collect()
        })
}

fn wanted(address: &Address, depends_on: &BTreeSet<Address>) -> Desired {
    let attributes = [("name".to_owned(), Value::from(address.name()))];
    Desired {
        address: address.clone(),
        region: REGION.to_owned(),
        attributes: attributes.into(),
        depends_on: depends_on.iter().cloned().collect(),
        prevent_destroy: false,
        create_before_destroy: false,
        ignore_changes: Vec::new(),
        location: None,
    }
}

/// The addresses of the steps that each step waits for.
fn waits(plan: &Plan) -> BTreeMap<Address, BTreeSet<Address>> {
    plan.steps
        .iter()
        .map(|step| {
            let before = step.after_steps.iter();
            let before = before.map(|one| plan.steps[one.step].address.clone());
            (step.address.clone(), before.collect())
        })
        .collect()
}

/// The same cases on every run: what fails once fails again.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 96,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_valid_file_loads_without_diagnostics_as_it_was_written(all in gateways(), seed: u64) {
        let text = Writer { seed }.file(all.iter());
        let loaded = config::load_text(&kinds::schemas(), text.as_bytes());
        prop_assert!(loaded.diagnostics.is_empty(), "{:#?}\n{text}", loaded.diagnostics);
        let found: Vec<&str> = loaded.desired.keys().map(Address::name).collect();
        let written: Vec<&str> = all.keys().map(String::as_str).collect();
        prop_assert_eq!(found, written);
        for (key, mut attributes) in all {
            fill_defaults(GATEWAY.fields, &mut attributes, REGION);
            prop_assert_eq!(&loaded.desired[&address(&key)].attributes, &attributes);
        }
    }

    #[test]
    fn nothing_is_planned_where_all_is_as_it_should_be(all in gateways(), seed: u64) {
        let loaded = load(&[Writer { seed }.file(all.iter())], false);
        let (state, snapshot) = settled(&loaded.desired);
        for snapshot in [None, Some(&snapshot)] {
            let plan = plan_for(&loaded.desired, &state, snapshot, Goal::Converge);
            prop_assert!(plan.is_empty(), "{:#?}", plan.steps);
            prop_assert!(plan.drift.is_empty() && plan.diagnostics.is_empty());
            prop_assert_eq!(plan.unchanged.len(), all.len());
        }
    }

    #[test]
    fn nothing_is_planned_after_a_change_was_applied(
        mut all in gateways(),
        other in gateway(),
        seed: u64,
        picks: (prop::sample::Index, prop::sample::Index),
    ) {
        let before = load(&[Writer { seed }.file(all.iter())], false);
        let nth = picks.0.index(all.len());
        let (key, gateway) = all.iter_mut().nth(nth).expect("there");
        let changed = address(key);
        change_one(gateway, &other, picks.1);
        let after = load(&[Writer { seed }.file(all.iter())], false);
        // Some fields go together: one alone may be refused.
        prop_assume!(!has_errors(&after.diagnostics));
        let asked = settled(&before.desired);
        for seen in [None, Some(&asked.1)] {
            let made = plan_for(&after.desired, &asked.0, seen, Goal::Converge);
            prop_assume!(!has_errors(&made.diagnostics));
            prop_assert!(made.steps.iter().all(|step| step.address == changed));
            let (state, snapshot) = carried_out(&made, asked.clone());
            for snapshot in [None, Some(&snapshot)] {
                let plan = plan_for(&after.desired, &state, snapshot, Goal::Converge);
                prop_assert!(plan.is_empty(), "{:#?}\nafter {:#?}", plan.steps, made.steps);
                prop_assert!(plan.drift.is_empty(), "{:#?}", plan.drift);
            }
        }
    }

    #[test]
    fn the_order_of_files_and_keys_changes_no_byte_of_a_plan(
        all in gateways(),
        mut other in gateway(),
        seeds: (u64, u64),
        files in 1..4_u64,
    ) {
        // A protection in the way would be told with its place, which changes.
        other.remove("deleteProtect");
        let split = |seed: u64| -> Vec<String> {
            let writer = Writer { seed };
            let of = |file: u64| all.iter().filter(move |(key, _)| writer.pick(key) % files == file);
            let written = (0..files).map(|file| match of(file).count() {
                0 => "gateways: {}\n".to_owned(),
                _ => writer.file(of(file)),
            });
            written.collect()
        };
        let first = load(&split(seeds.0), false).desired;
        let second = load(&split(seeds.1), true).desired;

        // One gateway has changed, one has left the files, the rest is new.
        let mut state = State::new();
        let changed = first.keys().next().expect("one at least");
        state.resources.insert(changed.clone(), record("one", Vec::new(), other.clone()));
        state.resources.insert(address("left"), record("two", Vec::new(), other));
        let rendered = |desired: &BTreeMap<Address, Desired>| {
            // Where something stands is the one thing that may change.
            let unplaced = |(address, desired): (&Address, &Desired)| {
                (address.clone(), Desired { location: None, ..desired.clone() })
            };
            let desired = desired.iter().map(unplaced).collect();
            let plan = plan_for(&desired, &state, None, Goal::Converge);
            let review = Review::new(&plan, Context {
                destination: None,
                digest: "",
                command: None,
                policy: &[],
                schemas: &schema_of,
            });
            let markdown = plan_markdown(&review, &MarkdownOptions::default());
            [plan_text(&review), plan_json(&review, &state, &schema_of), markdown]
        };
        let faces = rendered(&first);
        prop_assert!(faces.iter().all(|face| face.contains("left")));
        prop_assert_eq!(faces, rendered(&second));
    }

    #[test]
    fn creates_wait_for_what_they_depend_on_and_for_nothing_else(graph in graph()) {
        let desired = graph.iter().map(|(a, on)| (a.clone(), wanted(a, on))).collect();
        let plan = plan_for(&desired, &State::new(), None, Goal::Converge);
        prop_assert!(plan.steps.iter().all(|step| step.action == Action::Create));
        prop_assert_eq!(waits(&plan), graph);
    }

    #[test]
    fn deletes_wait_for_what_depends_on_them_and_for_nothing_else(graph in graph()) {
        let mut state = State::new();
        let mut dependents: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for (address, on) in &graph {
            let record = record(address.name(), on.iter().cloned().collect(), Attributes::new());
            state.resources.insert(address.clone(), record);
            dependents.entry(address.clone()).or_default();
            for target in on {
                dependents.entry(target.clone()).or_default().insert(address.clone());
            }
        }
        let everything = graph.iter().map(|(a, on)| (a.clone(), wanted(a, on))).collect();
        let left = plan_for(&BTreeMap::new(), &state, None, Goal::Converge);
        let destroyed = plan_for(&everything, &state, None, Goal::Destroy);
        for plan in [left, destroyed] {
            prop_assert!(plan.steps.iter().all(|step| step.action == Action::Delete));
            prop_assert_eq!(&waits(&plan), &dependents);
        }
    }

    #[test]
    fn what_is_gone_from_the_cloud_is_made_anew_and_only_that(all in gateways(), seed: u64, pick: prop::sample::Index) {
        let desired = load(&[Writer { seed }.file(all.iter())], false).desired;
        let (state, mut snapshot) = settled(&desired);
        let (gone, record) = state.resources.iter().nth(pick.index(all.len())).expect("there");
        let identity: Identity = record.identity();
        snapshot.found.remove(&identity);
        snapshot.gone.insert(identity);
        let plan = plan_for(&desired, &state, Some(&snapshot), Goal::Converge);
        let steps: Vec<_> = plan.steps.iter().map(|step| (&step.address, step.action)).collect();
        prop_assert_eq!(steps, [(gone, Action::Create)]);
    }
}
