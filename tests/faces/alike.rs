//! Plans that repeat, and changes that have a direction.

use gwplan::plan::Action;
use gwplan::review::Risk;

use super::scenarios::{self, Scenario};
use super::{MAX_BYTES, faces, markdown_of, review};

/// Returns one face of a scenario.
fn face(scenario: &Scenario, ending: &str) -> String {
    let mut found = faces(scenario)
        .into_iter()
        .filter(|(one, _)| *one == ending);
    found.next().unwrap().1
}

#[test]
fn equal_changes_are_told_once_with_all_addresses_in_each_face() {
    let alike = scenarios::alike();
    for ending in ["txt", "md", "html"] {
        let text = face(&alike, ending);
        assert!(
            text.contains("Each of these 172 gateways will be updated in-place"),
            "{ending}"
        );
        assert!(
            text.contains("Each of these 3 gateways must be replaced"),
            "{ending}"
        );
        assert_eq!(
            text.matches("Written by hand").count(),
            1,
            "{ending}: drift"
        );
        for step in &alike.plan.steps {
            assert!(
                text.contains(&step.address.to_string()),
                "{} in {ending}",
                step.address
            );
        }
        let told = text.matches("forces replacement").count();
        assert_eq!(told, 1, "{ending}");
    }
    let json: serde_json::Value = serde_json::from_str(&face(&alike, "json")).unwrap();
    let steps = json["gwplan"]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), alike.plan.steps.len(), "the JSON is whole");
}

#[test]
fn the_comment_has_room_for_the_creates_beside_a_change_of_the_whole_fleet() {
    let alike = scenarios::alike();
    let text = markdown_of(&alike, 30_000);
    assert!(!text.contains("Left out"), "{} bytes", text.len());
    let creates = alike
        .plan
        .steps
        .iter()
        .filter(|step| step.action == Action::Create);
    for step in creates {
        let told = format!("`{}` will be created", step.address);
        assert!(text.contains(&told), "{told}");
    }
    // Where there is no room for all addresses either, their number is told.
    let text = markdown_of(&alike, 6_000);
    assert!(
        text.contains("and 160 more") || text.contains("172 safe updates"),
        "{text}"
    );
    assert!(markdown_of(&scenarios::many(), MAX_BYTES).contains("Creates (60)"));
}

#[test]
fn what_is_lost_is_told_of_each() {
    let many = scenarios::many();
    for ending in ["txt", "md", "html"] {
        let text = face(&many, ending);
        let losing = many
            .plan
            .steps
            .iter()
            .filter(|step| !step.losses.is_empty());
        for step in losing {
            let id = &step.existing.as_ref().unwrap().id;
            assert!(text.contains(id), "{id} in {ending}");
        }
        for octet in ["203.0.113.0", "203.0.113.17", "203.0.113.233"] {
            assert!(text.contains(octet), "{octet} in {ending}");
        }
    }
}

#[test]
fn a_change_of_capacity_has_a_direction_and_less_is_dangerous() {
    let resized = scenarios::resized();
    let review = review(&resized);
    let item = |name: &str| {
        let mut items = review.items.iter();
        items.find(|item| item.step.address.name() == name).unwrap()
    };
    let risks = [
        ("bandwidth", Risk::Cost, Some("dearer")),
        ("drained", Risk::Destroy, None),
        ("fewer", Risk::Shrinks, Some("cheaper")),
        ("fewer-and-larger", Risk::Cost, Some("changes")),
        ("larger", Risk::Cost, Some("dearer")),
        ("moved-and-smaller", Risk::Replace, Some("cheaper")),
        ("pay-mode", Risk::Cost, Some("changes")),
        ("traffic", Risk::Shrinks, Some("changes")),
    ];
    for (name, risk, bill) in risks {
        let item = item(name);
        assert_eq!(item.risk, risk, "{name}");
        assert_eq!(item.bill.map(gwplan::review::Bill::word), bill, "{name}");
    }
    for ending in ["txt", "md", "html"] {
        let text = face(&resized, ending);
        assert!(
            text.contains("shrinks: 20 → 2 cores, 40 → 4 GiB of memory; cheaper"),
            "{ending}"
        );
        assert!(
            text.contains("grows: 100 → 200 Mbit/s of public bandwidth; dearer"),
            "{ending}"
        );
        assert!(text.contains("shrinks 2"), "{ending}: the verdict");
    }
    for (name, word) in [
        ("larger", "dearer"),
        ("pay-mode", "changes the bill"),
        ("fewer", "shrinks"),
    ] {
        let row = format!("{word} | `gateway.{name}` |");
        assert!(face(&resized, "md").contains(&row), "{row}");
    }
}

#[test]
fn what_is_destroyed_is_named_as_people_know_it() {
    let resized = scenarios::resized();
    let traits = [
        (
            "md",
            "`gateway.drained`<br>name `gateway-drained`, size `2 × 1c2g`, tags `env=prod, team=edge`",
        ),
        (
            "txt",
            "name gateway-drained, size 2 × 1c2g, tags env=prod, team=edge",
        ),
    ];
    for (ending, portrait) in traits {
        assert!(face(&resized, ending).contains(portrait), "{ending}");
    }
    let page = face(&resized, "html");
    let risks = page.split("id=\"changes\"").next().unwrap();
    for value in ["gateway-drained", "2 × 1c2g", "env=prod, team=edge"] {
        assert!(risks.contains(value), "{value} in the table of risks");
    }
}
