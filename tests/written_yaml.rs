//! What is written as YAML for people says, when it is read, what it was written from.

use std::collections::BTreeMap;

use gwplan::config::{Entry, Expressed, Project, express, load_bytes, write};
use gwplan::kinds::{GATEWAY, schemas};
use gwplan::model::{Address, Attributes, Diagnostic, Severity, Value};
use gwplan::schema::fill_defaults;
use proptest::prelude::*;

const REGION: &str = "ap-guangzhou";

/// Texts of all kinds of characters that can be seen, and of those that mean something in YAML.
fn text(length: usize) -> impl Strategy<Value = String> {
    let tricky = "[-?:,\\[\\]{}#&*!|>'\"%@` ~=<$0-9eExXoOyYnNtTfF._+/\u{a0}\u{200b}\u{2028}]";
    let any = "[^\u{0}-\u{1f}\u{7f}-\u{9f}\u{202a}-\u{202e}\u{2066}-\u{2069}]";
    let texts = prop_oneof![
        proptest::string::string_regex(&format!("{tricky}{{1,{length}}}")).expect("a pattern"),
        proptest::string::string_regex(&format!("{any}{{1,{length}}}")).expect("a pattern"),
        prop_oneof![
            Just("no"),
            Just("On"),
            Just("null"),
            Just("12:30:45"),
            Just("1e3"),
            Just("0x1"),
            Just("2.5"),
            Just("${var.x}"),
            Just("$${x"),
            Just("---"),
            Just("a: b"),
            Just("a #b"),
        ]
        .prop_map(str::to_owned),
    ];
    texts.prop_filter("white space alone is refused", |text| {
        !text.trim().is_empty()
    })
}

fn tag() -> impl Strategy<Value = String> {
    let inner = "[a-zA-Z0-9网+=._:/@()\\[\\],;<>-]";
    proptest::string::string_regex(&format!("{inner}( ?{inner}){{0,12}}")).expect("a pattern")
}

fn map(pairs: Vec<(&str, Option<Value>)>) -> Value {
    let pairs = pairs.into_iter();
    Value::Map(
        pairs
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect(),
    )
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(proptest::sample::select(words).prop_map(Value::from))
}

fn internet() -> impl Strategy<Value = Value> {
    (
        word(&["BANDWIDTH", "TRAFFIC"]),
        proptest::option::of(1..2048i64),
        proptest::option::of(text(30)),
        word(&["clb.c2.medium", "clb.c4.xlarge"]),
        any::<bool>(),
        word(&["IPV4", "IPV6"]),
    )
        .prop_map(|(pay, bandwidth, description, sla, zones, version)| {
            let zone = |id: &str| zones.then(|| id.into());
            map(vec![
                ("internetPayMode", pay),
                ("internetMaxBandwidthOut", bandwidth.map(Value::from)),
                ("description", description.map(Value::Text)),
                ("slaType", sla),
                ("multiZoneFlag", Some(zones.into())),
                ("masterZoneId", zone("ap-guangzhou-3")),
                ("slaveZoneId", zone("ap-guangzhou-4")),
                ("internetAddressVersion", version),
            ])
        })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let nodes = (proptest::sample::select(&["1c2g", "8c16g"][..]), 1..50i64);
    let tags = proptest::option::of(proptest::collection::btree_map(tag(), tag(), 1..6));
    let rest = (
        word(&["TRIAL", "STANDARD", "PROFESSIONAL"]),
        proptest::option::of(any::<bool>()),
        proptest::option::of(text(20)),
        proptest::option::of(any::<bool>()),
        word(&["ap-guangzhou", "ap-shanghai"]),
    );
    (
        text(60),
        nodes,
        proptest::option::of(text(200)),
        tags,
        proptest::option::of(internet()),
        rest,
    )
        .prop_map(
            |(name, (specification, number), description, tags, internet, rest)| {
                let (edition, logs, prom, protect, engine) = rest;
                let tags = tags.map(|tags: BTreeMap<String, String>| {
                    Value::Map(
                        tags.into_iter()
                            .map(|(key, value)| (key, Value::Text(value)))
                            .collect(),
                    )
                });
                // Zones are of one region.
                let engine = engine.filter(|_| internet.is_none());
                let Value::Map(map) = map(vec![
                    ("name", Some(Value::Text(name))),
                    ("gatewayVersion", Some("2.5.1".into())),
                    (
                        "nodeConfig",
                        Some(map(vec![
                            ("specification", Some(specification.into())),
                            ("number", Some(number.into())),
                        ])),
                    ),
                    (
                        "vpcConfig",
                        Some(map(vec![
                            ("vpcId", Some("vpc-1".into())),
                            ("subnetId", Some("subnet-1".into())),
                        ])),
                    ),
                    ("description", description.map(Value::Text)),
                    ("tags", tags),
                    ("internetConfig", internet),
                    ("featureVersion", edition),
                    ("enableCls", logs.map(Value::from)),
                    ("promId", prom.map(Value::Text)),
                    ("deleteProtect", protect.map(Value::from)),
                    ("engineRegion", engine),
                ]) else {
                    return Attributes::new();
                };
                map
            },
        )
}

