//! The plans whose faces are kept: each a thing that a reader has to understand at a glance.

use std::fmt::Write as _;

use gwplan::model::{Address, Value};
use gwplan::plan::{Goal, Plan};
use gwplan::policy::{Finding, Level};

use super::world::World;

/// A plan, and what is told with it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) world: World,
    pub(crate) plan: Plan,
    pub(crate) digest: String,
    pub(crate) policy: Vec<Finding>,
}

/// Text that would break out of where it is shown, if anything let it.
pub(crate) const HOSTILE: [&str; 8] = [
    "</details></summary><script>alert(1)</script>",
    "a | b | c",
    "``` `code` ```",
    "@team and @org/team, see #1 and !2",
    "\u{1b}[31mred\u{1b}[0m\u{7}",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
    "![x](https://evil.example/x.png) <img src=x onerror=alert(1)> &lt;b&gt;",
    "--> <!-- gwplan:review other -->",
];

pub(crate) fn gateway(name: &str, more: &str) -> String {
    format!(
        "  {name}:\n    name: gateway-{name}\n    gatewayVersion: 2.5.1\n    nodeConfig: {{ specification: 1c2g, number: 2 }}\n    vpcConfig: {{ vpcId: vpc-59cag821, subnetId: subnet-8tzp8uz1 }}\n{more}"
    )
}

pub(crate) fn file(gateways: &[String]) -> String {
    if gateways.is_empty() {
        return "gateways: {}\n".to_owned();
    }
    format!("gateways:\n{}", gateways.concat())
}

const PUBLIC: &str =
    "    internetConfig: { internetPayMode: TRAFFIC, internetMaxBandwidthOut: 100 }\n";

pub(crate) fn scenario(name: &'static str, world: World, after: &str) -> Scenario {
    let (plan, digest) = world.plan(after);
    Scenario {
        name,
        world,
        plan,
        digest,
        policy: Vec::new(),
    }
}

/// Makes all of them.
pub(crate) fn all() -> Vec<Scenario> {
    vec![
        empty(),
        one_create(),
        mixed(),
        replace_with_address_loss(),
        create_before_destroy(),
        drift(),
        policy_denial(),
        hostile(),
        destroy_everything(),
        offline(),
        refused(),
        moves(),
        renamed_and_replaced(),
        resized(),
        network_removed(),
        alike(),
        many(),
    ]
}

fn empty() -> Scenario {
    let text = file(&[gateway("a", "")]);
    scenario("empty", World::applied(&text), &text)
}

pub(crate) fn one_create() -> Scenario {
    let after = file(&[gateway(
        "a",
        "    description: The first\n    tags: { env: prod }\n",
    )]);
    scenario("one-create", World::applied("gateways: {}\n"), &after)
}

pub(crate) fn mixed() -> Scenario {
    let before = file(&[
        gateway("base", ""),
        gateway(
            "edge",
            "    dependsOn: [gateway.base]\n    description: The edge of the network, as it was before the move\n",
        ),
        gateway("idle", PUBLIC),
        gateway("ingress", PUBLIC),
        gateway("tuned", "    tags: { env: prod, team: edge }\n"),
        gateway(
            "watched",
            "    lifecycle: { ignoreChanges: [description] }\n",
        ),
    ]);
    let mut world = World::applied(&before);
    world.meddle("tuned", "name", "renamed-by-hand".into());
    world.meddle("watched", "description", "written by hand".into());
    let after = file(&[
        gateway("base", ""),
        gateway(
            "edge",
            "    dependsOn: [gateway.base]\n    description: The edge of the network, as it is after the move\n",
        ),
        gateway("fresh", "    dependsOn: [gateway.base]\n"),
        gateway("ingress", PUBLIC).replace("subnet-8tzp8uz1", "subnet-0a0b0c0d"),
        gateway("tuned", "    tags: { env: prod, cost: shared }\n")
            .replace("number: 2", "number: 4"),
        gateway(
            "watched",
            "    lifecycle: { ignoreChanges: [description] }\n",
        ),
    ]);
    scenario("mixed", world, &after)
}

fn replace_with_address_loss() -> Scenario {
    let before = file(&[
        gateway("ingress", PUBLIC),
        gateway("api", "    dependsOn: [gateway.ingress]\n"),
    ]);
    let after = before.replacen("gatewayVersion: 2.5.1", "gatewayVersion: 2.4.1", 1);
    scenario("replace-with-address-loss", World::applied(&before), &after)
}

fn create_before_destroy() -> Scenario {
    let more = "    deleteProtect: true\n    lifecycle: { createBeforeDestroy: true }\n";
    let before = file(&[gateway("a", more)]);
    let after = before
        .replace("deleteProtect: true", "deleteProtect: false")
        .replace("subnet-8tzp8uz1", "subnet-0a0b0c0d");
    scenario("create-before-destroy", World::applied(&before), &after)
}

