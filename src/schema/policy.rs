//! The table of gwplan.yaml's section `policy`: what a project allows a plan to do.

use super::meta::REGION_WORDS;
use super::project::{TEXT, local};
use super::{Choice, Field, Literal, Need, Shape, Whole};

/// The words of `level`: what denies, and what is told alone.
pub const LEVELS: Choice = Choice {
    known: &["deny", "warn"],
    allow: None,
};

/// The words of `actions`: what a protected resource may not go through.
pub const PROTECTED_ACTIONS: Choice = Choice {
    known: &["destroy", "replace", "forget"],
    allow: None,
};

/// The guards, and where further policies are.
pub const POLICY: &[Field] = &[
    guard(
        "maxDestroys",
        &[
            local(
                "limit",
                Shape::Whole(Whole {
                    min: 0,
                    max: 100_000,
                    usual: None,
                    unit: "gateways",
                }),
                Need::Default(Literal::Int(0)),
                "The most gateways that one plan may destroy.",
            ),
            LEVEL,
        ],
        "Bounds how many gateways one plan destroys, replacements among them.",
    ),
    guard(
        "protected",
        &[
            list(
                "addresses",
                "The addresses, for example `[gateway.prod-*]`; `*` stands for any characters, `?` for one.",
            ),
            local(
                "actions",
                Shape::Choices(PROTECTED_ACTIONS),
                Need::Optional,
                "What they are protected from. Left out, from `destroy` and `replace`; `forget` is a `removed` entry that gives one up alive.",
            ),
            LEVEL,
        ],
        "Keeps gateways from being destroyed, replaced or given up.",
    ),
    guard(
        "requiredTags",
        &[
            list(
                "tags",
                "The keys of the tags, for example `[team, env]`. The defaults of the project count.",
            ),
            LEVEL,
        ],
        "Asks for tags on each gateway that a plan makes, changes or replaces.",
    ),
    guard(
        "allowedRegions",
        &[
            local(
                "regions",
                Shape::Choices(REGION_WORDS),
                Need::Optional,
                "The regions.",
            ),
            LEVEL,
        ],
        "Bounds in which regions gateways are made.",
    ),
    guard(
        "allowedSpecifications",
        &[
            list(
                "specifications",
                "The values of `nodeConfig.specification`, for example `[1c2g, 2c4g]`.",
            ),
            LEVEL,
        ],
        "Bounds which node specifications gateways are given. One that a gateway has already may stay.",
    ),
    guard(
        "allowedVersions",
        &[
            list(
                "versions",
                "The values of `gatewayVersion`, for example `[2.5.1]`.",
            ),
            LEVEL,
        ],
        "Bounds which versions gateways are given. One that a gateway has already may stay.",
    ),
    guard(
        "maxBandwidth",
        &[
            local(
                "limit",
                Shape::Whole(Whole {
                    min: 0,
                    max: 100_000,
                    usual: None,
                    unit: "Mbps",
                }),
                Need::Optional,
                "The greatest value of `internetMaxBandwidthOut`, there and in `internetConfig`.",
            ),
            LEVEL,
        ],
        "Bounds the bandwidth that gateways are given. One that a gateway has already may stay.",
    ),
    guard(
        "keepProtection",
        &[
            local(
                "addresses",
                Shape::Texts,
                Need::Optional,
                "The addresses, for example `[gateway.prod-*]`; left out, all of them.",
            ),
            LEVEL,
        ],
        "Keeps plans from lifting a protection: `lifecycle.preventDestroy` or `deleteProtect` that goes off, `lifecycle.ignoreChanges` that names more.",
    ),
    local(
        "rego",
        TEXT,
        Need::Default(Literal::Text("policies")),
        "The folder of policies in Rego, relative to gwplan.yaml: all `*.rego` files in it and below, but `*_test.rego`.",
    ),
];

/// The key that all guards have.
const LEVEL: Field = local(
    "level",
    Shape::Choice(LEVELS),
    Need::Default(Literal::Text("deny")),
    "Whether a plan that breaks it can't be applied (`deny`) or only gets a warning (`warn`).",
);

const fn guard(key: &'static str, fields: &'static [Field], doc: &'static str) -> Field {
    local(key, Shape::Object(fields), Need::Optional, doc)
}

/// A list that a guard is of no use without. It may stand at the top alone, with the rest of the guard in
/// an environment, so that it is looked for when all is merged.
const fn list(key: &'static str, doc: &'static str) -> Field {
    local(key, Shape::Texts, Need::Optional, doc)
}
