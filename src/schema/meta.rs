//! The keys that every kind of resource has and the cloud never sees.

use super::{Change, Choice, Field, Literal, Need, Read, Shape, Text};
use crate::model::MAX_NAME_CHARS;

/// The API regions of TSE gateways.
///
/// Source: the vendor's page of `DescribeCloudNativeAPIGateway`, September 2025.
pub const REGIONS: &[&str] = &[
    "ap-beijing",
    "ap-chengdu",
    "ap-guangzhou",
    "ap-hongkong",
    "ap-jakarta",
    "ap-nanjing",
    "ap-seoul",
    "ap-shanghai",
    "ap-shanghai-fsi",
    "ap-shenzhen-fsi",
    "ap-singapore",
    "ap-tokyo",
    "eu-frankfurt",
    "na-ashburn",
    "na-siliconvalley",
];

/// The shape of a region, shared by every field that holds one.
pub const REGION: Shape = Shape::Choice(REGION_WORDS);

/// The words that name a region.
pub const REGION_WORDS: Choice = Choice {
    known: REGIONS,
    allow: Some("region"),
};

/// The keys that every kind of resource has beside its own fields.
pub const META: &[Field] = &[
    Field {
        key: "region",
        wire: None,
        shape: REGION,
        need: Need::RegionOfCall,
        change: Change::Replace,
        read: Read::Unlisted,
        doc: "The region that the API calls for this resource go to. Default: `provider.region` of gwplan.yaml.",
    },
    Field {
        key: "dependsOn",
        wire: None,
        shape: Shape::Texts,
        need: Need::Optional,
        change: Change::Local,
        read: Read::Unlisted,
        doc: "Addresses of resources that must be ready before this one is created, and that are deleted after it. Example: `[gateway.staging]`.",
    },
    Field {
        key: "lifecycle",
        wire: None,
        shape: Shape::Object(LIFECYCLE),
        need: Need::Optional,
        change: Change::Local,
        read: Read::Unlisted,
        doc: "How gwplan treats this resource.",
    },
];

const LIFECYCLE: &[Field] = &[
    Field {
        key: "preventDestroy",
        wire: None,
        shape: Shape::Flag,
        need: Need::Default(Literal::Bool(false)),
        change: Change::Local,
        read: Read::Unlisted,
        doc: "Makes every plan that would delete this resource an error. It is remembered in the state, so that taking the resource out of the YAML does not lift it.",
    },
    Field {
        key: "createBeforeDestroy",
        wire: None,
        shape: Shape::Flag,
        need: Need::Default(Literal::Bool(false)),
        change: Change::Local,
        read: Read::Unlisted,
        doc: "Makes a replacement create the new resource and wait for it before the old one is deleted.",
    },
    Field {
        key: "ignoreChanges",
        wire: None,
        shape: Shape::Texts,
        need: Need::Optional,
        change: Change::Local,
        read: Read::Unlisted,
        doc: "Paths of fields whose changes are left alone, for example `[description, nodeConfig.number]`. The paths under `defaults` are added to a resource's own, not replaced by them.",
    },
];

/// The top-level key that gives resources another address.
pub const MOVED_KEY: &str = "moved";
/// What [`MOVED_KEY`] is for.
pub const MOVED_DOC: &str = "A list of addresses that have changed: the recorded resource goes on under its new address, and nothing is deleted or created.";
/// The top-level key that gives resources up.
pub const REMOVED_KEY: &str = "removed";
/// What [`REMOVED_KEY`] is for.
pub const REMOVED_DOC: &str = "A list of resources that gwplan no longer manages: their records are removed, and the resources stay in the cloud.";

/// The keys of an entry of `moved`.
pub const MOVED: &[Field] = &[
    address(
        "from",
        "The address before, for example `gateway.old-name`.",
    ),
    address("to", "The address now. A resource keeps its kind."),
];

/// The keys of an entry of `removed`.
pub const REMOVED: &[Field] = &[address(
    "from",
    "The address of the resource, which the files describe no longer.",
)];

const fn address(key: &'static str, doc: &'static str) -> Field {
    Field {
        key,
        wire: None,
        // The kind's word and a dot come before the name.
        shape: Shape::Text(Text {
            min: 1,
            max: MAX_NAME_CHARS + 100,
            prefix: None,
        }),
        need: Need::Required,
        change: Change::Local,
        read: Read::Unlisted,
        doc,
    }
}
