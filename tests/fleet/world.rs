//! A project, its state and a simulated cloud, all in this process.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use gwplan::api::{Client, Credentials, Endpoint, Settings, Wire};
use gwplan::backend::{Backend, Hold, Holder, LocalBackend, Lock};
use gwplan::engine::{self, Recorder, Run};
use gwplan::event::{Event, Report};
use gwplan::kinds::{self, GATEWAY};
use gwplan::model::{Address, Attributes, Clock, Desired, Secret, Value};
use gwplan::plan::{Goal, Inputs, Plan, Selection, plan};
use gwplan::schema::fill_defaults;
use gwplan::sim::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY, Inside, Options};
use gwplan::state::State;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::Instant;

const REGION: &str = "ap-guangzhou";

/// How long the cloud may take to show what it has taken on.
const CONSISTENCY: Duration = Duration::from_secs(5);

/// A fleet and its cloud.
pub(crate) struct World {
    pub(crate) cloud: Inside,
    pub(crate) desired: BTreeMap<Address, Desired>,
    pub(crate) state: State,
    /// How many steps send at once, and how many are under way, where that is bounded.
    pub(crate) bounds: (Option<usize>, Option<usize>),
    client: Client,
    clock: Clock,
    folder: TempDir,
}

/// Holds how a plan was carried out.
pub(crate) struct Outcome {
    pub(crate) report: Report,
    pub(crate) events: Vec<Event>,
    pub(crate) seconds: f64,
}

pub(crate) fn address(number: usize) -> Address {
    Address::new("gateway", format!("g{number:04}").as_str()).unwrap()
}

/// Returns a clock that goes by the runtime's time.
pub(crate) fn virtual_clock() -> Clock {
    let (begun, noon) = (Instant::now(), "2026-03-01T12:00:00Z".parse::<Timestamp>());
    let noon = noon.unwrap();
    Clock::from_fn(move || noon + SignedDuration::try_from(begun.elapsed()).unwrap())
}

/// Returns how long the tasks of a cloud take, in seconds.
pub(crate) fn tasks(seconds: u64) -> Options {
    Options {
        create_time: Duration::from_secs(seconds),
        update_time: Duration::from_secs(seconds),
        delete_time: Duration::from_secs(seconds),
        ..Options::default()
    }
}

