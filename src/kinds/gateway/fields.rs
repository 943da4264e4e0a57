//! The table of a gateway's fields.
//!
//! Source of names, defaults and limits: the vendor's page of `CreateCloudNativeAPIGateway`
//! (May 2026), and for what that page leaves open, the places named at the entry.

use crate::kinds::tags;
use crate::schema::meta::REGION;
use crate::schema::{Change, Choice, Field, Literal, Need, Read, Shape, Text, Usual, Whole};

/// Changes basic facts. Source of what it takes: the page of the call.
pub(super) const MODIFY_CALL: &str = "ModifyCloudNativeAPIGateway";
/// Changes the nodes of a server group.
pub(super) const SPEC_CALL: &str = "UpdateCloudNativeAPIGatewaySpec";
/// Changes the public network.
pub(super) const NETWORK_CALL: &str = "ModifyNetworkBasicInfo";
/// Adds a public network.
pub(super) const ADD_NETWORK_CALL: &str = "CreateCloudNativeAPIGatewayPublicNetwork";
/// Removes the public network.
pub(super) const REMOVE_NETWORK_CALL: &str = "DeleteCloudNativeAPIGatewayPublicNetwork";

/// The calls in the order in which one gateway takes them: protection and names first, since they
/// take no time; the network before the nodes, so that what is added is there for them; what is
/// removed last.
pub(super) const CALLS: &[&str] = &[
    MODIFY_CALL,
    tags::CALL,
    ADD_NETWORK_CALL,
    NETWORK_CALL,
    SPEC_CALL,
    REMOVE_NETWORK_CALL,
];

/// What the vendor bills by: the nodes, the public network, the edition, the way of paying, and the log
/// service that access logs go to.
pub(super) const BILLED: &[&str] = &[
    "featureVersion",
    "nodeConfig.specification",
    "nodeConfig.number",
    "internetMaxBandwidthOut",
    "internetConfig.internetPayMode",
    "internetConfig.internetMaxBandwidthOut",
    "internetConfig.slaType",
    "internetConfig.multiZoneFlag",
    "enableCls",
    "tradeType",
];

/// The editions, the smallest first.
pub(super) const EDITIONS: &[&str] = &["TRIAL", "STANDARD", "PROFESSIONAL"];

/// The types of load balancer, the one that carries the least first.
pub(super) const SLA_TYPES: &[&str] = &[
    "clb.c2.medium",
    "clb.c3.small",
    "clb.c3.medium",
    "clb.c4.small",
    "clb.c4.medium",
    "clb.c4.large",
    "clb.c4.xlarge",
];

const MODIFY: Change = Change::InPlace(MODIFY_CALL);
const SPEC: Change = Change::InPlace(SPEC_CALL);
const NETWORK: Change = Change::InPlace(NETWORK_CALL);
/// A bandwidth alone asks for a public network too, so both fields are about the same one.
const fn public_network(partner: &'static str) -> Change {
    Change::Presence {
        add: ADD_NETWORK_CALL,
        remove: REMOVE_NETWORK_CALL,
        change: NETWORK_CALL,
        partner,
    }
}
const TAG: Change = Change::InPlace(tags::CALL);

/// Bounds a text of which the vendor's documents give no limit.
const UNSTATED_MAX: usize = 255;

const BANDWIDTH: Shape = Shape::Whole(Whole {
    min: 1,
    max: 2048,
    usual: None,
    unit: "Mbps",
});

const fn text(min: usize, max: usize) -> Shape {
    Shape::Text(Text {
        min,
        max,
        prefix: None,
    })
}

const fn id(prefix: &'static str) -> Shape {
    Shape::Text(Text {
        min: 1,
        max: UNSTATED_MAX,
        prefix: Some(prefix),
    })
}

const fn closed(known: &'static [&'static str]) -> Shape {
    Shape::Choice(Choice { known, allow: None })
}

const fn open(known: &'static [&'static str], allow: &'static str) -> Shape {
    Shape::Choice(Choice {
        known,
        allow: Some(allow),
    })
}