/// Writes one gateway and reads it back.
fn written(attributes: &Attributes) -> (Expressed, String, Attributes, Vec<Diagnostic>) {
    let project = Project::default();
    let says = express(GATEWAY, &project, REGION, REGION, attributes).expect("expressible");
    let address: Address = "gateway.on".parse().expect("valid");
    let entry = Entry {
        schema: GATEWAY,
        address: &address,
        note: "gateway-1, imported\nname: of the\u{85}devil",
        says: &says,
    };
    let text = write(&[entry]);
    let mut loaded = load_bytes(&schemas(), &project, REGION, "x.yaml", text.as_bytes());
    let read = loaded.desired.remove(&address);
    let read = read.map(|desired| desired.attributes).unwrap_or_default();
    loaded
        .diagnostics
        .retain(|one| one.severity == Severity::Error);
    (says, text, read, loaded.diagnostics)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_written_reads_back(attributes in attributes()) {
        let (says, text, read, diagnostics) = written(&attributes);
        prop_assert!(diagnostics.is_empty(), "{text}\n{diagnostics:?}");
        let mut expected = attributes.clone();
        for finding in &says.left_out {
            gwplan::model::set_value_at(&mut expected, &finding.path, None);
        }
        if expected.get("tags").and_then(Value::as_map).is_some_and(BTreeMap::is_empty) {
            expected.remove("tags");
        }
        fill_defaults(GATEWAY.fields, &mut expected, REGION);
        prop_assert_eq!(read, expected, "{}", text);
    }
}

#[test]
fn a_file_for_people_is_short_and_in_the_order_of_the_table() {
    let attributes: Attributes = serde_json::from_value(serde_json::json!({
        "name": "edge", "type": "kong", "gatewayVersion": "2.5.1", "description": "",
        "nodeConfig": { "number": 2, "specification": "1c2g" },
        "vpcConfig": { "vpcId": "vpc-1", "subnetId": "subnet-1" },
        "tags": {}, "enableCls": false, "featureVersion": "STANDARD", "tradeType": 0,
        "internetMaxBandwidthOut": 5, "engineRegion": REGION, "deleteProtect": false,
        "internetConfig": { "internetMaxBandwidthOut": 5, "internetPayMode": "BANDWIDTH", "multiZoneFlag": false },
    }))
    .expect("attributes");
    let (_, text, _, _) = written(&attributes);
    assert_eq!(
        text,
        "gateways:
  # gateway-1, imported name: of the devil
  'on':
    name: edge
    gatewayVersion: 2.5.1
    nodeConfig:
      specification: 1c2g
      number: 2
    vpcConfig:
      vpcId: vpc-1
      subnetId: subnet-1
    internetConfig:
      internetMaxBandwidthOut: 5
"
    );
}
