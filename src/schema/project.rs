//! The table of the project file, gwplan.yaml.

use super::meta::REGION;
use super::policy::POLICY;
use super::{Change, Choice, Field, Literal, Need, Read, Shape, Text, Usual, Whole};

pub(super) const fn local(key: &'static str, shape: Shape, need: Need, doc: &'static str) -> Field {
    Field {
        key,
        wire: None,
        shape,
        need,
        change: Change::Local,
        read: Read::Unlisted,
        doc,
    }
}

pub(super) const TEXT: Shape = Shape::Text(Text {
    min: 1,
    max: 4096,
    prefix: None,
});

/// The key whose keys are those of a resource.
pub const DEFAULTS_KEY: &str = "defaults";
/// What [`DEFAULTS_KEY`] is for.
pub const DEFAULTS_DOC: &str = "What is merged into every resource, map by map; a resource's own keys win. Only the paths of `lifecycle.ignoreChanges` are added to the resource's own.";
/// The key that holds scalars by name.
pub const VARS_KEY: &str = "vars";
/// What [`VARS_KEY`] is for.
pub const VARS_DOC: &str = "Variables: texts, numbers and truth values by name, for `${var.NAME}` in the values of the files and of gwplan.yaml. `--var` overrides `--var-file`, which overrides those of the environment, which override those at the top.";
/// The key that holds environments by name.
pub const ENVIRONMENTS_KEY: &str = "environments";
/// What [`ENVIRONMENTS_KEY`] is for.
pub const ENVIRONMENTS_DOC: &str = "Environments by name, chosen with `--env NAME` or `GWPLAN_ENV`. The keys of an environment are laid over those at the top, key by key. Without a `state.path` of its own its state is `state/NAME.json`.";

/// The key that holds what plans are held to.
pub const POLICY_KEY: &str = "policy";

/// The top-level keys of gwplan.yaml, beside those that hold names: `defaults`, `vars`,
/// `environments`.
pub const PROJECT: &[Field] = &[
    PROVIDER_FIELD,
    STATE_FIELD,
    FILES_FIELD,
    TIMEOUTS_FIELD,
    ALLOW_FIELD,
    POLICY_FIELD,
];

/// The keys of an environment, beside `defaults` and `vars`.
pub const ENVIRONMENT: &[Field] = &[
    PROVIDER_FIELD,
    STATE_FIELD,
    TIMEOUTS_FIELD,
    ALLOW_FIELD,
    POLICY_FIELD,
    FILES_FIELD,
    OVERLAYS_FIELD,
];

const PROVIDER_FIELD: Field = local(
    "provider",
    Shape::Object(PROVIDER),
    Need::Optional,
    "Which cloud, and how to reach it.",
);

const STATE_FIELD: Field = local(
    "state",
    Shape::Object(STATE),
    Need::Optional,
    "Where gwplan keeps what it has made.",
);

const TIMEOUTS_FIELD: Field = local(
    "timeouts",
    Shape::Object(TIMEOUTS),
    Need::Optional,
    "How long apply waits for the cloud.",
);

const ALLOW_FIELD: Field = local(
    "allow",
    Shape::Object(ALLOW),
    Need::Optional,
    "Words that the cloud has learnt since this version of gwplan was made.",
);

const POLICY_FIELD: Field = local(
    POLICY_KEY,
    Shape::Object(POLICY),
    Need::Optional,
    "What plans are held to: `plan` fails where one goes against it, and `apply` refuses it but with `--override-policy REASON`.",
);

/// The files that describe resources.
pub const FILES_FIELD: Field = local(
    "files",
    Shape::Texts,
    Need::Optional,
    "The files that describe resources, as paths or patterns, for example `[gateways/**/*.yaml]`: `*` stands for any part of a name, `**` for any folders, and a folder for the YAML files in it. Default: the `*.yaml` and `*.yml` files beside gwplan.yaml, those in subfolders left out. Folders with a gwplan.yaml of their own and hidden ones are not looked into. Each pattern must match something. Paths are relative to gwplan.yaml; those on the command line take the place of them all.",
);