/// A gateway's fields, in the order of the vendor's page.
pub(super) const FIELDS: &[Field] = &[
    Field {
        key: "name",
        wire: Some("Name"),
        shape: text(1, 60),
        need: Need::Required,
        change: MODIFY,
        read: Read::Listed,
        doc: "The gateway's name in the cloud, up to 60 characters. The API takes the same name twice; gwplan warns of it.",
    },
    Field {
        key: "type",
        wire: Some("Type"),
        shape: closed(&["kong"]),
        need: Need::Default(Literal::Text("kong")),
        change: Change::Replace,
        read: Read::Listed,
        doc: "The gateway's type. The API knows one: `kong`.",
    },
    Field {
        key: "gatewayVersion",
        wire: Some("GatewayVersion"),
        shape: open(&["2.4.1", "2.5.1"], "gatewayVersion"),
        need: Need::Required,
        change: Change::Replace,
        read: Read::Listed,
        doc: "The version of the gateway's engine.",
    },
    Field {
        key: "nodeConfig",
        wire: Some("NodeConfig"),
        shape: Shape::Object(NODE_CONFIG),
        need: Need::Required,
        change: SPEC,
        read: Read::Listed,
        doc: "The nodes of the gateway's default server group.",
    },
    Field {
        key: "vpcConfig",
        wire: Some("VpcConfig"),
        shape: Shape::Object(VPC_CONFIG),
        need: Need::Required,
        change: Change::Replace,
        read: Read::Listed,
        doc: "The network that the gateway's nodes stand in.",
    },
    Field {
        key: "description",
        wire: Some("Description"),
        shape: text(0, 120),
        need: Need::Optional,
        change: MODIFY,
        read: Read::Listed,
        doc: "What the gateway is for, up to 120 characters.",
    },
    Field {
        key: "tags",
        wire: Some("Tags"),
        shape: Shape::Tags,
        need: Need::Optional,
        change: TAG,
        read: Read::Listed,
        doc: "Tags of the tag service: up to 50; keys of 1 to 127 and values of 1 to 255 characters; letters, digits, inner spaces and `+-=._:/@()[],;><`. Keys that begin with `qcs:`, `project` or `项目` are reserved.",
    },
    Field {
        key: "enableCls",
        wire: Some("EnableCls"),
        shape: Shape::Flag,
        need: Need::Default(Literal::Bool(false)),
        change: Change::OnlyToTrue(MODIFY_CALL),
        read: Read::Listed,
        doc: "Whether access logs go to the log service CLS. Once true it can't go back in place.",
    },
    Field {
        key: "featureVersion",
        wire: Some("FeatureVersion"),
        shape: open(EDITIONS, "featureVersion"),
        need: Need::Default(Literal::Text("STANDARD")),
        change: Change::Replace,
        read: Read::Listed,
        doc: "The edition: `TRIAL` for development, `STANDARD`, or `PROFESSIONAL`.",
    },
    Field {
        key: "internetMaxBandwidthOut",
        wire: Some("InternetMaxBandwidthOut"),
        shape: BANDWIDTH,
        need: Need::Optional,
        change: public_network("internetConfig"),
        read: Read::Listed,
        doc: "The public network's outbound bandwidth. Where `internetConfig.internetMaxBandwidthOut` is set too, both must agree.",
    },
    Field {
        key: "engineRegion",
        wire: Some("EngineRegion"),
        shape: REGION,
        need: Need::RegionOfCall,
        change: Change::Replace,
        read: Read::Listed,
        doc: "The region that the gateway runs in. The API's own default is ap-guangzhou; gwplan sends the region of the call.",
    },
    Field {
        key: "ingressClassName",
        wire: Some("IngressClassName"),
        shape: text(1, UNSTATED_MAX),
        need: Need::Optional,
        change: Change::Replace,
        read: Read::Listed,
        doc: "The Kubernetes ingress class that the gateway serves.",
    },
    Field {
        key: "tradeType",
        wire: Some("TradeType"),
        shape: Shape::Whole(Whole {
            min: 0,
            max: 1,
            usual: None,
            unit: "",
        }),
        need: Need::Default(Literal::Int(0)),
        change: Change::Replace,
        read: Read::Listed,
        doc: "How the gateway is paid for: 0 is postpaid. 1 (prepaid) can't be created through the API.",
    },
    Field {
        key: "internetConfig",
        wire: Some("InternetConfig"),
        shape: Shape::Object(INTERNET_CONFIG),
        need: Need::Optional,
        change: public_network("internetMaxBandwidthOut"),
        read: Read::Detailed,
        doc: "The public network in front of the gateway. Without it, and without `internetMaxBandwidthOut`, the gateway is private.",
    },
    Field {
        key: "deleteProtect",
        wire: Some("DeleteProtect"),
        shape: Shape::Flag,
        need: Need::Default(Literal::Bool(false)),
        change: Change::AfterCreate(MODIFY_CALL),
        read: Read::Listed,
        doc: "Whether the cloud refuses to delete the gateway, for anyone. It is lifted before an intended delete only where this says `false`.",
    },
    Field {
        key: "promId",
        wire: Some("PromId"),
        shape: text(1, UNSTATED_MAX),
        need: Need::Optional,
        change: Change::Replace,
        read: Read::Unlisted,
        doc: "The id of the Prometheus instance that watches the gateway, for example `prom-788abcdef`.",
    },
];