fn drift() -> Scenario {
    let text = file(&[
        gateway("a", PUBLIC),
        gateway("b", ""),
        gateway("c", "    tags: { env: prod }\n"),
    ]);
    let mut world = World::applied(&text);
    world.meddle("a", "internetConfig.internetMaxBandwidthOut", 200.into());
    world.lose("b");
    world.meddle("c", "tags.env", "staging".into());
    scenario("drift", world, &text)
}

fn policy_denial() -> Scenario {
    let before = file(&[gateway("a", ""), gateway("b", "")]);
    let after = file(&[gateway("a", "")]);
    let mut scenario = scenario("policy-denial", World::applied(&before), &after);
    let finding = |level, rule: &str, message: &str, name: Option<&str>| Finding {
        level,
        rule: rule.to_owned(),
        message: message.to_owned(),
        address: name.map(|name| Address::new("gateway", name).unwrap()),
        location: None,
        is_rest: false,
    };
    scenario.policy = vec![
        finding(
            Level::Deny,
            "max-destroys",
            "the plan destroys 1, and 0 are allowed",
            None,
        ),
        finding(
            Level::Warn,
            "main.warn",
            "@ops wants to hear of <b>this</b> | soon",
            Some("b"),
        ),
    ];
    scenario
}

fn hostile() -> Scenario {
    let before = file(&[gateway("a", ""), gateway("b", "")]);
    let mut world = World::applied(&before);
    // The cloud shows what others have written, whatever gwplan itself would take.
    for (index, text) in HOSTILE.iter().enumerate() {
        let name = if index % 2 == 0 { "a" } else { "b" };
        let path = ["name", "description"][index / 2 % 2];
        world.meddle(name, path, Value::from(*text));
        world.meddle(name, &format!("tags.{index}"), Value::from(*text));
        let identity = world.seen(name).identity("ap-guangzhou");
        for record in world.state.resources.values_mut() {
            if record.identity() == identity {
                let tags = record.applied.entry("tags".to_owned());
                let tags = tags.or_insert_with(|| Value::Map([].into()));
                tags.merge(Value::Map([(index.to_string(), "ours".into())].into()));
            }
        }
    }
    let emoji = "🚀".repeat(120);
    let after = file(&[
        gateway("a", &format!("    description: \"{emoji}\"\n")),
        gateway("b", "    description: \"</details> | `x` @team\"\n"),
        gateway(
            "c",
            "    description: \"```\\\"</script>'<img src=x>\"\n    tags: { \"@team\": \"@ops\" }\n",
        ),
    ]);
    let mut scenario = scenario("hostile", world, &after);
    scenario.policy = HOSTILE
        .iter()
        .map(|text| Finding {
            level: Level::Warn,
            rule: (*text).to_owned(),
            message: (*text).to_owned(),
            address: None,
            location: None,
            is_rest: false,
        })
        .collect();
    scenario
}

fn destroy_everything() -> Scenario {
    let text = file(&[
        gateway("a", PUBLIC),
        gateway("b", "    dependsOn: [gateway.a]\n"),
    ]);
    let mut world = World::applied(&text);
    world.goal = Goal::Destroy;
    scenario("destroy-everything", world, &text)
}

fn offline() -> Scenario {
    let before = file(&[gateway("a", PUBLIC)]);
    let mut world = World::applied(&before);
    world.offline = true;
    let after = before.replace("subnet-8tzp8uz1", "subnet-0a0b0c0d");
    scenario("offline", world, &after)
}

fn refused() -> Scenario {
    let before = file(&[
        gateway("a", "    lifecycle: { preventDestroy: true }\n"),
        gateway("b", ""),
    ]);
    let after = before.replacen("subnet-8tzp8uz1", "subnet-0a0b0c0d", 1);
    scenario("refused", World::applied(&before), &after)
}

fn renamed_and_replaced() -> Scenario {
    let before = file(&[gateway("prod", PUBLIC), gateway("old", "")]);
    let after = format!(
        "{}moved: [{{ from: gateway.prod, to: gateway.tmp }}, {{ from: gateway.old, to: gateway.older }}]\n",
        file(&[gateway("tmp", PUBLIC).replace("subnet-8tzp8uz1", "subnet-0a0b0c0d")])
    );
    scenario("renamed-and-replaced", World::applied(&before), &after)
}

fn moves() -> Scenario {
    let before = file(&[gateway("a", ""), gateway("b", ""), gateway("c", "")]);
    let mut world = World::applied(&before);
    world.lose("c");
    let after = format!(
        "{}moved: [{{ from: gateway.a, to: gateway.renamed }}]\nremoved: [{{ from: gateway.b }}]\n",
        file(&[gateway("renamed", "").replace("gateway-renamed", "gateway-a")])
    );
    scenario("moves", world, &after)
}

