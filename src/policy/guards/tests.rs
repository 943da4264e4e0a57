//! Plans made by hand, and what the guards say of them.

use serde_json::json;

use super::*;
use crate::model::Identity;
use crate::schema::ResourceSchema;

fn schema(kind: &str) -> Option<&'static ResourceSchema> {
    // The table of a kind that is there for tests: the guards know fields by it alone.
    static SCHEMA: ResourceSchema = ResourceSchema {
        kind: "gateway",
        collection: "gateways",
        doc: "",
        terraform_type: "",
        provider_type: "",
        is_id: |_| true,
        fields: &[],
        calls: &[],
        delete_guard: None,
        billed: &[],
        extent: |_| Vec::new(),
        portrait: |_| Vec::new(),
        guarded: Guarded {
            tags: &["tags"],
            specification: &["node.size"],
            version: &["version"],
            bandwidth: &["bandwidth", "network.bandwidth"],
        },
        rules: |_, _| Vec::new(),
    };
    (kind == "gateway").then_some(&SCHEMA)
}

fn attributes(json: serde_json::Value) -> Attributes {
    serde_json::from_value(json).expect("attributes")
}

fn step(name: &str, action: Action, before: serde_json::Value, after: serde_json::Value) -> Step {
    Step {
        address: format!("gateway.{name}").parse().expect("an address"),
        action,
        reason: Reason::Differs,
        region: "ap-guangzhou".to_owned(),
        existing: (action != Action::Create).then(|| Identity {
            region: "ap-guangzhou".to_owned(),
            id: format!("gateway-{name}"),
        }),
        before: attributes(before),
        after: attributes(after),
        changes: Vec::new(),
        calls: Vec::new(),
        calls_before_delete: Vec::new(),
        create_before_destroy: false,
        owned: false,
        namesakes: Vec::new(),
        seen: None,
        losses: Vec::new(),
        depends_on: Vec::new(),
        prevent_destroy: false,
        ignore_changes: Vec::new(),
        successor: None,
        after_steps: Vec::new(),
    }
}

fn found(settings: serde_json::Value, steps: Vec<Step>) -> Vec<String> {
    found_in(
        settings,
        &Plan {
            steps,
            ..Plan::default()
        },
    )
}

fn found_in(settings: serde_json::Value, plan: &Plan) -> Vec<String> {
    let subject = Subject {
        plan,
        state: &State::new(),
        schemas: &schema,
    };
    let findings = evaluate(&attributes(settings), &|_| None, &subject);
    let told = findings
        .iter()
        .map(|f| format!("{} {}: {}", f.level.word(), f.rule, f.message));
    told.collect()
}

fn deleted(name: &str) -> Step {
    step(name, Action::Delete, json!({}), json!({}))
}

fn replaced(name: &str) -> Step {
    step(name, Action::Replace, json!({}), json!({}))
}

#[test]
fn destroys_and_replacements_are_counted_together() {
    let settings = json!({ "maxDestroys": { "limit": 1, "level": "deny" } });
    assert!(found(settings.clone(), vec![deleted("a")]).is_empty());
    assert_eq!(
        found(settings.clone(), vec![deleted("a"), replaced("b")]),
        [
            "deny max-destroys: the plan destroys 2 (replacements count), more than the limit of 1: gateway.a, gateway.b"
        ]
    );
    let mut begun = replaced("b");
    begun.reason = Reason::Unfinished;
    assert!(found(settings, vec![deleted("a"), begun]).is_empty());
}

#[test]
fn what_is_protected_is_protected_from_what_the_guard_says() {
    let both = json!({ "protected": { "addresses": ["gateway.prod-*"], "level": "deny" } });
    let steps = || vec![deleted("prod-a"), replaced("prod-b"), deleted("test")];
    assert_eq!(
        found(both, steps()),
        [
            "deny protected: gateway.prod-a is protected by gateway.prod-*, and would be destroyed",
            "deny protected: gateway.prod-b is protected by gateway.prod-*, and would be replaced",
        ]
    );
    let one = json!({ "protected": {
        "addresses": ["gateway.prod-*"], "actions": ["replace"], "level": "warn",
    }});
    assert_eq!(
        found(one, steps()),
        ["warn protected: gateway.prod-b is protected by gateway.prod-*, and would be replaced"]
    );
}

#[test]
fn what_is_protected_is_given_up_unless_the_guard_says_otherwise() {
    let forgotten = |name: &str, reason| Step {
        reason,
        seen: Some(Attributes::new()),
        ..step(name, Action::Forget, json!({}), json!({}))
    };
    let plan = Plan {
        steps: vec![
            forgotten("tmp", Reason::Removed),
            forgotten("prod-gone", Reason::Gone),
            Step {
                seen: None,
                ..forgotten("prod-absent", Reason::Removed)
            },
            deleted("prod-b"),
        ],
        moves: vec![moved("prod-a", "tmp")],
        refreshed: true,
        ..Plan::default()
    };
    let settings = |actions: &[&str]| json!({ "protected": { "addresses": ["gateway.prod-*"], "actions": actions } });
    assert_eq!(
        found_in(settings(&[]), &plan),
        ["deny protected: gateway.prod-b is protected by gateway.prod-*, and would be destroyed"]
    );
    assert_eq!(
        found_in(settings(&["forget"]), &plan),
        [
            "deny protected: gateway.tmp, until now gateway.prod-a, is protected by gateway.prod-*, and would no longer be managed"
        ]
    );
    // Offline, nobody knows what is gone.
    let offline = Plan {
        refreshed: false,
        ..plan
    };
    assert_eq!(found_in(settings(&["forget"]), &offline).len(), 2);
}