const NODE_CONFIG: &[Field] = &[
    Field {
        key: "specification",
        wire: Some("Specification"),
        shape: open(&["1c2g", "2c4g", "4c8g", "8c16g"], "specification"),
        need: Need::Required,
        change: SPEC,
        read: Read::Listed,
        doc: "The size of each node: cores and GiB of memory.",
    },
    Field {
        key: "number",
        wire: Some("Number"),
        // The API's page names 2 to 9, the vendor's Terraform documents up to 50.
        shape: Shape::Whole(Whole {
            min: 1,
            max: 50,
            usual: Some(Usual {
                low: 2,
                high: 9,
                beyond: "the API's page names 2 to 9, other documents of the vendor up to 50: the cloud may refuse it",
            }),
            unit: "nodes",
        }),
        need: Need::Required,
        change: SPEC,
        read: Read::Listed,
        doc: "How many nodes. The API's page names 2 to 9, other documents of the vendor up to 50; beyond 2 to 9 gwplan warns.",
    },
];

const VPC_CONFIG: &[Field] = &[
    Field {
        key: "vpcId",
        wire: Some("VpcId"),
        shape: id("vpc-"),
        need: Need::Required,
        change: Change::Replace,
        read: Read::Listed,
        doc: "The VPC, for example `vpc-59cag821`.",
    },
    Field {
        key: "subnetId",
        wire: Some("SubnetId"),
        shape: id("subnet-"),
        need: Need::Required,
        change: Change::Replace,
        read: Read::Listed,
        doc: "The subnet of the VPC, for example `subnet-8tzp8uz1`.",
    },
];

const INTERNET_CONFIG: &[Field] = &[
    Field {
        key: "internetAddressVersion",
        wire: Some("InternetAddressVersion"),
        shape: closed(&["IPV4", "IPV6"]),
        need: Need::Default(Literal::Text("IPV4")),
        change: Change::Replace,
        read: Read::Detailed,
        doc: "The version of the public address.",
    },
    Field {
        key: "internetPayMode",
        wire: Some("InternetPayMode"),
        // One page names BANDWIDTH alone; another, and the create's own example, TRAFFIC too.
        shape: closed(&["BANDWIDTH", "TRAFFIC"]),
        need: Need::Default(Literal::Text("BANDWIDTH")),
        change: MODIFY,
        read: Read::Detailed,
        doc: "Whether the public network is paid by bandwidth or by traffic.",
    },
    Field {
        key: "internetMaxBandwidthOut",
        wire: Some("InternetMaxBandwidthOut"),
        shape: BANDWIDTH,
        need: Need::Optional,
        change: NETWORK,
        read: Read::Detailed,
        doc: "The outbound bandwidth of the public network.",
    },
    Field {
        key: "description",
        wire: Some("Description"),
        shape: text(0, UNSTATED_MAX),
        need: Need::Optional,
        change: NETWORK,
        read: Read::Detailed,
        doc: "What the public network's load balancer is for.",
    },
    Field {
        key: "slaType",
        wire: Some("SlaType"),
        shape: open(SLA_TYPES, "slaType"),
        need: Need::Optional,
        change: NETWORK,
        read: Read::Detailed,
        doc: "The capacity of the load balancer. Left out, it is of the shared type.",
    },
    Field {
        key: "multiZoneFlag",
        wire: Some("MultiZoneFlag"),
        shape: Shape::Flag,
        need: Need::Default(Literal::Bool(false)),
        change: Change::Replace,
        read: Read::Detailed,
        doc: "Whether the load balancer spans two zones; needs `masterZoneId` and `slaveZoneId`.",
    },
    Field {
        key: "masterZoneId",
        wire: Some("MasterZoneId"),
        shape: text(1, UNSTATED_MAX),
        need: Need::Optional,
        change: Change::Replace,
        read: Read::Detailed,
        doc: "The zone that normally serves, for example `ap-guangzhou-3`; needs `multiZoneFlag: true`.",
    },
    Field {
        key: "slaveZoneId",
        wire: Some("SlaveZoneId"),
        shape: text(1, UNSTATED_MAX),
        need: Need::Optional,
        change: Change::Replace,
        read: Read::Detailed,
        doc: "The zone that takes over, for example `ap-guangzhou-4`; needs `multiZoneFlag: true`.",
    },
];