fn attributes(name: &str) -> Attributes {
    let map = |pairs: &[(&str, Value)]| {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        Value::Map(pairs.collect())
    };
    let nodes = map(&[("specification", "1c2g".into()), ("number", 2.into())]);
    let network = map(&[
        ("vpcId", "vpc-59cag821".into()),
        ("subnetId", "subnet-8tzp8uz1".into()),
    ]);
    let mut attributes: Attributes = [
        ("name", Value::from(name)),
        ("gatewayVersion", "2.5.1".into()),
        ("nodeConfig", nodes),
        ("vpcConfig", network),
        ("tags", map(&[("env", "prod".into())])),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    fill_defaults(GATEWAY.fields, &mut attributes, REGION);
    attributes
}

impl World {
    /// Wants as many gateways of a cloud in which there are none yet.
    pub(crate) fn new(count: usize, options: Options) -> Self {
        let clock = virtual_clock();
        let options = Options {
            seed: Some(7),
            clock: clock.clone(),
            ..options
        };
        let cloud = Inside::open(options).unwrap();
        let client = client(Arc::new(cloud.clone()), &clock);
        let wanted = (0..count).map(|number| {
            let address = address(number);
            let desired = Desired {
                attributes: attributes(address.name()),
                address: address.clone(),
                region: REGION.to_owned(),
                depends_on: Vec::new(),
                prevent_destroy: false,
                create_before_destroy: false,
                ignore_changes: Vec::new(),
                location: None,
            };
            (address, desired)
        });
        Self {
            desired: wanted.collect(),
            state: State::new(),
            bounds: (None, None),
            folder: tempfile::tempdir().unwrap(),
            cloud,
            client,
            clock,
        }
    }

    /// Goes to the cloud by another wire.
    pub(crate) fn connect(&mut self, wire: Arc<dyn Wire>) {
        self.client = client(wire, &self.clock);
    }

    /// Sets a field of every gateway.
    pub(crate) fn set(&mut self, key: &str, value: &Value) {
        for desired in self.desired.values_mut() {
            desired.attributes.insert(key.to_owned(), value.clone());
        }
    }

    pub(crate) async fn plan(&self, goal: Goal) -> Plan {
        let snapshot = engine::refresh(&self.client, &self.desired, &self.state, CONSISTENCY).await;
        let inputs = Inputs {
            desired: &self.desired,
            moved: &[],
            removed: &[],
            state: &self.state,
            snapshot: Some(&snapshot.unwrap()),
            locate: &|_, _| None,
            schemas: &|kind| kinds::find(kind).map(kinds::Kind::schema),
            goal,
            selection: &Selection::default(),
            ownership: true,
            other_states: &BTreeSet::new(),
        };
        plan(&inputs).unwrap()
    }

    /// Plans and carries the plan out; the time is that of the second alone.
    pub(crate) async fn reach(&mut self, goal: Goal) -> Outcome {
        let plan = self.plan(goal).await;
        // A new second, in which the cloud has counted nothing yet.
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.carry_out(&plan).await
    }

    pub(crate) async fn carry_out(&mut self, plan: &Plan) -> Outcome {
        let path = self.folder.path().join("state.json");
        let backend: Arc<dyn Backend> = Arc::new(LocalBackend::new(path, "state", kinds::id_form));
        let lock: Arc<dyn Lock> = Arc::from(backend.lock(&holder(&self.clock)).unwrap());
        let started = Recorder::start(Hold::new(backend, lock), self.state.clone());
        let (recorder, writer) = started.unwrap();
        let (_stop, stopped) = watch::channel(false);
        let (events, told) = std::sync::mpsc::channel();
        let run = Run {
            client: self.client.clone(),
            recorder,
            events: Arc::new(move |event| events.send(event).unwrap_or_default()),
            stop: stopped,
            parallelism: self.bounds.0,
            under_way: self.bounds.1,
            create_limit: Duration::from_mins(30),
            delete_limit: Duration::from_mins(30),
            consistency: CONSISTENCY,
            clock: self.clock.clone(),
        };
        let begun = Instant::now();
        let report = engine::apply(plan, &self.state, run).await.unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        self.state = writer.finish().await.unwrap();
        Outcome {
            report,
            events: told.try_iter().collect(),
            seconds,
        }
    }

    /// Returns a client as another user of the account has it.
    pub(crate) fn client(&self) -> Client {
        client(Arc::new(self.cloud.clone()), &self.clock)
    }

    /// Returns how many gateways are in the cloud.
    pub(crate) fn gateways(&self) -> u64 {
        let stats = self.cloud.stats();
        let counts = stats["gateways"].as_object().unwrap().values();
        counts.filter_map(Json::as_u64).sum()
    }

    /// Fails the test if the cloud has ever said that it was asked too often.
    #[track_caller]
    pub(crate) fn was_never_throttled(&self) {
        let refused = self.cloud.stats()["rejections"].to_string();
        assert!(!refused.contains("RequestLimitExceeded"), "{refused}");
    }
}

impl Outcome {
    /// Fails the test unless every step has ended well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        let Report {
            failed,
            unfinished,
            not_started,
            ..
        } = &self.report;
        let mut faults = String::new();
        for (address, failure) in failed {
            let _ = writeln!(faults, "{address}: {}", failure.summary);
        }
        assert!(faults.is_empty(), "{faults}");
        assert!(unfinished.is_empty() && not_started.is_empty());
        self
    }
}

fn client(wire: Arc<dyn Wire>, clock: &Clock) -> Client {
    let endpoint = Endpoint::url("http://127.0.0.1:1").unwrap();
    let key = Secret::new(DEFAULT_SECRET_KEY);
    let credentials = Credentials::fixed(DEFAULT_SECRET_ID, key, None);
    Client::over(wire, Settings::of(endpoint), credentials, clock.clone())
}

fn holder(clock: &Clock) -> Holder {
    Holder {
        id: "a-run".to_owned(),
        user: "tester".to_owned(),
        host: "here".to_owned(),
        process: std::process::id(),
        command: "apply".to_owned(),
        since: clock.now(),
        url: None,
        ended: Vec::new(),
    }
}
