//! What the files want, in the two forms that are needed: the YAML, and what the cloud must show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::support::Project;

/// Two subnets: to go from one to the other takes a new gateway.
pub(crate) const SUBNETS: [&str; 2] = ["subnet-8tzp8uz1", "subnet-other001"];

/// Describes a gateway as the files want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The part of its address after the dot.
    pub(crate) key: String,
    /// Its name in the cloud.
    pub(crate) name: String,
    pub(crate) description: &'static str,
    pub(crate) nodes: u32,
    pub(crate) subnet: &'static str,
    pub(crate) tags: BTreeMap<String, String>,
    /// The bandwidth of its public network, if it has one.
    pub(crate) bandwidth: Option<u32>,
    pub(crate) protected: bool,
    pub(crate) creates_first: bool,
    pub(crate) after: Vec<String>,
}

impl Wish {
    /// Describes a small gateway.
    pub(crate) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            name: key.to_owned(),
            description: "",
            nodes: 2,
            subnet: SUBNETS[0],
            tags: BTreeMap::new(),
            bandwidth: None,
            protected: false,
            creates_first: false,
            after: Vec::new(),
        }
    }

    /// Makes it come after another.
    pub(crate) fn after(mut self, key: &str) -> Self {
        self.after.push(key.to_owned());
        self
    }

    /// Gives it so many tags of this value.
    pub(crate) fn tagged(mut self, count: usize, value: &str) -> Self {
        self.tags = (0..count)
            .map(|number| (format!("k{number:02}"), value.to_owned()))
            .collect();
        self
    }

    fn yaml(&self) -> String {
        let Self {
            key,
            name,
            nodes,
            subnet,
            description,
            protected,
            creates_first,
            ..
        } = self;
        let mut text = format!(
            "  {key}:\n    name: {name}\n    gatewayVersion: 2.5.1\n    \
             nodeConfig: {{ specification: 1c2g, number: {nodes} }}\n    \
             vpcConfig: {{ vpcId: vpc-59cag821, subnetId: {subnet} }}\n    \
             deleteProtect: {protected}\n    \
             lifecycle: {{ createBeforeDestroy: {creates_first} }}\n"
        );
        if !description.is_empty() {
            let _ = writeln!(text, "    description: {description}");
        }
        if let Some(bandwidth) = self.bandwidth {
            let _ = writeln!(
                text,
                "    internetConfig: {{ internetMaxBandwidthOut: {bandwidth}, description: public }}"
            );
        }
        let tags = self
            .tags
            .iter()
            .map(|(key, value)| format!("{key}: {value}"));
        let _ = writeln!(
            text,
            "    tags: {{ {} }}",
            tags.collect::<Vec<_>>().join(", ")
        );
        let after = self.after.iter().map(|key| format!("gateway.{key}"));
        let _ = writeln!(
            text,
            "    dependsOn: [{}]",
            after.collect::<Vec<_>>().join(", ")
        );
        text
    }

    /// Says what the cloud shows otherwise than wanted.
    pub(crate) fn differences(&self, shown: &Json) -> Vec<String> {
        let wanted = [
            ("Status", json!("Running")),
            ("Name", json!(self.name)),
            ("Description", json!(self.description)),
            ("DeleteProtect", json!(self.protected)),
            ("EnableInternet", json!(self.bandwidth.is_some())),
            ("/NodeConfig/Number", json!(self.nodes)),
            ("/VpcConfig/SubnetId", json!(self.subnet)),
            (
                "InternetMaxBandwidthOut",
                json!(self.bandwidth.unwrap_or(0)),
            ),
        ];
        let mut differences: Vec<String> = wanted
            .into_iter()
            .filter_map(|(place, wanted)| {
                let found = if place.starts_with('/') {
                    shown.pointer(place)
                } else {
                    shown.get(place)
                };
                let found = found.cloned().unwrap_or_default();
                (found != wanted).then(|| format!("{place} is {found}, not {wanted}"))
            })
            .collect();
        let tags = tags_of(shown);
        if tags != self.tags {
            differences.push(format!("its tags are {tags:?}, not {:?}", self.tags));
        }
        differences
    }
}

/// Returns the tags that the cloud shows, gwplan's own apart.
fn tags_of(shown: &Json) -> BTreeMap<String, String> {
    let text = |pair: &Json, key: &str| pair[key].as_str().unwrap().to_owned();
    let pairs = shown["Tags"].as_array().into_iter().flatten();
    pairs
        .map(|pair| (text(pair, "TagKey"), text(pair, "TagValue")))
        .filter(|(key, _)| !key.starts_with("gwplan:"))
        .collect()
}

/// Writes the gateways file; `more` are lines beside the gateways, such as `moved`.
pub(crate) fn write(project: &Project, wishes: &[Wish], more: &str) {
    let blocks: String = wishes.iter().map(Wish::yaml).collect();
    let text = if blocks.is_empty() {
        format!("gateways: {{}}\n{more}")
    } else {
        format!("gateways:\n{blocks}{more}")
    };
    project.write("gateways.yaml", &text);
}
