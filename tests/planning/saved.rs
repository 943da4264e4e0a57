//! Saved plans: nothing that a file carries decides what is done.

use std::path::PathBuf;

use gwplan::model::{Fault, hex};
use gwplan::plan::{Binding, Origin, SavedPlan, digest};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::*;

fn binding() -> Binding {
    Binding {
        account: String::new(),
        environment: "prod".to_owned(),
        lineage: "lineage".to_owned(),
        endpoint: "simulator".to_owned(),
        region: REGION.to_owned(),
    }
}

/// A plan with all that one can hold: changes, a move, drift, bookkeeping, what is ignored.
fn world() -> World {
    // Small ones: each of their leaves is altered several times.
    let mut attributes = full();
    attributes.retain(|key, _| {
        ["name", "gatewayVersion", "nodeConfig", "description"].contains(&key.as_str())
    });
    let mut world = World::default();
    for name in [
        "changed", "gone", "ignored", "kept", "new", "old", "replaced",
    ] {
        world.add(name, &attributes);
    }
    world.state.serial = 7;
    let text = |text: &str| Value::from(text);
    world
        .wish("changed")
        .attributes
        .insert("description".to_owned(), text("new"));
    world
        .wish("replaced")
        .attributes
        .insert("gatewayVersion".to_owned(), text("3.0.0"));
    world.wish("ignored").ignore_changes = vec![FieldPath::from_iter(["description"])];
    world
        .wish("ignored")
        .attributes
        .insert("description".to_owned(), text("other"));
    world
        .seen("kept")
        .attributes
        .insert("description".to_owned(), text("theirs"));
    world
        .wish("kept")
        .attributes
        .insert("description".to_owned(), text("theirs"));
    world.desired.remove(&address("gone"));
    world.state.resources.remove(&address("new"));
    world
        .snapshot
        .found
        .retain(|identity, _| identity.id != "gateway-new");
    world.rename("old", "renamed");
    world.moved.push(Moved {
        from: address("old"),
        to: address("renamed"),
        location: None,
    });
    world
}

impl World {
    fn rename(&mut self, from: &str, to: &str) {
        let mut desired = self.desired.remove(&address(from)).expect("there");
        desired.address = address(to);
        self.desired.insert(address(to), desired);
    }

    fn kept(&self, paths: &[PathBuf]) -> SavedPlan {
        let origin = Origin {
            state: &self.state,
            desired: &self.desired,
            paths,
            goal: Goal::Converge,
            selection: &self.selection,
        };
        SavedPlan::new(self.plan(), origin, binding())
    }

    /// Does what `apply FILE` does, up to the plan that it carries out.
    fn applied(&self, bytes: &[u8], paths: &[PathBuf]) -> Result<Plan, Fault> {
        let saved = SavedPlan::decode(bytes)?;
        // Other files would want something else.
        let nothing = BTreeMap::new();
        let desired = if saved.paths == paths {
            &self.desired
        } else {
            &nothing
        };
        saved.check(&self.state, desired, &binding())?;
        let inputs = Inputs {
            desired,
            moved: &self.moved,
            removed: &self.removed,
            state: &self.state,
            snapshot: Some(&self.snapshot),
            locate: &|_, _| None,
            schemas: &schema_of,
            goal: saved.goal,
            selection: &saved.selection,
            ownership: true,
            other_states: &BTreeSet::new(),
        };
        let fresh = plan(&inputs)?;
        if saved.is(&fresh, &binding()) {
            Ok(fresh)
        } else {
            Err(Fault::new("stale"))
        }
    }
}

/// Lists the places of all that is not a list and no map, and of those that are empty.
fn places(json: &Json, at: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{at}/{key}"), found);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

/// Other values of the same and of another shape.
fn others(value: &Json) -> Vec<Json> {
    let near = match value {
        Json::Bool(flag) => json!(!flag),
        Json::Number(number) => json!(number.as_u64().map(|number| number + 1)),
        Json::String(text) if text.starts_with("gateway.") => json!("gateway.kept"),
        Json::String(text) => json!(format!("{text}0")),
        Json::Array(_) => json!(["gateway.kept"]),
        Json::Object(_) => json!({ "description": "slipped in" }),
        Json::Null => json!("slipped in"),
    };
    vec![near, Json::Null]
}

/// Seals a file as gwplan does; `renew` makes the digest that of the altered plan, too.
fn sealed(mut json: Json, renew: bool) -> Option<Vec<u8>> {
    json["seal"] = json!("");
    let mut saved: SavedPlan = serde_json::from_value(json).ok()?;
    if renew {
        saved.digest = digest(&saved.plan, &saved.binding);
    }
    saved.seal = hex(&Sha256::digest(serde_json::to_vec(&saved).ok()?));
    Some(saved.encode())
}

/// Holds a plan to what was meant: the very same calls, and no record that was not to be written.
fn does_no_more(plan: &Plan, meant: &Plan, place: &str) {
    assert_eq!(
        (&plan.steps, &plan.moves),
        (&meant.steps, &meant.moves),
        "{place}"
    );
    // Another selection may leave some of it for the next run.
    let mut bookkeeping = plan.bookkeeping.iter();
    assert!(
        bookkeeping.all(|one| meant.bookkeeping.contains(one)),
        "{place}"
    );
}

#[test]
fn every_field_of_a_saved_plan_that_is_altered_is_refused_or_without_effect() {
    let world = world();
    let paths = [PathBuf::from("gateways.yaml")];
    let saved = world.kept(&paths);
    let meant = world.applied(&saved.encode(), &paths).expect("sound");
    assert_eq!(meant, saved.plan);
    let holds_all = [
        meant.steps.len() >= 4,
        !meant.moves.is_empty(),
        !meant.drift.is_empty(),
        !meant.bookkeeping.is_empty(),
        !meant.ignored.is_empty(),
    ];
    assert_eq!(holds_all, [true; 5], "{meant:#?}");

    let json: Json = serde_json::from_slice(&saved.encode()).expect("JSON");
    let mut all = Vec::new();
    places(&json, "", &mut all);
    assert!(all.len() > 100, "{}", all.len());
    let mut refused = 0;
    for place in &all {
        for other in others(json.pointer(place).expect("there")) {
            let mut altered = json.clone();
            *altered.pointer_mut(place).expect("there") = other;
            let plain = altered.to_string().into_bytes();
            let forged = [false, true].map(|renew| sealed(altered.clone(), renew));
            for bytes in [Some(plain)].into_iter().chain(forged).flatten() {
                match world.applied(&bytes, &paths) {
                    Ok(fresh) => does_no_more(&fresh, &meant, place),
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(refused > all.len(), "{refused} of {}", all.len());
}