fn moved(from: &str, to: &str) -> Move {
    let [from, to] = [from, to].map(|name| format!("gateway.{name}").parse().expect("an address"));
    Move { from, to }
}

#[test]
fn another_address_takes_nothing_from_under_its_protection() {
    let settings = json!({ "protected": { "addresses": ["gateway.prod-*"] } });
    let plan = Plan {
        steps: vec![deleted("tmp"), replaced("prod-b"), replaced("test-c")],
        moves: vec![
            moved("prod-a", "tmp"),
            moved("test-b", "prod-b"),
            moved("test-a", "test-c"),
        ],
        ..Plan::default()
    };
    assert_eq!(
        found_in(settings.clone(), &plan),
        [
            "deny protected: gateway.prod-b, until now gateway.test-b, is protected by gateway.prod-*, and would be replaced",
            "deny protected: gateway.tmp, until now gateway.prod-a, is protected by gateway.prod-*, and would be destroyed",
        ]
    );
}

#[test]
fn a_move_out_of_protection_is_told() {
    let settings = attributes(json!({ "protected": { "addresses": ["gateway.prod-*"] } }));
    let moves = [("prod-a", "tmp"), ("prod-b", "prod-c"), ("test", "test-a")];
    let plan = Plan {
        moves: moves.map(|(from, to)| moved(from, to)).to_vec(),
        ..Plan::default()
    };
    let subject = Subject {
        plan: &plan,
        state: &State::new(),
        schemas: &schema,
    };
    let told = idle(&settings, &|_| None, &subject);
    let told: Vec<&str> = told.iter().map(|one| one.summary.as_str()).collect();
    assert_eq!(
        told,
        ["gateway.prod-* protects gateway.prod-a, but not gateway.tmp, which it becomes"]
    );
}

#[test]
fn tags_are_asked_for_where_something_is_made_or_changed() {
    let settings = json!({ "requiredTags": { "tags": ["env", "team"] } });
    let steps = vec![
        step(
            "a",
            Action::Create,
            json!({}),
            json!({ "tags": { "env": "x" } }),
        ),
        step("b", Action::Update, json!({}), json!({})),
        step(
            "c",
            Action::Replace,
            json!({}),
            json!({ "tags": { "env": "x", "team": "y" } }),
        ),
        deleted("d"),
    ];
    assert_eq!(
        found(settings, steps),
        [
            "deny required-tags: gateway.a lacks the tag team",
            "deny required-tags: gateway.b lacks the tags env, team",
        ]
    );
}

#[test]
fn what_a_resource_has_already_may_stay() {
    let settings = json!({
        "allowedSpecifications": { "specifications": ["1c2g"] },
        "allowedVersions": { "versions": ["2.5.1"] },
        "maxBandwidth": { "limit": 200 },
        "allowedRegions": { "regions": ["ap-shanghai"] },
    });
    let old =
        json!({ "node": { "size": "4c8g" }, "version": "2.4", "network": { "bandwidth": 300 } });
    let kept = step("a", Action::Update, old.clone(), old.clone());
    assert!(found(settings.clone(), vec![kept]).is_empty());
    let made = step("a", Action::Replace, old.clone(), old.clone());
    assert_eq!(
        found(settings.clone(), vec![made]),
        [
            "deny allowed-regions: gateway.a would be made in ap-guangzhou; allowed: ap-shanghai",
            "deny allowed-specifications: gateway.a would have node.size 4c8g; allowed: 1c2g",
            "deny allowed-versions: gateway.a would have version 2.4; allowed: 2.5.1",
            "deny max-bandwidth: gateway.a would have network.bandwidth 300 Mbps; the limit is 200 Mbps",
        ]
    );
    let new = json!({ "node": { "size": "8c16g" }, "version": "2.5.1", "bandwidth": 201 });
    let changed = step("a", Action::Update, old, new);
    assert_eq!(
        found(settings, vec![changed]),
        [
            "deny allowed-specifications: gateway.a would have node.size 8c16g; allowed: 1c2g",
            "deny max-bandwidth: gateway.a would have bandwidth 201 Mbps; the limit is 200 Mbps",
        ]
    );
}

#[test]
fn many_names_are_cut_short() {
    let names: Vec<Address> = ["a", "b", "c", "d", "e", "f", "g"]
        .iter()
        .map(|name| Address::new("gateway", name).expect("valid"))
        .collect();
    assert_eq!(
        few(names.iter()),
        "gateway.a, gateway.b, gateway.c, gateway.d, gateway.e and 2 more"
    );
}