/// Builds a fleet of 300, a bit of everything in it.
pub(crate) fn many() -> Scenario {
    let name = |index: usize| format!("fleet-{index:03}");
    let mut before = String::from("gateways:\n");
    let mut after = String::from("gateways:\n");
    for index in 0..300 {
        let public = if index % 3 == 0 { PUBLIC } else { "" };
        let old = gateway(&name(index), public);
        let new = match index % 10 {
            // Destroyed.
            0 => String::new(),
            1 => old.replace("subnet-8tzp8uz1", "subnet-0a0b0c0d"),
            2 | 3 => old.replace("number: 2", "number: 3"),
            4 | 5 => old.replace(
                &format!("gateway-{}", name(index)),
                &format!("renamed-{index}"),
            ),
            _ => old.clone(),
        };
        // Made anew.
        if !(6..8).contains(&(index % 10)) {
            let _ = write!(before, "{old}");
        }
        let _ = write!(after, "{new}");
    }
    scenario("many", World::applied(&before), &after)
}

/// Makes gateways larger and smaller, dearer and cheaper, each way once.
pub(crate) fn resized() -> Scenario {
    let paid_by = |mode: &str| {
        PUBLIC.replace("TRAFFIC", mode).replace(
            "internetConfig: {",
            "internetConfig: { slaType: clb.c2.medium,",
        )
    };
    let nodes = |text: &str, size: &str, number: u8| {
        text.replace(
            "specification: 1c2g, number: 2",
            &format!("specification: {size}, number: {number}"),
        )
    };
    let before = [
        gateway("bandwidth", &paid_by("BANDWIDTH")),
        gateway("drained", "    tags: { env: prod, team: edge }\n"),
        nodes(&gateway("fewer", ""), "2c4g", 10),
        nodes(&gateway("fewer-and-larger", ""), "1c2g", 8),
        gateway("larger", ""),
        nodes(&gateway("moved-and-smaller", ""), "8c16g", 2),
        gateway("pay-mode", &paid_by("TRAFFIC")),
        gateway("traffic", &paid_by("TRAFFIC")),
    ];
    let mut after = before.to_vec();
    after[0] = before[0].replace("Out: 100", "Out: 200");
    after[2] = nodes(&gateway("fewer", ""), "1c2g", 2);
    after[3] = nodes(&gateway("fewer-and-larger", ""), "4c8g", 2);
    after[4] = nodes(&gateway("larger", ""), "2c4g", 3);
    after[5] = nodes(&gateway("moved-and-smaller", ""), "1c2g", 2)
        .replace("subnet-8tzp8uz1", "subnet-0a0b0c0d");
    after[6] = before[6].replace("TRAFFIC", "BANDWIDTH");
    after[7] = before[7].replace("Out: 100", "Out: 50");
    after.remove(1);
    scenario("resized", World::applied(&file(&before)), &file(&after))
}

/// Takes a public network away from one gateway, and tells of policies and warnings side by side.
pub(crate) fn network_removed() -> Scenario {
    let before = file(&[
        gateway("ingress", PUBLIC),
        gateway("kept", "    internetMaxBandwidthOut: 100\n"),
    ]);
    let after = file(&[gateway("ingress", ""), gateway("kept", "")]);
    let mut world = World::applied(&before);
    world.meddle("kept", "name", "renamed-by-hand-to-something-long".into());
    let mut scenario = scenario("network-removed", world, &after);
    scenario.policy = vec![Finding {
        level: Level::Warn,
        rule: "main.warn".to_owned(),
        message: "public networks are rare here".to_owned(),
        address: None,
        location: None,
        is_rest: false,
    }];
    scenario.plan.diagnostics.push(
        gwplan::model::Diagnostic::warning(
            "likely-move",
            "gateway.kept looks like gateway.ingress",
        )
        .help("say so in `moved` if it is"),
    );
    scenario
}

/// Gives a fleet a new tag and another subnet, while others are made and have drifted alike.
pub(crate) fn alike() -> Scenario {
    let fleet: Vec<String> = (0..172).map(|index| format!("fleet-{index:03}")).collect();
    let moved: Vec<String> = (0..3).map(|index| format!("moved-{index}")).collect();
    let before = |names: &[String]| {
        names
            .iter()
            .map(|name| gateway(name, ""))
            .collect::<Vec<_>>()
    };
    let mut world = World::applied(&file(&[before(&fleet), before(&moved)].concat()));
    for name in &fleet[..4] {
        world.meddle(name, "description", "Written by hand".into());
    }
    let tagged = fleet
        .iter()
        .map(|name| gateway(name, "    tags: { cost: shared }\n"));
    let moved = moved
        .iter()
        .map(|name| gateway(name, "").replace("subnet-8tzp8uz1", "subnet-0a0b0c0d"));
    let made = (0..40).map(|index| {
        let more = format!(
            "    description: Shard {index} of the new fleet\n    tags: {{ cost: shared }}\n"
        );
        gateway(&format!("new-{index:02}"), &more)
    });
    let after: Vec<String> = tagged.chain(moved).chain(made).collect();
    scenario("alike", world, &file(&after))
}
