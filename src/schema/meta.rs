//! The keys that every kind of resource has and the cloud never sees.

use super::{Change, Choice, Field, Literal, Need, Read, Shape};

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
pub const REGION: Shape = Shape::Choice(Choice {
    known: REGIONS,
    allow: Some("region"),
});

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
        doc: "Paths of fields whose changes are left alone, for example `[description, nodeConfig.number]`.",
    },
];