/// The files that are laid over the others in one environment.
pub const OVERLAYS_FIELD: Field = local(
    "overlays",
    Shape::Texts,
    Need::Optional,
    "Files whose resources are laid over those of the other files in this environment, map by map, for example `[overlays/prod.yaml]`. They may add resources. Of several the later one wins. Paths are relative to gwplan.yaml.",
);

const PROVIDER: &[Field] = &[
    local(
        "region",
        REGION,
        Need::Optional,
        "The region of every resource that names none. Default: the environment's `TENCENTCLOUD_REGION`.",
    ),
    local(
        "site",
        Shape::Choice(Choice {
            known: &["international", "china"],
            allow: None,
        }),
        Need::Default(Literal::Text("international")),
        "The vendor's site that the account belongs to: it picks the hosts of the API.",
    ),
    local(
        "endpoint",
        TEXT,
        Need::Optional,
        "`simulator` for the embedded simulated cloud, or a base URL in place of every service's own. Left out, the real cloud. A host that is neither the vendor's nor this machine has to be named in `GWPLAN_ALLOW_ENDPOINT` too. `GWPLAN_ENDPOINT` overrides it.",
    ),
    local(
        "profile",
        TEXT,
        Need::Optional,
        "The profile in the vendor CLI's credential files.",
    ),
    local(
        "requestsPerSecond",
        Shape::Whole(Whole {
            min: 0,
            max: 100_000,
            usual: Some(Usual {
                low: 1,
                high: 20,
                beyond: "the real cloud allows 20 a second for each action and refuses the rest; a simulated one may allow more",
            }),
            unit: "requests",
        }),
        Need::Default(Literal::Int(20)),
        "How many requests a second gwplan sends for each action at most. The cloud allows 20; 0 means no limit, which only a simulated cloud takes well.",
    ),
    local(
        "ownershipTag",
        Shape::Flag,
        Need::Default(Literal::Bool(true)),
        "Whether each new gateway carries the tag `gwplan:owner`, which names the state and the address that it was made for. By it gwplan finds again what a create has made whose answer was lost. Without it name, settings and time decide, and gwplan asks where two could be meant.",
    ),
];

const STATE: &[Field] = &[
    local(
        "backend",
        Shape::Choice(Choice {
            known: &["local"],
            allow: None,
        }),
        Need::Default(Literal::Text("local")),
        "The kind of storage.",
    ),
    local(
        "path",
        TEXT,
        Need::Default(Literal::Text("state/default.json")),
        "The state file, relative to gwplan.yaml.",
    ),
    local(
        "others",
        Shape::Texts,
        Need::Optional,
        "The lineages of states that are other projects', as `gwplan:owner` tags show them. A gateway of theirs with the address and the name of one of this project's is then no sign that this project's state was lost.",
    ),
];

const TIMEOUTS: &[Field] = &[
    local(
        "create",
        TEXT,
        Need::Default(Literal::Text("30m")),
        "How long to wait for a new resource, for example `45m` or `1h 30m`. After it the resource stays recorded as `creating`, and the next apply goes on waiting.",
    ),
    local(
        "delete",
        TEXT,
        Need::Default(Literal::Text("30m")),
        "How long to wait for a deleted resource to be gone.",
    ),
    local(
        "consistency",
        TEXT,
        Need::Default(Literal::Text("1m")),
        "How long the cloud may take to show what a request has made whose answer was lost. Only after that is such a create sent anew.",
    ),
];

const ALLOW: &[Field] = &[
    local(
        "specification",
        Shape::Texts,
        Need::Optional,
        "Further values of `nodeConfig.specification`, for example `[16c32g]`.",
    ),
    local(
        "gatewayVersion",
        Shape::Texts,
        Need::Optional,
        "Further values of `gatewayVersion`.",
    ),
    local(
        "featureVersion",
        Shape::Texts,
        Need::Optional,
        "Further values of `featureVersion`.",
    ),
    local(
        "slaType",
        Shape::Texts,
        Need::Optional,
        "Further values of `internetConfig.slaType`.",
    ),
    local("region", Shape::Texts, Need::Optional, "Further regions."),
];
